"""What a search form asks for: a number, a key, a name, a parent, a date, each told from the others."""

from __future__ import annotations

import pytest

from registry.actions.finding.question import FindQuery, understand
from registry.model.errors import BadQuery


def names(text: str, **more: str) -> tuple[str, str, int | None]:
    """Return child, parent and year as they were understood."""
    asked = understand(FindQuery(text=text, **more)).asked
    assert asked is not None
    child = " ".join(asked.sought.parts) if asked.sought else ""
    parent = " ".join(asked.mother.parts) if asked.mother else ""
    return child, parent, asked.born.year if asked.born else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trần Thị Hoa", ("tran thi hoa", "", None)),
        ("Trần Thị Hoa 2014", ("tran thi hoa", "", 2014)),
        ("Trần Thị Hoa, sinh năm 2014", ("tran thi hoa", "", 2014)),
        ("Tran Thi Hoa born 03/05/2014", ("tran thi hoa", "", 2014)),
        ("Tran Thi Hoa 2014-05-03", ("tran thi hoa", "", 2014)),
        ("con bà Trần Thị Hoa", ("", "tran thi hoa", None)),
        ("child of Tran Thi Hoa born 2014", ("", "tran thi hoa", 2014)),
        ("nguye6n4", ("nguyen", "", None)),
    ],
)
def test_words_are_understood(text: str, expected: tuple[str, str, int | None]) -> None:
    assert names(text) == expected


def test_the_fields_of_the_form_count_before_the_words() -> None:
    assert names("Trần Thị Hoa 2014", born="2015")[2] == 2015
    assert names("con bà Hoa", mother="Lê Thị Mai")[1] == "le thi mai"
    assert names("", mother="Lê Thị Mai", born="2014") == ("", "le thi mai", 2014)


@pytest.mark.parametrize("text", ["019314052001", "019 314 052 001", "19314052001"])
def test_a_number_is_no_name(text: str) -> None:
    question = understand(FindQuery(text=text))
    assert (question.number, question.asked) == ("019314052001", None)


def test_a_key_is_no_name() -> None:
    question = understand(FindQuery(text="EDU0001"))
    assert (question.key, question.number, question.asked) == ("EDU0001", None, None)


@pytest.mark.parametrize("query", [FindQuery(text=" "), FindQuery(text="?!"), FindQuery(text="x" * 201)])
def test_what_cannot_be_understood_is_refused(query: FindQuery) -> None:
    with pytest.raises(BadQuery) as refused:
        understand(query)
    assert refused.value.field == "text"


def test_a_question_shows_no_name() -> None:
    question = understand(FindQuery(text="Trần Thị Hoa", mother="Lê Mai", born="2014"))
    assert not any(word in repr(question) for word in ("Hoa", "hoa", "mai", "2014"))
