"""The line of progress."""

import io
import re
from types import SimpleNamespace

import pytest

from sk_dae import DenoisingAutoencoder
from sk_dae.training.callbacks import progress
from sk_dae.training.callbacks.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Net:
    """The attributes of a net that the line reads."""

    def __init__(self):
        self.history = []


def run(stream, n_epochs, max_iter=None, validation=False):
    """Let a line watch some epochs, and return what it printed."""
    line = ProgressLine("Estimator", max_iter or n_epochs, stream)
    net = Net()
    line.on_train_begin(net)
    for epoch in range(n_epochs):
        record = {"train_loss": 1 / (epoch + 1)}
        if validation:
            record["valid_loss"] = 2 / (epoch + 1)
        net.history.append(record)
        line.on_epoch_end(net)
    line.on_train_end(net)
    return stream.getvalue()


def test_terminal_shows_one_line_that_ends_complete():
    text = run(Terminal(), 40, validation=True)
    assert text.count("\n") == 1
    assert text.endswith("\n")
    last = text.rpartition("\r")[2]
    assert "epoch 40/40" in last
    assert "loss 0.02500" in last
    assert "validation 0.05000" in last
    assert "left" not in last


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_terminal_line_never_reaches_the_last_column(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = run(Terminal(), 40, max_iter=1000, validation=True)
    shown = [line.partition("\x1b")[0] for line in text.rstrip("\n").split("\r")]
    assert max(map(len, shown)) < columns
    assert ("╌" in shown[-1]) == (columns == 200)


@pytest.mark.parametrize("n_epochs", [1, 7, 10, 25, 400])
def test_file_gets_at_most_ten_lines_and_the_last_epoch(n_epochs):
    lines = run(io.StringIO(), n_epochs).splitlines()
    assert 1 <= len(lines) <= 10
    assert f"epoch {n_epochs}/{n_epochs}" in lines[-1]
    assert not any("\x1b" in line or "\r" in line for line in lines)


def test_early_stop_is_said():
    lines = run(io.StringIO(), 13, max_iter=100).splitlines()
    assert re.search(r"epoch +13/100 .*stopped$", lines[-1])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (61, "1:01 min"), (7260, "2:01 h")],
)
def test_clock_is_readable(seconds, text, monkeypatch):
    times = iter([0.0, seconds])
    clock = SimpleNamespace(monotonic=lambda: next(times, seconds))
    monkeypatch.setattr(progress, "time", clock)
    assert run(io.StringIO(), 1).strip().endswith(f"  {text}")


def test_verbose_prints_and_silence_does_not(table, capsys):
    DenoisingAutoencoder(2, max_iter=3, verbose=1).fit(table)
    assert "epoch 3/3" in capsys.readouterr().out
    dae = DenoisingAutoencoder(2, max_iter=3).fit(table)
    dae.partial_fit(table).transform(table)
    assert capsys.readouterr().out == ""


def test_console_without_the_characters_gets_plain_ones(monkeypatch):
    class Ascii(Terminal):
        encoding = "ascii"

    monkeypatch.setenv("COLUMNS", "200")
    assert run(Ascii(), 5).isascii()


def test_program_without_a_console_is_served(table, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    DenoisingAutoencoder(2, max_iter=2, verbose=1).fit(table)
