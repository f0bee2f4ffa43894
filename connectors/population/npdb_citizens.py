"""What an answer says of a citizen. Whatever could be another person's is never read as the one asked about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from connectors.contract import (
    Ambiguous,
    CitizenSnapshot,
    Claim,
    Compared,
    ContractDrift,
    Inactive,
    Inactivity,
    Kinship,
    NotFound,
    Relative,
)
from connectors.population.agreement import same_birth_date, same_name
from connectors.population.npdb_answers import COLLECTION, CONFIRMATION
from connectors.population.npdb_settings import NpdbSettings, State
from connectors.population.npdb_tree import Node

HERE: Final = timezone(timedelta(hours=7))  # moments without a zone are written there
NEW_UNITS: Final = datetime(2025, 7, 1, tzinfo=HERE)  # communes by today's list, districts ended

NUMBER: Final = re.compile(r"[0-9]{12}")
_OLD_NUMBER: Final = re.compile(r"[0-9]{9}")
_COMMUNE: Final = re.compile(r"[0-9]{5}")
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_DAY: Final = re.compile(r"([0-9]{4})(?:-?([0-9]{2})(?:-?([0-9]{2})(?:T.*)?)?)?")
_SEXES: Final = {"1": "1", "2": "2", "NAM": "1", "NỮ": "2"}
_KIN: Final = {
    "Me": Kinship.MOTHER,
    "Cha": Kinship.FATHER,
    "VoChong": Kinship.SPOUSE,
    "NguoiDaiDien": Kinship.REPRESENTATIVE,
    "ChuHo": Kinship.HEAD_OF_HOUSEHOLD,
}


def is_confirmed(answer: Node, asked: str) -> bool:
    """Tell whether the service confirms what was asked about a number.

    Raises:
        ContractDrift: it says neither yes nor no, or speaks of another number.
    """
    if answer.tag != CONFIRMATION:
        raise ContractDrift(answer.place)
    for named in answer.every("SoCMND" if _OLD_NUMBER.fullmatch(asked) else "SoDinhDanh"):
        if named.text not in ("", asked):
            raise ContractDrift(named.place)
    said = answer.at("TonTai")
    if said not in ("true", "false", "1", "0"):
        raise ContractDrift(f"{answer.place}/TonTai")
    return said in ("true", "1")


def citizens_of(answer: Node, *, whole: bool = True) -> tuple[Node, ...]:
    """Return the citizens of a collection.

    Args:
        whole: whether the number of citizens that it names must be that of those in it.

    Raises:
        ContractDrift: it is none, or holds more or fewer than it says.
    """
    if answer.tag != COLLECTION:
        raise ContractDrift(answer.place)
    citizens = answer.all("CongDan")
    if whole and counted(answer) not in (None, len(citizens)):
        raise ContractDrift(f"{answer.place}/@SoCongDan")
    return citizens


def counted(answer: Node) -> int | None:
    """Return how many citizens a collection says there are; None: it does not say."""
    said = answer.attributes.get("SoCongDan", "")
    return int(said) if _COUNT.fullmatch(said) else None


def written_at(answer: Node, received_at: datetime) -> datetime:
    """Return the moment as of which the collection was written, as far as it says one that is not to come."""
    said = moment(answer.attributes.get("ThoiDiemDuLieu", ""))
    return min(said, received_at) if said is not None else received_at


def moment(written: str) -> datetime | None:
    """Return an ISO date or time, without a zone that of Viet Nam; None: it is none."""
    try:
        said = datetime.fromisoformat(written)
        return (said if said.tzinfo else said.replace(tzinfo=HERE)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_citizen(
    answer: Node, claim: Claim, *, settings: NpdbSettings, source_ref: str, received_at: datetime
) -> CitizenSnapshot | NotFound | Ambiguous | Inactive:
    """Return the citizen whom the claim describes.

    Raises:
        ContractDrift: the answer is about somebody else, or a fact in it cannot be read.
    """
    citizens = citizens_of(answer)
    if not citizens:
        return NotFound(source_ref=source_ref)
    if len(citizens) > 1:
        return Ambiguous(source_ref=source_ref)
    citizen = citizens[0]
    replaced_by = replacement(citizen, claim.personal_number)
    state = state_of(citizen, settings)
    if replaced_by is not None:
        return Inactive(source_ref=source_ref, inactivity=Inactivity.REPLACED, replaced_by=replaced_by)
    if state in (State.CANCELLED, State.DECEASED):
        why = Inactivity.REVOKED if state is State.CANCELLED else Inactivity.DECEASED
        return Inactive(source_ref=source_ref, inactivity=why)
    snapshot = _snapshot(citizen, state, source_ref=source_ref, at=written_at(answer, received_at))
    if Compared.MATCH not in compared(snapshot, claim).values():
        raise ContractDrift(f"{citizen.place}: neither the name nor the birth date that was asked about")
    return snapshot


def compared(citizen: CitizenSnapshot, claim: Claim) -> dict[str, Compared]:
    """Return what the citizen's facts say of the claim's; a fact that either lacks is not compared."""
    said = {"full_name": _verdict(citizen.full_name, same_name(claim.full_name, citizen.full_name))}
    said["birth_date"] = _verdict(citizen.birth_date, same_birth_date(claim.birth_date, citizen.birth_date))
    if claim.sex is not None:
        said["sex"] = _verdict(citizen.sex, citizen.sex == claim.sex)
    return said


def _verdict(known: str | None, agrees: bool) -> Compared:  # noqa: FBT001  a verdict is what it is given
    if known is None:
        return Compared.NOT_CHECKED
    return Compared.MATCH if agrees else Compared.MISMATCH


def replacement(citizen: Node, asked: str) -> str | None:
    """Return the number that is in use instead of the one asked about; None: that one is.

    Raises:
        ContractDrift: the citizen has not and never had the number asked about.
    """
    now = citizen.at("SoDinhDanh") or ""
    if _OLD_NUMBER.fullmatch(asked):
        if citizen.at("SoCMND") != asked or not NUMBER.fullmatch(now):
            raise ContractDrift(f"{citizen.place}/SoCMND")
        return None
    if now != asked:
        if asked in former_numbers(citizen) and NUMBER.fullmatch(now):
            return now
        raise ContractDrift(f"{citizen.place}/SoDinhDanh")
    return number_instead(citizen, asked)


def number_instead(person: Node, asked: str) -> str | None:
    """Return the number that is named as the one in use now, if it is another.

    Raises:
        ContractDrift: what stands there is no number.
    """
    newer = person.at("SoDinhDanhMoi")
    if newer is not None and not NUMBER.fullmatch(newer):
        raise ContractDrift(f"{person.place}/SoDinhDanhMoi")
    return newer if newer != asked else None


def former_numbers(citizen: Node) -> tuple[str, ...]:
    """Return the numbers that the citizen had before."""
    return tuple(former.text for former in citizen.all("SoDinhDanhCu") if NUMBER.fullmatch(former.text))


def state_of(person: Node, settings: NpdbSettings) -> State:
    """Return the state of a citizen; who does not say one is alive, as in most descriptions of the service.

    Raises:
        ContractDrift: it is none of the known states: it must not be read as 'alive'.
    """
    said = person.code("TrangThaiCongDan")
    if said is not None and said not in settings.states:
        raise ContractDrift(f"{person.place}/TrangThaiCongDan")
    return settings.states[said] if said is not None else State.ALIVE


def relatives_of(citizen: Node, source_ref: str) -> Iterator[Relative]:
    """Yield the relatives whom a citizen's entry names."""
    for tag, kinship in _KIN.items():
        for person in citizen.all(tag):
            name, number = _name(person), _number(person) or _old_number(person)
            if name or number:
                yield Relative(kinship=kinship, name=name, personal_number=number, source_ref=source_ref)


