"""Results of runs that take long, kept in a file as they come."""

from __future__ import annotations

import json

__all__ = ["Store"]


class Store:
    """Results by name, in a file that is written after each.

    Parameters
    ----------
    path : Path
        Name of the file.
    """

    def __init__(self, path):
        self._path = path
        self._results = json.loads(path.read_text()) if path.exists() else {}

    def get(self, name):
        """Return a result, or None where it was not measured."""
        return self._results.get(name)

    def measure(self, name, function):
        """Return the result of that name, measured by `function` if need be."""
        if name not in self._results:
            self._results[name] = function()
            text = json.dumps(self._results, indent=1, sort_keys=True)
            self._path.write_text(text + "\n")
            print(f"{name}: {self._results[name]}", flush=True)
        return self._results[name]
