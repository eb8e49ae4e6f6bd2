"""A summary of a saved file, made without building the estimator."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..backend.serialization import find_class, parameter_defaults
from ._format import import_package
from ._read import read_parts

__all__ = ["SavedModel", "inspect"]

#: Names and characters, at most, that a line shows.
_MOST_NAMES, _MOST_CHARACTERS = 6, 60


@dataclass(frozen=True)
class SavedModel:
    """A summary of a file that :func:`~sk_dae.save` wrote; ``print`` shows it.

    Parameters
    ----------
    path : str
        The file.

    estimator : str
        Name of the class.

    params : dict of str to str
        The parameters that differ from their defaults, as text.

    fitted : bool
        Whether there is a trained model in it.

    n_features_in : int or None
        Number of features seen during fit.

    feature_names_in : list of str or None
        Their names, where X had string column names.

    n_values : int
        Numbers in all arrays: weights, the state of the optimizer, and what was
        learned of the data.

    n_bytes : int
        Size of the file.

    format : int
        Format of the file.

    versions : dict of str to str
        The packages that wrote it.
    """

    path: str
    estimator: str
    params: dict
    fitted: bool
    n_features_in: int | None
    feature_names_in: list | None
    n_values: int
    n_bytes: int
    format: int
    versions: dict

    def __str__(self):
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        lines = [f"{self.path}: {self.estimator}({params})"]
        if self.fitted:
            features = f"{self.n_features_in} features"
            if self.feature_names_in is not None:
                features += f": {_some(self.feature_names_in)}"
            lines.append(f"fitted on {features}")
        else:
            lines.append("not fitted")
        size = f"{self.n_values:,} numbers, {self.n_bytes:,} bytes"
        lines.append(f"{size}, format {self.format}")
        written = [f"{name} {version}" for name, version in self.versions.items()]
        lines.append(f"written with {', '.join(written)}")
        return "\n".join(lines)


def inspect(path):
    """Tell what a file holds, without building the estimator.

    The file is read as a whole and compared with its checksum. On the command line,
    ``python -m sk_dae inspect FILE`` prints the same.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`~sk_dae.save` wrote.

    Returns
    -------
    model : SavedModel
        Class, parameters, features, size and versions; its text is made to be printed.

    Raises
    ------
    ValueError
        If the file is none of sk_dae, is of a newer format, or is damaged.

    See Also
    --------
    load : Builds the estimator.

    Examples
    --------
    >>> import os, tempfile
    >>> import sk_dae
    >>> from sklearn.datasets import load_iris
    >>> X = load_iris().data
    >>> dae = sk_dae.DenoisingAutoencoder(2, max_iter=2, random_state=0).fit(X)
    >>> os.chdir(tempfile.mkdtemp())
    >>> sk_dae.save(dae, "iris.safetensors")
    >>> model = sk_dae.inspect("iris.safetensors")
    >>> print(str(model).splitlines()[0])
    iris.safetensors: DenoisingAutoencoder(n_components=2, max_iter=2, random_state=0)
    >>> model.n_features_in
    4
    """
    path = os.fsdecode(path)
    import_package()
    header, arrays = read_parts(path)
    try:
        name, state = _split(header["estimator"])
        defaults = parameter_defaults(find_class(name))
        params = {
            key: _describe(state[key])
            for key, default in defaults.items()
            if key in state and _describe(state[key]) != repr(default)
        }
        names = state.get("feature_names_in_")
        return SavedModel(
            path=path,
            estimator=name,
            params=params,
            fitted="n_features_in_" in state,
            n_features_in=state.get("n_features_in_"),
            feature_names_in=None if names is None else _items(names),
            n_values=sum(array.size for array in arrays.values()),
            n_bytes=os.path.getsize(path),
            format=header["format"],
            versions=dict(header.get("versions", {"sk_dae": header["version"]})),
        )
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r}.") from error


def _split(encoded):
    """Return the class and the state of an encoded object."""
    return encoded["class"], dict(encoded["state"]["dict"])


def _items(encoded):
    """Return the items of an encoded array of strings."""
    ((_, content),) = encoded.items()
    # With their type beside them, unless they are objects.
    items = content[0] if isinstance(content[0], dict) else content
    return items["list"] if isinstance(items, dict) else items


def _describe(encoded):
    """Return an encoded value as short text."""
    if not isinstance(encoded, dict):
        return repr(encoded)
    if "class" in encoded:
        return f"{encoded['class']}(...)"
    ((kind, content),) = encoded.items()
    if kind in ("list", "tuple"):
        text = ", ".join(map(_describe, content))
        if kind == "tuple":
            text = f"({text}{',' * (len(content) == 1)})"
        else:
            text = f"[{text}]"
        shown = len(text) <= _MOST_CHARACTERS
        return text if shown else f"{text[:_MOST_CHARACTERS]}...{text[-1]}"
    if kind in ("float", "device"):
        return content
    return f"<{kind}>"


def _some(names):
    shown = ", ".join(map(str, names[:_MOST_NAMES]))
    return shown if len(names) <= _MOST_NAMES else f"{shown}, ..."
