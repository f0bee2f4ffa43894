"""Why the embedded server refuses: one class a reason, each message says what is wrong and where.

DatabaseUnavailable
└─ EmbeddedServerRefused
├─ ProgramsMissing          the directory of PostgreSQL programs is not there or not whole
├─ RootNotPossible          started by root, and nothing on this machine lets a server run unprivileged
├─ DataFolderNotUsable      the data folder cannot be made or written
├─ DataFolderBroken         a cluster is there, and it is not whole
├─ WrongVersion             the cluster belongs to another major version
├─ PasswordsNotUsable       the file of passwords is missing, damaged or readable by others
├─ DiskFull                 no space left for the cluster
├─ AnotherStartUnderWay     another process holds the start lock for too long
└─ ServerDidNotStart        PostgreSQL ended, or did not become ready in time
"""

from __future__ import annotations

from registry.model.errors import DatabaseUnavailable


class EmbeddedServerRefused(DatabaseUnavailable):
    """The embedded server cannot be used."""

    title = "The embedded database cannot be used"


class ProgramsMissing(EmbeddedServerRefused):
    """The directory of PostgreSQL programs is not there, or a program in it is missing."""


class RootNotPossible(EmbeddedServerRefused):
    """Root asked for a server, and no way was found to run it unprivileged."""


class DataFolderNotUsable(EmbeddedServerRefused):
    """The data folder cannot be created, entered or written."""


class DataFolderBroken(EmbeddedServerRefused):
    """The cluster in the data folder lacks parts that PostgreSQL needs."""


class WrongVersion(EmbeddedServerRefused):
    """The cluster was made by another major version of PostgreSQL."""


class PasswordsNotUsable(EmbeddedServerRefused):
    """The file of database passwords is missing, damaged, or readable by other accounts."""


class DiskFull(EmbeddedServerRefused):
    """There is no space left where the cluster lies."""


class AnotherStartUnderWay(EmbeddedServerRefused):
    """Another process has been starting or stopping this cluster for too long."""


class ServerDidNotStart(EmbeddedServerRefused):
    """PostgreSQL ended at its start, or did not become ready in time."""
