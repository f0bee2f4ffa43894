"""Connectors that say something wrong of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, SecretStr

from connectors.contract import API, CheckReport, Denied, Message, Stream
from tests.connectors.conformance.roll import Roll


class OfAnotherVersion(Roll):
    api = API + 1


class WithoutAModel(Roll):
    @classmethod
    def spec(cls) -> type[BaseModel]:
        return dict  # type: ignore[return-value]  # what is wrong with it


class _InClear(BaseModel):
    path: Path
    password: str = "hush"


class SecretInClear(Roll):
    @classmethod
    def spec(cls) -> type[BaseModel]:
        return _InClear


class _Locked(BaseModel):
    path: Path
    password: SecretStr


class SecretInAnError(Roll):
    @classmethod
    def spec(cls) -> type[BaseModel]:
        return _Locked

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        given = self.settings.password.get_secret_value()
        if given != "hush":
            raise Denied(f"the source does not know {given}")
        return super().read(stream, cursor, limit=limit)


class CheckRaises(Roll):
    def check(self) -> CheckReport:
        self.roll()
        return CheckReport(ok=True)


class CheckIsBlind(Roll):
    def check(self) -> CheckReport:
        return CheckReport(ok=True)


class KeyIsNoField(Roll):
    def discover(self) -> Sequence[Stream]:
        return [replace(stream, key=("number",)) for stream in super().discover()]


class OtherStreamsEachTime(Roll):
    asked = 0

    def discover(self) -> Sequence[Stream]:
        self.asked += 1
        return [replace(stream, mapping_version=self.asked) for stream in super().discover()]
