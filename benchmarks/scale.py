"""Time and memory against the number of rows, for rows that are not held in memory.

Uniform random numbers, float32, in a Parquet file (row groups as pyarrow writes them,
of 1 048 576 rows) and in a memory map; 20 columns, 10^4 to 10^6 rows. `--gigabytes`
adds a file of that size in memory, of 100 columns.

Each case runs in a fresh process, which imports everything and fits tiny models first.
Then it fits `DenoisingAutoencoder(batch_size=512, max_iter=1)`, transforms all rows,
adds the scores, and fits `MarginalizedDenoisingAutoencoder(1)`. Seconds are those that
the processor worked for this process, so that other work on the machine counts little.
Memory is the peak of what the process has allocated (see `memory.py`), above what it
held before the data was opened; the result of `transform`, which is held, is in it.

Linux only: other systems do not tell anonymous memory apart.

    python benchmarks/scale.py
    python benchmarks/scale.py --gigabytes 2
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as dataset
import pyarrow.parquet as parquet
import torch
from memory import MB, PeakMemory, anonymous_memory

from _report import Report
from sk_dae import DenoisingAutoencoder, MarginalizedDenoisingAutoencoder

ROWS = (10_000, 100_000, 1_000_000)
N_COLUMNS, WIDE = 20, 100
BLOCK = 2**20

#: Most that a time for each row may grow or shrink from one size to the next.
TIME_BAR = 0.2
#: Most that the peak may grow from 10^5 to 10^6 rows, and for a large file.
GROWTH_BAR, LARGE_BAR = 100, 400  # MB


def blocks(n_rows, width):
    """Yield all rows, a block at a time."""
    rng = np.random.default_rng(0)
    for start in range(0, n_rows, BLOCK):
        yield rng.random((min(BLOCK, n_rows - start), width), dtype=np.float32)


def make(kind, n_rows, width, folder):
    """Write the rows to a file, and return them as they are given to an estimator."""
    path = Path(folder) / "X"
    if kind == "memmap":
        X = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, width))
        start = 0
        for block in blocks(n_rows, width):
            X[start : start + len(block)] = block
            start += len(block)
        X.flush()
        del X
        return np.load(path, mmap_mode="r")
    schema = pa.schema([(f"x{j}", pa.float32()) for j in range(width)])
    # Random numbers repeat no value, which a dictionary would save space by.
    with parquet.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for block in blocks(n_rows, width):
            writer.write_table(pa.table(list(block.T), schema=schema))
    return dataset.dataset(path)


def run_case(kind, folder):
    """Return seconds and peak memory of each step, in this process."""
    dae = DenoisingAutoencoder(batch_size=512, max_iter=1, random_state=0, device="cpu")
    mda = MarginalizedDenoisingAutoencoder(1, device="cpu")
    with tempfile.TemporaryDirectory(dir=folder) as other:
        tiny = make(kind, 256, 8, other)
        for estimator in (dae, mda):
            estimator.fit(tiny).transform(tiny)
    steps = {
        "fit, 1 epoch": dae.fit,
        "transform": dae.transform,
        "score_samples": dae.score_samples,
        "closed form, fit": mda.fit,
    }
    # Made by another process, whose memory is not to be used again here.
    path, start = Path(folder) / "X", anonymous_memory()
    X = np.load(path, mmap_mode="r") if kind == "memmap" else dataset.dataset(path)
    found = {}
    for name, step in steps.items():
        clock = time.process_time()
        with PeakMemory() as memory:
            step(X)
        seconds = time.process_time() - clock
        found[name] = {"seconds": seconds, "peak": (memory.peak - start) / MB}
    return found


def run_apart(kind, n_rows, width, args):
    """Run one case in a fresh process."""
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        make(kind, n_rows, width, folder)
        command = [sys.executable, __file__, "--child", kind]
        command += ["--folder", folder, "--threads", str(args.threads)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def measure(report, args):
    """Add the table of one size after the other, and what is expected of it."""
    for kind in ("parquet", "memmap"):
        runs = {n: run_apart(kind, n, N_COLUMNS, args) for n in args.rows}
        table = []
        for name in runs[args.rows[0]]:
            for n_rows, found in runs.items():
                seconds, peak = found[name]["seconds"], found[name]["peak"]
                per_row = 1e6 * seconds / n_rows
                table.append(
                    (
                        name,
                        f"{n_rows:,}",
                        f"{seconds:.2f}",
                        f"{per_row:.2f}",
                        f"{peak:,.0f}",
                    )
                )
        report.table(
            ("step", "rows", "seconds", "microseconds a row", "peak above start, MB"),
            table,
            title=f"{kind}, {N_COLUMNS} columns",
        )
        before, last = args.rows[-2:]
        for name in runs[last]:
            few, many = runs[before][name], runs[last][name]
            ratio = (many["seconds"] / last) / (few["seconds"] / before)
            growth = many["peak"] - few["peak"]
            report.bar(
                f"{kind}, {name}: time of a row, {last:,} over {before:,} rows",
                f"{ratio:.2f}",
                f"within {TIME_BAR:.0%} of 1",
                abs(ratio - 1) <= TIME_BAR,
            )
            if name == "transform":
                growth -= 4 * 32 * (last - before) / MB
            report.bar(
                f"{kind}, {name}: growth of the peak, without the result",
                f"{growth:,.0f} MB",
                f"at most {GROWTH_BAR} MB",
                growth <= GROWTH_BAR,
            )


def measure_large(report, args):
    """Add the table of one large file."""
    n_rows = int(1e9 * args.gigabytes / 4 / WIDE)
    found = run_apart("parquet", n_rows, WIDE, args)
    report.table(
        ("step", "seconds", "peak above start, MB"),
        [
            (name, f"{step['seconds']:.0f}", f"{step['peak']:,.0f}")
            for name, step in found.items()
        ],
        title=f"parquet, {args.gigabytes:g} GB: {n_rows:,} rows of {WIDE} columns",
    )
    for name, step in found.items():
        # The result is held.
        result = 4 * n_rows * {"transform": 32, "score_samples": 1}.get(name, 0) / MB
        peak = step["peak"] - result
        report.bar(
            f"{args.gigabytes:g} GB, {name}: peak above start, without the result",
            f"{peak:,.0f} MB",
            f"at most {LARGE_BAR} MB",
            peak <= LARGE_BAR,
        )


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--gigabytes", type=float, default=0.0, help="of a large file")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", help="where temporary files go")
    parser.add_argument("--name", default="scale", help="of the results file")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not sys.platform.startswith("linux"):
        parser.error("this benchmark reads /proc/self/status, which only Linux has")
    torch.set_num_threads(args.threads)
    if args.child:
        print(json.dumps(run_case(args.child, args.folder)))
        return
    report = Report(
        args.name, "Time and memory against rows", threads=str(args.threads)
    )
    measure(report, args)
    if args.gigabytes:
        measure_large(report, args)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
