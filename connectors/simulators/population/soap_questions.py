"""The questions that the simulated SOAP service takes, in both dialects, read strictly: order and forms matter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as Tree

SERVICE = "{http://dancuquocgia.bca}"
NORM = "{http://www.mic.gov.vn/dancu/1.0}"
_BODY = "./{http://schemas.xmlsoap.org/soap/envelope/}Body/*"

VERIFY = "XacThucThongTinCongDan"
LOOK_UP = "TraCuuThongTinCongDan"
RELATIVES = "XacMinhThongTinNhanThan"
HOUSEHOLD = "XacNhanThongTinHoGiaDinh"

_CONTEXT = ("MaYeuCau", "MaDVC", "MaTichHop", "MaDonVi", "MaCanBo", "TaiKhoan")
_ALWAYS = {"MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo"}
_FACTS = ("SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNamSinh")
_WINDOW = ("TuNgay", "DenNgay", "Loai", "Trang", "SoBanGhi")
_LONGEST = {"MaYeuCau": 40, "MaDonVi": 35, "HoVaTen": 100}
_BORN = re.compile(r"[0-9]{4}(-?[0-9]{2}(-?[0-9]{2})?)?")
_MOMENT = re.compile(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?")
MOST_A_PAGE = 1000


class QuestionRefused(Exception):
    """The question is not one that the service takes; the message names the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about one citizen, or about a window of changes."""

    operation: str
    request_id: str
    agency: str
    number: str = field(default="", repr=False)  # twelve digits, or nine of an old card
    name: str = field(default="", repr=False)
    born: str = field(default="", repr=False)  # digits, as far as known
    since: str | None = None  # of a window; None: a question about a citizen
    until: str = ""
    page: int = 1
    page_size: int = 100


def read_question(content: bytes) -> Question:
    """Read an envelope that asks something.

    Raises:
        QuestionRefused: it is not well-formed, or an element is missing, unknown, out of order or of another form.
    """
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise QuestionRefused("DTD")
    try:
        root = Tree.fromstring(content)  # noqa: S314  a document with a DTD was refused just above
    except (Tree.ParseError, ValueError):
        raise QuestionRefused("XML") from None
    asked = root.findall(_BODY)
    if len(asked) != 1:
        raise QuestionRefused("operation")
    return _question(asked[0])


def read_object(document: object) -> Question:
    """Read a question that comes as an object, its operation as `type` and its members in camel case.

    Raises:
        QuestionRefused: a member is missing, unknown, out of order or of another form.
    """
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise QuestionRefused("operation")
    asked = Tree.Element(f"{SERVICE}{document['type']}")
    _fill(asked, {name: value for name, value in document.items() if name != "type"}, SERVICE)
    return _question(asked)


def _fill(element: Tree.Element, members: dict[str, object], space: str) -> None:
    for name, value in members.items():
        inside = NORM if name == "congDan" else space
        child = Tree.SubElement(element, f"{inside}{name[:1].upper()}{name[1:]}")
        if isinstance(value, dict):
            _fill(child, value, inside)
        elif isinstance(value, str):
            child.text = value
        else:
            raise QuestionRefused("elements")


def _question(asked: Tree.Element) -> Question:
    if asked.tag not in {f"{SERVICE}{name}" for name in (VERIFY, LOOK_UP, RELATIVES, HOUSEHOLD)}:
        raise QuestionRefused("operation")
    elements = _elements(asked)
    if "TuNgay" in elements:
        return _window(asked.tag.removeprefix(SERVICE), elements)
    return _about_a_citizen(asked.tag.removeprefix(SERVICE), elements)


def _elements(asked: Tree.Element) -> dict[str, Tree.Element]:
    """Return the elements by name; those in a citizen of the norm stand for plain ones.

    Raises:
        QuestionRefused: one comes twice or out of order, or is of another name space.
    """
    children = list(asked)
    space = SERVICE
    if children and children[-1].tag == f"{NORM}CongDan":
        citizen = children.pop()
        if any(not child.tag.startswith(NORM) for child in citizen):
            raise QuestionRefused("namespace")
        children += [_renamed(child) for child in citizen]
    if any(not child.tag.startswith(space) for child in children):
        raise QuestionRefused("namespace")
    tags = [child.tag.removeprefix(space) for child in children]
    order = _CONTEXT + (_WINDOW if "TuNgay" in tags else _FACTS)
    if tags != [tag for tag in order if tag in tags] or not set(tags) >= _ALWAYS:
        raise QuestionRefused("elements")
    return dict(zip(tags, children, strict=True))


def _renamed(element: Tree.Element) -> Tree.Element:
    """Return an element of the norm as one of the service."""
    copy = Tree.Element(element.tag.replace(NORM, SERVICE))
    copy.text = element.text
    copy.extend(_renamed(child) for child in element)
    return copy


def _about_a_citizen(operation: str, elements: dict[str, Tree.Element]) -> Question:
    if not {"HoVaTen", "NgayThangNamSinh"} <= set(elements):
        raise QuestionRefused("elements")
    number, card = _text(elements, "SoDinhDanh"), _text(elements, "SoCMND")
    if bool(number) == bool(card) or not re.fullmatch(r"[0-9]{12}" if number else r"[0-9]{9}", number or card):
        raise QuestionRefused("SoDinhDanh")
    return Question(
        operation=operation,
        request_id=_text(elements, "MaYeuCau", needed=True),
        agency=_text(elements, "MaDonVi"),
        number=number or card,
        name=_name(elements["HoVaTen"]),
        born=_born(elements["NgayThangNamSinh"]),
    )


def _name(element: Tree.Element) -> str:
    parts = [child.text or "" for child in element] if len(element) else [element.text or ""]
    name = " ".join(part.strip() for part in parts if part.strip())
    if not 0 < len(name) <= _LONGEST["HoVaTen"]:
        raise QuestionRefused("HoVaTen")
    return name


def _born(element: Tree.Element) -> str:
    said = [(child.text or "").strip() for child in element]
    if len(said) != 1 or not _BORN.fullmatch(said[0]):
        raise QuestionRefused("NgayThangNamSinh")
    return said[0].replace("-", "")


def _window(operation: str, elements: dict[str, Tree.Element]) -> Question:
    since, until = _text(elements, "TuNgay", needed=True), _text(elements, "DenNgay", needed=True)
    page, size = _text(elements, "Trang") or "1", _text(elements, "SoBanGhi") or "100"
    counted = page.isdecimal() and size.isdecimal() and int(page) > 0 and 0 < int(size) <= MOST_A_PAGE
    if operation != LOOK_UP or not _MOMENT.fullmatch(since) or not _MOMENT.fullmatch(until) or not counted:
        raise QuestionRefused("window")
    return Question(
        operation=operation,
        request_id=_text(elements, "MaYeuCau", needed=True),
        agency=_text(elements, "MaDonVi"),
        since=since,
        until=until,
        page=int(page),
        page_size=int(size),
    )


def _text(elements: dict[str, Tree.Element], tag: str, *, needed: bool = False) -> str:
    element = elements.get(tag)
    text = "" if element is None else (element.text or "").strip()
    if (needed and not text) or len(text) > _LONGEST.get(tag, 200):
        raise QuestionRefused(tag)
    return text
