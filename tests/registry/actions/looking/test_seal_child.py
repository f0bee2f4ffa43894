"""A sealed child exists for her keepers alone: nothing that people are shown differs from what it is without her."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from registry.actions.accounts.staff import NewAccount, OneTime, add_account, disable_account
from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.keys.install import claim
from registry.actions.linkage.cluster_review import open_record_pair, recent_joins, record_pair_queue
from registry.actions.linkage.export_links import list_links
from registry.actions.linkage.list_reviews import review_page
from registry.actions.linkage.review import open_pair, review_queue, undo_link
from registry.actions.looking.open_child import open_child, purpose_given
from registry.actions.looking.seal_child import seal_child, seal_view, unseal_child
from registry.actions.oversight.count_work import count_work
from registry.jobs.linking import link_all
from registry.jobs.opening import Installation
from registry.model.access import Access, Area, Purpose, Role
from registry.model.errors import BadQuery, Conflict, FreshSignInNeeded, NotFound, ReasonNeeded, Refused, RegistryError
from registry.protect.pseudonym import child_pseudonym
from registry.store import erasures
from registry.store.session import Transaction
from tests.people import CASES, ELSEWHERE, HERE, PROVINCE, case, numbered, record
from tests.registry.actions.installed import (
    child_of,
    count,
    deliver,
    heads_of,
    leaves,
    outcomes,
    province_worker,
    query,
    reviewer,
    somebody,
    worker,
)

NUMBER = "019314052001"
ONE_TIME = OneTime.fresh()
AREAS = {
    "an.le": (Role.PROVINCE_WORKER, Area(provinces=frozenset({PROVINCE}))),
    "binh.vo": (Role.COMMUNE_WORKER, Area(communes=frozenset({HERE}))),
    "chi.ta": (Role.COMMUNE_WORKER, Area(communes=frozenset({ELSEWHERE}))),
    "duc.ma": (Role.AUDITOR, Area()),
}


@pytest.fixture
def installed(peopled: Installation) -> Installation:
    """A registry with four accounts, and a girl who is linked to a citizen."""
    claim_accounts(peopled)
    deliver(peopled, numbered([record("EDU0001"), record("EDU0002", name="Phạm Gia Bảo", personal_number=None)]))
    link_all(peopled)
    return peopled


@pytest.fixture
def girl(installed: Installation) -> UUID:
    """The girl."""
    return child_of(installed, "EDU0001")


def claim_accounts(installed: Installation) -> None:
    """Add the accounts."""
    access = somebody(installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION, area=Area())
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        claim(transaction, installed.vault)
    for login, (role, area) in AREAS.items():
        with installed.store.begin(access) as transaction:
            account = NewAccount(login=login, role=role, office="Thử", area=area)
            add_account(transaction, installed.vault, account, one_time=ONE_TIME)


def keeper(installed: Installation, login: str, *, reason: str | None = None) -> Access:
    """Return the access of one of the accounts."""
    role, area = AREAS[login]
    (row,) = query(installed, "select staff_id from staff where login = %s", login)
    return somebody(installed, role, Purpose.CASE_WORK, area=area, staff_id=row["staff_id"], reason=reason)


def sealing(installed: Installation) -> Access:
    """Return the access of a province worker who may seal."""
    return replace(province_worker(installed), reason="Cháu phải được giấu.")


def seal(installed: Installation, child_id: UUID, *keepers: str, access: Access | None = None) -> None:
    """Seal a child."""
    with installed.store.begin(access or sealing(installed)) as transaction:
        seal_child(transaction, installed.vault, child_id, keepers=keepers or ("an.le", "binh.vo"))


def opened(installed: Installation, child_id: UUID, access: Access) -> UUID:
    """Open a child and return her id."""
    with installed.store.begin(access) as transaction:
        return open_child(transaction, installed.vault, child_id).child_id


def found(installed: Installation, access: Access, text: str = "nguyen thi hoa", **more: str) -> list[UUID]:
    """Return whom a search finds."""
    with installed.store.begin(access) as transaction:
        answer = find_child(transaction, installed.vault, FindQuery(text=text, **more))
    assert answer.total == len(answer.found)
    return [one.child_id for one in answer.found]


def test_a_sealed_child_is_neither_found_nor_opened_but_by_her_keepers(installed: Installation, girl: UUID) -> None:
    everybody = (worker(installed), province_worker(installed))
    assert all(found(installed, access) == [girl] for access in (worker(installed),))
    seal(installed, girl)
    for access in everybody:
        assert found(installed, access, born="03/05/2014") == []
        assert found(installed, access, NUMBER) == found(installed, access, "EDU0001") == []
        with pytest.raises(NotFound):
            opened(installed, girl, access)
        with installed.store.begin(access) as transaction:
            assert purpose_given(transaction, girl) is None
    for login in ("an.le", "binh.vo"):
        access = keeper(installed, login)
        assert found(installed, access, born="03/05/2014") == found(installed, access, NUMBER) == [girl]
        assert opened(installed, girl, access) == girl
    with installed.store.begin(keeper(installed, "binh.vo")) as transaction:
        assert open_child(transaction, installed.vault, girl).sealed
    with pytest.raises(NotFound):
        opened(installed, girl, keeper(installed, "chi.ta"))


def test_what_was_opened_before_is_not_seen_after(installed: Installation, girl: UUID) -> None:
    opened(installed, girl, worker(installed))
    with installed.store.begin(worker(installed)) as transaction:
        assert purpose_given(transaction, girl) == Purpose.CASE_WORK
    seal(installed, girl)
    with installed.store.begin(worker(installed)) as transaction:
        assert purpose_given(transaction, girl) is None
        transaction.open_to([girl])
        with pytest.raises(NotFound):
            open_child(transaction, installed.vault, girl)


def test_no_list_and_no_count_holds_her(installed: Installation, girl: UUID) -> None:
    twins = [record("TWIN1", name="Lù Thị Xuân", personal_number=None), record("TWIN2", name="Lù Thị Xuân")]
    deliver(installed, numbered([twins[0], replace(twins[1], facts=twins[0].facts)]))
    link_all(installed)
    hidden = [girl, *(child_of(installed, key) for key in ("TWIN1", "TWIN2"))]
    before = seen_by_people(installed)
    for child in hidden[:2]:
        seal(installed, child)
    after = seen_by_people(installed)
    assert len(set(before) - set(after)) > 3
    assert not [child for child in hidden[:2] for text in after if str(child) in text]
    with installed.store.begin(worker(installed)) as transaction:
        work = count_work(transaction, installed.vault)
    assert work is not None
    assert (work.linked, work.waiting + work.unmatched) == (0, 2), "the boy and the other twin"
    for reading in (open_pair, partial(undo_link, reason="Sai.")):
        with pytest.raises(NotFound), installed.store.begin(reviewer(installed, reason="Sai.")) as transaction:
            reading(transaction, installed.vault, girl)
    with pytest.raises(NotFound), installed.store.begin(reviewer(installed)) as transaction:
        open_record_pair(transaction, installed.vault, hidden[1], hidden[2])


def seen_by_people(installed: Installation) -> list[str]:
    """Return what the lists of people say, as text."""
    lists: list[Callable[[Transaction], object]] = [review_queue, review_page, record_pair_queue, recent_joins]
    told = []
    for one in lists:
        with installed.store.begin(reviewer(installed)) as transaction:
            told.append(repr(one(transaction)))
    for access in (worker(installed), province_worker(installed), reviewer(installed)):
        with installed.store.begin(access) as transaction:
            told.append(repr(count_work(transaction, installed.vault)))
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        told.append(repr(list(list_links(transaction, installed.vault))))
    return told


def test_the_list_of_links_leaves_her_out(installed: Installation, girl: UUID) -> None:
    def keys() -> list[str]:
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            return [line.source_key for line in list_links(transaction, installed.vault)]

    assert keys() == ["EDU0001", "EDU0002"]
    seal(installed, girl)
    assert keys() == ["EDU0002"]


def test_a_record_that_joins_her_later_is_sealed_as_well(installed: Installation, girl: UUID) -> None:
    seal(installed, girl)
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    later = child_of(installed, "BVTE-2026-0001", form=CASES)
    heads = heads_of(installed)
    assert heads[later] == heads[girl]
    with pytest.raises(NotFound):
        opened(installed, later, worker(installed))
    assert opened(installed, later, keeper(installed, "binh.vo")) == heads[girl]
    kept = query(installed, "select keepers, placed_by from child_seal order by placed_by nulls first")
    assert kept[0]["keepers"] == kept[1]["keepers"]
    assert kept[0]["placed_by"] is None


def test_her_source_delivers_what_it_knows_of_her_and_learns_nothing(installed: Installation, girl: UUID) -> None:
    seal(installed, girl)
    account = deliver(installed, [record("EDU0001", day=3, name="Nguyễn Thị Hoà Bình")])
    assert outcomes(installed, account) == ["accepted"]
    assert opened(installed, girl, keeper(installed, "an.le")) == girl
    with pytest.raises(NotFound):
        opened(installed, girl, worker(installed))
    assert found(installed, worker(installed), "nguyen thi hoa binh", born="03/05/2014") == []


def test_a_lifted_seal_hides_nobody(installed: Installation, girl: UUID) -> None:
    seal(installed, girl)
    with pytest.raises(NotFound), installed.store.begin(sealing(installed)) as transaction:
        unseal_child(transaction, installed.vault, girl)
    access = keeper(installed, "an.le", reason="Cháu đã an toàn.")
    with installed.store.begin(access) as transaction:
        assert seal_view(transaction, installed.vault, girl).keepers == ("an.le", "binh.vo")
        unseal_child(transaction, installed.vault, girl)
    assert opened(installed, girl, worker(installed)) == girl
    with installed.store.begin(worker(installed)) as transaction:
        assert not open_child(transaction, installed.vault, girl).sealed
    with pytest.raises(Conflict), installed.store.begin(access) as transaction:
        unseal_child(transaction, installed.vault, girl)
    seal(installed, girl)
    with pytest.raises(NotFound):
        opened(installed, girl, worker(installed))


def test_a_keeper_names_other_keepers(installed: Installation, girl: UUID) -> None:
    seal(installed, girl)
    seal(installed, girl, "an.le", access=keeper(installed, "an.le", reason="Đổi người phụ trách."))
    with pytest.raises(NotFound):
        opened(installed, girl, keeper(installed, "binh.vo"))
    assert opened(installed, girl, keeper(installed, "an.le")) == girl


@pytest.mark.parametrize(
    "keepers", [(), ("nobody",), ("an.le", "chi.ta"), ("an.le", "duc.ma"), ("binh.vo",), tuple("abcdefghijkl")]
)
def test_keepers_who_cannot_keep_her_are_refused(installed: Installation, girl: UUID, keepers: tuple[str, ...]) -> None:
    with pytest.raises(BadQuery) as refused, installed.store.begin(sealing(installed)) as transaction:
        seal_child(transaction, installed.vault, girl, keepers=keepers)
    assert refused.value.field == "keepers"
    assert count(installed, "child_seal") == 0


def test_a_disabled_account_keeps_nobody(installed: Installation, girl: UUID) -> None:
    access = somebody(installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION, area=Area())
    with installed.store.begin(access) as transaction:
        disable_account(transaction, installed.vault, login="an.le")
    with pytest.raises(BadQuery):
        seal(installed, girl)


def test_who_may_not_seal_is_refused_and_nothing_is_sealed(installed: Installation, girl: UUID) -> None:
    allowed = sealing(installed)
    stale = replace(allowed, proven_at=allowed.at - timedelta(minutes=6))
    far = replace(allowed, area=Area(provinces=frozenset({"01"})))
    refused: dict[type[RegistryError], Access] = {
        Refused: replace(worker(installed), reason="x"),
        ReasonNeeded: replace(allowed, reason=None),
        FreshSignInNeeded: stale,
    }
    for error, access in refused.items():
        with pytest.raises(error):
            seal(installed, girl, access=access)
    with pytest.raises(RegistryError, match="OutsideOpeningArea"):
        seal(installed, girl, access=far)
    with pytest.raises(NotFound):
        seal(installed, uuid4())
    assert count(installed, "child_seal") == 0


def test_sealing_and_lifting_stand_in_the_log_under_all_her_names(installed: Installation, girl: UUID) -> None:
    deliver(installed, [case()], form=CASES)
    link_all(installed)
    seal(installed, girl)
    with installed.store.begin(keeper(installed, "an.le", reason="Xong.")) as transaction:
        unseal_child(transaction, installed.vault, girl)
    hers = {
        child_pseudonym(installed.vault.keyring, child)
        for child in (girl, child_of(installed, "BVTE-2026-0001", form=CASES))
    }
    told = leaves(installed, "seal_child")
    assert [dict(leaf.counts) for leaf in told] == [{"keepers": 2}, {"lifted": 2}]
    assert {frozenset(leaf.children) for leaf in told} == {frozenset(hers)}
    assert all(leaf.sealed_reason for leaf in told)


def test_an_erased_child_leaves_no_seal(installed: Installation, girl: UUID) -> None:
    seal(installed, girl)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        erasures.erase(transaction, [girl], keeping_keys_of=())
    assert count(installed, "child_seal") == 0
