"""Asking the simulated population database by messages written here, and by nothing of the connectors."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as Tree
from xml.sax.saxutils import escape

import httpx

from connectors.simulators.population import Account, Conduct, Person, Signing, SimulatedPopulation

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://dancuquocgia.bca"
NORM = "http://www.mic.gov.vn/dancu/1.0"
SYSTEM = "urn:vn:so-dinh-danh"
ACCOUNT = Account()
BEARER = {"Authorization": "Bearer simulated"}

MOTHER = Person(number="001187000001", full_name="Phạm Thị Mẫu", birth_date="1987-02-03", sex="2")
FATHER = Person(number="001085000002", full_name="Trần Văn Mẫu", birth_date="1985", sex="1")
LAN = Person(
    number="001314000003",
    full_name="Trần Thị Lan Mẫu",
    birth_date="2014-05-03",
    sex="2",
    province="01",
    commune="00004",
    old_ward="00007",
    detail="Số 1 <&> đường Mẫu",
    ethnicity="01",
    mother_name=MOTHER.full_name,
    mother_number=MOTHER.number,
    father_name=FATHER.full_name,
    father_number=FATHER.number,
)
BROTHER = Person(
    number="001216000004",
    full_name="Trần Đức Mẫu",
    birth_date="2016-01-02",
    sex="1",
    mother_number=MOTHER.number,
    father_number=FATHER.number,
)
OTHER = Person(number="001215000005", full_name="Y Mẫu Êban", birth_date="2015", former_numbers=("001215999999",))
PEOPLE = (LAN, MOTHER, FATHER, BROTHER, OTHER)


@dataclass
class Clock:
    """A clock that goes on when it is told, and notes how long was slept."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Asking:
    """A simulator in process, a client that asks it, and its clock."""

    simulated: SimulatedPopulation
    client: httpx.Client
    clock: Clock

    def soap(self, question: str, path: str = "/npdb", **headers: str) -> httpx.Response:
        """Post a question over the bus, with right headers but for those given."""
        sent = {**bus_headers(path, self.clock()), **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.post(path, content=question.encode(), headers=sent)

    def fhir(self, path: str, **params: str) -> httpx.Response:
        """Get from the FHIR server."""
        return self.client.get(f"/fhir/{path}", params=params, headers=BEARER)

    def match(self, patient: dict[str, Any], **parameters: Any) -> httpx.Response:
        """Ask for the patients whom a description fits."""
        more = [{"name": name, ("valueInteger" if name == "count" else "valueBoolean"): value}
                for name, value in parameters.items()]  # fmt: skip
        document = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient}, *more]}
        return self.client.post("/fhir/Patient/$match", json=document, headers=BEARER)

    def dci(self, envelope: dict[str, Any], path: str = "/dci/registry/sync/search") -> httpx.Response:
        """Post a message to the DCI registry."""
        return self.client.post(path, json=envelope, headers=BEARER)

    def door(self, name: str, document: object) -> httpx.Response:
        """Steer the simulator by its door."""
        return self.client.post(f"/_simulator/{name}", json=document)


@contextmanager
def asking(**conduct: Any) -> Iterator[Asking]:
    """Yield a simulator of a small family that is asked in process."""
    clock = Clock()
    simulated = SimulatedPopulation(PEOPLE, clock=clock, conduct=Conduct(**{"signing": Signing.EDDSA, **conduct}))
    with httpx.Client(
        transport=simulated.transport(sleep=clock.sleep), base_url="http://127.0.0.1", timeout=30
    ) as client:
        yield Asking(simulated, client, clock)


def bus_headers(path: str, now: datetime, account: Account = ACCOUNT) -> dict[str, str]:
    """Return the headers of the bus as clients make them."""
    stamp = str(int(now.timestamp() * 1000))
    digest = hashlib.sha256(f"{path}{account.user}{stamp}{account.secret}".encode()).hexdigest()
    return {
        "Authorization": "Basic " + b64encode(f"{account.user}:{digest}".encode()).decode(),
        "Timestamp": stamp,
        "X-Road-Client": "VN/GOV/G01/registry",
        "ApiKey": account.api_key,
        "Content-Type": "application/xml",
        "SOAPAction": '""',
    }


