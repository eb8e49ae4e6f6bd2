"""The parts of a file, once it is known to be whole."""

from __future__ import annotations

import json
import os

from ..backend.user_warnings import warn_user
from ._checksum import CHECKSUM, checksum
from ._format import FORMAT, import_package, versions

__all__ = ["read_parts", "warn_of_versions"]


def read_parts(path):
    """Read the header and the arrays of a file, and compare them with the checksum.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    header : dict
        The JSON of the file, with the keys "format", "version" and "estimator".

    arrays : dict of str to ndarray
        The body.

    Raises
    ------
    ValueError
        If the file is none of sk_dae, is of a newer format, or is not as it was
        written.
    """
    from safetensors import SafetensorError, safe_open

    if os.path.isdir(path):
        raise IsADirectoryError(f"path is a folder, and not a file: {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from None
    text = metadata.get("sk_dae")
    if text is None:
        raise ValueError(f"{path} was not written by sk_dae.save.")
    try:
        header = json.loads(text)
        version, newest = header["version"], header["format"]
        # Files of earlier versions have none.
        checked = CHECKSUM in metadata or "checksum" in header
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error!r}.") from None
    if checked and metadata.get(CHECKSUM) != checksum(text, arrays):
        raise ValueError(
            f"{path} is damaged: it is not what was written, by its checksum."
        )
    if not isinstance(newest, int):
        raise ValueError(f"{path} is damaged: its format is {newest!r}.")
    if newest > FORMAT:
        raise ValueError(
            f"{path} was written by sk_dae {version}, in format {newest}. This is "
            f"sk_dae {import_package().__version__}, which reads formats up to "
            f"{FORMAT}."
        )
    return header, arrays


def warn_of_versions(header, path):
    """Warn where another major version of a package wrote the file.

    Parameters
    ----------
    header : dict
        As :func:`read_parts` returns it.

    path : str
        The file.
    """
    written, here = header.get("versions", {}), versions()
    others = [
        f"{name} {version} (here {here[name]})"
        for name, version in written.items()
        if name in here and _major(version) != _major(here[name])
    ]
    if others:
        warn_user(
            f"{path} was written with {', '.join(others)}. Compare what the model "
            "gives on some rows with what it gave then."
        )


def _major(version):
    return str(version).partition(".")[0]