def _snapshot(citizen: Node, state: State, *, source_ref: str, at: datetime) -> CitizenSnapshot:
    name = _name(citizen)
    if name is None:
        raise ContractDrift(f"{citizen.place}/HoVaTen")
    home = citizen.one("ThuongTru") or citizen.one("NoiOHienTai")
    mother, father = citizen.one("Me"), citizen.one("Cha")
    new, old = _communes(home, at) if home is not None else (None, None)
    return CitizenSnapshot(
        personal_number=citizen.at("SoDinhDanh") or "",
        former_numbers=former_numbers(citizen),
        full_name=name,
        sex=_SEXES.get((citizen.code("GioiTinh") or "").upper()),
        birth_date=birth_date(citizen),
        commune_code=new,
        old_commune_code=old,
        address=home.at("ChiTiet") if home is not None else None,
        ethnicity=citizen.code("DanToc"),
        mother_name=_name(mother),
        mother_number=_number(mother),
        father_name=_name(father),
        father_number=_number(father),
        status=state.value,
        updated_at=at,
        source_ref=source_ref,
        raw=citizen.written,
    )


def _name(person: Node | None) -> str | None:
    """Return a name given in parts, as a whole in its last part, or as plain text."""
    node = person.one("HoVaTen") if person is not None else None
    if node is None:
        return None
    parts = [node.at(tag) for tag in ("Ho", "ChuDem", "Ten")] if node.children else [node.text]
    return " ".join(" ".join(part.split()) for part in parts if part) or None


def _number(person: Node | None) -> str | None:
    said = person.at("SoDinhDanh") if person is not None else None
    return said if said and NUMBER.fullmatch(said) else None


def _old_number(person: Node) -> str | None:
    said = person.at("SoCMND")
    return said if said and _OLD_NUMBER.fullmatch(said) else None


def birth_date(citizen: Node) -> str | None:
    """Return a birth date in ISO form, to the finest part that is written: day, month or year.

    Raises:
        ContractDrift: what is written is no date, or its two parts say two years.
    """
    node = citizen.one("NgayThangNamSinh")
    if node is None:
        return None
    year = node.at("Nam") if node.children else None
    day = node.at("NgayThangNam") if node.children else node.text or None
    found = [_iso(written, node.place) for written in (day, year) if written]
    if len(found) == 2 and found[0][:4] != found[1][:4]:
        raise ContractDrift(node.place)
    return found[0] if found else None


def _iso(written: str, place: str) -> str:
    """Return a date in ISO form; a day or month of '00' is one that is not known."""
    parts = _DAY.fullmatch(written)
    if parts is None:
        raise ContractDrift(place)
    year, month, day = (part if part != "00" else None for part in parts.groups())
    try:
        date(int(year or 0), int(month or 1), int(day or 1))
    except ValueError:
        raise ContractDrift(place) from None
    return "-".join([part for part in (year, month, day if month else None) if part])


def _communes(home: Node, at: datetime) -> tuple[str | None, str | None]:
    """Return the commune's code by today's list, or by that of before July 2025, when there were districts.

    A unit of two digits is a province, one of three a district: neither names a commune.
    """
    code = home.code("MaPhuongXa") or home.code("MaDonViHanhChinh") or home.code("DonViHanhChinh") or ""
    if not _COMMUNE.fullmatch(code):
        return None, None
    if home.at("MaQuanHuyen") is not None or at < NEW_UNITS:
        return None, code
    return code, None
