"""scikit-learn's common checks, as far as they are for waveforms and series."""

import pytest
from sklearn.utils.estimator_checks import (
    check_param_validation,
    parametrize_with_checks,
)

from sk_dae import (
    DenoisingAutoencoder,
    ShortTimeFourierTransformer,
    SlidingWindows,
    SpectrogramDenoiser,
)

DENOISER = SpectrogramDenoiser(
    DenoisingAutoencoder(2, hidden_layer_sizes=(8,), corruption=None, max_iter=1),
    sampling_rate=1000,
    window_duration=0.008,
    hop_duration=0.002,
    n_draws=1,
)


# A waveform of one dimension is what these are for.
TAKE_ONE_DIMENSION = {
    "check_fit1d": "one waveform or series is valid",
    "check_fit2d_predict1d": "one waveform or series is valid",
}
# Waveforms are of any length, in one array as in lists: samples are no features.
TAKES_ANY_LENGTH = dict.fromkeys(
    [
        "check_n_features_in",
        "check_n_features_in_after_fitting",
        "check_transformer_general",
        "check_transformer_general(readonly_memmap=True)",
        "check_estimators_empty_data_messages",
        "check_dtype_object",
    ],
    "waveforms have any length, and errors name the waveform",
)


def expected_failed_checks(estimator):
    if isinstance(estimator, SpectrogramDenoiser):
        return TAKE_ONE_DIMENSION | TAKES_ANY_LENGTH
    return TAKE_ONE_DIMENSION


@parametrize_with_checks(
    [DENOISER, ShortTimeFourierTransformer(), SlidingWindows(1)],
    expected_failed_checks=expected_failed_checks,
)
def test_estimator_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "estimator", [DENOISER, ShortTimeFourierTransformer(), SlidingWindows()], ids=str
)
def test_parameters_are_validated(estimator):
    check_param_validation(type(estimator).__name__, estimator)
