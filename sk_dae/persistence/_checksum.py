"""The checksum of a file: what was written is what is read."""

from __future__ import annotations

import hashlib
import json

__all__ = ["CHECKSUM", "checksum"]

#: The name of the checksum in the metadata of a file, and of the function.
CHECKSUM = "sha256"


def checksum(text, arrays):
    """Return the checksum of all that a file holds.

    Parameters
    ----------
    text : str
        The header, as JSON.

    arrays : dict of str to ndarray
        The body; C-contiguous.

    Returns
    -------
    checksum : str
        Hexadecimal digits.
    """
    digest = hashlib.new(CHECKSUM, text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        described = [name, array.dtype.newbyteorder("<").str, list(array.shape)]
        digest.update(json.dumps(described).encode())
        digest.update(array.reshape(-1).view("uint8"))
    return digest.hexdigest()
