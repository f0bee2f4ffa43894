"""Takes in the signed list of the police: the whole file or nothing of it, and each answer once.

What they say becomes a finding for a reviewer; a number that they confirm is asked about again. Who compared, who
signed and when is kept with each answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from connectors.records import ChildFacts
from matching.identity import Flag, Identity
from registry.actions.intake.normalise import RuleBroken, identity_of
from registry.actions.keys.damage import refusing
from registry.actions.keys.sealing import Vault, open_group, open_identity, seal_group
from registry.actions.lists.fetch_export import mark_secret
from registry.actions.oversight.log import log
from registry.actions.population.facts import Difference, Facts, Kind, facts_from
from registry.actions.population.found import Evidence, keep_findings
from registry.actions.population.problem_lists import handed_digest
from registry.exports.marks import read_code
from registry.exports.problem_answers import AnswerRow, Fault, Rule, read_answers
from registry.model.errors import BadQuery, NotFound, RegistryError
from registry.model.link_state import Doubted, Why, after
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import children, exports, link_states, links, problems
from registry.store.children import SealedChild
from registry.store.exports import Export
from registry.store.problems import ListedChild
from registry.store.session import Transaction

POLICE: Final = "police list"
MOST_ROWS: Final = 5000
_NEVER_OLD: Final = timedelta.max
_LONGEST_SIGNER: Final = 200
Table = Sequence[tuple[int, Sequence[object]]]


class AnswersRefused(RegistryError):
    """Rows of the file break rules: nothing of it was taken in."""

    status = 422
    title = "The list is refused: nothing of it was taken in"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(f"row {first.row}, {first.field}: {first.rule.value}; {len(faults)} faults", field="file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed the list, and when."""

    by: str = field(repr=False)
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What a file came to."""

    answers: Mapping[str, int]  # confirmed, other, none
    unchanged: int  # taken in before
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    row: AnswerRow
    child: ListedChild
    number: str | None = field(repr=False)
    corrections: Mapping[Kind, str] = field(repr=False)
    signed_on: date


def take_in_answers(transaction: Transaction, vault: Vault, table: Table, signature: Signature) -> TakenIn:
    """Take in a list that came back, whole; what was taken in before changes nothing.

    Args:
        table: the rows of its sheet with their numbers.

    Raises:
        AnswersRefused: some rows break rules, each is named.
        BadQuery: it is not said who signed, or the day lies ahead.
    """
    grant = authorize(transaction.access, Action.PROBLEMS)
    _check(signature, today=day_in_viet_nam(transaction.access.at))
    rows, faults = read_answers(table[: MOST_ROWS + 1])
    if not rows and not faults:
        faults = [Fault(row=0, field="says", rule=Rule.ANSWER_MISSING)]
    if faults:
        raise AnswersRefused(faults)
    export, places = _places(transaction, vault, rows)
    transaction.hold(grant)
    answers = _understood(transaction, vault, export, rows, places, signature=signature)
    return _Intake(transaction, vault, grant, export, signature).keep(answers)


def _check(signature: Signature, *, today: date) -> None:
    if not 0 < len(signature.by.strip()) <= _LONGEST_SIGNER:
        raise BadQuery("signed_by", "say who signed the list")
    if signature.on > today:
        raise BadQuery("signed_on", "a day that has come")


def _places(transaction: Transaction, vault: Vault, rows: Sequence[AnswerRow]) -> tuple[Export, list[int]]:
    """Return the list that all rows are of, and their places in it.

    Raises: AnswersRefused: a code is altered, repeated, or another list's.
    """
    secrets = [mark_secret(vault.keyring, version) for version in vault.keyring.usable(Domain.EXPORT_MARK)]
    told = [next((found for secret in secrets if (found := read_code(secret, row.code))), None) for row in rows]
    known = [one for one in told if one is not None]
    lists = Counter(short_id for short_id, _ in known)
    main = lists.most_common(1)[0][0] if lists else None
    faults = []
    seen: set[int] = set()
    for row, found in zip(rows, told, strict=True):
        rule = _rule_of(found, main, seen)
        if rule is not None:
            faults.append(Fault(row=row.row, field="code", rule=rule))
    if faults:
        raise AnswersRefused(faults)
    export = None if main is None else exports.by_short_id(transaction, main)
    if export is None:
        raise AnswersRefused([Fault(row=rows[0].row, field="code", rule=Rule.OTHER_LIST)])
    return export, [place for _, place in known]


def _rule_of(found: tuple[int, int] | None, main: int | None, seen: set[int]) -> Rule | None:
    if found is None:
        return Rule.CODE_ALTERED
    short_id, place = found
    if short_id != main:
        return Rule.OTHER_LIST
    if place in seen:
        return Rule.CODE_REPEATED
    seen.add(place)
    return None


def _understood(
    transaction: Transaction,
    vault: Vault,
    export: Export,
    rows: Sequence[AnswerRow],
    places: Sequence[int],
    *,
    signature: Signature,
) -> list[_Answer]:
    """Return the answers as they are understood.

    Raises: AnswersRefused: a row was altered, is of nobody here, or breaks a rule.
    """
    listed = problems.listed(transaction, export.export_id)
    today = day_in_viet_nam(transaction.access.at)
    answers: list[_Answer] = []
    faults: list[Fault] = []
    for row, place in zip(rows, places, strict=True):
        child = listed.get(place)
        if child is None:
            faults.append(Fault(row=row.row, field="code", rule=Rule.OTHER_LIST))
        elif handed_digest(vault, row.handed) != child.handed_digest:
            faults.append(Fault(row=row.row, field="name", rule=Rule.ROW_ALTERED))
        else:
            answer = _answer(row, child, signature, today=today)
            (faults if isinstance(answer, Fault) else answers).append(answer)  # type: ignore[arg-type]  # each to its own
    if faults:
        raise AnswersRefused(faults)
    return answers


def _answer(row: AnswerRow, child: ListedChild, signature: Signature, *, today: date) -> _Answer | Fault:
    cells = row.cells
    if not cells["officer"]:
        return Fault(row=row.row, field="officer", rule=Rule.OFFICER_MISSING)
    signed_on = _day(cells["signed_on"], today=today) if cells["signed_on"] else signature.on
    if signed_on is None:
        return Fault(row=row.row, field="signed_on", rule=Rule.DATE_BROKEN)
    try:
        told = _told(cells, on=today)
    except RuleBroken as broken:
        named = {"name": "right_name", "birth_date": "right_birth", "sex": "right_sex"}
        return Fault(row=row.row, field=named.get(broken.field, "right_number"), rule=Rule.VALUE_BROKEN)
    number = told.number
    if cells["right_number"] and (number is None or Flag.NUMBER_SHAPE in told.flags):
        return Fault(row=row.row, field="right_number", rule=Rule.NUMBER_FORMAT)
    corrections = _corrections(facts_from(told))
    if _contradicts(row, number, corrections):
        return Fault(row=row.row, field="says", rule=Rule.CONTRADICTION)
    return _Answer(row=row, child=child, number=number, corrections=corrections, signed_on=signed_on)


def _contradicts(row: AnswerRow, number: str | None, corrections: Mapping[Kind, str]) -> bool:
    handed_number = row.handed[3] or None
    if row.says == "other":
        return number is None and not corrections
    if row.says == "none":
        return number is not None
    return number not in (None, handed_number) or (handed_number is None and number is None)


def _told(cells: Mapping[str, str], *, on: date) -> Identity:
    facts = ChildFacts(
        name=cells["right_name"] or None,
        birth_date=cells["right_birth"] or None,
        sex=cells["right_sex"] or None,
        personal_number=cells["right_number"] or None,
    )
    return identity_of(facts, on=on)


def _corrections(facts: Facts) -> dict[Kind, str]:
    told = {Kind.NAME: facts.name, Kind.BIRTH: facts.birth, Kind.SEX: facts.sex}
    return {kind: value for kind, value in told.items() if value}


def _day(text: str, *, today: date) -> date | None:
    parts = text.split("T")[0].replace("-", "/").split("/")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    numbers = list(map(int, parts))
    year, month, day = numbers if len(parts[0]) == len("2026") else numbers[::-1]
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if found <= today else None


class _Intake:
    """Keeps the answers of one list in the transaction in which they were understood."""

    def __init__(
        self, transaction: Transaction, vault: Vault, grant: Grant, export: Export, signature: Signature
    ) -> None:
        self._transaction = transaction
        self._vault = vault
        self._grant = grant
        self._export = export
        self._signature = signature

    def keep(self, answers: Sequence[_Answer]) -> TakenIn:
        """Keep what is new among answers.

        Raises: NotFound: one is of a child who is not here any more.
        """
        transaction, ids = self._transaction, [answer.child.child_id for answer in answers]
        owners = {owner.child_id: owner for owner in children.some(transaction, self._grant, ids)}
        if set(ids) - set(owners):
            raise NotFound
        before = problems.answered_before(transaction, ids)
        rows: list[Mapping[str, Any]] = []
        new: list[_Answer] = []
        for answer in answers:
            document = self._document(answer)
            told = {**document, "list": str(self._export.export_id)}
            digest = self._vault.index.content_digest(told)
            if (answer.child.child_id, digest) not in before:
                rows.append(self._row(owners[answer.child.child_id], answer, document, digest))
                new.append(answer)
        problems.add_answers(transaction, self._export.export_id, rows)
        found = sum(self._conclude(owners[answer.child.child_id], answer) for answer in new)
        counts = Counter(str(answer.row.says) for answer in new)
        told_counts = {**counts, "findings": found, "unchanged": len(answers) - len(new)}
        event = Event(action=Action.PROBLEMS.value, children=[one.child.child_id for one in new], counts=told_counts)
        log(transaction, self._vault, event)
        return TakenIn(answers=counts, unchanged=len(answers) - len(new), findings=found)

    def _document(self, answer: _Answer) -> dict[str, Any]:
        return {
            "says": answer.row.says,
            "number": answer.number,
            "corrections": {kind.value: value for kind, value in answer.corrections.items()},
            "officer": answer.row.cells["officer"],
            "signed_by": self._signature.by,
            "signed_on": answer.signed_on.isoformat(),
        }

    def _row(
        self, owner: SealedChild, answer: _Answer, document: Mapping[str, Any], digest: bytes
    ) -> Mapping[str, Any]:
        answer_id = uuid4()
        key = self._vault.child_key(owner)
        access = self._transaction.access
        return {
            "child_id": owner.child_id,
            "answer_id": answer_id,
            "list_id": self._export.export_id,
            "says": answer.row.says,
            "said_digest": digest,
            "signed_on": answer.signed_on,
            "taken_in_at": access.at,
            "taken_in_by": access.staff_id,
            "sealed_answer": seal_group(key, "problem_answer", group="answer", row=answer_id, document=document),
        }

    def _conclude(self, owner: SealedChild, answer: _Answer) -> int:
        """Let an answer be decided by a reviewer, and have a confirmed number asked about again."""
        transaction, vault = self._transaction, self._vault
        with refusing(transaction, vault, owner.child_id):
            key = vault.child_key(owner)
            ours = facts_from(
                open_identity(
                    key, owner.child_id, sealed_identity=owner.sealed_identity, sealed_family=owner.sealed_family
                )
            )
        with transaction.as_engine():
            link = next((one for one in links.standing_sealed(transaction, self._grant, [owner.child_id])), None)
            linked = link and open_group(key, "link", group="number", row=link.link_id, token=link.sealed_number)
            number = linked["number"] if linked else ours.number
            found = _differences(answer, ours, number=number, linked=link is not None)
            evidence = Evidence(
                connector=POLICE,
                source_ref=str(self._export.export_id),
                as_of=transaction.access.at,
                signed={
                    "officer": answer.row.cells["officer"],
                    "signed_by": self._signature.by,
                    "signed_on": answer.signed_on.isoformat(),
                },
            )
            link_id = link.link_id if link else None
            kept = keep_findings(transaction, vault, owner, link_id=link_id, differences=found, evidence=evidence)
            if link is not None and answer.row.says == "confirmed":
                self._ask_again(owner.child_id, link.link_id)
        return kept

    def _ask_again(self, child_id: UUID, link_id: UUID) -> None:
        at = self._transaction.access.at
        for state in link_states.some(self._transaction, [(child_id, link_id)]):
            standing = after(state.standing, Doubted(why=Why.CORRECTED), at=at, lasts=_NEVER_OLD, link_id=link_id)
            link_states.keep(self._transaction, {state.key: standing}, answered={})


def _differences(answer: _Answer, ours: Facts, *, number: str | None, linked: bool) -> list[Difference]:
    before = {Kind.NAME: ours.name, Kind.BIRTH: ours.birth, Kind.SEX: ours.sex}
    found = [
        Difference(kind=kind, before=before[kind], said=said)
        for kind, said in answer.corrections.items()
        if said != before[kind]
    ]
    if answer.number and answer.number != number:
        kind = Kind.NUMBER_REPLACED if linked else Kind.NUMBER_GIVEN
        found.append(Difference(kind=kind, before=number, said=answer.number))
    return found
