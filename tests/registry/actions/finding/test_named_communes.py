"""A commune by the name or the code that people still use, from before the reform of July 2025 too."""

from __future__ import annotations

import pytest

from registry.actions.finding.named_communes import communes_named

HANOI, THAI_NGUYEN = "01", "19"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("00001", {"00097"}),  # a code of before
        ("Phúc Xá", {"00097"}),
        ("phuc xa", {"00097"}),
        ("Phường Phúc Xá", {"00097"}),
        ("Phường Phúc Xá, Quận Ba Đình", {"00097"}),
        ("phuc xa, ba dinh", {"00097"}),
        ("phuc xa, ba dinh, ha noi", {"00097"}),
        ("phuc xa, hoan kiem", set()),
        ("Xứ Không Có", set()),
        ("", set()),
        ("99999", set()),
    ],
)
def test_an_old_name_leads_to_what_became_of_it(text: str, found: set[str]) -> None:
    assert communes_named(text, [HANOI]) == found


def test_a_name_is_read_inside_the_provinces_alone() -> None:
    assert communes_named("Phúc Xá", [THAI_NGUYEN]) == frozenset()
    assert communes_named("Phúc Xá", None) == {"00097"}
    here, there = communes_named("xã Tân Lập", [HANOI]), communes_named("xã Tân Lập", [THAI_NGUYEN])
    assert here
    assert there
    assert not here & there


def test_a_code_of_both_lists_means_both() -> None:
    assert communes_named("00097", [HANOI]) == {"00097", "00103"}
    assert "00004" in communes_named("00004", [HANOI])
