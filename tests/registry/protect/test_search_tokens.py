"""A misspelt child is found by her tokens; a token tells nothing without the province's key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matching.names import phonetic
from registry.model.errors import BadQuery
from registry.protect.keys.keyring import Domain, Keyring, Mark
from registry.protect.query_tokens import MOST_TEXTS, Form, SearchQuery, query_tokens
from registry.protect.search_tokens import TOKENS, SearchFacts, child_tokens
from tests.registry.protect.fixed_keys import keyring_of_words

KEYRING = keyring_of_words()
WORDS = (
    "nguyen tran le pham hoang vu dang bui do ho ngo thi van duc minh ngoc thanh quang huu anh linh trang phuong "
    "huong nghia quynh xuan giang khanh chau thuy yen nhi an y uyen"
)
SYLLABLES = tuple(WORDS.split())
LETTERS = "abcdeghiklmnopqrstuvxy"
NAMES = st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=7).map(tuple)


def facts_of(parts: tuple[str, ...], **changes: Any) -> SearchFacts:
    facts = SearchFacts(
        name_parts=parts,
        birth_year=2014,
        birth_date="2014-05-03",
        mother_parts=("tran", "thi", "hoa"),
        father_parts=("le", "van", "nam"),
        province="19",
    )
    return replace(facts, **changes)


def typed(parts: tuple[str, ...]) -> tuple[tuple[tuple[Form, ...], ...], ...]:
    """Return a typed name in its one reading, with nothing guessed."""
    return (tuple((Form(part, 0.001),) for part in parts),) if parts else ()


def query_of(parts: tuple[str, ...], *, mother_parts: tuple[str, ...] = (), **changes: Any) -> SearchQuery:
    query = SearchQuery(
        names=typed(parts),
        years=(2013, 2014, 2015),
        birth_date=None,
        parents=typed(mother_parts),
        provinces=("19",),
    )
    return replace(query, **changes)


def asked_for(query: SearchQuery, keyring: Keyring = KEYRING, *versions: int) -> set[int]:
    """Return all tokens that a search asks for."""
    return set(query_tokens(keyring, query, versions=versions or (1,)).every)


def meets(facts: SearchFacts, query: SearchQuery) -> int:
    """Return how many tokens a child and a search share."""
    return len(set(child_tokens(KEYRING, facts)) & asked_for(query))


@st.composite
def misspelt(draw: st.DrawFn, syllable: str) -> str:
    """Return the syllable with one typing error."""
    place = draw(st.integers(0, len(syllable) - 1))
    letter = draw(st.sampled_from(LETTERS))
    kind = draw(st.sampled_from(["drop", "add", "change", "exchange"]))
    head, tail = syllable[:place], syllable[place:]
    wrong = {"drop": head + tail[1:], "add": head + letter + tail, "change": head + letter + tail[1:]}
    wrong["exchange"] = head + tail[1:2] + tail[:1] + tail[2:]
    return wrong[kind]


@given(NAMES)
def test_every_child_has_the_same_number_of_tokens(parts: tuple[str, ...]) -> None:
    for facts in (facts_of(parts), facts_of(parts[:1], birth_date=None, mother_parts=(), father_parts=())):
        tokens = child_tokens(KEYRING, facts)
        assert len(tokens) == len(set(tokens)) == TOKENS
        assert tokens == sorted(tokens)
        assert all(-(2**31) <= token < 2**31 for token in tokens)


def test_a_child_without_any_fact_has_noise_alone() -> None:
    facts = facts_of((), birth_year=None, birth_date=None, mother_parts=(), father_parts=())
    assert len(child_tokens(KEYRING, facts)) == TOKENS


@given(NAMES, st.data())
def test_one_typing_error_in_any_syllable_still_meets(parts: tuple[str, ...], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(parts) - 1))
    # Of a one-letter syllable with another letter nothing is left; a third syllable would still be there.
    assume(len(parts) > 2 or len(parts[place]) > 1)
    wrong = data.draw(misspelt(parts[place]).filter(phonetic))
    typed = (*parts[:place], wrong, *parts[place + 1 :])
    assert meets(facts_of(parts), query_of(typed))
    assert meets(facts_of(parts), query_of(typed[::-1]))


@given(NAMES)
def test_another_order_still_meets(parts: tuple[str, ...]) -> None:
    for typed in (parts[::-1], parts[1:] + parts[:1], parts[-1:] + parts[:-1]):
        assert meets(facts_of(parts), query_of(typed))


@given(NAMES)
def test_missing_middle_names_still_meet(parts: tuple[str, ...]) -> None:
    assert meets(facts_of(parts), query_of((parts[0], parts[-1])))
    assert meets(facts_of((parts[0], parts[-1])), query_of(parts))


@pytest.mark.parametrize("typed", ["xuan trang", "suan chang", "xxuan trangg", "suan tran"])
def test_spellings_that_sound_alike_meet_in_every_token(typed: str) -> None:
    facts, query = facts_of(("xuan", "trang")), query_of(tuple(typed.split()))
    assert meets(facts, query) >= 2


def test_a_year_beside_the_true_one_meets_and_a_distant_one_does_not() -> None:
    facts = facts_of(("le", "thi", "nhi"), birth_date=None)
    assert meets(facts, query_of(("le", "thi", "nhi"), years=(2013, 2014)))
    assert not meets(facts, query_of(("le", "thi", "nhi"), years=(2010, 2011)))


def test_a_child_without_a_known_year_meets_any_year() -> None:
    facts = facts_of(("le", "thi", "nhi"), birth_year=None, birth_date=None)
    assert meets(facts, query_of(("le", "thi", "nhi"), years=(2010,)))


def test_a_birth_date_and_either_end_of_the_name_meet() -> None:
    facts = facts_of(("le", "thi", "nhi"))
    for parts in (("le",), ("nhi",), ("le", "quynh"), ("khanh", "nhi")):
        assert meets(facts, query_of(parts, years=(), birth_date="2014-05-03"))


def test_a_child_without_a_name_is_met_through_either_parent() -> None:
    facts = facts_of(())
    assert meets(facts, query_of((), mother_parts=("tran", "thi", "hoa")))
    assert meets(facts, query_of((), mother_parts=("le", "nam")))
    assert not meets(facts, query_of((), mother_parts=("do", "van", "quang")))


def test_a_parent_adds_evidence() -> None:
    facts, name = facts_of(("le", "thi", "nhi")), ("le", "thi", "nhi")
    alone = meets(facts, query_of(name))
    assert meets(facts, query_of(name, mother_parts=("tran", "thi", "hoa"))) > alone
    assert meets(facts, query_of(("nhi",), mother_parts=("hoa",))) == 1


def test_a_name_of_one_syllable_meets_its_like_even_misspelt() -> None:
    facts = facts_of(("blut",), birth_date=None, mother_parts=(), father_parts=())
    assert meets(facts, query_of(("blut",)))
    assert meets(facts, query_of(("blat",)))


@given(NAMES)
def test_equal_facts_give_equal_tokens(parts: tuple[str, ...]) -> None:
    assert child_tokens(KEYRING, facts_of(parts)) == child_tokens(KEYRING, facts_of(parts))


@given(NAMES)
def test_another_province_or_another_key_shares_nothing_but_chance(parts: tuple[str, ...]) -> None:
    here = set(child_tokens(KEYRING, facts_of(parts)))
    assert len(here & set(child_tokens(KEYRING, facts_of(parts, province="01")))) <= 1


def test_a_rotated_search_key_gives_other_tokens_and_the_old_ones_on_request(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys", mark=Mark.DEMO)
    before = child_tokens(keyring, facts_of(("le", "nhi")))
    keyring.rotate(Domain.SEARCH)
    assert child_tokens(keyring, facts_of(("le", "nhi"))) != before
    assert child_tokens(keyring, facts_of(("le", "nhi")), version=1) == before
    assert asked_for(query_of(("le", "nhi")), keyring, 1) & set(before)
    assert not asked_for(query_of(("le", "nhi")), keyring, 2) & set(before)
    assert asked_for(query_of(("le", "nhi")), keyring, 2, 1) & set(before)


def test_tokens_do_not_tell_a_long_name_from_a_short_one() -> None:
    long = facts_of(tuple(SYLLABLES[:9]))
    assert len(child_tokens(KEYRING, long)) == TOKENS
    assert meets(long, query_of(tuple(SYLLABLES[:9])))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (query_of(("le", "nhi"), years=()), "born"),
        (query_of(("le", "nhi"), years=tuple(range(2008, 2014))), "born"),
        (query_of(()), "name"),
        (query_of(("le", "nhi"), provinces=("19", "01")), "born"),
        (query_of((), mother_parts=("tran", "hoa"), birth_date="2014-05-03", provinces=("19", "01")), "born"),
    ],
)
def test_a_search_that_would_be_fishing_is_refused_with_the_field(query: SearchQuery, field: str) -> None:
    with pytest.raises(BadQuery) as refusal:
        query_tokens(KEYRING, query, versions=(1,))
    assert refusal.value.field == field


def test_the_nation_is_asked_for_a_date_with_an_end_of_the_name_alone() -> None:
    facts = facts_of(("le", "thi", "nhi"))
    everywhere = query_of(("le", "thi", "nhi"), birth_date="2014-05-03", provinces=("01", "19", "79"))
    assert meets(facts, everywhere) == 2
    assert len(asked_for(everywhere)) == 6
    assert not meets(facts, replace(everywhere, birth_date="2014-05-04"))


@given(NAMES)
def test_a_typed_name_asks_for_a_bounded_number_of_tokens(parts: tuple[str, ...]) -> None:
    guessed = tuple(tuple(Form(other, 0.01, int(other != part)) for other in (part, *SYLLABLES[:6])) for part in parts)
    tokens = query_tokens(KEYRING, query_of((), names=(guessed, guessed[::-1])), versions=(1, 1))
    assert len(tokens.every) <= 4 * MOST_TEXTS
    assert tokens.every == tuple(sorted({token for wave in tokens.waves for token in wave}))


def test_common_pairs_are_asked_last_and_rare_ones_first() -> None:
    common, rare = Form("nguyen", 0.3), Form("khue", 0.002)
    tokens = query_tokens(KEYRING, query_of((), names=(((common,), (Form("thi", 0.3),), (rare,)),)), versions=(1,))
    pair = asked_for(query_of(("nguyen", "thi"))) & set(tokens.every)
    assert pair & set(tokens.waves[-1])
    assert not pair & set(tokens.waves[0])


def test_a_guess_finds_what_a_slip_in_two_syllables_hid() -> None:
    facts = facts_of(("tran", "duc", "khoi"), birth_date=None, mother_parts=(), father_parts=())
    slips = ("tron", "duk", "khvi")
    assert not meets(facts, query_of((slips[0], "xyz", slips[2])))
    places = tuple(
        (Form(slip, 0.001), Form(meant, 0.01, 1)) for slip, meant in zip(slips, facts.name_parts, strict=True)
    )
    assert meets(facts, query_of((), names=(places,)))


def test_neither_facts_nor_queries_show_a_name() -> None:
    shown = repr(facts_of(("le", "nhi"))) + repr(query_of(("le", "nhi"), mother_parts=("tran", "hoa")))
    assert not {"le", "nhi", "tran", "2014-05-03"} & set(shown.replace("'", " ").replace(",", " ").split())
