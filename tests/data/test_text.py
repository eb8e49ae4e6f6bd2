"""Text where numbers belong: one error, from wherever it is read."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    corruption,
    metrics,
)

NUMBERS = pd.DataFrame({"age": [1.0, 2.0, 3.0, 4.0] * 5, "sex": [0.0, 1.0] * 10})
TEXT = NUMBERS.assign(sex=["m", "f"] * 10)
SMALL = {"n_components": 2, "max_iter": 1, "device": "cpu"}

AUTOENCODERS = {
    "plain": lambda: DenoisingAutoencoder(**SMALL),
    "stacked": lambda: StackedDenoisingAutoencoder(**SMALL, pretrain_max_iter=1),
    "marginalized": lambda: MarginalizedDenoisingAutoencoder(1),
}
METHODS = (
    "fit",
    "partial_fit",
    "transform",
    "denoise",
    "score",
    "score_samples",
    "reconstruction_error",
)
FRAMES = {
    "object": TEXT,
    "category": TEXT.astype({"sex": "category"}),
    "string": TEXT.astype({"sex": "string"}),
    "arrow": TEXT.convert_dtypes(dtype_backend="pyarrow"),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_every_method_names_the_column(kind, method):
    model = AUTOENCODERS[kind]()
    if not hasattr(model, method):
        pytest.skip("no such method")
    if not method.endswith("fit"):
        model.fit(NUMBERS)
    for frame in FRAMES.values():
        with pytest.raises(ValueError, match=r"text in the column sex \('m'\).*Tabul"):
            getattr(model, method)(frame)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "X", [TEXT.to_numpy(), TEXT.to_numpy().astype(str), TEXT.to_numpy().tolist()]
)
def test_arrays_and_lists_name_the_column_by_its_index(X, method):
    model = DenoisingAutoencoder(**SMALL)
    if not method.endswith("fit"):
        model.fit(NUMBERS.to_numpy())
    with pytest.raises(ValueError, match=r"X holds text in the column 1 \('m'\)"):
        getattr(model, method)(X)


@pytest.mark.parametrize("kind", AUTOENCODERS)
def test_tables_of_arrow_name_the_column_by_its_index(kind):
    with pytest.raises(ValueError, match=r"X holds text in the column 1 \('m'\)"):
        AUTOENCODERS[kind]().fit(pa.Table.from_pandas(TEXT))


def test_text_in_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(TEXT.to_dict("list"))
    with pytest.raises(ValueError, match=r"text in the column sex \('m'\)"):
        DenoisingAutoencoder(**SMALL).fit(frame)


@pytest.mark.parametrize("name", [*corruption.CORRUPTIONS, "multi_scale"])
def test_corruptions_alone(name):
    processes = {**corruption.CORRUPTIONS, "multi_scale": corruption.MultiScaleNoise}
    process = processes[name]()
    with pytest.raises(ValueError, match=f"sex .* {type(process).__name__} takes num"):
        process.fit(TEXT)
    process.fit(NUMBERS.abs())
    with pytest.raises(ValueError, match=f"sex .* {type(process).__name__} takes num"):
        process.transform(TEXT)


def test_inverse_transform_and_clean():
    model = DenoisingAutoencoder(**SMALL).fit(NUMBERS)
    with pytest.raises(ValueError, match="X holds text in the column sex"):
        model.inverse_transform(TEXT)
    with pytest.raises(ValueError, match="clean holds text in the column sex"):
        model.fit(NUMBERS, clean=TEXT)


def test_metrics():
    model = DenoisingAutoencoder(**SMALL).fit(NUMBERS)
    with pytest.raises(ValueError, match=r"text in the column sex"):
        metrics.make_denoising_scorer("masking")(model, TEXT)
    with pytest.raises(ValueError, match="X_pred holds text in the column sex"):
        metrics.peak_signal_noise_ratio(NUMBERS, TEXT)


@pytest.mark.parametrize("text", [TEXT, TEXT.to_numpy()], ids=["frame", "array"])
@pytest.mark.parametrize(
    "owner", [DenoisingAutoencoderClassifier, DenoisingAutoencoderRegressor]
)
def test_autoencoder_of_numbers_inside(owner, text):
    y = [0, 1] * 10
    model = owner(DenoisingAutoencoder(**SMALL), max_iter=1)
    with pytest.raises(ValueError, match=r"text in the column .*=TabularDenoisingAut"):
        model.fit(text, y)
    numbers = NUMBERS if text is TEXT else NUMBERS.to_numpy()
    model = owner(max_iter=1).fit(numbers, y)
    with pytest.raises(ValueError, match=r"text in the column .* fitted on numbers"):
        model.predict(text)


def test_detector_and_imputer_of_numbers():
    for owner in (DenoisingOutlierDetector, DenoisingImputer):
        model = owner(DenoisingAutoencoder(**SMALL))
        with pytest.raises(ValueError, match=r"text in the column 1 .*=TabularDenois"):
            model.fit(TEXT.to_numpy())
        model.fit(NUMBERS.to_numpy())
        method = getattr(model, "predict", None) or model.transform
        with pytest.raises(ValueError, match=r"text in the column 1 .*=TabularDenois"):
            method(TEXT.to_numpy())


def test_net_alone():
    net = DenoisingAutoencoder(**SMALL).fit(NUMBERS).net_
    with pytest.raises(ValueError, match=r"text in the column 1"):
        net.predict(TEXT.to_numpy())


def test_times():
    for frame in (
        NUMBERS.assign(sex=pd.Timestamp("2020-01-01")),
        NUMBERS.assign(sex=pd.Timedelta("1D"), age=pd.Timedelta("2D")),
    ):
        with pytest.raises(ValueError, match="holds times in the column"):
            DenoisingAutoencoder(**SMALL).fit(frame)


@pytest.mark.parametrize(
    "dtype",
    [
        "datetime64[ns]",
        "timedelta64[ns]",
        "datetime64[ns, UTC]",
        "timestamp[ns][pyarrow]",
    ],
)
def test_times_without_an_observed_cell(dtype):
    X = NUMBERS.assign(day=pd.Series([None] * 20, dtype=dtype))
    with pytest.raises(
        ValueError, match=r"holds times in the column day \(none of them"
    ):
        DenoisingAutoencoder(**SMALL).fit(X)


def test_marks_of_missing_times_among_objects_are_gaps():
    X = NUMBERS.astype({"age": object})
    X.loc[3, "age"] = pd.NaT
    expected = NUMBERS.assign(age=NUMBERS["age"].where(NUMBERS.index != 3))
    model = DenoisingAutoencoder(**SMALL, random_state=0).fit(X)
    np.testing.assert_array_equal(model.transform(X), model.transform(expected))


def test_several_columns_are_named():
    X = pd.DataFrame({f"c{i}": ["long text " * 9, "b"] for i in range(7)})
    with pytest.raises(ValueError, match=r"columns c0 \('long .*\.\.\.\), c1 .*2 more"):
        DenoisingAutoencoder(**SMALL).fit(X)


def test_other_errors_stay_as_they_are():
    model = DenoisingAutoencoder(**SMALL).fit(NUMBERS)
    with pytest.raises(ValueError, match="feature names should match"):
        model.transform(TEXT[["sex", "age"]])
    with pytest.raises(ValueError, match="infinity"):
        model.transform(NUMBERS.replace(1.0, np.inf))
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.fit(np.array(["a", "b"]))
    with pytest.raises(ValueError, match="Complex data"):
        model.fit(NUMBERS.to_numpy() * 1j)
    with pytest.raises(TypeError, match=r"argument must be .* string.* number"):
        model.fit(np.array([[{}, 1.0], [1.0, 2.0]], dtype=object))


def test_text_that_spells_numbers_is_taken():
    X = NUMBERS.to_numpy().astype(str).astype(object)
    assert DenoisingAutoencoder(**SMALL).fit(X).n_features_in_ == 2
