"""The messages of the population database's SOAP service: questions as text, answers as facts.

The tags are those of the service's published description and of QCVN 109:2017/BTTTT; the order of a question's
elements matters.
"""

from __future__ import annotations

import re
from datetime import datetime

from lxml import etree

from connectors.contract import BadClaim, CallContext, CitizenSnapshot, Claim, ContractDrift

SERVICE = "http://dancuquocgia.bca"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

VERIFY = "XacThucThongTinCongDan"
LOOK_UP = "TraCuuThongTinCongDan"

MAX_REQUEST_ID = 40  # characters
MAX_AGENCY_CODE = 35
MAX_NAME = 100

_NUMBER = re.compile(r"[0-9]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR = re.compile(r"[0-9]{4}")
_PLAIN = re.compile(r"[!-~]+")  # visible ASCII
_ANSWERED_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")


def question(operation: str, claim: Claim, context: CallContext, *, integration_code: str) -> bytes:
    """Return the envelope that asks `operation` about the claim.

    Args:
        integration_code: the number of the service (MaTichHop).

    Raises:
        BadClaim: a fact is not in the form that the service takes.
    """
    _check(claim, context)
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP, "dan": SERVICE})
    etree.SubElement(envelope, f"{{{SOAP}}}Header")
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    asked = etree.SubElement(body, f"{{{SERVICE}}}{operation}")
    for tag, text in (
        ("MaYeuCau", context.request_id),
        ("MaDVC", context.procedure_code),
        ("MaTichHop", integration_code),
        ("MaDonVi", context.agency_code),
        ("MaCanBo", context.officer_ref),
        ("SoDinhDanh", claim.personal_number),
        ("HoVaTen", claim.full_name),
    ):
        etree.SubElement(asked, f"{{{SERVICE}}}{tag}").text = text
    born = etree.SubElement(asked, f"{{{SERVICE}}}NgayThangNamSinh")
    tag = "Nam" if _YEAR.fullmatch(claim.birth_date) else "NgayThangNam"
    etree.SubElement(born, f"{{{SERVICE}}}{tag}").text = claim.birth_date.replace("-", "")
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _check(claim: Claim, context: CallContext) -> None:
    checks = {
        "request_id": bool(_PLAIN.fullmatch(context.request_id)) and len(context.request_id) <= MAX_REQUEST_ID,
        "agency_code": bool(_PLAIN.fullmatch(context.agency_code)) and len(context.agency_code) <= MAX_AGENCY_CODE,
        "officer_ref": bool(_PLAIN.fullmatch(context.officer_ref)),
        "procedure_code": bool(_PLAIN.fullmatch(context.procedure_code)),
        "personal_number": bool(_NUMBER.fullmatch(claim.personal_number)),
        "full_name": bool(claim.full_name.strip())
        and len(claim.full_name) <= MAX_NAME
        and claim.full_name.isprintable(),
        "birth_date": bool(_DATE.fullmatch(claim.birth_date) or _YEAR.fullmatch(claim.birth_date)),
    }
    for field_name, holds in checks.items():
        if not holds:
            raise BadClaim(field_name)


def read_answer(content: bytes, request_id: str) -> etree._Element:
    """Return the body of an answer to our request.

    Raises:
        ContractDrift: it is no SOAP envelope, holds a fault, or answers another request.
    """
    # No entities, no outside documents, no trees beyond the parser's own limits.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        envelope = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise ContractDrift("body") from None
    if envelope.getroottree().docinfo.internalDTD is not None or envelope.tag != f"{{{SOAP}}}Envelope":
        raise ContractDrift("Envelope")
    body = envelope.find(f"{{{SOAP}}}Body")
    if body is None:
        raise ContractDrift("Envelope/Body")
    if body.find(f"{{{SOAP}}}Fault") is not None:
        raise ContractDrift("Envelope/Body/Fault")
    for echoed in envelope.iter("{*}MaYeuCau"):
        if _text(echoed) != request_id:
            raise ContractDrift("MaYeuCau")
    return body


def read_confirmation(body: etree._Element) -> bool:
    """Return whether the service confirms the claim.

    Raises:
        ContractDrift: it says neither yes nor no.
    """
    results = body.findall("{*}KetQuaXacThuc/{*}TonTai")
    said = _text(results[0]) if len(results) == 1 else None
    if said not in ("true", "false"):
        raise ContractDrift("Body/KetQuaXacThuc/TonTai")
    return said == "true"


def read_citizen(body: etree._Element, claim: Claim, received_at: datetime) -> CitizenSnapshot | None:
    """Return the citizen in a look-up's answer, or None if there is none.

    Raises:
        ContractDrift: there is no collection, there are several citizens, or it is not the one asked for.
    """
    collection = body.find("{*}CongdanCollection")
    if collection is None:
        raise ContractDrift("Body/CongdanCollection")
    citizens = collection.findall("{*}CongDan")
    if not citizens:
        return None
    if len(citizens) > 1:
        raise ContractDrift("Body/CongdanCollection/CongDan[2]")
    citizen = citizens[0]
    if _at(citizen, "SoDinhDanh") != claim.personal_number:
        raise ContractDrift("CongDan/SoDinhDanh")
    return CitizenSnapshot(
        personal_number=claim.personal_number,
        full_name=_name(citizen.find("{*}HoVaTen")),
        sex=_coded(_at(citizen, "GioiTinh"), ("1", "2")),
        birth_date=_birth_date(citizen),
        commune_code=_commune(citizen, new=True),
        old_commune_code=_commune(citizen, new=False),
        address=_at(citizen, "ThuongTru/ChiTiet"),
        ethnicity=_at(citizen, "DanToc/MaDanToc") or _at(citizen, "DanToc"),
        mother_name=_name(citizen.find("{*}Me/{*}HoVaTen")),
        mother_number=_at(citizen, "Me/SoDinhDanh"),
        father_name=_name(citizen.find("{*}Cha/{*}HoVaTen")),
        father_number=_at(citizen, "Cha/SoDinhDanh"),
        updated_at=received_at,
    )


def _text(element: etree._Element | None) -> str | None:
    return (element.text or "").strip() or None if element is not None else None


def _at(element: etree._Element, path: str) -> str | None:
    return _text(element.find("/".join(f"{{*}}{tag}" for tag in path.split("/"))))


def _name(element: etree._Element | None) -> str | None:
    """Return a name given in parts, as a whole in its last part, or as plain text."""
    if element is None:
        return None
    parts = [_at(element, tag) for tag in ("Ho", "ChuDem", "Ten")]
    return " ".join(part for part in parts if part) or _text(element)


def _coded(value: str | None, codes: tuple[str, ...]) -> str | None:
    return value if value in codes else None


def _birth_date(citizen: etree._Element) -> str | None:
    found = _ANSWERED_DATE.fullmatch(_at(citizen, "NgayThangNamSinh/NgayThangNam") or "")
    if found:
        return "-".join(found.groups())
    year = _at(citizen, "NgayThangNamSinh/Nam") or ""
    return year if _YEAR.fullmatch(year) else None


def _commune(citizen: etree._Element, *, new: bool) -> str | None:
    """Return the commune's code: an address with a district is of the list before July 2025."""
    code = _at(citizen, "ThuongTru/MaPhuongXa") or _at(citizen, "ThuongTru/MaDonViHanhChinh") or ""
    has_district = _at(citizen, "ThuongTru/MaQuanHuyen") is not None
    return code if len(code) == 5 and has_district != new else None
