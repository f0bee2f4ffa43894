"""What the simulated population database knows, and how it answers a question: no network in here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from string import Template
from xml.etree import ElementTree as Tree
from xml.sax.saxutils import escape

NAMESPACE = "{http://dancuquocgia.bca}"
ORDER = (
    "MaYeuCau",
    "MaDVC",
    "MaTichHop",
    "MaDonVi",
    "MaCanBo",
    "TaiKhoan",
    "SoDinhDanh",
    "SoCMND",
    "HoVaTen",
    "NgayThangNamSinh",
)
ALWAYS = ("MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "HoVaTen", "NgayThangNamSinh")
TIMESTAMP_TOLERANCE = 300.0  # seconds
REMEMBERED_REQUESTS = 10_000

_ENVELOPE = Template(
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    '<soapenv:Header xmlns:dan="http://dancuquocgia.bca"><dan:MaYeuCau>$request</dan:MaYeuCau></soapenv:Header>'
    "<soapenv:Body>$body</soapenv:Body></soapenv:Envelope>"
)
_CONFIRMATION = Template(
    '<dan:KetQuaXacThuc xmlns:dan="http://dancuquocgia.bca"><dan:TonTai>$exists</dan:TonTai></dan:KetQuaXacThuc>'
)
_COLLECTION = Template(
    '<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0">$citizens</ns1:CongdanCollection>'
)
# The whole name stands in capitals in the last of the three parts, as the service is seen to do it.
_CITIZEN = Template(
    "<ns1:CongDan><ns1:SoDinhDanh>$number</ns1:SoDinhDanh><ns1:SoCMND/>"
    "<ns1:HoVaTen><ns1:Ho/><ns1:ChuDem/><ns1:Ten>$name</ns1:Ten></ns1:HoVaTen>"
    "<ns1:NgayThangNamSinh><ns1:Nam>$year</ns1:Nam>$day</ns1:NgayThangNamSinh></ns1:CongDan>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who may ask the simulated service."""

    user: str
    secret: str = field(repr=False)
    api_key: str = field(repr=False)

    def admits(self, authorization: str, timestamp: str, path: str, now: datetime) -> bool:
        """Tell whether the header was made by who knows the secret, and just now."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
            age = abs(now.timestamp() - int(timestamp) / 1000)
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
        right = hashlib.sha256((path + self.user + timestamp + self.secret).encode()).hexdigest()
        return scheme == "Basic" and age <= TIMESTAMP_TOLERANCE and hmac.compare_digest(given, f"{self.user}:{right}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as it came in."""

    operation: str
    request_id: str
    number: str = field(repr=False)
    name: str = field(repr=False)
    born: str = field(repr=False)  # digits: yyyymmdd or yyyy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    number: str = field(repr=False)
    name: str = field(repr=False)
    born: str = field(repr=False)  # digits, as far as known


class QuestionRefused(Exception):
    """The question is not one that the service takes."""


class People:
    """The people of the simulated database."""

    def __init__(self, people: Iterable[tuple[str, str, str]]) -> None:
        self._people = {
            number: _Person(number=number, name=name, born=born.replace("-", "")) for number, name, born in people
        }
        self._asked: dict[str, Question] = {}

    def answer(self, question: Question, *, as_if_to: str | None = None) -> str:
        """Return the envelope that answers the question.

        Args:
            as_if_to: the request id to repeat; None for the question's own.

        Raises:
            QuestionRefused: its request id was used for another question.
        """
        self._remember(question)
        person = self._people.get(question.number)
        found = person if person is not None and _described(person, question) else None
        if question.operation == "XacThucThongTinCongDan":
            body = _CONFIRMATION.substitute(exists="true" if found else "false")
        else:
            body = _COLLECTION.substitute(citizens=_citizen(found) if found else "")
        return _envelope(as_if_to or question.request_id, body)

    def somebody_else(self, question: Question) -> str:
        """Return an envelope that holds a citizen whom nobody asked for."""
        other = next((person for number, person in self._people.items() if number != question.number), None)
        stranger = other or _Person(number="000000000000", name="NGƯỜI KHÁC", born="1970")
        return _envelope(question.request_id, _COLLECTION.substitute(citizens=_citizen(stranger)))

    def _remember(self, question: Question) -> None:
        if self._asked.setdefault(question.request_id, question) != question:
            raise QuestionRefused("MaYeuCau")
        if len(self._asked) > REMEMBERED_REQUESTS:
            self._asked.pop(next(iter(self._asked)))


def _envelope(request_id: str, body: str) -> str:
    return _ENVELOPE.substitute(request=escape(request_id), body=body)


def read_question(content: bytes) -> Question:
    """Read an envelope that asks something.

    Raises:
        QuestionRefused: it is not well-formed, or an element is missing, unknown or out of order.
    """
    if b"<!" in content:
        raise QuestionRefused("DTD")
    try:
        root = Tree.fromstring(content)  # noqa: S314  a document with a DTD was refused just above
    except Tree.ParseError:
        raise QuestionRefused("XML") from None
    asked = root.find("./{http://schemas.xmlsoap.org/soap/envelope/}Body/*")
    if asked is None or asked.tag not in (NAMESPACE + "XacThucThongTinCongDan", NAMESPACE + "TraCuuThongTinCongDan"):
        raise QuestionRefused("operation")
    tags = [child.tag.removeprefix(NAMESPACE) for child in asked]
    if tags != [tag for tag in ORDER if tag in tags] or not set(ALWAYS) <= set(tags):
        raise QuestionRefused("elements")
    return _question(asked)


def _question(asked: Tree.Element) -> Question:
    def text(path: str) -> str:
        return (asked.findtext("/".join(NAMESPACE + tag for tag in path.split("/"))) or "").strip()

    question = Question(
        operation=asked.tag.removeprefix(NAMESPACE),
        request_id=text("MaYeuCau"),
        number=text("SoDinhDanh"),
        name=text("HoVaTen"),
        born=(text("NgayThangNamSinh/NgayThangNam") or text("NgayThangNamSinh/Nam")).replace("-", ""),
    )
    well_formed = (
        0 < len(question.request_id) <= 40
        and len(question.number) == 12
        and question.number.isdecimal()
        and 0 < len(question.name) <= 100
        and len(question.born) in (4, 8)
    )
    if not well_formed:
        raise QuestionRefused("values")
    return question


def _described(person: _Person, question: Question) -> bool:
    born = person.born.startswith(question.born) or question.born.startswith(person.born)
    return born and _letters(person.name) == _letters(question.name)


def _letters(name: str) -> str:
    """Return a name in capitals without marks and spaces: the service is not particular about them."""
    plain = [letter for letter in unicodedata.normalize("NFKD", name.upper()) if not unicodedata.combining(letter)]
    return "".join(plain).replace("Đ", "D").replace(" ", "")


def _citizen(person: _Person) -> str:
    whole = len(person.born) == 8
    return _CITIZEN.substitute(
        number=person.number,
        name=escape(person.name.upper()),
        year=person.born[:4],
        day=f"<ns1:NgayThangNam>{person.born}</ns1:NgayThangNam>" if whole else "",
    )
