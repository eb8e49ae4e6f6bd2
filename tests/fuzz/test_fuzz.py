"""A few cases of the fuzzer, so that a run of many finds it working."""

import signal
import warnings

import pytest

from fuzz.case import Case, HangError
from fuzz.draws import ESTIMATORS, NOISES

N_CASES = 12


@pytest.fixture(autouse=True)
def alarm():
    def ring(*_):
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS + NOISES)
def test_few_cases_find_nothing(name):
    with warnings.catch_warnings():
        # Warnings of the drawing of data are no concern of the package.
        warnings.simplefilter("ignore")
        cases = [Case(name, seed=0, index=index).run() for index in range(N_CASES)]
    assert sum(case.outcomes["fit", "ok"] for case in cases) > 0
    findings = [(str(case), *found[:3]) for case in cases for found in case.findings]
    assert not findings


def test_a_case_depends_on_its_number_alone():
    first, again, other = (Case("GaussianNoise", 1, i) for i in (7, 7, 8))
    assert str(first) == str(again) != str(other)


def test_faults_are_found(monkeypatch):
    def fit(self, X, y=None):
        print("fitting")
        return [].pop()

    monkeypatch.setattr("sk_dae.GaussianNoise.fit", fit)
    kinds = {found[0] for found in Case("GaussianNoise", 1, 7).run().findings}
    assert {"other exception", "printed"} <= kinds
