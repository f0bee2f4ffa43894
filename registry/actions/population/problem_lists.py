"""The list for the police: children without a right number or with missing facts, by commune, fixed and handed out.

It leaves as other lists do: few children by whoever asks, many when a second person agrees, with a code in every row.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from matching.identity import Flag, Identity
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity
from registry.actions.lists.export_rows import (
    MOST,
    MOST_RECORDS,
    Question,
    best_of,
    hidden_among,
    read_rows,
)
from registry.actions.lists.exports import (
    ExportView,
    State,
    fix_list,
    is_of_problems,
    listed,
    question_of,
    state_of,
)
from registry.actions.lists.fetch_export import MEDIA_TYPES, VIET_NAM, ExportFile, Form, mark_secret
from registry.actions.oversight.log import log
from registry.actions.population.doubts import DOUBTFUL
from registry.exports.child_list import Handed
from registry.exports.problem_sheet import Problem, SheetRow, problem_sheet
from registry.exports.published import Language
from registry.model.errors import BadQuery, Conflict, NotFound, TooMany
from registry.model.link_state import LinkState
from registry.protect.authorize import Action, FieldGroup, Grant, authorize
from registry.protect.canonical import compact_json
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.protect.masking import masked_name
from registry.store import exports, findings, grouping, link_states, problems
from registry.store.children import SealedChild
from registry.store.exports import Export
from registry.store.link_states import ShownState
from registry.store.session import Transaction

_YEARS: Final = (1990, 2100)
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    child_id: UUID
    row: SheetRow


def ask_problems(transaction: Transaction, vault: Vault, commune: str) -> ExportView:
    """Fix the list of a commune, and say whether a second person must agree before it can be fetched.

    Raises:
        BadQuery: it is no commune of the own area, or no child of it has a problem.
        TooMany: more children than a list may hold.
    """
    grant = authorize(transaction.access, Action.PROBLEMS)
    question = Question(commune=commune, first_year=_YEARS[0], last_year=_YEARS[1], sex=None)
    area = question.area(grant.area)
    exports.wait_for_turn(transaction)
    ids = exports.children_of(transaction, grant, area=area, years=_YEARS, sex=None, limit=MOST_RECORDS + 1)
    if len(ids) > MOST_RECORDS:
        raise TooMany(field="commune")
    found = _with_problems(transaction, vault, grant, ids)
    if not found:
        raise BadQuery("commune", "no child of this commune has a problem")
    if len(found) > MOST:
        raise TooMany(field="commune")
    digests = {one.child_id: _digest(vault.keyring, one.row) for one in found}
    return fix_list(transaction, vault, question, digests, action=Action.PROBLEMS, area=area)


def fetch_problems(transaction: Transaction, vault: Vault, export_id: UUID, *, language: Language) -> ExportFile:
    """Return a list for the police that the account has asked for; children who have changed since are left out.

    Raises:
        NotFound: there is none, it is another's, or it was asked for another purpose.
        Conflict: a second person has not agreed, has refused, or the list has expired.
    """
    access = transaction.access
    grant = authorize(access, Action.PROBLEMS)
    export = exports.by_id(transaction, export_id, locked=True)
    if export is None or export.asked_by != access.staff_id or export.purpose != access.purpose.value:
        raise NotFound
    document = listed(transaction, vault, export)
    state = state_of(export, access.at)
    if state is not State.READY or document is None:
        raise Conflict(f"the list is {state.value}", field="export")
    if not is_of_problems(document):
        raise NotFound
    question_of(document).area(grant.area)
    handed = {UUID(child): (place, digest) for place, (child, digest) in enumerate(document["rows"])}
    found = [
        replace(one.row, place=handed[one.child_id][0])
        for one in _with_problems(transaction, vault, grant, list(handed))
        if _digest(vault.keyring, one.row).hex() == handed[one.child_id][1]
    ]
    return _hand_out(transaction, vault, export, found, children=list(handed), language=language)


def _hand_out(
    transaction: Transaction,
    vault: Vault,
    export: Export,
    found: Sequence[SheetRow],
    *,
    children: Sequence[UUID],
    language: Language,
) -> ExportFile:
    rows = [
        {
            "child_id": children[row.place],
            "list_id": export.export_id,
            "place": row.place,
            "problems": [problem.value for problem in row.problems],
            "handed_digest": handed_digest(vault, row.handed("vi")),
        }
        for row in found
    ]
    problems.keep_listed(transaction, rows)
    exports.count_fetch(transaction, export.export_id)
    left_out = export.children - len(found)
    counts = {"children": len(found), "left_out": left_out}
    shown = [children[row.place] for row in found]
    digests = (export.list_digest,)
    log(transaction, vault, Event(action=Action.PROBLEMS.value, children=shown, counts=counts, row_digests=digests))
    return ExportFile(
        name=f"{export.export_id}.xlsx",
        media_type=MEDIA_TYPES[Form.XLSX],
        content=problem_sheet(found, _handed(vault, export, left_out=left_out), language=language),
        children=len(found),
        left_out=left_out,
    )


def _handed(vault: Vault, export: Export, *, left_out: int) -> Handed:
    return Handed(
        login=export.login,
        office=export.office,
        at=export.asked_at.astimezone(VIET_NAM),
        export_id=export.export_id,
        short_id=export.short_id,
        secret=mark_secret(vault.keyring, export.mark_version),
        left_out=left_out,
    )


def handed_digest(vault: Vault, cells: Sequence[str]) -> bytes:
    """Return what tells whether a row came back as it went."""
    return vault.index.content_digest({"cells": list(cells)})


def _digest(keyring: Keyring, row: SheetRow) -> bytes:
    told = {"cells": list(row.handed("vi")), "problems": [problem.value for problem in row.problems]}
    key = keyring.derived(Domain.EXPORT_MARK, b"problem")
    return hmac.digest(key, compact_json(told), "sha256")[:_DIGEST_BYTES]


def _with_problems(transaction: Transaction, vault: Vault, grant: Grant, ids: Sequence[UUID]) -> list[_Found]:
    """Return the children with problems, one record of each, in the order of their ids."""
    heads = grouping.heads(transaction, list(ids)) if ids else {}
    hidden = hidden_among(transaction, heads)
    stored = [row for row in read_rows(transaction, vault, grant, ids) if heads[row.child_id] not in hidden]
    states = link_states.of_children(transaction, [row.child_id for row in stored])
    died = findings.died_among(transaction, [row.child_id for row in stored])
    verified = {heads[child] for child, state in states.items() if state.state == LinkState.VERIFIED.value}
    gone = {heads[child] for child in died}
    best = [row for row in best_of(stored, heads) if heads[row.child_id] not in gone]
    family = grant.may_open(FieldGroup.FAMILY)
    found = []
    for row, identity in opened(transaction, vault, best, lambda one: _identity(vault, one)):
        told = _problems(identity, states.get(row.child_id), verified=heads[row.child_id] in verified)
        if told:
            found.append(_Found(child_id=row.child_id, row=_row(identity, told, family=family)))
    return sorted(found, key=lambda one: one.child_id)


def _identity(vault: Vault, row: SealedChild) -> Identity:
    return open_identity(
        vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
    )


def _problems(identity: Identity, state: ShownState | None, *, verified: bool) -> tuple[Problem, ...]:
    """Return what is wrong: of the number only where no citizen is confirmed."""
    found = [] if verified else _of_number(identity, state)
    missing: Mapping[Problem, bool] = {
        Problem.NAME: identity.name is None or identity.name.placeholder,
        Problem.BIRTH: identity.birth is None or identity.birth.day is None or identity.birth.placeholder,
        Problem.SEX: identity.sex is None,
        Problem.ETHNICITY: identity.ethnicity is None,
        Problem.PARENTS: identity.mother is None and identity.father is None,
    }
    return (*found, *(problem for problem, lacking in missing.items() if lacking))


def _of_number(identity: Identity, state: ShownState | None) -> list[Problem]:
    if Flag.NUMBER_SHAPE in identity.flags:
        return [Problem.NUMBER_FORMAT]
    if identity.number is None:
        return [Problem.NO_NUMBER]
    refuted = state is not None and state.state == LinkState.MISMATCH.value
    return [Problem.NUMBER_DOUBTFUL] if refuted or not DOUBTFUL.isdisjoint(identity.flags) else []


def _row(identity: Identity, told: tuple[Problem, ...], *, family: bool) -> SheetRow:
    mother = identity.mother.name if family and identity.mother else None
    return SheetRow(
        place=0,
        name=identity.name.written if identity.name else None,
        birth=identity.birth.iso() if identity.birth else None,
        sex=identity.sex.value if identity.sex else None,
        number=identity.number,
        mother=masked_name(mother.written) if mother else None,
        problems=told,
    )
