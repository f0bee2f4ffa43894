"""What the settings say about the access log: where its second sink is, and which witnesses there are."""

from __future__ import annotations

import socket

from registry.protect.log.checkpoint import BadCheckpoint
from registry.protect.log.cosignature import WitnessVerifier
from registry.protect.log.log_sink import FileSink, SyslogSink, sink_of
from registry.settings import PREFIX, SettingRefused, Settings


def sink_from(settings: Settings) -> FileSink | SyslogSink | None:
    """Return the second sink, or None if there is none.

    Raises: LogSinkUnavailable: it cannot be opened.
    """
    return None if settings.log_sink is None else sink_of(settings.log_sink, host=socket.gethostname())


def witnesses_from(settings: Settings) -> tuple[WitnessVerifier, ...]:
    """Return the keys of the witnesses.

    Raises: SettingRefused: one is malformed.
    """
    try:
        return tuple(WitnessVerifier.from_vkey(line) for line in sorted(settings.witness_keys))
    except BadCheckpoint as error:
        raise SettingRefused(str(error), field=f"{PREFIX}WITNESS_KEYS") from None
