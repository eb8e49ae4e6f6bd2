"""A file that is there as a whole or not at all, whenever a process ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat

__all__ = ["write_atomically"]

_DESCRIPTORS = "/proc/self/fd"


def write_atomically(path, parts):
    """Replace a file by other bytes, in one step that also a crash cannot divide.

    The bytes are on the disk before the file gets its name. Where the system has files
    without a name, a process that is killed leaves nothing behind.

    Parameters
    ----------
    path : str
        The file; its folder is there. A link is followed. A file that is replaced
        leaves its permissions to the new one; another gets those of ``open``.

    parts : sequence of bytes-like
        The content.

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then as it was.
    """
    path = os.path.realpath(path)
    if os.path.isdir(path):
        raise IsADirectoryError(f"path is a folder, and not a file: {path}")
    folder, name = os.path.split(path)
    # No other process has a file of this name, which is there for a moment.
    passing = os.path.join(folder, f".{name}.{secrets.token_hex(8)}")
    try:
        if not _write_unnamed(folder, passing, path, parts):
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
            with open(os.open(passing, flags, 0o666), "wb") as file:
                _fill(file, path, parts)
        os.replace(passing, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(passing)
        raise
    _sync_folder(folder)


def _write_unnamed(folder, name, path, parts):
    """Write a file that gets its name at the end; tell whether the system can."""
    if not hasattr(os, "O_TMPFILE"):
        return False
    try:
        places = os.open(_DESCRIPTORS, os.O_RDONLY)
    except OSError:
        return False
    try:
        try:
            descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o666)
        except OSError:
            # Not on all file systems.
            return False
        with open(descriptor, "wb") as file:
            _fill(file, path, parts)
            try:
                # A link to the file itself, and not to the link that stands for it.
                os.link(str(file.fileno()), name, src_dir_fd=places)
            except OSError:
                return False
        return True
    finally:
        os.close(places)


def _fill(file, path, parts):
    """Write the content to the disk, and the permissions of the file at `path`."""
    for part in parts:
        file.write(part)
    file.flush()
    if hasattr(os, "fchmod"):
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(file.fileno(), stat.S_IMODE(os.stat(path).st_mode))
    os.fsync(file.fileno())


def _sync_folder(folder):
    """Write the name of a new file to the disk, where a folder can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
