"""Clauses on what a sector connector says of itself: version, settings, secrets, its check and its streams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, SecretStr

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.scenario import NotOffered, Trouble
from connectors.conformance.subject import Subject
from connectors.conformance.values import require_silence, secrets_of
from connectors.contract import API, CheckReport, ConnectorError, CursorKind, SectorConnector, Stream

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_KINDS: Final = frozenset({"text", "date", "number", "boolean", "object", "list", "any"})
_SECRET: Final = re.compile(r"secret|password|passwd|token$|api_?key|credential|private_?key", re.IGNORECASE)
_INVENTED: Final = "invented-by-the-kit-{}"


def api(subject: Subject) -> None:
    """It says for which version of the protocols it was written."""
    written_for = getattr(subject.made_by, "api", None)
    require(written_for == API, f"`api` must be {API}; the class says {type(written_for).__name__}")


def settings(subject: Subject) -> None:
    """The settings' model, and two connectors made with it."""
    spec = getattr(subject.made_by, "spec", None)
    require(callable(spec), "the class has no `spec`")
    model = subject.made_by.spec()
    require(isinstance(model, type) and issubclass(model, BaseModel), "spec() must return a class of pydantic models")
    require(subject.made_by.spec() is model, "spec() returns another model at the second call")
    with subject.readable() as first, subject.readable() as second:
        require(first is not second, "making it twice gives one and the same object")
        require(_NAME.fullmatch(str(first.system)), "`system` must be a name in small letters, such as 'education'")


def secrets(subject: Subject) -> None:
    """Secrets are of the type that hides them, and stay hidden whatever fails."""
    for name in secret_in_clear(subject.made_by.spec()):
        raise Broken(f"the setting {name} looks like a secret and is not a SecretStr")
    with subject.bench() as bench:
        if bench.stands:
            raise NotShown("a real source is not asked with wrong secrets")
        real = subject.settings_of(bench.scenario)
        invented = _with_invented_secrets(real)
        hidden = secrets_of(invented)
        if not hidden:
            return
        connector = bench.scenario.make(subject.connector, invented)
        bench.made.append(connector)
        bench.fill()
        for text, of in _told(connector, bench.scenario.stream):
            require_silence(text, hidden, of=of)


def secret_in_clear(model: type[BaseModel]) -> Iterator[str]:
    """Yield the settings that look like secrets and are not of the type that hides them."""
    for name, field in model.model_fields.items():
        if (
            _SECRET.search(name)
            and "SecretStr" not in str(field.annotation)
            and "SecretBytes" not in str(field.annotation)
        ):
            yield name


def _with_invented_secrets(real: BaseModel) -> BaseModel:
    invented = {
        name: SecretStr(_INVENTED.format(name))
        for name in type(real).model_fields
        if isinstance(getattr(real, name), SecretStr)
    }
    return real.model_copy(update=invented)


def _told(connector: SectorConnector, stream: str) -> Iterator[tuple[str, str]]:
    """Yield what a connector says while its secrets are wrong, and what that is."""
    yield repr(connector), "repr() of the connector"
    yield str(connector), "str() of the connector"
    yield " ".join(checked(connector).faults), "check()"
    try:
        for message in connector.read(stream, None, limit=5):
            yield repr(message), "a message of read()"
    except ConnectorError as error:
        yield f"{error!s} {error!r}", "the error that read() raises"


def checked(connector: SectorConnector) -> CheckReport:
    """Return what `check` says.

    Raises:
        Broken: it raises, or says something else.
    """
    try:
        report = connector.check()
    except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
        raise Broken(f"check() raises {type(error).__name__}") from None
    require(isinstance(report, CheckReport), f"check() returns {type(report).__name__}, not a CheckReport")
    require(report.ok or report.faults, "check() finds a fault and does not say which")
    require(not (report.ok and report.faults), "check() says that all is well, and names faults")
    return report


def check(subject: Subject) -> None:
    """It finds a sound source sound, and a broken one broken."""
    with subject.readable() as connector:
        require(checked(connector).ok, "check() finds a fault with a source that is sound")
    for trouble in Trouble:
        _check_in(subject, trouble)


def _check_in(subject: Subject, trouble: Trouble) -> None:
    try:
        with subject.filled() as bench:
            bench.scenario.trouble(trouble)
            report = checked(bench.connector())
    except (NotShown, NotOffered):
        return
    require(not report.ok or trouble is not Trouble.DOWN, "check() finds nothing wrong with a source that is down")


def discover(subject: Subject) -> None:
    """Its streams are described soundly, and the same every time."""
    with subject.readable() as connector:
        streams = list(connector.discover())
        require(streams, "discover() finds no stream")
        require(all(isinstance(stream, Stream) for stream in streams), "discover() returns something but Streams")
        require(len({stream.name for stream in streams}) == len(streams), "two streams have one name")
        require(list(connector.discover()) == streams, "discover() answers otherwise at the second call")
        for stream in streams:
            _sound(stream)
    with subject.readable() as another:
        names = [stream.name for stream in another.discover()]
        require(names == [stream.name for stream in streams], "another connector of the same settings finds others")


def _sound(stream: Stream) -> None:
    name = stream.name
    require(_NAME.fullmatch(name), "the name of a stream must be in small letters, such as 'pupils'")
    require(stream.key, f"stream {name}: no field is named as its key")
    outer = {path.partition(".")[0] for path in stream.key}  # a key may stand inside an object
    require(outer <= set(stream.fields), f"stream {name}: a field of its key is not among its fields")
    require(stream.required <= set(stream.fields), f"stream {name}: a required field is not among its fields")
    require(set(stream.fields.values()) <= _KINDS, f"stream {name}: a field is of a kind that is none of {_KINDS}")
    require(stream.mapping_version >= 1, f"stream {name}: mapping_version begins with 1")
    of_times = stream.cursor in (CursorKind.TIMESTAMP, CursorKind.WINDOW)
    require(stream.overlap >= timedelta(0), f"stream {name}: the overlap is below nothing")
    require(of_times or not stream.overlap, f"stream {name}: only cursors of times have an overlap")
    require(
        stream.overlap or stream.cursor is not CursorKind.TIMESTAMP,
        f"stream {name}: a cursor of times without an overlap loses what is committed late",
    )


CLAUSES: Final = (
    Clause(name="api", promise="it says for which version of the protocols it was written", show=api),
    Clause(
        name="settings",
        promise="spec() gives the model of its settings, and connectors are made with it, as many as wanted",
        show=settings,
        needs=("api",),
    ),
    Clause(
        name="secrets",
        promise="secrets are SecretStr, and neither its text nor its errors show them",
        show=secrets,
        needs=("settings", "discover"),
    ),
    Clause(
        name="check",
        promise="check() never raises, and finds a source that is down",
        show=check,
        needs=("settings",),
    ),
    Clause(
        name="discover",
        promise="discover() describes its streams soundly, the same ones every time",
        show=discover,
        needs=("settings",),
    ),
)
