"""Consent: two signatures from seven on, never by default, ended at once, and never by the suspect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from registry.actions.law import consent
from registry.actions.law.consent import ConsentView, Method, Signature, Signer, Standing
from registry.actions.looking.reach import reach
from registry.jobs.opening import Installation
from registry.model.access import Purpose, Role
from registry.model.errors import BadQuery, Conflict, NotFound, RegistryError
from registry.model.law import Use, shipped_law
from registry.model.representative import Relation
from registry.protect.authorize import Action, authorize
from tests.people import ELSEWHERE, record
from tests.registry.actions.installed import child_of, deliver, leaves, pass_time, query, somebody
from tests.registry.law.family import FATHER, MOTHER, commune

LAW = shipped_law()


def by_mother(installed: Installation, **changes: object) -> Signature:
    """Return the mother's signature on paper."""
    usual = Signature(
        signer=Signer.REPRESENTATIVE,
        method=Method.PAPER,
        signed_at=installed.clock(),
        name=MOTHER,
        relation=Relation.MOTHER,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # the fields of a signature


def by_child(installed: Installation, **changes: object) -> Signature:
    """Return the girl's own signature."""
    usual = Signature(signer=Signer.CHILD, method=Method.PAPER, signed_at=installed.clock(), name="Nguyễn Thị Hoà")
    return replace(usual, **changes)  # type: ignore[arg-type]  # the fields of a signature


def give(installed: Installation, child: UUID, *signed: Signature, use: Use = Use.RESEARCH) -> UUID:
    """Take down a consent in the girl's commune."""
    with installed.store.begin(commune(installed)) as transaction:
        return consent.record_consent(
            transaction, installed.vault, LAW, child, use=use, language="vi", signed=list(signed)
        )


def shown(installed: Installation, child: UUID) -> list[ConsentView]:
    """Return the girl's consents."""
    with installed.store.begin(commune(installed)) as transaction:
        return consent.list_consents(transaction, installed.vault, LAW, child)


def stands(installed: Installation, child: UUID, use: Use = Use.RESEARCH, *, before: timedelta | None = None) -> bool:
    """Say whether a use is consented to, now or some time before."""
    access = commune(installed)
    with installed.store.begin(access) as transaction:
        grant = authorize(access, Action.CONSENT)
        members = reach(transaction, installed.vault, grant, child).members
        at = installed.clock() - (before or timedelta(0))
        return consent.stands(transaction, installed.vault, LAW, members, use=use, at=at)


def test_nothing_stands_by_default(installed: Installation) -> None:
    child = child_of(installed, "A")
    assert [use for use in Use if stands(installed, child, use)] == []


def test_a_child_of_seven_or_more_and_the_representative_both_sign(installed: Installation) -> None:
    child = child_of(installed, "A")
    consent_id = give(installed, child, by_mother(installed))
    assert not stands(installed, child)
    (view,) = shown(installed, child)
    assert view.standing is Standing.CHILD_TO_BE_ASKED
    with installed.store.begin(commune(installed)) as transaction:
        consent.add_signature(transaction, installed.vault, child, consent_id, signed=by_child(installed))
    assert stands(installed, child)
    assert not stands(installed, child, Use.MEDIA)


def test_for_a_younger_child_the_representative_signs_alone_until_she_is_seven(installed: Installation) -> None:
    deliver(installed, [record("B", name="Nguyễn Thị Út", birth_date="02/12/2019", personal_number=None)])
    child = child_of(installed, "B")
    give(installed, child, by_mother(installed))
    assert stands(installed, child)
    pass_time(installed, days=40)
    assert not stands(installed, child)
    (view,) = shown(installed, child)
    assert view.standing is Standing.CHILD_TO_BE_ASKED


def test_a_child_whose_age_nobody_knows_is_asked(installed: Installation) -> None:
    deliver(installed, [record("B", birth_date=None, personal_number=None)])
    child = child_of(installed, "B")
    give(installed, child, by_mother(installed))
    assert not stands(installed, child)


@pytest.mark.parametrize("by", list(Signer))
def test_a_withdrawal_by_either_ends_it_at_once_and_leaves_what_was(installed: Installation, by: Signer) -> None:
    child = child_of(installed, "A")
    consent_id = give(installed, child, by_mother(installed), by_child(installed))
    pass_time(installed, minutes=5)
    with installed.store.begin(commune(installed)) as transaction:
        consent.withdraw_consent(
            transaction, installed.vault, child, consent_id, by=by, name=MOTHER, method=Method.ORAL
        )
    assert not stands(installed, child)
    assert stands(installed, child, before=timedelta(minutes=1))
    with installed.store.begin(commune(installed)) as transaction, pytest.raises(Conflict):
        consent.withdraw_consent(
            transaction, installed.vault, child, consent_id, by=by, name=MOTHER, method=Method.ORAL
        )
    with pytest.raises(Conflict), installed.store.begin(commune(installed)) as transaction:
        consent.add_signature(transaction, installed.vault, child, consent_id, signed=by_child(installed))


def test_it_can_be_proved_which_words_were_signed_by_whom_and_when(installed: Installation) -> None:
    child = child_of(installed, "A")
    give(installed, child, by_mother(installed), by_child(installed, method=Method.ORAL, witness="Phạm Văn Chứng"))
    (view,) = shown(installed, child)
    text = LAW.text(Use.RESEARCH, "vi")
    assert (view.wording, view.version, view.digest) == (text.wording, text.version, text.digest.hex())
    assert [(one.signer, one.name, one.witness) for one in view.signatures] == [
        ("child", "Nguyễn Thị Hoà", "Phạm Văn Chứng"),
        ("representative", MOTHER, None),
    ]
    told = leaves(installed, "consent")
    assert [dict(leaf.counts) for leaf in told] == [{"signed": 1}, {"seen": 1}]
    assert all(leaf.children for leaf in told)


def test_the_suspect_cannot_sign_for_the_child(installed: Installation) -> None:
    child = child_of(installed, "A")
    for signed in (
        by_mother(installed, name=FATHER, relation=Relation.FATHER),
        by_mother(installed, name="nguyen van  SAU", relation=Relation.GUARDIAN),
    ):
        with pytest.raises(BadQuery) as refused:
            give(installed, child, signed)
        assert "suspect" not in str(refused.value)
        assert refused.value.field == "representative"
    assert query(installed, "select from consent") == []


WRONG: dict[str, tuple[Callable[[Installation], list[Signature]], str]] = {
    "nobody": (lambda _: [], "representative"),
    "the child alone": (lambda i: [by_child(i)], "representative"),
    "no name": (lambda i: [by_mother(i, name="  ")], "representative"),
    "a long name": (lambda i: [by_mother(i, name="a" * 201)], "representative"),
    "no relation": (lambda i: [by_mother(i, relation=None)], "relation"),
    "in the future": (lambda i: [by_mother(i, signed_at=i.clock() + timedelta(hours=1))], "signed_at"),
    "long ago": (lambda i: [by_mother(i, signed_at=i.clock() - timedelta(days=400))], "signed_at"),
    "said to nobody": (lambda i: [by_mother(i, method=Method.ORAL)], "witness"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_signature_that_breaks_a_rule_is_refused_by_field(installed: Installation, name: str) -> None:
    made, field = WRONG[name]
    with pytest.raises(BadQuery) as refused:
        give(installed, child_of(installed, "A"), *made(installed))
    assert refused.value.field == field
    assert query(installed, "select from consent") == []


def test_one_signs_once(installed: Installation) -> None:
    with pytest.raises(Conflict):
        give(installed, child_of(installed, "A"), by_mother(installed), by_mother(installed))


def test_another_commune_and_other_roles_do_not_reach_it(installed: Installation) -> None:
    child = child_of(installed, "A")
    give(installed, child, by_mother(installed))
    with pytest.raises(NotFound), installed.store.begin(commune(installed, commune=ELSEWHERE)) as transaction:
        consent.list_consents(transaction, installed.vault, LAW, child)
    with pytest.raises(NotFound), installed.store.begin(commune(installed)) as transaction:
        consent.list_consents(transaction, installed.vault, LAW, uuid4())
    for role in (Role.AUDITOR, Role.REVIEWER, Role.STEWARD, Role.ADMINISTRATOR):
        access = somebody(installed, role, Purpose.SUBJECT_REQUEST)
        with pytest.raises(RegistryError), installed.store.begin(access) as transaction:
            consent.list_consents(transaction, installed.vault, LAW, child)


def test_no_name_stands_in_the_database_in_clear(installed: Installation) -> None:
    give(installed, child_of(installed, "A"), by_mother(installed), by_child(installed))
    rows = query(installed, "select c::text as line from consent_signature c")
    assert len(rows) == 2
    assert not any(MOTHER in row["line"] or MOTHER.encode().hex() in row["line"] for row in rows)
