"""The simulated FHIR server: patients are matched, searched, read and cross-referenced.

Source: HL7 FHIR R4 (4.0.1); IHE ITI PDQm (ITI-78, ITI-119) and PIXm (ITI-83).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.population import fhir_resources as wording
from connectors.simulators.population.book import Book, Clock, Entry
from connectors.simulators.population.faults import Fault
from connectors.simulators.population.fhir_matching import Match, NotUnderstood, TooLittle, described, matches
from connectors.simulators.population.fhir_resources import NUMBER_SYSTEM, Names
from connectors.simulators.population.fhir_searches import BadSearch, searched
from connectors.simulators.population.json_faults import misshapen
from connectors.simulators.population.json_reading import NotJson, read_json
from connectors.simulators.population.lies import lied

MEDIA_TYPE = "application/fhir+json"
TOO_COSTLY = 200  # patients found: the search must say more
LARGEST_PAGE = 100
REMEMBERED = 200  # searches whose further pages may be asked for


class _Refused(Exception):
    """The server refuses: a status and an issue's code and words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


class FhirService:
    """Answers for patients, related persons and groups."""

    def __init__(self, book: Book, *, clock: Clock, seed: int) -> None:
        self._book = book
        self._clock = clock
        self._names = Names(seed=seed)
        self._opened = clock()
        self._ids: dict[str, str] = {}
        self._pages: OrderedDict[str, list[Entry]] = OrderedDict()
        self._lock = threading.Lock()

    def metadata(self) -> Answered:
        """Say what the server can do."""
        return json_answer(wording.capability(self._clock()), media_type=MEDIA_TYPE)

    def answer(self, asked: Asked, fault: Fault | None) -> Answered:
        """Answer a request."""
        if fault in (Fault.ERROR_INSIDE, Fault.DENIED_INSIDE):
            code = "transient" if fault is Fault.ERROR_INSIDE else "forbidden"
            return json_answer(wording.outcome(code, "simulated"), media_type=MEDIA_TYPE)
        try:
            document = self._answer(asked, fault)
        except _Refused as refusal:
            document = wording.outcome(refusal.code, str(refusal))
            return json_answer(document, status=refusal.status, media_type=MEDIA_TYPE)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        shown = misshapen(text, fault, renamed=("resourceType", "kindOfResource"))
        return Answered(body=shown.encode(), media_type=MEDIA_TYPE)

    def _answer(self, asked: Asked, fault: Fault | None) -> dict[str, Any]:
        path = asked.path.removeprefix("/fhir")
        match asked.method, path:
            case "POST", "/Patient/$match":
                return self._match(asked, fault)
            case ("GET", "/Patient") | ("POST", "/Patient/_search"):
                return self._search(asked, fault)
            case "GET", "/Patient/$ihe-pix":
                return self._cross_reference(asked)
            case "GET", "/RelatedPerson":
                return self._relatives(asked, fault)
            case "GET", "/Group":
                return self._household(asked)
            case "GET", _ if path.startswith("/Patient/") and path.count("/") == 2:
                return self._read(path.removeprefix("/Patient/"), fault)
        raise _Refused(404, "not-supported", "there is nothing here")

    # Matching and searching

    def _match(self, asked: Asked, fault: Fault | None) -> dict[str, Any]:
        if asked.header("Content-Type").partition(";")[0].strip().lower() not in (MEDIA_TYPE, "application/json"):
            raise _Refused(415, "not-supported", "application/fhir+json is expected")
        try:
            said = described(read_json(asked.body))
        except NotJson:
            raise _Refused(400, "structure", "JSON is expected") from None
        except NotUnderstood as refusal:
            raise _Refused(400, "structure", f"not understood: {refusal}") from None
        except TooLittle:
            raise _Refused(400, "required", "an identifier, or a name and a birth date") from None
        found = matches(self._book, said)
        if said.only_certain:
            certain = [one for one in found if one.grade == "certain"]
            found = certain if len(certain) == 1 else []  # several certain ones are none
        found = self._misled(found, fault)[: said.count]
        rows = [self._row(one.entry, asked, score=one, double=_again(found, place)) for place, one in enumerate(found)]
        return wording.bundle(rows, total=len(rows), links=[("self", self._self(asked, fault))])

    def _misled(self, found: Sequence[Match], fault: Fault | None) -> list[Match]:
        grade = replace(found[0]) if found else None
        entries = self._told([one.entry for one in found], fault)
        if fault is Fault.DUPLICATE:
            return [*found, *found]
        if fault in (Fault.WRONG_CHILD, Fault.OTHER_REQUEST):
            score, name = (grade.score, grade.grade) if grade else (0.9, "probable")
            return [Match(entry=entry, score=score, grade=name) for entry in entries]
        return [replace(one, entry=entry) for one, entry in zip(found, entries, strict=True)]

    def _told(self, entries: Sequence[Entry], fault: Fault | None) -> list[Entry]:
        shown = Fault.WRONG_CHILD if fault is Fault.OTHER_REQUEST else fault
        return lied(self._book, entries, shown, self._clock())

    def _search(self, asked: Asked, fault: Fault | None) -> dict[str, Any]:
        pairs = asked.form_pairs() if asked.method == "POST" else list(asked.query)
        said = dict(pairs)
        if "_getpages" in said:
            return self._page(asked, said["_getpages"], said, fault)
        try:
            entries = self._told(searched(self._book, pairs), fault)
        except BadSearch as refusal:
            raise _Refused(400, "invalid", str(refusal)) from None
        if len(entries) > TOO_COSTLY:
            raise _Refused(400, "too-costly", "too many patients: say more")
        token = hashlib.sha256(repr(pairs).encode()).hexdigest()[:24]
        with self._lock:
            self._pages[token] = entries
            if len(self._pages) > REMEMBERED:
                self._pages.popitem(last=False)
        return self._page(asked, token, said, fault)

    def _page(self, asked: Asked, token: str, said: dict[str, str], fault: Fault | None) -> dict[str, Any]:
        entries = self._pages.get(token)
        if entries is None:
            raise _Refused(410, "expired", "the page is not kept any more")
        offset, count = _whole(said.get("_offset", "0")), _whole(said.get("_count", "20"))
        count = min(count, LARGEST_PAGE)
        shown = entries[offset : offset + count]
        links = [("self", self._self(asked, fault))]
        if offset + count < len(entries):
            further = f"_getpages={token}&_offset={offset + count}&_count={count}"
            links.append(("next", f"{_base(asked)}/Patient?{further}"))
        rows = [self._row(one, asked, double=one in shown[:place]) for place, one in enumerate(shown)]
        return wording.bundle(rows, total=len(entries), links=links)

    def _row(self, entry: Entry, asked: Asked, *, score: Match | None = None, double: bool = False) -> dict[str, Any]:
        resource = self._patient(entry, double=double)
        search: dict[str, Any] = {"mode": "match"}
        if score is not None:
            search |= {"score": score.score, "extension": [{"url": wording.GRADE, "valueCode": score.grade}]}
        return {"fullUrl": f"{_base(asked)}/Patient/{resource['id']}", "resource": resource, "search": search}

    def _patient(self, entry: Entry, *, double: bool = False) -> dict[str, Any]:
        updated = self._book.changed_at(entry.person.number) or self._opened
        resource = wording.patient(entry, self._names, updated=updated, double=double)
        with self._lock:
            self._ids[resource["id"]] = entry.asked
        return resource

    def _self(self, asked: Asked, fault: Fault | None) -> str:
        if fault is Fault.OTHER_REQUEST:
            return f"{_base(asked)}/Patient?another=request"
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in asked.query)
        return f"{asked.url}?{query}" if query else asked.url

    # One patient

    def _entry(self, reference: str) -> Entry:
        identity = reference.rpartition("/")[2].removesuffix("-2")
        number = self._ids.get(identity)
        if number is None:  # not told yet by this server: look for it once
            everybody = (one for person in self._book.everybody() for one in (person.number, *person.former_numbers))
            told = {self._names.of(one): one for one in everybody}
            with self._lock:
                self._ids |= told
            number = self._ids.get(identity, "")
        entry = self._book.entry(number)
        if entry is None:
            raise _Refused(404, "not-found", "there is no such patient")
        return entry

    def _read(self, identity: str, fault: Fault | None) -> dict[str, Any]:
        entry = self._told([self._entry(identity)], fault)[0]
        return self._patient(entry)

    def _relatives(self, asked: Asked, fault: Fault | None) -> dict[str, Any]:
        entry = self._told([self._entry(asked.first("patient") or "")], fault)[0]
        rows = [
            {"fullUrl": f"{_base(asked)}/RelatedPerson/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in wording.related(entry, self._names)
        ]
        return wording.bundle(rows, total=len(rows), links=[("self", self._self(asked, fault))])

    def _household(self, asked: Asked) -> dict[str, Any]:
        person = self._entry(asked.first("member") or "").person
        one = wording.group(person, self._book.household(person), self._names)
        row = {"fullUrl": f"{_base(asked)}/Group/{one['id']}", "resource": one, "search": {"mode": "match"}}
        return wording.bundle([row], total=1, links=[("self", self._self(asked, None))])

    def _cross_reference(self, asked: Asked) -> dict[str, Any]:
        system, _, number = (asked.first("sourceIdentifier") or "").partition("|")
        if system != NUMBER_SYSTEM:
            raise _Refused(400, "code-invalid", "sourceIdentifier: assigning authority not found")
        if asked.first("targetSystem") not in (None, NUMBER_SYSTEM):
            raise _Refused(403, "code-invalid", "targetSystem not found")
        entry = self._book.entry(number)
        if entry is None:
            raise _Refused(404, "not-found", "sourceIdentifier: patient identifier not found")
        reference = f"{_base(asked)}/Patient/{self._names.of(entry.person.number)}"
        identifier = {"use": "official", "system": NUMBER_SYSTEM, "value": entry.person.number}
        return {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "targetIdentifier", "valueIdentifier": identifier},
                {"name": "targetId", "valueReference": {"reference": reference}},
            ],
        }


def _again(found: Sequence[Match], place: int) -> bool:
    return any(one.entry == found[place].entry for one in found[:place])


def _whole(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and len(said) < 10):
        raise _Refused(400, "value", "a whole number is expected")
    return int(said)


def _base(asked: Asked) -> str:
    return asked.url.partition("/fhir")[0] + "/fhir"
