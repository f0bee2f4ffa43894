"""Refusals: a name, a status, and nothing of a person."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from registry.model import errors
from registry.model.errors import BadQuery, LimitReached, NotFound, RegistryError, WrongKeys

OF_THEIR_OWN = {BadQuery, LimitReached}  # made of more than a rule, a field and a place
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RegistryError)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OF_THEIR_OWN])
def test_every_refusal_is_a_problem_with_its_own_name(kind: type[RegistryError]) -> None:
    problem = kind("a rule", field="born", place="file.csv, row 3").problem()
    assert problem["key"] == kind.__name__
    assert problem["status"] == kind.status == HTTPStatus(kind.status).value
    assert str(problem["type"]).startswith("/problems/")
    assert "place" not in problem


def test_two_refusals_never_share_a_type() -> None:
    others = [kind() for kind in KINDS if kind not in OF_THEIR_OWN]
    problems = [BadQuery("f", "r"), LimitReached(retry_after=60), *others]
    assert len({problem.problem()["type"] for problem in problems}) == len(KINDS)


def test_a_bad_query_names_field_and_rule() -> None:
    refusal = BadQuery("born", "at most five birth years")
    assert str(refusal) == "BadQuery: at most five birth years, field born"
    assert refusal.problem() == {
        "type": "/problems/bad-query",
        "title": "A field cannot be understood",
        "status": 422,
        "key": "BadQuery",
        "field": "born",
        "rule": "at most five birth years",
    }


def test_a_limit_says_when_it_goes_on() -> None:
    refusal = LimitReached("too many children were opened", retry_after=60)
    assert (refusal.problem()["status"], refusal.retry_after) == (429, 60)


def test_a_refusal_without_a_rule_says_its_title() -> None:
    assert str(NotFound()) == "NotFound: Not found"


def test_an_outsider_learns_nothing_of_the_keys() -> None:
    refusal = WrongKeys("others can read the file", place="root.key")
    assert str(refusal) == "WrongKeys: others can read the file, at root.key"
    assert "rule" not in refusal.problem()
