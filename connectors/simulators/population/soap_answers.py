"""The answers of the simulated SOAP service: citizens in either dialect, with the quirks that real answers have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from connectors.simulators.population.book import Entry
from connectors.simulators.population.people import Person, Standing

NORM = "http://www.mic.gov.vn/dancu/1.0"
SERVICE = "http://dancuquocgia.bca"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

_STANDING = {Standing.ALIVE: "1", Standing.DECEASED: "2", Standing.MISSING: "3"}
_CANCELLED = "4"


class Dialect(StrEnum):
    """How a server words its answers."""

    NPDB = "npdb"  # as clients of the population database see them
    QCVN109 = "qcvn109"  # wholly by the norm
    LGSP = "lgsp"  # as the first, in a provincial platform's wrapper


class Quirk(StrEnum):
    """One way in which answers differ from each other."""

    WHOLE_NAME = "whole-name"  # in the last of the three parts
    NAME_PARTS = "name-parts"
    PLAIN_NAME = "plain-name"  # the whole name in the element itself, without parts
    CAPITALS = "capitals"
    SPLIT_CODES = "split-codes"  # province, district and commune apart
    ONE_CODE = "one-code"  # MaDonViHanhChinh
    PROVINCE_ONLY = "province-only"  # MaDonViHanhChinh of two digits
    DISTRICTS = "districts"  # the list before July 2025, with districts
    NESTED_CODES = "nested-codes"
    PLAIN_CODES = "plain-codes"
    ISO_DATES = "iso-dates"
    COMPACT_DATES = "compact-dates"
    YEAR_ONLY = "year-only"
    JSON_DATA = "json-data"  # a platform's answers hold objects in the place of XML
    CAMEL_CASE = "camel-case"  # and names begin with small letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a citizen is written."""

    prefix: str
    name: Quirk
    capitals: bool
    codes: Quirk
    place: Quirk
    dates: Quirk
    districts: bool = False

    def with_quirk(self, quirk: Quirk) -> Form:
        """Return the form with one thing written otherwise."""
        if quirk in (Quirk.WHOLE_NAME, Quirk.NAME_PARTS, Quirk.PLAIN_NAME):
            return replace(self, name=quirk)
        if quirk in (Quirk.SPLIT_CODES, Quirk.ONE_CODE, Quirk.PROVINCE_ONLY):
            return replace(self, place=quirk)
        if quirk in (Quirk.NESTED_CODES, Quirk.PLAIN_CODES):
            return replace(self, codes=quirk)
        if quirk in (Quirk.ISO_DATES, Quirk.COMPACT_DATES, Quirk.YEAR_ONLY):
            return replace(self, dates=quirk)
        if quirk in (Quirk.CAPITALS, Quirk.DISTRICTS):
            return replace(self, capitals=True) if quirk is Quirk.CAPITALS else replace(self, districts=True)
        return self  # of the wrapper, not of a citizen


_OBSERVED = Form(
    prefix="ns1",
    name=Quirk.WHOLE_NAME,
    capitals=True,
    codes=Quirk.PLAIN_CODES,
    place=Quirk.SPLIT_CODES,
    dates=Quirk.COMPACT_DATES,
)
FORMS = {
    Dialect.NPDB: _OBSERVED,
    Dialect.LGSP: _OBSERVED,
    Dialect.QCVN109: Form(
        prefix="dc",
        name=Quirk.NAME_PARTS,
        capitals=False,
        codes=Quirk.NESTED_CODES,
        place=Quirk.ONE_CODE,
        dates=Quirk.ISO_DATES,
    ),
}


