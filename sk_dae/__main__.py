"""The command line: ``python -m sk_dae inspect FILE``."""

from __future__ import annotations

import argparse
import sys

from .persistence import inspect

__all__ = ["main"]


def main(arguments=None):
    """Run a command, and return the exit status.

    Parameters
    ----------
    arguments : list of str, default=None
        The arguments; None takes those of the process.

    Returns
    -------
    status : int
        0, or 1 where a file could not be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sk_dae", description="Denoising autoencoders, saved in files."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("inspect", help="tell what a saved file holds")
    command.add_argument("file", nargs="+", help="a file that sk_dae.save wrote")
    given = parser.parse_args(arguments)
    status = 0
    for path in given.file:
        try:
            print(inspect(path))
        except (OSError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
