"""Short fits lead to the weights that they led to before, to the bit.

The hashes lie in ``weights.json``. The last bits depend on the machine and on the
versions of the libraries, so the tests are skipped where these differ from the ones
in the file. To write it anew: ``python tests/reference/cases.py --write weights``.
"""

import pytest

from cases import WEIGHT_CASES, fingerprint, hash_of, read_weights

THERE, HASHES = read_weights()
HERE = fingerprint()
DIFFERENT = [
    f"{key}: {HERE.get(key)} and not {value}"
    for key, value in THERE.items()
    if HERE.get(key) != value
]


def test_every_case_has_a_hash():
    assert HASHES.keys() == WEIGHT_CASES.keys()


@pytest.mark.skipif(
    bool(DIFFERENT), reason=f"the hashes hold elsewhere ({'; '.join(DIFFERENT)})"
)
@pytest.mark.parametrize("name", WEIGHT_CASES)
def test_fit_leads_to_the_same_weights(name):
    assert hash_of(WEIGHT_CASES[name]) == HASHES[name]
