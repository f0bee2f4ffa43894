"""Questions to the population database's SOAP service, as text.

The tags are those of the service's published description and of QCVN 109:2017/BTTTT; the order of a question's
elements matters.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

from connectors.contract import BadClaim, CallContext, Claim
from connectors.population.npdb_settings import DateForm, Dialect, NameForm, NpdbSettings, QuestionForm

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"

VERIFY: Final = "XacThucThongTinCongDan"
LOOK_UP: Final = "TraCuuThongTinCongDan"
RELATIVES: Final = "XacMinhThongTinNhanThan"

MAX_REQUEST_ID: Final = 40  # characters
MAX_AGENCY_CODE: Final = 35
MAX_NAME: Final = 100

_NUMBER: Final = re.compile(r"[0-9]{12}")
_OLD_NUMBER: Final = re.compile(r"[0-9]{9}")
_YEAR: Final = re.compile(r"[0-9]{4}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN: Final = re.compile(r"[!-~]+")  # visible ASCII
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One page of the changes between two days."""

    since: date
    until: date
    page: int  # from 1
    size: int


def question(operation: str, claim: Claim, context: CallContext, *, code: str, settings: NpdbSettings) -> bytes:
    """Return the envelope, or the JSON, that asks `operation` about the claim.

    Args:
        code: the number of the service (MaTichHop).

    Raises:
        BadClaim: a fact is not in the form that the service takes.
    """
    check_context(context)
    _check(claim)
    envelope, whole = _envelope(operation, settings)
    _add(whole, _who(context, code, settings), settings)
    asked = whole
    if settings.dialect is Dialect.QCVN_109:
        namespace = settings.citizen_namespace
        asked = etree.SubElement(whole, _named(namespace, "CongDan", settings), nsmap={"dc": namespace})
    number = "SoDinhDanh" if _NUMBER.fullmatch(claim.personal_number) else "SoCMND"
    _add(asked, [(number, claim.personal_number)], settings)
    _add_name(asked, sent_name(claim.full_name, settings.name_form), settings)
    born = _below(asked, "NgayThangNamSinh", settings)
    if _YEAR.fullmatch(claim.birth_date):
        _add(born, [("Nam", claim.birth_date)], settings)
    else:
        _add(born, [("NgayThangNam", _day(date.fromisoformat(claim.birth_date), settings))], settings)
    return _whole(envelope, whole, settings)


def change_question(window: Window, context: CallContext, *, code: str, settings: NpdbSettings) -> bytes:
    """Return the envelope that asks for a page of changes; see `question`."""
    check_context(context)
    envelope, asked = _envelope(LOOK_UP, settings)
    _add(asked, _who(context, code, settings), settings)
    rows = [
        ("TuNgay", _day(window.since, settings)),
        ("DenNgay", _day(window.until, settings)),
        ("Loai", settings.change_kind),
        ("Trang", str(window.page)),
        ("SoBanGhi", str(window.size)),
    ]
    _add(asked, rows, settings)
    return _whole(envelope, asked, settings)


def check_context(context: CallContext) -> None:
    """Refuse a context that the service would refuse.

    Raises:
        BadClaim: names the first part of it that is not in the form.
    """
    _require(
        request_id=bool(_PLAIN.fullmatch(context.request_id)) and len(context.request_id) <= MAX_REQUEST_ID,
        agency_code=bool(_PLAIN.fullmatch(context.agency_code)) and len(context.agency_code) <= MAX_AGENCY_CODE,
        officer_ref=bool(_PLAIN.fullmatch(context.officer_ref)),
        procedure_code=bool(_PLAIN.fullmatch(context.procedure_code)),
    )


def sent_name(name: str, form: NameForm) -> str:
    """Return a name as it is sent.

    Raises:
        BadClaim: nothing of it is left to send.
    """
    composed = unicodedata.normalize("NFC", " ".join(name.split()))
    if form is NameForm.AS_WRITTEN:
        return composed
    if form is NameForm.CAPITALS:
        return composed.upper()
    # Đ has no decomposition, so it is mapped by hand.
    plain = unicodedata.normalize("NFD", composed.upper().replace("Đ", "D"))
    stripped = "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
    _require(full_name=bool(stripped))
    return stripped


def name_parts(name: str) -> tuple[str, str, str]:
    """Return surname, middle and given name: the first word, the last, and what stands between them."""
    words = name.split()
    return (words[0], " ".join(words[1:-1]), words[-1]) if len(words) > 1 else ("", "", name)


def _check(claim: Claim) -> None:
    name = " ".join(claim.full_name.split())
    _require(
        personal_number=bool(_NUMBER.fullmatch(claim.personal_number) or _OLD_NUMBER.fullmatch(claim.personal_number)),
        full_name=bool(name) and len(name) <= MAX_NAME and name.isprintable() and not _NOT_IN_XML.search(name),
        birth_date=_is_date(claim.birth_date),
    )


def _is_date(written: str) -> bool:
    if _YEAR.fullmatch(written):
        return True
    if not _DATE.fullmatch(written):
        return False
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _require(**holds: bool) -> None:
    for field_name, does in holds.items():
        if not does:
            raise BadClaim(field_name)


def _who(context: CallContext, code: str, settings: NpdbSettings) -> list[tuple[str, str]]:
    account = [("TaiKhoan", settings.account)] if settings.account else []
    return [
        ("MaYeuCau", context.request_id),
        ("MaDVC", context.procedure_code),
        ("MaTichHop", code),
        ("MaDonVi", context.agency_code),
        ("MaCanBo", context.officer_ref),
        *account,
    ]


def _add_name(asked: etree._Element, name: str, settings: NpdbSettings) -> None:
    if settings.dialect is not Dialect.QCVN_109:
        _add(asked, [("HoVaTen", name)], settings)
        return
    parts = name_parts(name) if settings.name_in_parts else ("", "", name)
    _add(_below(asked, "HoVaTen", settings), list(zip(("Ho", "ChuDem", "Ten"), parts, strict=True)), settings)


def _day(day: date, settings: NpdbSettings) -> str:
    iso = day.isoformat()
    return iso if settings.sent_dates is DateForm.ISO else iso.replace("-", "")


def _envelope(operation: str, settings: NpdbSettings) -> tuple[etree._Element, etree._Element]:
    service = settings.service_namespace
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "dan": service})
    etree.SubElement(envelope, f"{{{SOAP}}}Header")
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    return envelope, etree.SubElement(body, _named(service, operation, settings))


def _named(namespace: str, tag: str, settings: NpdbSettings) -> str:
    return f"{{{namespace}}}{settings.tags.get(tag, tag)}"


def _below(parent: etree._Element, tag: str, settings: NpdbSettings) -> etree._Element:
    """Return a new element of the same namespace."""
    return etree.SubElement(parent, _named(etree.QName(parent).namespace or "", tag, settings))


def _add(parent: etree._Element, rows: Sequence[tuple[str, str]], settings: NpdbSettings) -> None:
    for tag, text in rows:
        _below(parent, tag, settings).text = text or None


def _whole(envelope: etree._Element, asked: etree._Element, settings: NpdbSettings) -> bytes:
    if settings.question_form is QuestionForm.JSON:
        question_of = {"type": etree.QName(asked).localname, **_members(asked)}
        return json.dumps(question_of, ensure_ascii=False).encode()
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _members(element: etree._Element) -> dict[str, object]:
    """Return what an element holds as members in camel case."""
    found: dict[str, object] = {}
    for child in element:
        name = etree.QName(child).localname
        found[name[:1].lower() + name[1:]] = _members(child) if len(child) else child.text or ""
    return found
