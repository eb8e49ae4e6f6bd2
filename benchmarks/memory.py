"""Peak private memory of fit and transform, on data in memory, on disk, and sparse.

Each case runs in a fresh process, which imports everything, fits a tiny model, and
notes its anonymous resident memory (`RssAnon` in `/proc/self/status`: what the process
has allocated; pages of mapped files, which the system can drop at any time, do not
count). Then it makes the data, and from there on a thread reads the same number every 5
ms while `DenoisingAutoencoder(max_iter=1)` is fitted; a peak between two readings can
be missed.

- dense: float32, 2 GB, 1 000 columns, uniform random numbers; as an array in memory, as
  a memory map of a file, and as a float64 memory map of 2 GB;
- sparse: CSR, 100 000 x 50 000, 0.1 % stored, float32; fit and transform.

"peak" is what the process held at most, "above start" the same without the libraries,
and "beyond X" also without X itself where X is in memory. MB are 10^6 bytes. Files go
to a temporary folder and are removed.

Linux only: other systems do not tell anonymous memory apart.

    python benchmarks/memory.py
    python benchmarks/memory.py --cases array memmap --gigabytes 0.5 --threads 1
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoder

MB = 1e6
N_COLUMNS = 1000
SPARSE_SHAPE = (100_000, 50_000)
STORED_PER_ROW = 50  # 0.1 %


@dataclass(frozen=True)
class Case:
    """A fit: of which data, how, and how much memory it may take."""

    data: str  # array, memmap or sparse
    dtype: str
    parameters: dict
    bar: float  # in MB
    of: str  # the number that the bar is for


CASES = {
    "array": Case("array", "float32", {}, 300, "beyond X"),
    "array-early-stopping": Case(
        "array", "float32", {"early_stopping": True}, 300, "beyond X"
    ),
    "array-swap": Case("array", "float32", {"corruption": "swap"}, 300, "beyond X"),
    "memmap": Case("memmap", "float32", {}, 600, "above start"),
    "memmap-early-stopping": Case(
        "memmap", "float32", {"early_stopping": True}, 600, "above start"
    ),
    "memmap-swap": Case(
        "memmap", "float32", {"corruption": "swap"}, 600, "above start"
    ),
    "memmap-float64": Case("memmap", "float64", {}, 600, "above start"),
    "sparse": Case("sparse", "float32", {}, 1600, "peak"),
    "sparse-swap": Case("sparse", "float32", {"corruption": "swap"}, 1600, "peak"),
}


def anonymous_memory():
    """Return the anonymous resident memory of this process, in bytes."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return 1024 * int(line.split()[1])
    raise OSError("/proc/self/status has no RssAnon")


class PeakMemory:
    """Context manager that watches the anonymous memory; `peak` is in bytes."""

    def __enter__(self):
        self.peak = anonymous_memory()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._over.wait(0.005):
            self.peak = max(self.peak, anonymous_memory())

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()
        self.peak = max(self.peak, anonymous_memory())


def fill(X, rng):
    """Fill an array of any dtype with uniform numbers, a chunk of rows at a time."""
    step = 4096
    for start in range(0, len(X), step):
        chunk = X[start : start + step]
        chunk[...] = rng.random(chunk.shape, dtype=np.float32)


def make_dense(case, n_bytes, folder):
    """Return an array, or a read-only memory map of a file in `folder`."""
    rng = np.random.default_rng(0)
    dtype = np.dtype(case.dtype)
    shape = (int(n_bytes / dtype.itemsize / N_COLUMNS), N_COLUMNS)
    if case.data == "array":
        X = np.empty(shape, dtype)
        fill(X, rng)
        return X
    path = Path(folder) / "X.npy"
    writable = np.lib.format.open_memmap(path, "w+", dtype, shape)
    fill(writable, rng)
    writable.flush()
    del writable
    return np.load(path, mmap_mode="r")


def make_sparse(n_rows):
    """Return a CSR matrix, built in place: every row holds equally many values."""
    rng = np.random.default_rng(0)
    n_columns = SPARSE_SHAPE[1]
    width = n_columns // STORED_PER_ROW
    # One column out of each of equally wide ranges: sorted, and none twice.
    indices = rng.integers(width, size=(n_rows, STORED_PER_ROW), dtype=np.int32)
    indices += np.arange(0, n_columns, width, dtype=np.int32)
    indptr = np.arange(0, indices.size + 1, STORED_PER_ROW, dtype=np.int32)
    data = rng.random(indices.size, dtype=np.float32)
    return sp.csr_matrix((data, indices.ravel(), indptr), shape=(n_rows, n_columns))


def run_case(case, n_bytes, n_sparse_rows, folder):
    """Run one case in this process and return its numbers, in MB and seconds."""
    tiny = np.random.default_rng(0).random((64, 8), dtype=np.float32)
    DenoisingAutoencoder(2, max_iter=1).fit(tiny).transform(tiny)
    start = anonymous_memory()
    if case.data == "sparse":
        X = make_sparse(n_sparse_rows)
        in_memory = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    else:
        X = make_dense(case, n_bytes, folder)
        in_memory = X.nbytes if case.data == "array" else 0
    model = DenoisingAutoencoder(
        max_iter=1, random_state=0, device="cpu", **case.parameters
    )
    clock = time.perf_counter()
    with PeakMemory() as fitting:
        model.fit(X)
    seconds = time.perf_counter() - clock
    found = {"fit": (fitting.peak, seconds)}
    if case.data == "sparse":
        clock = time.perf_counter()
        with PeakMemory() as transforming:
            model.transform(X)
        found["transform"] = (transforming.peak, time.perf_counter() - clock)
    return [
        {
            "step": step,
            "shape": X.shape,
            "peak": peak / MB,
            "above start": (peak - start) / MB,
            "beyond X": (peak - start - in_memory) / MB,
            "seconds": seconds,
        }
        for step, (peak, seconds) in found.items()
    ]


def run_apart(name, args):
    """Run one case in a fresh process."""
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        command = [sys.executable, __file__, "--child", name, "--folder", folder]
        command += ["--gigabytes", str(args.gigabytes), "--threads", str(args.threads)]
        command += ["--sparse-rows", str(args.sparse_rows)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of dense data")
    parser.add_argument("--sparse-rows", type=int, default=SPARSE_SHAPE[0])
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--folder", help="where temporary files go")
    parser.add_argument("--name", default="memory", help="of the results file")
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not sys.platform.startswith("linux"):
        parser.error("this benchmark reads /proc/self/status, which only Linux has")
    torch.set_num_threads(args.threads)
    if args.child:
        n_bytes = 1e9 * args.gigabytes
        found = run_case(CASES[args.child], n_bytes, args.sparse_rows, args.folder)
        print(json.dumps(found))
        return

    report = Report(args.name, "Peak private memory", threads=str(args.threads))
    rows = []
    for name in args.cases:
        case = CASES[name]
        for found in run_apart(name, args):
            numbers = [f"{found[k]:,.0f}" for k in ("peak", "above start", "beyond X")]
            shape = "{:,} x {:,}".format(*found["shape"])
            label = f"{name}, {found['step']}"
            rows.append((label, shape, *numbers, f"{found['seconds']:.0f}"))
            measured = found[case.of]
            report.bar(
                f"{label}: {case.of}",
                f"{measured:,.0f} MB",
                f"at most {case.bar:,} MB",
                measured <= case.bar,
            )
            print(*rows[-1], sep="  ", file=sys.stderr)
    report.table(
        ("case", "shape", "peak, MB", "above start, MB", "beyond X, MB", "seconds"),
        rows,
    )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
