"""Forms of the duties of the law: what was typed becomes values, or a mistake beside its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import FormData

from registry.actions.law.consent import Method, Signature, Signer
from registry.model.errors import BadQuery, RegistryError
from registry.model.representative import Relation
from registry.web.rendering import VIET_NAM, Mistake
from registry.web.translation import msgid

SHORT: Final = msgid("Fill this in, and keep it short.")
_SAID: Final[Mapping[str, str]] = {
    "representative": msgid("This signature is missing, or cannot be taken here; the province decides who signs."),
    "signed_at": msgid("A day in the last year, such as 31/12/2026."),
    "witness": msgid("Name the witness."),
    "relation": msgid("Say what this person is to the child."),
    "system": msgid("Choose a system that has a record of this child."),
    "discovered_at": msgid("A moment in the past, such as 31/12/2026 08:00."),
    "notified_at": msgid("A moment since the discovery, such as 31/12/2026 08:00."),
    "late_because": msgid("A late notice says why it is late."),
    "last_day": msgid("A day not before the first, such as 31/12/2026."),
    "valid_from": msgid("A day such as 31/12/2026."),
    "held": msgid("The id of a child or of a case."),
    "children": msgid("A number, or nothing if it is not known."),
}

E = TypeVar("E", bound=StrEnum)


async def _form(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=50)


Sent = Annotated[FormData, Depends(_form)]


@dataclass(frozen=True, slots=True)
class Fields:
    """The text fields of a form."""

    sent: FormData

    def text(self, name: str) -> str:
        """Return a field without blanks around it; empty if it was not sent."""
        value = self.sent.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def one_of(self, name: str, among: type[E]) -> E:
        """Return a choice.

        Raises:
            BadQuery: it is none of them.
        """
        try:
            return among(self.text(name))
        except ValueError:
            raise BadQuery(name, "choose one") from None

    def moment(self, name: str) -> datetime:
        """Return a moment in Viet Nam: dd/mm/yyyy, with HH:MM or without.

        Raises:
            BadQuery: it is none.
        """
        for form in ("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M", "%Y-%m-%d"):
            try:
                return datetime.strptime(self.text(name), form).replace(tzinfo=VIET_NAM)
            except ValueError:
                continue
        raise BadQuery(name, "a day such as 31/12/2026")


def signature_of(fields: Fields, signer: Signer) -> Signature | None:
    """Return a signature of a form, whose fields begin with the signer; None: it was left empty.

    Raises:
        BadQuery: a field of it cannot be understood.
    """
    name = fields.text(f"{signer.value}_name")
    if not name:
        return None
    return Signature(
        signer=signer,
        method=fields.one_of("method", Method),
        signed_at=fields.moment("signed_at"),
        name=name,
        relation=fields.one_of("relation", Relation) if signer is Signer.REPRESENTATIVE else None,
        witness=fields.text("witness") or None,
    )


def mistake_of(refused: RegistryError) -> tuple[Mistake, ...]:
    """Return what is wrong with a field, in words that a page knows."""
    field = refused.field or ""
    return (Mistake(field, _SAID.get(field, SHORT)),)
