"""The simulated SOAP service behind both ways to reach it: the security server, and a province's platform."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from connectors.simulators.exchange import Answered, Asked, json_answer, xml_answer
from connectors.simulators.population import soap_answers as wording
from connectors.simulators.population.book import Book, Clock, Entry, fits
from connectors.simulators.population.faults import Fault
from connectors.simulators.population.gate import VIET_NAM
from connectors.simulators.population.json_reading import NotJson, read_json
from connectors.simulators.population.lgsp_objects import as_objects
from connectors.simulators.population.lies import LIES, lied
from connectors.simulators.population.people import Person
from connectors.simulators.population.soap_answers import FORMS, NORM, SERVICE, Dialect, Form, Quirk
from connectors.simulators.population.soap_questions import (
    HOUSEHOLD,
    VERIFY,
    Question,
    QuestionRefused,
    read_object,
    read_question,
)

REMEMBERED = 20_000  # answers: whoever asks again with the same request id gets the same
ANOTHER_REQUEST = "ANOTHER-REQUEST"
DEEP = 20_000  # elements in each other


_MISSHAPEN = (Fault.WRONG_NAMESPACE, Fault.ENTITIES, Fault.DEEP)


class Refused(Exception):
    """The service refuses a question: `code` is of a SOAP fault, the message says why."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    question: Question
    dialect: Dialect
    body: str


