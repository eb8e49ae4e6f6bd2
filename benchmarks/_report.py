"""Tables of the benchmarks: on the screen and in benchmarks/results/."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import sk_dae

__all__ = ["Report", "available_cores"]

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torch", "scikit-learn", "skorch", "numpy", "scipy", "pyod")


def available_cores():
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model():
    """Return what the processor calls itself."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def package_versions():
    """Return the versions of what took part, as text."""
    found = [f"Python {platform.python_version()}", f"sk_dae {sk_dae.__version__}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


class Report:
    """A page of tables that is printed as it grows and written at the end.

    Parameters
    ----------
    name : str
        Name of the file, without its suffix.

    title : str
        The heading.

    threads : str
        How many threads the contenders had.
    """

    def __init__(self, name, title, *, threads):
        self._path = RESULTS / f"{name}.md"
        self._parts = []
        self._bars = []
        self._add(f"# {title}")
        self._add(
            f"- machine: {cpu_model()}, {available_cores()} cores, "
            f"{platform.system()}\n"
            f"- versions: {package_versions()}\n"
            f"- threads: {threads}\n"
            f"- date: {datetime.date.today().isoformat()}"
        )

    def _add(self, text):
        self._parts.append(text)
        print(text, end="\n\n", flush=True)

    def text(self, text):
        """Add a paragraph."""
        self._add(text)

    def table(self, columns, rows, *, title=None):
        """Add a table.

        Parameters
        ----------
        columns : sequence of str
            The heads. The first column is aligned to the left, the others to the
            right.

        rows : sequence of sequence of str
            The cells.

        title : str, default=None
            A heading above it.
        """
        if title:
            self._add(f"## {title}")
        cells = [[str(cell) for cell in row] for row in (columns, *rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = []
        for row in (cells[0], rule, *cells[1:]):
            padded = [row[0].ljust(widths[0])]
            padded += [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
            lines.append(f"| {' | '.join(padded)} |")
        self._add("\n".join(lines))

    def bar(self, what, measured, bar, holds):
        """Note what was expected and what came, for the table that `bars` adds.

        Parameters
        ----------
        what, measured, bar : str
            The quantity that is compared, its measurement, and what it should be.

        holds : bool
            Whether it is.
        """
        self._bars.append((what, measured, bar, "yes" if holds else "no"))

    def bars(self):
        """Print what was expected; the page has the measurements alone."""
        for what, measured, bar, holds in self._bars:
            print(f"{'ok  ' if holds == 'yes' else 'MISS'}  {what}: {measured}, {bar}")
        print()

    def write(self):
        """Write the page to the folder of results."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text("\n\n".join(self._parts) + "\n")
        print(f"written to benchmarks/results/{self._path.name}")
