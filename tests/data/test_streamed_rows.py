"""Rows of Parquet files and Arrow datasets: order, windows, parts, columns."""

import itertools
from decimal import Decimal

import numpy as np
import pytest
import torch

from sk_dae import RowStream
from sk_dae.backend.random import seeded_generator
from sk_dae.data import streamed_rows
from sk_dae.data.rows import rows_of
from sk_dae.data.streamed_rows import StreamedBatches

pa = pytest.importorskip("pyarrow")
dataset = pytest.importorskip("pyarrow.dataset")
parquet = pytest.importorskip("pyarrow.parquet")

N_ROWS, WIDTH = 230, 3


@pytest.fixture
def X():
    X = np.random.RandomState(0).normal(size=(N_ROWS, WIDTH))
    # To tell the rows apart.
    X[:, 0] = np.arange(N_ROWS)
    X[7, 1] = np.nan
    return X


@pytest.fixture
def table(X):
    return pa.table({f"x{j}": pa.array(X[:, j], from_pandas=True) for j in range(3)})


@pytest.fixture
def path(table, tmp_path):
    path = tmp_path / "rows.parquet"
    parquet.write_table(table, path, row_group_size=50)
    return path


@pytest.fixture
def narrow_window(monkeypatch):
    """Shuffle sixty rows at a time."""
    monkeypatch.setattr(streamed_rows, "WINDOW_BYTES", 60 * 4 * WIDTH)
    monkeypatch.setattr(streamed_rows, "PIECE_BYTES", 7 * 4 * WIDTH)


def numbers_of(parts):
    return torch.cat([part[:, 0] for part in parts]).numpy().astype(int)


def test_all_ways_to_read_give_the_rows(X, path):
    rows = RowStream(path).open()
    assert rows.shape == X.shape and rows.dtype == X.dtype
    np.testing.assert_array_equal(np.concatenate([*rows.chunks()]), X)
    np.testing.assert_array_equal(np.concatenate([*RowStream(path)]), X)
    sizes = [len(part) for part in rows.in_order(60)]
    assert sizes == [60, 60, 60, 50]
    np.testing.assert_array_equal(torch.cat([*rows.in_order(60)]), X.astype("f4"))
    index = torch.tensor([229, 0, 50, 49, 229, 100])
    np.testing.assert_array_equal(rows.take(index), X.astype("f4")[index])
    np.testing.assert_array_equal(rows.span(slice(40, 110)), X.astype("f4")[40:110])


@pytest.mark.parametrize("in_order", [True, False])
def test_sample_holds_the_rows_that_one_of_an_array_holds(X, path, in_order):
    samples = [
        rows.sample(40, np.random.RandomState(1), in_order=in_order)
        for rows in (RowStream(path).open(), rows_of(X))
    ]
    np.testing.assert_array_equal(*samples)


@pytest.mark.parametrize("folder", [False, True])
def test_several_files_are_one_stream(X, table, tmp_path, folder):
    paths = []
    for i, start in enumerate((0, 80)):
        paths.append(tmp_path / f"part-{i}.parquet")
        parquet.write_table(table.slice(start, [80, 150][i]), paths[-1])
    stream = RowStream(tmp_path if folder else paths)
    np.testing.assert_array_equal(np.concatenate([*stream]), X)


