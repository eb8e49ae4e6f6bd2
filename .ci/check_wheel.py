"""Check a built wheel: what it holds, and that the installed package works.

Run by ``make wheel`` with the Python of an environment that holds only the wheel and
its dependencies, in a folder outside of the checkout.
"""

import pickle
import sys
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path

wheel = Path(sys.argv[1]).resolve()
checkout = Path(__file__).resolve().parents[1]

tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
extra = {top for top in tops if top != "sk_dae" and not top.endswith(".dist-info")}
assert not extra, f"the wheel holds more than sk_dae: {sorted(extra)}"

warnings.simplefilter("error")

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

import sk_dae  # noqa: E402

home = Path(sk_dae.__file__).resolve()
assert not home.is_relative_to(checkout), f"sk_dae was imported from {home}"
assert sk_dae.__version__ == version("sk-dae")
for name in sk_dae.__all__:
    getattr(sk_dae, name)

X = load_digits().data[:200] / 16
dae = sk_dae.DenoisingAutoencoder(8, max_iter=2, random_state=0).fit(X)
code = dae.transform(X)
assert code.shape == (200, 8)
assert np.isfinite(code).all()
np.testing.assert_array_equal(pickle.loads(pickle.dumps(dae)).transform(X), code)

print(f"{wheel.name}: installed, fitted, pickled; {len(sk_dae.__all__)} public names")
