"""The command line of the fuzzer.

Usage, from the root of the repository::

    PYTHONPATH=.:tests OMP_NUM_THREADS=1 python -m fuzz --estimator NAME|noises|all
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import io
import signal
import sys
import time
from pathlib import Path

import torch

from .case import SECONDS, Case, HangError
from .draws import ESTIMATORS, NOISES


def main():
    """Run cases and print what was found; return whether anything was."""
    args = _parse()
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, _alarm)
    out = args.out.open("a") if args.out else io.StringIO()
    found = collections.Counter()
    for name in _names(args.estimator):
        start, n_found, fits = time.monotonic(), 0, collections.Counter()
        first = args.first if args.case is None else args.case
        numbers = range(first, first + (args.cases if args.case is None else 1))
        for number in numbers:
            # For what no alarm interrupts.
            faulthandler.dump_traceback_later(5 * SECONDS, exit=True)
            case = Case(name, args.seed, number).run()
            for finding in case.findings:
                key = (*finding[:2], name)
                found[key] += 1
                text = _describe(case, finding, args.seed, number)
                print(text, file=out, flush=True)
                if found[key] == 1:
                    print(text)
            n_found += bool(case.findings)
            for (operation, outcome), n in case.outcomes.items():
                if operation == "fit":
                    fits[outcome] += n
        seconds = time.monotonic() - start
        counts = f"{len(numbers)} cases, {n_found} with findings, {seconds:.0f} s"
        print(f"# {name}: {counts}, fits {dict(fits)}", flush=True)
    print("\n# Findings by kind, place and estimator")
    for (kind, place, name), n in sorted(found.items()):
        print(f"{n:6d}  {kind} | {place} | {name}")
    return bool(found)


def _parse():
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description="Try estimators on random input."
    )
    parser.add_argument(
        "--estimator",
        default="all",
        help="a name, several with commas, 'noises' for the corruptions, or 'all'",
    )
    parser.add_argument("--cases", type=int, default=100, help="of each estimator")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--case", type=int, help="the number of one case, to be run alone"
    )
    parser.add_argument("--out", type=Path, help="a file that findings are appended to")
    return parser.parse_args()


def _names(chosen):
    if chosen == "all":
        return ESTIMATORS + NOISES
    return NOISES if chosen == "noises" else chosen.split(",")


def _alarm(*_):
    raise HangError


def _describe(case, finding, seed, number):
    kind, place, detail, log = finding
    again = f"--estimator {case.name} --seed {seed} --case {number}"
    return f"=== {kind} | {place}\n{again}\n{case}\n{' -> '.join(log)}\n{detail}\n"


if __name__ == "__main__":
    sys.exit(main())