class SoapService:
    """Answers questions about citizens."""

    def __init__(self, book: Book, *, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._given: OrderedDict[tuple[str, str], _Given] = OrderedDict()
        self._quirks: frozenset[Quirk] = frozenset()
        self._lock = threading.Lock()

    def use(self, quirks: Iterable[Quirk]) -> None:
        """Write answers with these quirks from now on."""
        self._quirks = frozenset(quirks)

    def over_bus(self, asked: Asked, dialect: Dialect, fault: Fault | None) -> Answered:
        """Answer a question that came by the security server."""
        headers = {"X-Road-Client": asked.header("X-Road-Client"), "X-Road-Request-Id": _opaque(asked.body)}
        if (inside := _error_inside(fault, asked.body)) is not None:
            return replace(inside, headers=headers)
        try:
            return xml_answer(self._reply(asked, dialect, fault), headers=headers)
        except Refused as refusal:
            return xml_answer(wording.soap_fault(refusal.code, str(refusal)), headers=headers)

    def over_platform(self, asked: Asked, fault: Fault | None) -> Answered:
        """Answer a question that came by the platform: always HTTP 200, errors inside."""
        said = {"code": 200, "status": "OK", "correlationId": _opaque(asked.body)}
        if fault is Fault.DENIED_INSIDE:
            return json_answer(_wrapped(said, code=403, inner="403", message="access denied"))
        if fault is Fault.ERROR_INSIDE:
            return json_answer(_wrapped(said, code=500, inner="99", message="the service cannot answer now"))
        try:
            text = self._reply(asked, Dialect.LGSP, fault)
        except Refused as refusal:
            return json_answer(_wrapped(said, code=400, inner="01", message=str(refusal)))
        in_objects = Quirk.JSON_DATA in self._quirks or _is_json(asked)
        data = text if fault in _MISSHAPEN or not in_objects else self._objects(text, asked)
        return json_answer({**said, "response": {"error_code0": "00", "message": "Success", "data": data}})

    def _objects(self, text: str, asked: Asked) -> dict[str, Any]:
        return as_objects(text, camel_case=Quirk.CAMEL_CASE in self._quirks or _is_json(asked))

    def _reply(self, asked: Asked, dialect: Dialect, fault: Fault | None) -> str:
        """Return the envelope that answers.

        Raises:
            Refused: the question cannot be taken.
        """
        question = _read(asked)
        body = self._truth(question, dialect, asked.header("X-Road-Client"))
        if fault in LIES:
            body = self._lie(question, dialect, fault)
        to = ANOTHER_REQUEST if fault is Fault.OTHER_REQUEST else question.request_id
        return _misshapen(wording.envelope(to, body), fault)

    def _truth(self, question: Question, dialect: Dialect, client: str) -> str:
        """Return the answer's body; a request id that was answered is answered the same."""
        key = (client, question.request_id)
        with self._lock:
            given = self._given.get(key)
            if given is None:
                body = self._body(question, dialect, self._entries(question))
                self._given[key] = given = _Given(question=question, dialect=dialect, body=body)
                if len(self._given) > REMEMBERED:
                    self._given.popitem(last=False)
        if (given.question, given.dialect) != (question, dialect):
            raise Refused("Client", "refused: MaYeuCau was used for another question")
        return given.body

    def _lie(self, question: Question, dialect: Dialect, fault: Fault) -> str:
        """Return a body that is well-formed and not true; somebody else is shown whatever was asked."""
        entries = lied(self._book, self._entries(question), fault, self._clock())
        shown = replace(question, operation="", since=None) if fault is Fault.WRONG_CHILD else question
        return self._body(shown, dialect, entries)

    def _entries(self, question: Question) -> list[Entry]:
        """Return whom a question describes: nobody, one, or one with a double."""
        if question.since is not None:
            people = self._changed(question)
            return [Entry(person=person, asked=person.number) for person in people]
        entry = self._book.entry(question.number)
        if entry is None or not fits(entry.person, name=question.name, born=question.born):
            return []
        return [entry, entry] if entry.person.doubled else [entry]

    def _changed(self, question: Question) -> list[Person]:
        since, until = _moment(question.since or "", late=False), _moment(question.until, late=True)
        return list(self._book.changed(since, until))

    def _body(self, question: Question, dialect: Dialect, entries: list[Entry]) -> str:
        form = self._form(dialect)
        if question.operation == VERIFY:
            entry = entries[0] if entries else None
            exists = entry is not None and not entry.cancelled
            return wording.confirmation(entry, exists=exists, tells_standing=dialect is Dialect.QCVN109)
        if question.operation == HOUSEHOLD and entries:
            person = entries[0].person
            return wording.household(self._book.household(person), self._head(person), form)
        first = (question.page - 1) * question.page_size
        shown = islice(entries, first, first + question.page_size)
        as_of = self._clock().astimezone(VIET_NAM).isoformat(timespec="seconds")
        citizens = (self._citizen(question, one, form) for one in shown)
        return wording.collection(citizens, form, as_of=as_of, total=len(entries))

    def _citizen(self, question: Question, entry: Entry, form: Form) -> str:
        changed = self._book.changed_at(entry.person.number) if question.since is not None else None
        day = changed.astimezone(VIET_NAM).isoformat(timespec="seconds") if changed else ""
        return wording.citizen(entry, form, head=self._head(entry.person), changed=day)

    def _head(self, person: Person) -> Person:
        """Return the head of somebody's household: the father, else the mother, else the person."""
        for number in (person.father_number, person.mother_number):
            entry = self._book.entry(number) if number else None
            if entry is not None:
                return entry.person
        return person

    def _form(self, dialect: Dialect) -> Form:
        form = FORMS[dialect]
        for quirk in sorted(self._quirks):
            form = form.with_quirk(quirk)
        return form


def _is_json(asked: Asked) -> bool:
    return asked.header("Content-Type").partition(";")[0].strip().lower() == "application/json"


def _read(asked: Asked) -> Question:
    """Return the question that a request asks.

    Raises:
        Refused: it is none.
    """
    try:
        return read_object(read_json(asked.body)) if _is_json(asked) else read_question(asked.body)
    except NotJson:
        raise Refused("Client", "refused: JSON") from None
    except QuestionRefused as refusal:
        raise Refused("Client", f"refused: {refusal}") from None


def _wrapped(said: dict[str, object], *, code: int, inner: str, message: str) -> dict[str, object]:
    response = {"error_code0": inner, "message": message, "data": None}
    return {**said, "code": code, "status": "ERROR", "response": response}


def _error_inside(fault: Fault | None, body: bytes) -> Answered | None:
    """Return an error in the guise of an answer: one question gets a SOAP fault, another a bus's JSON."""
    as_json = len(body) % 2 == 1
    if fault is Fault.ERROR_INSIDE:
        if as_json:
            return json_answer({"code": "01", "message": "the service cannot answer now"})
        return xml_answer(wording.soap_fault("Server", "the service cannot answer now"))
    if fault is Fault.DENIED_INSIDE:
        if as_json:
            return json_answer({"code": "403", "message": "access denied"})
        return xml_answer(wording.soap_fault("Client.Denied", "access denied"))
    return None


def _misshapen(text: str, fault: Fault | None) -> str:
    """Return an envelope in another form than agreed."""
    if fault is Fault.WRONG_NAMESPACE:
        return text.replace(NORM, "http://example.org/khac").replace(SERVICE, "http://example.org/khac-nua")
    if fault is Fault.ENTITIES:
        head, body = text.split("<soapenv:Envelope", 1)
        return f'{head}<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;">]><soapenv:Envelope{body}'.replace(
            "</soapenv:Body>", "&b;</soapenv:Body>"
        )
    if fault is Fault.DEEP:
        return text.replace("</soapenv:Body>", f"{'<x>' * DEEP}{'</x>' * DEEP}</soapenv:Body>")
    return text


def _opaque(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _moment(said: str, *, late: bool) -> datetime:
    """Return the moment of a window's edge; a whole day in the place of the later edge is within the window."""
    if "T" in said:
        try:
            moment = datetime.fromisoformat(said)
        except ValueError:
            raise Refused("Client", "refused: window") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=VIET_NAM)
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise Refused("Client", "refused: window") from None
    return datetime.combine(day + timedelta(days=1 if late else 0), time(), tzinfo=VIET_NAM)
