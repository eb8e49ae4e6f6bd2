"""Pipelines, grid searches and metadata routing."""

import os
import subprocess
import sys

import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from threadpoolctl import threadpool_limits

from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    DenoisingImputer,
    DenoisingOutlierDetector,
    GaussianNoise,
    MaskingNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.corruption import CORRUPTIONS
from sk_dae.losses import LOSSES
from sk_dae.penalties import PENALTIES
from sk_dae.training.schedules import NOISE_SCHEDULES


@pytest.fixture
def one_thread():
    """Train with one torch thread, as the workers of a parallel search do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.fixture
def labels(table):
    return (table[:, 0] > 0).astype(int)


def make_search(n_jobs):
    pipeline = make_pipeline(
        StandardScaler(),
        DenoisingAutoencoder(hidden_layer_sizes=(16,), max_iter=4, random_state=0),
        LogisticRegression(),
    )
    grid = {
        "denoisingautoencoder__corruption": ["gaussian", "swap"],
        "denoisingautoencoder__noise_level": [0.1, 0.3],
        "denoisingautoencoder__n_components": [2, 4],
    }
    return GridSearchCV(pipeline, grid, cv=3, n_jobs=n_jobs, scoring="neg_log_loss")


def test_one_search_over_every_corruption_schedule_loss_and_penalty(table, labels):
    pipeline = make_pipeline(
        MinMaxScaler(clip=True),
        DenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=2, random_state=0),
        LogisticRegression(),
    )
    strings = {
        "corruption": CORRUPTIONS,
        "noise_schedule": NOISE_SCHEDULES,
        "emphasis": ["full", "double"],
        "loss": LOSSES,
        "penalty": PENALTIES,
    }
    grid = [
        {f"denoisingautoencoder__{name}": list(values)}
        for name, values in strings.items()
    ]
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
    search.fit(table, labels)
    assert len(search.cv_results_["params"]) == sum(map(len, strings.values()))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def scores(search):
    return np.stack([search.cv_results_[f"split{i}_test_score"] for i in range(3)])


@pytest.mark.slow
def test_parallel_grid_search_gives_the_same_bits(table, labels, one_thread):
    alone = scores(make_search(1).fit(table, labels))
    assert np.unique(alone).size > 8
    for _ in range(2):
        np.testing.assert_array_equal(scores(make_search(2).fit(table, labels)), alone)


@pytest.mark.slow
def test_other_estimators_are_searched_in_parallel(table, labels):
    dae = DenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1)
    imputer = DenoisingImputer(dae, n_estimators=1)
    tabular = TabularDenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1)
    detector = DenoisingOutlierDetector(dae, n_folds=None)
    for estimator, y, scoring in (
        (make_pipeline(imputer, Ridge()), table[:, 0], None),
        (make_pipeline(tabular, Ridge()), table[:, 0], None),
        (detector, 2 * labels - 1, "roc_auc"),
    ):
        search = GridSearchCV(
            estimator, {}, cv=2, n_jobs=2, scoring=scoring, error_score="raise"
        )
        assert np.isfinite(search.fit(table, y).best_score_)


@pytest.mark.slow
def test_grid_search_in_another_process_gives_the_same_bits(
    table, labels, one_thread, tmp_path
):
    here = scores(make_search(1).fit(table, labels))
    np.savez(tmp_path / "data.npz", table=table, labels=labels)
    code = (
        "import sys, numpy as np, torch\n"
        "from threadpoolctl import threadpool_limits\n"
        f"sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
        "from test_model_selection import make_search, scores\n"
        "torch.set_num_threads(1)\n"
        f"data = np.load({str(tmp_path / 'data.npz')!r})\n"
        "with threadpool_limits(1):\n"
        "    search = make_search(1).fit(data['table'], data['labels'])\n"
        f"np.save({str(tmp_path / 'scores.npy')!r}, scores(search))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "scores.npy"), here)


def test_parameters_of_a_corruption_are_searchable(table):
    dae = DenoisingAutoencoder(2, max_iter=2, random_state=0)
    dae.set_params(corruption=ComposeNoise([GaussianNoise(), MaskingNoise()]))
    grid = {
        "corruption__gaussiannoise__level": [0.1, 1.0],
        "corruption__maskingnoise__level": [0.1, 0.9],
    }
    search = GridSearchCV(dae, grid, cv=2).fit(table)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    # A search clones: the instance that was passed keeps its level.
    assert dae.corruption.corruptions[0].level == 0.2
    assert search.best_estimator_.corruption_.n_features_in_ == 5


def test_corruption_instance_is_cloned_not_fitted(table):
    process = GaussianNoise(0.3)
    dae = DenoisingAutoencoder(2, max_iter=1, corruption=process).fit(table)
    assert not hasattr(process, "level_")
    assert dae.corruption_ is not process
    assert dae.corruption_.level_ == 0.3
    assert clone(dae).corruption is not process


@pytest.mark.slow
def test_features_serve_a_classifier_as_pca_does(digits):
    from sklearn.datasets import load_digits

    y = load_digits().target
    pipeline = make_pipeline(
        DenoisingAutoencoder(32, noise_level=0.3, max_iter=30, random_state=0),
        StandardScaler(),
        LogisticRegression(max_iter=500),
    )
    accuracy = cross_val_score(pipeline, digits[:900], y[:900], cv=3).mean()
    assert accuracy > 0.85


def test_clean_rows_are_scaled_with_the_rows_through_a_pipeline(table):
    with sklearn.config_context(enable_metadata_routing=True):
        dae = DenoisingAutoencoder(
            2, hidden_layer_sizes=(), corruption=None, max_iter=3, random_state=0
        ).set_fit_request(clean=True)
        pipeline = Pipeline(
            [("scale", StandardScaler()), ("dae", dae)], transform_input=["clean"]
        )
        noisy = table + 0.1
        pipeline.fit(noisy * 1000, clean=table * 1000)
    scaler = StandardScaler().fit(noisy * 1000)
    expected = clone(dae).fit(
        scaler.transform(noisy * 1000), clean=scaler.transform(table * 1000)
    )
    np.testing.assert_array_equal(
        pipeline["dae"].transform(table), expected.transform(table)
    )


def test_sample_weight_is_routed_through_a_grid_search(table):
    seen = []

    class Spy(DenoisingAutoencoder):
        def _fit(self, X, sample_weight, clean, **options):
            seen.append(sample_weight)
            return super()._fit(X, sample_weight, clean, **options)

    with sklearn.config_context(enable_metadata_routing=True):
        spy = Spy(2, max_iter=1).set_fit_request(sample_weight=True)
        GridSearchCV(spy, {"n_components": [1, 2]}, cv=2, error_score="raise").fit(
            table, sample_weight=np.arange(60.0)
        )
    assert [len(weight) for weight in seen] == [30, 30, 30, 30, 60]