@pytest.mark.parametrize("kind", ["memory", "feather", "filtered", "partitioned"])
def test_datasets_of_all_kinds_are_read(X, table, tmp_path, kind):
    if kind == "memory":
        data = dataset.dataset(table)
    elif kind == "feather":
        dataset.write_dataset(table, tmp_path, format="feather")
        data = dataset.dataset(tmp_path, format="feather")
    elif kind == "filtered":
        parquet.write_table(table, tmp_path / "x.parquet", row_group_size=50)
        data = dataset.dataset(tmp_path).filter(dataset.field("x0") >= 100)
        X = X[100:]
    else:
        # Its column is in the names of the folders alone.
        keyed = table.append_column("key", pa.array(np.arange(N_ROWS) // 200))
        by = dataset.partitioning(pa.schema([("key", pa.int64())]), flavor="hive")
        dataset.write_dataset(keyed, tmp_path, format="parquet", partitioning=by)
        data = dataset.dataset(tmp_path, partitioning="hive")
        X = np.column_stack([X, np.arange(N_ROWS) // 200])
    rows = RowStream(data).open()
    assert rows.shape == X.shape
    np.testing.assert_array_equal(np.concatenate([*rows.chunks()]), X)
    shuffled = numbers_of(rows.parts([len(X)], seeded_generator(0)))
    np.testing.assert_array_equal(np.sort(shuffled), X[:, 0])


# -- the order of an epoch ------------------------------------------------------------


def test_rows_of_one_window_come_in_the_order_of_an_array(X, path):
    rows = RowStream(path).open()
    found = numbers_of(rows.parts([100, 130], seeded_generator(3)))
    expected = torch.randperm(N_ROWS, generator=seeded_generator(3))
    np.testing.assert_array_equal(found, expected)


def test_row_groups_are_shuffled_within_a_bounded_window(path, narrow_window):
    rows, generator = RowStream(path).open(), seeded_generator(3)
    epochs = [numbers_of(rows.parts([100, 130], generator)) for _ in range(2)]
    for order in epochs:
        np.testing.assert_array_equal(np.sort(order), np.arange(N_ROWS))
        # No more row groups than can touch a window of sixty rows.
        assert len(set(order[:60] // 50)) <= 3
        assert (np.diff(order[:60]) < 0).any()
    assert (epochs[0] != epochs[1]).any()
    again = numbers_of(rows.parts([100, 130], seeded_generator(3)))
    np.testing.assert_array_equal(again, epochs[0])


def test_first_windows_of_epochs_differ(path, narrow_window):
    rows, generator = RowStream(path).open(), seeded_generator(0)
    firsts = set()
    for _ in range(20):
        first = next(rows.parts(itertools.repeat(60), generator))
        firsts |= set(first[:, 0].numpy().astype(int) // 50)
    assert firsts == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("batch_size", [1, 32, 230, 1000])
def test_batches_hold_each_row_once(X, path, narrow_window, batch_size):
    rows = RowStream(path).open()
    batches = StreamedBatches(
        rows, None, batch_size, torch.device("cpu"), generator=seeded_generator(0)
    )
    found = [*batches]
    assert len(found) == len(batches)
    sizes = {len(batch) for batch, _, _ in found}
    assert max(sizes) <= batch_size and max(sizes) - min(sizes) <= 1
    assert all(target is X and weight is None for X, target, weight in found[:1])
    order = numbers_of([batch for batch, _, _ in found])
    np.testing.assert_array_equal(np.sort(order), np.arange(N_ROWS))
    in_order = numbers_of([batch for batch, _, _ in batches.in_order()])
    np.testing.assert_array_equal(in_order, np.arange(N_ROWS))


@pytest.mark.parametrize("n_held_out", [1, 23, 229])
def test_rows_are_held_out_at_random_from_all_row_groups(path, n_held_out):
    rest, held_out = RowStream(path).open().split(n_held_out, 5)
    parts = [numbers_of(rows.in_order(64)) for rows in (rest, held_out)]
    assert [len(part) for part in parts] == [N_ROWS - n_held_out, n_held_out]
    assert [rows.shape[0] for rows in (rest, held_out)] == [*map(len, parts)]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(N_ROWS))
    counts = np.bincount(parts[1] // 50, minlength=5)
    assert np.abs(counts - n_held_out * np.array([50] * 4 + [30]) / N_ROWS).max() <= 1
    again = numbers_of(RowStream(path).open().split(n_held_out, 5)[1].in_order(64))
    np.testing.assert_array_equal(again, parts[1])
    index = torch.arange(n_held_out).flip(0)
    np.testing.assert_array_equal(held_out.take(index)[:, 0], parts[1][::-1])


def test_draws_of_held_out_rows_depend_on_the_seed(path):
    draws = {
        tuple(numbers_of(RowStream(path).open().split(20, seed)[1].in_order(64)))
        for seed in range(5)
    }
    assert len(draws) == 5


# -- columns --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected", "dtype"),
    [
        (pa.array([1, None, 3], pa.int16()), [1, np.nan, 3], "f8"),
        (pa.array([2**60, 0, 1], pa.uint64()), [2.0**60, 0, 1], "f8"),
        (pa.array([True, None, False]), [1, np.nan, 0], "f8"),
        (pa.array([None] * 3), [np.nan] * 3, "f8"),
        (pa.array([Decimal("1.5"), None], pa.decimal128(5, 2)), [1.5, np.nan], "f8"),
        (pa.array([1.5, None, np.nan], pa.float32()), [1.5, np.nan, np.nan], "f4"),
        (pa.array([np.float16(1.5), None], pa.float16()), [1.5, np.nan], "f4"),
        (pa.array([1.1, None, 2], pa.float64()), [1.1, np.nan, 2], "f8"),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_numbers_of_all_types_are_read(column, expected, dtype):
    (X,) = RowStream(dataset.dataset(pa.table({"a": column})))
    assert X.dtype == dtype
    np.testing.assert_array_equal(X[:, 0], np.array(expected, dtype))


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a"]),
        pa.array(["a"]).dictionary_encode(),
        pa.array([0], pa.timestamp("us")),
        pa.array([[1.0]]),
        pa.array([b"a"]),
    ],
    ids=lambda column: str(column.type),
)
def test_column_without_numbers_is_named_with_its_type(column):
    stream = RowStream(dataset.dataset(pa.table({"a": [1.0], "b": column})))
    with pytest.raises(ValueError, match=r"'b' is of type .*columns=\[") as caught:
        next(iter(stream))
    assert str(column.type)[:5] in str(caught.value)
    (X,) = RowStream(stream.source, columns=["a"])
    assert X.shape == (1, 1)


def test_columns_are_chosen_and_ordered(X, path):
    (found,) = RowStream(path, columns=["x2", "x0"])
    np.testing.assert_array_equal(found, X[:, [2, 0]])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["x0", "y"], "no column 'y'; it has x0, x1, x2"),
        (["x0", "x0"], "different from each other"),
        ([], "0 columns"),
    ],
)
def test_columns_that_cannot_be_read_are_refused(path, columns, message):
    with pytest.raises(ValueError, match=message):
        RowStream(path, columns=columns).open()


def test_two_columns_of_a_name_are_refused():
    table = pa.table([pa.array([1.0])] * 2, names=["a", "a"])
    with pytest.raises(ValueError, match="several columns of the name 'a'"):
        RowStream(dataset.dataset(table)).open()


@pytest.mark.parametrize("once", [False, True])
def test_transform_is_applied_to_every_part(X, table, once):
    source = table.to_reader(40) if once else dataset.dataset(table)
    stream = RowStream(source, transform=lambda X: X[:, :2] * 2)
    np.testing.assert_array_equal(np.concatenate([*stream]), X[:, :2] * 2)


def test_transform_of_another_number_of_rows_is_refused(path):
    stream = RowStream(path, transform=lambda X: X[:, 0])
    with pytest.raises(ValueError, match="transform must turn an array of shape"):
        stream.open()


def test_transform_to_different_widths_is_refused(path):
    stream = RowStream(path, transform=lambda X: X[:, : 1 + (len(X) > 1)])
    with pytest.raises(
        ValueError, match="as many columns for all rows, got 1 and then"
    ):
        list(stream)


# -- sources --------------------------------------------------------------------------


@pytest.mark.parametrize("source", [None, 3, np.ones((3, 2)), [np.ones(3)]])
def test_other_sources_are_refused(source):
    with pytest.raises(TypeError, match="source must be a path of Parquet files"):
        RowStream(source).open()


def test_files_that_are_none_are_refused(tmp_path):
    text = tmp_path / "x.parquet"
    text.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="source cannot be read as Parquet"):
        RowStream(text).open()
    for paths in (tmp_path / "nothing", [text, tmp_path / "nothing"]):
        with pytest.raises(
            FileNotFoundError, match=r"source does not exist: .*nothing"
        ):
            RowStream(paths).open()


def test_file_that_has_gone_since_is_an_error_of_ours(path):
    rows = RowStream(path).open()
    path.unlink()
    with pytest.raises(ValueError, match="dataset cannot be read"):
        next(rows.chunks())


def test_many_row_groups_read_the_metadata_once(table, tmp_path):
    parquet.write_table(table, tmp_path / "X.parquet", row_group_size=1)
    rows = RowStream(tmp_path / "X.parquet").open()
    opened, first = [], parquet.ParquetFile.__init__

    def opens(self, *args, metadata=None, **params):
        opened.append(metadata)
        first(self, *args, metadata=metadata, **params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet.ParquetFile, "__init__", opens)
        assert sum(map(len, rows.chunks())) == N_ROWS
    assert len(opened) == N_ROWS and None not in opened


def test_parameters_are_checked_at_once():
    with pytest.raises(ValueError, match="columns must be a sequence"):
        RowStream("x", columns="x0")
    with pytest.raises(TypeError, match="transform must be callable"):
        RowStream("x", transform=3)


def test_representation_names_what_is_given():
    assert repr(RowStream("x.parquet")) == "RowStream('x.parquet')"
    assert repr(RowStream("x", columns=["a"])) == "RowStream('x', columns=['a'])"