def envelope(request_id: str, body: str) -> str:
    """Return an envelope around a body, which names the request that it answers."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}">'
        f'<soapenv:Header xmlns:dan="{SERVICE}"><dan:MaYeuCau>{escape(request_id)}</dan:MaYeuCau></soapenv:Header>'
        f'<soapenv:Body xmlns:dan="{SERVICE}">{body}</soapenv:Body></soapenv:Envelope>'
    )


def soap_fault(code: str, words: str) -> str:
    """Return an envelope that holds a fault."""
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>soapenv:{code}</faultcode><faultstring>{escape(words)}</faultstring>"
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )


def confirmation(entry: Entry | None, *, exists: bool, tells_standing: bool) -> str:
    """Return the answer to a confirmation."""
    told = _standing(entry, "dan") if tells_standing and entry is not None else ""
    return f"<dan:KetQuaXacThuc><dan:TonTai>{str(exists).lower()}</dan:TonTai>{told}</dan:KetQuaXacThuc>"


def collection(citizens: Iterable[str], form: Form, *, as_of: str, total: int) -> str:
    """Return citizens as the norm collects them; `total` may be more than stand here, for they come in pages."""
    tag = f"{form.prefix}:CongdanCollection"
    return (
        f'<{tag} xmlns:{form.prefix}="{NORM}" GhiChu="" ThoiDiemDuLieu={quoteattr(as_of)} SoCongDan="{total}">'
        f"{''.join(citizens)}</{tag}>"
    )


def citizen(entry: Entry, form: Form, *, head: Person | None = None, changed: str = "") -> str:
    """Return one citizen.

    Args:
        head: of the household; None: it is not told.
        changed: the day of the last change, where changes were asked for.
    """
    person = entry.person
    parts = (
        _element(form, "SoDinhDanh", escape(entry.asked)),
        _element(form, "SoCMND", ""),
        _element(form, "HoVaTen", _name(person.full_name, form)),
        _element(form, "GioiTinh", person.sex),
        _coded(form, "DanToc", person.ethnicity),
        _coded(form, "TonGiao", "00"),
        _element(form, "TinhTrangHonNhan", "1"),
        _element(form, "NhomMau", "00"),
        _element(form, "NgayThangNamSinh", _birth(person.birth_date, form)),
        _element(form, "NoiDangKyKhaiSinh", _registered(person, form)),
        _element(form, "QuocTich", person.nationality),
        _element(form, "ThuongTru", _place(person, form)),
        _element(form, "NoiOHienTai", _place(person, form)),
        _relative(form, "Cha", person.father_name, person.father_number),
        _relative(form, "Me", person.mother_name, person.mother_number),
        _relative(form, "NguoiDaiDien", person.mother_name, person.mother_number),
        _head(form, head, person),
        _element(form, "SoSoHoKhau", ""),
        _standing(entry, form.prefix),
        "".join(_element(form, "SoDinhDanhCu", old) for old in person.former_numbers if old != entry.asked),
        _element(form, "NgayThayDoi", changed) if changed else "",
    )
    return _element(form, "CongDan", "".join(parts))


def household(members: Sequence[Person], head: Person, form: Form) -> str:
    """Return who lives together."""
    inside = "".join(
        _element(form, "ThanhVien", _element(form, "SoDinhDanh", one.number) + _named(form, one)) for one in members
    )
    first = _element(form, "ChuHo", _element(form, "SoDinhDanh", head.number) + _named(form, head))
    return f'<{form.prefix}:HoGiaDinh xmlns:{form.prefix}="{NORM}">{first}{inside}</{form.prefix}:HoGiaDinh>'


def _named(form: Form, person: Person) -> str:
    return _element(form, "HoVaTen", _name(person.full_name, form))


def _element(form: Form, tag: str, inside: str) -> str:
    return f"<{form.prefix}:{tag}>{inside}</{form.prefix}:{tag}>" if inside else f"<{form.prefix}:{tag}/>"


def _coded(form: Form, tag: str, code: str) -> str:
    inside = _element(form, f"Ma{tag}", escape(code)) if form.codes is Quirk.NESTED_CODES else escape(code)
    return _element(form, tag, inside)


def _name(full_name: str, form: Form) -> str:
    words = escape(full_name.upper() if form.capitals else full_name).split()
    if form.name is Quirk.PLAIN_NAME:
        return " ".join(words)
    if form.name is Quirk.WHOLE_NAME or len(words) < 2:
        parts = ("", "", " ".join(words))
    else:
        parts = (words[0], " ".join(words[1:-1]), words[-1])
    return "".join(_element(form, tag, part) for tag, part in zip(("Ho", "ChuDem", "Ten"), parts, strict=True))


def _birth(born: str, form: Form) -> str:
    if not born:
        return ""
    year = _element(form, "Nam", born[:4])
    if form.dates is Quirk.YEAR_ONLY or len(born) == 4:
        return year
    if form.dates is Quirk.ISO_DATES:
        return _element(form, "NgayThangNam", born)
    return year + _element(form, "NgayThangNam", born.replace("-", ""))


def _place(person: Person, form: Form) -> str:
    commune = person.old_ward if form.districts else person.commune
    rest = _element(form, "ChiTiet", escape(person.detail)) + _element(form, "QuocGia", "VN")
    if form.place is Quirk.ONE_CODE:
        return _element(form, "MaDonViHanhChinh", commune or person.province) + rest
    if form.place is Quirk.PROVINCE_ONLY:
        return _element(form, "MaDonViHanhChinh", person.province) + rest
    district = f"{int(commune or 0) % 999 + 1:03d}" if form.districts else ""
    codes = (("MaTinhThanh", person.province), ("MaQuanHuyen", district), ("MaPhuongXa", commune))
    return "".join(_element(form, tag, code) for tag, code in codes) + rest


def _registered(person: Person, form: Form) -> str:
    """Return where the birth was registered: the province that the number begins with."""
    born_in = Person(number="", full_name="", province=person.number[1:3])
    return _place(born_in, form if form.place is Quirk.SPLIT_CODES else replace(form, place=Quirk.PROVINCE_ONLY))


def _relative(form: Form, tag: str, name: str, number: str) -> str:
    if not name and not number:
        return _element(form, tag, "")
    # Parents' names stand in the element itself where a citizen's own name stands whole in its last part.
    written = replace(form, name=Quirk.PLAIN_NAME) if form.name is Quirk.WHOLE_NAME else form
    parts = (
        _element(form, "HoVaTen", _name(name, written)),
        _element(form, "QuocTich", "VN"),
        _element(form, "SoDinhDanh", number),
        _element(form, "SoCMND", ""),
    )
    return _element(form, tag, "".join(parts))


def _head(form: Form, head: Person | None, person: Person) -> str:
    if head is None:
        return _element(form, "ChuHo", "")
    relation = "01" if head.number == person.number else "00"
    written = replace(form, name=Quirk.PLAIN_NAME) if form.name is Quirk.WHOLE_NAME else form
    parts = (
        _element(form, "QuanHe", relation),
        _element(form, "SoDinhDanh", head.number),
        _element(form, "SoCMND", ""),
        _element(form, "HoVaTen", _name(head.full_name, written)),
    )
    return _element(form, "ChuHo", "".join(parts))


def _standing(entry: Entry, prefix: str) -> str:
    code = _CANCELLED if entry.cancelled else _STANDING[entry.person.standing]
    told = f"<{prefix}:TrangThaiCongDan>{code}</{prefix}:TrangThaiCongDan>"
    if not entry.cancelled:
        return told
    return f"{told}<{prefix}:SoDinhDanhMoi>{entry.person.number}</{prefix}:SoDinhDanhMoi>"