def elements(prefix: str, facts: dict[str, str]) -> str:
    """Return plain elements."""
    return "".join(f"<{prefix}:{tag}>{escape(text)}</{prefix}:{tag}>" for tag, text in facts.items())


def envelope(operation: str, inside: str, *, request: str = "R-1") -> str:
    """Return a question with its context."""
    context = {"MaYeuCau": request, "MaDVC": "1.0", "MaTichHop": "037", "MaDonVi": "G01.001", "MaCanBo": "officer-1"}
    return (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns:d="{SERVICE}" xmlns:n="{NORM}"><e:Header/><e:Body><d:{operation}>'
        f"{elements('d', context)}{inside}</d:{operation}></e:Body></e:Envelope>"
    )


def about(operation: str, person: Person, *, request: str = "R-1", number: str = "", born: str = "") -> str:
    """Return a question about somebody as clients of the population database ask it."""
    day = (born or person.birth_date).replace("-", "")
    tag = "Nam" if len(day) == 4 else "NgayThangNam"
    facts = elements("d", {"SoDinhDanh": number or person.number, "HoVaTen": person.full_name})
    birth = f"<d:NgayThangNamSinh>{elements('d', {tag: day})}</d:NgayThangNamSinh>"
    return envelope(operation, facts + birth, request=request)


def by_the_norm(operation: str, person: Person, *, request: str = "R-1") -> str:
    """Return a question about somebody wholly by QCVN 109."""
    words = person.full_name.split()
    parts = {"Ho": words[0], "ChuDem": " ".join(words[1:-1]), "Ten": words[-1]}
    name = f"<n:HoVaTen>{elements('n', parts)}</n:HoVaTen>"
    birth = f"<n:NgayThangNamSinh>{elements('n', {'NgayThangNam': person.birth_date})}</n:NgayThangNamSinh>"
    number = elements("n", {"SoDinhDanh": person.number})
    return envelope(operation, f"<n:CongDan>{number}{name}{birth}</n:CongDan>", request=request)


def parsed(text: str) -> Tree.Element:
    """Return an answer as a document."""
    return Tree.fromstring(text)  # noqa: S314  the answer of a simulator in this process


def texts(answer: httpx.Response | str) -> dict[str, str]:
    """Return the text of each element by its local names from the answer's body on, joined by a slash."""
    told: dict[str, str] = {}

    def walk(element: Tree.Element, path: str) -> None:
        for child in element:
            place = f"{path}/{child.tag.rpartition('}')[2]}".lstrip("/")
            told[place] = (child.text or "").strip()
            walk(child, place)

    root = parsed(answer if isinstance(answer, str) else answer.text)
    body = root.find(f"{{{SOAP}}}Body")
    assert body is not None
    walk(body, "")
    return told


def dci_search(query: object, *, kind: str = "idtype-value", number: str = "1", **header: Any) -> dict[str, Any]:
    """Return a DCI search for one query."""
    criteria = {"query_type": kind, "query": query, "pagination": {"page_size": 10, "page_number": 1}}
    request = {"reference_id": f"ref-{number}", "timestamp": "2026-11-22T08:00:00+00:00", "search_criteria": criteria}
    return {
        "signature": "",
        "header": {
            "version": "1.0.0",
            "message_id": f"message-{number}",
            "message_ts": "2026-11-22T08:00:00+00:00",
            "action": "search",
            "sender_id": "registry",
            "total_count": 1,
            **header,
        },
        "message": {"transaction_id": f"transaction-{number}", "search_request": [request]},
    }


def uin(person: Person) -> dict[str, str]:
    """Return the query for somebody's number."""
    return {"type": "UIN", "value": person.number}
