"""Files that nobody but their owner may read: read with suspicion, written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from registry.model.errors import WrongKeys

_LARGEST = 4 * 1024 * 1024  # bytes; a keyring of a century is far below


def make_private_directory(directory: Path) -> None:
    """Make the directory for its owner alone, or accept it if nobody else can write into it.

    Raises: WrongKeys: others can write into it, or it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = directory.stat().st_mode
    except OSError as error:
        raise WrongKeys(f"the folder cannot be made ({error.strerror})", place=str(directory)) from None
    if mode & 0o022:
        raise WrongKeys("others can write into the folder; run chmod 700 on it", place=str(directory))


def read_private(path: Path, *, largest: int = _LARGEST) -> bytes:
    """Return the content of a file that its owner alone can read.

    Raises: WrongKeys: missing, no plain file, another owner, a mode wider than 0600, or unreadable.
    """
    try:
        # O_NONBLOCK: a named pipe in this place must not hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise WrongKeys(f"the file cannot be opened ({error.strerror})", place=str(path)) from None
    try:
        _check(os.fstat(descriptor), path, largest)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(largest)
    finally:
        os.close(descriptor)


def file_state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever a file is replaced or written, or None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _check(found: os.stat_result, path: Path, largest: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise WrongKeys("not a plain file", place=str(path))
    if found.st_uid != os.geteuid():
        raise WrongKeys("the file belongs to another account", place=str(path))
    if found.st_mode & 0o077:
        raise WrongKeys("others can read the file; run chmod 600 on it", place=str(path))
    if found.st_size >= largest:
        raise WrongKeys("the file is too large", place=str(path))


def create_private(path: Path, content: bytes) -> None:
    """Write a new file of mode 0600 that appears whole or not at all.

    Raises: WrongKeys: there is one already, or it cannot be written.
    """
    aside = _write_aside(path, content)
    try:
        os.link(aside, path)  # unlike a rename, a link never replaces what is there
    except OSError as error:
        exists = isinstance(error, FileExistsError)
        rule = "exists already and is not overwritten" if exists else f"cannot be written ({error.strerror})"
        raise WrongKeys(f"the file {rule}", place=str(path)) from None
    finally:
        aside.unlink()
    _sync_directory(path.parent)


def replace_private(path: Path, content: bytes) -> None:
    """Replace a file by a new one of mode 0600; a crash leaves the old one or the new one.

    Raises: WrongKeys: it cannot be written.
    """
    aside = _write_aside(path, content)
    try:
        aside.replace(path)
    except OSError as error:
        aside.unlink()
        raise WrongKeys(f"the file cannot be written ({error.strerror})", place=str(path)) from None
    _sync_directory(path.parent)


def _write_aside(path: Path, content: bytes) -> Path:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WrongKeys(f"the file cannot be written ({error.strerror})", place=str(path)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        aside.unlink()
        raise WrongKeys(f"the file cannot be written ({error.strerror})", place=str(path)) from None
    return aside


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
