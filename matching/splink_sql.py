"""The conditions of Splink's settings: each rule of a level and each part of a block key as SQL, and back again.

Splink compares columns as they stand, so the columns must hold what `ColumnWorkspace` compares: folded texts, digits,
dates as YYYYMMDD. The dialect is DuckDB's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matching.columns.declared import Condition, KeyPart, Part, Rule

DIALECT: Final = "duckdb"
_SECONDS_A_DAY: Final = 86_400

# {l} and {r} are the two sides of the column, {ol} and {or_} those of the other column, {n} the limit.
WRITTEN: Final[Mapping[Rule, str]] = {
    Rule.EQUAL: "{l} = {r}",
    Rule.JARO_WINKLER: "jaro_winkler_similarity({l}, {r}) >= {n}",
    Rule.LEVENSHTEIN: "levenshtein({l}, {r}) <= {n}",
    Rule.DAMERAU: "damerau_levenshtein({l}, {r}) <= {n}",
    Rule.PREFIX: "left({l}, {n}) = left({r}, {n}) AND least(length({l}), length({r})) >= {n}",
    Rule.SUFFIX: "right({l}, {n}) = right({r}, {n}) AND least(length({l}), length({r})) >= {n}",
    Rule.SAME_WORDS: "list_sort(string_split({l}, ' ')) = list_sort(string_split({r}, ' '))",
    Rule.CONTAINS: (
        "list_has_all(string_split({l}, ' '), string_split({r}, ' '))"
        " OR list_has_all(string_split({r}, ' '), string_split({l}, ' '))"
    ),
    Rule.INITIAL: "left({l}, 1) = left({r}, 1) AND least(length({l}), length({r})) = 1",
    Rule.DIGITS: "CASE WHEN length({l}) = length({r}) THEN hamming({l}, {r}) <= {n} ELSE FALSE END",
    Rule.TRANSPOSED: (
        "CASE WHEN length({l}) = length({r})"
        " THEN hamming({l}, {r}) = 2 AND damerau_levenshtein({l}, {r}) = 1 ELSE FALSE END"
    ),
    Rule.SWAPPED: "concat(left({l}, 4), right({l}, 2), substr({l}, 5, 2)) = {r} AND {l} <> {r}",
    Rule.SAME_DAY: "right({l}, 4) = right({r}, 4)",
    Rule.DAYS: "abs(date_diff('day', strptime({l}, '%Y%m%d'), strptime({r}, '%Y%m%d'))) <= {n}",
    Rule.YEARS: "abs(CAST(left({l}, 4) AS INTEGER) - CAST(left({r}, 4) AS INTEGER)) <= {n}",
    Rule.DIFFERENCE: "abs(CAST({l} AS DOUBLE) - CAST({r} AS DOUBLE)) <= {n}",
    Rule.SWAPPED_WITH: "{l} = {or_} AND {r} = {ol}",
    Rule.FOUND_IN: "{l} = {or_} OR {r} = {ol}",
}

# What Splink's own library writes for the same rules, where it is not what is written above.
_ALSO_READ: Final[Sequence[tuple[Rule, str, float]]] = (
    (Rule.DIFFERENCE, "abs({l} - {r}) <= {n}", 1.0),
    (
        Rule.DAYS,
        "abs(epoch(try_strptime({l}, '{f}')) - epoch(try_strptime({r}, '{f}'))) <= {n}",
        1.0 / _SECONDS_A_DAY,
    ),
    (Rule.DAYS, "abs(epoch({l}) - epoch({r})) <= {n}", 1.0 / _SECONDS_A_DAY),
)

_PARTS: Final[Mapping[Part, str]] = {
    Part.WHOLE: "{c}",
    Part.FIRST: "left({c}, {n})",
    Part.LAST: "right({c}, {n})",
    Part.FIRST_WORD: "split_part({c}, ' ', 1)",
    Part.LAST_WORD: "split_part({c}, ' ', -1)",
    Part.YEAR: "left({c}, 4)",
    Part.YEAR_MONTH: "left({c}, 6)",
}
_HOLES: Final = {
    "l": r'"?(?P<{name}>\w+?)_l"?',
    "r": r'"?(?P<{name}>\w+?)_r"?',
    "ol": r'"?(?P<{name}>\w+?)_l"?',
    "or_": r'"?(?P<{name}>\w+?)_r"?',
    "n": r"(?P<{name}>\d+(?:\.\d+)?)",
    "f": r"(?P<{name}>[^']+)",
}


class NotExpressible(ValueError):
    """Splink's settings say something that a model file cannot say, or the reverse; the message names it."""


@dataclass(frozen=True, slots=True)
class ReadCondition:
    """A rule read from SQL, with the column it is about and the format of its dates, if it has one."""

    column: str
    condition: Condition
    date_format: str | None = None


def sides(column: str) -> tuple[str, str]:
    """Return how SQL names a column of the two sides."""
    return f'"{column}_l"', f'"{column}_r"'


def sql_of(column: str, conditions: Sequence[Condition]) -> str | None:
    """Return the SQL of a level; 'ELSE' if it has no rules, None if one of them has no SQL."""
    written = [_sql_of_one(column, condition) for condition in conditions]
    if not written:
        return "ELSE"
    if any(each is None for each in written):
        return None
    return str(written[0]) if len(written) == 1 else " AND ".join(f"({each})" for each in written)


def _sql_of_one(column: str, condition: Condition) -> str | None:
    # One slip is the same for both measures; more may not be, which `to_splink` says.
    rule = Rule.DAMERAU if condition.rule is Rule.OSA else condition.rule
    if rule not in WRITTEN:
        return None
    left, right = sides(column)
    other_left, other_right = sides(str(condition.argument))
    limit = f"{condition.argument:g}" if isinstance(condition.argument, float) else ""
    return WRITTEN[rule].format(l=left, r=right, ol=other_left, or_=other_right, n=limit)


def _pattern(template: str) -> re.Pattern[str]:
    """Return the expression that reads what a template writes, however it is spaced; a hole met again is the same."""
    pattern, seen = "", set[str]()
    for piece in re.split(r"(\{\w+\})", template):
        name = piece[1:-1]
        if not piece.startswith("{"):
            pattern += re.sub(r"(\\ )+", r"\\s*", re.escape(piece))
        elif name in seen:
            pattern += _again(name)
        else:
            seen.add(name)
            pattern += _HOLES[name].format(name=name)
    return re.compile(rf"\s*{pattern}\s*", re.IGNORECASE)


def _again(name: str) -> str:
    side = {"l": "_l", "r": "_r", "ol": "_l", "or_": "_r"}.get(name)
    return f"(?P={name})" if side is None else rf'"?(?P={name}){side}"?'


_READ: Final = [
    *((rule, _pattern(template), 1.0) for rule, template in WRITTEN.items()),
    *((rule, _pattern(template), factor) for rule, template, factor in _ALSO_READ),
]


def conditions_of(sql: str) -> tuple[ReadCondition, ...]:
    """Return the rules of a level's SQL; none for 'ELSE'.

    Raises: NotExpressible: the condition is none of those that are known.
    """
    if sql.strip().upper() == "ELSE":
        return ()
    whole = _read_one(sql)
    if whole is not None:
        return (whole,)
    parts = _split(sql)
    read = [_read_one(part) for part in parts]
    if len(parts) < 2 or any(each is None for each in read):
        msg = f"a condition of a comparison level is not known: {sql}"
        raise NotExpressible(msg)
    return tuple(each for each in read if each is not None)


def _read_one(sql: str) -> ReadCondition | None:
    for rule, pattern, factor in _READ:
        found = pattern.fullmatch(sql)
        if found is None:
            continue
        holes = found.groupdict()
        if holes["l"].lower() != holes["r"].lower():
            continue
        if "or_" in holes:
            if holes["or_"].lower() == holes["ol"].lower():
                return ReadCondition(holes["l"], Condition(rule, holes["or_"]))
            continue
        return ReadCondition(holes["l"], Condition(rule, float(holes.get("n", 1)) * factor), holes.get("f"))
    return None


def _split(sql: str) -> list[str]:
    """Return the parts of '(one) AND (other)' without their brackets."""
    parts, depth, begin = [], 0, 0
    text = sql.strip()
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and letter == ")":
            parts.append(text[begin : place + 1])
            begin = place + 1
    joined = [re.sub(r"^\s*AND\s*", "", part, flags=re.IGNORECASE).strip() for part in parts]
    bracketed = all(part.startswith("(") and part.endswith(")") for part in joined) and not text[begin:].strip()
    return [part[1:-1] for part in joined] if bracketed else []


def blocking_sql(parts: Sequence[KeyPart]) -> str | None:
    """Return the blocking rule of a kind of block key; None where a part of it has no SQL."""
    rules = []
    for part in parts:
        if part.part not in _PARTS:
            return None
        left, right = (_PARTS[part.part].format(c=f'{side}."{part.columns[0]}"', n=part.letters) for side in ("l", "r"))
        rules.append(f"{left} = {right}")
    return rules[0] if len(rules) == 1 else " AND ".join(f"({rule})" for rule in rules)


_KEY_WHOLE = re.compile(r'\s*l\."?(?P<column>\w+)"?\s*=\s*r\."?(?P=column)"?\s*', re.IGNORECASE)
_KEY_BEGIN = re.compile(
    r'\s*(?P<do>left|right|substr|substring)\(l\."?(?P<column>\w+)"?,\s*(?P<n>\d+)(?:,\s*(?P<m>\d+))?\)\s*='
    r'\s*(?P=do)\(r\."?(?P=column)"?,\s*(?P=n)(?:,\s*(?P=m))?\)\s*',
    re.IGNORECASE,
)


def key_parts_of(sql: str) -> tuple[KeyPart, ...]:
    """Return the parts of a block key from a blocking rule.

    Raises: NotExpressible: the rule is more than equal columns, or equal first or last letters of columns.
    """
    whole = _key_part_of(sql)
    if whole is not None:
        return (whole,)
    pieces = _split(sql) or re.split(r"\s+AND\s+", sql, flags=re.IGNORECASE)
    parts = [_key_part_of(piece) for piece in pieces]
    if any(part is None for part in parts):
        msg = f"a blocking rule is not known: {sql}"
        raise NotExpressible(msg)
    return tuple(part for part in parts if part is not None)


def _key_part_of(sql: str) -> KeyPart | None:
    if found := _KEY_WHOLE.fullmatch(sql):
        return KeyPart((found["column"],), Part.WHOLE)
    found = _KEY_BEGIN.fullmatch(sql)
    if found is None:
        return None
    does = found["do"].lower()
    if does in ("left", "right"):
        return KeyPart((found["column"],), Part.FIRST if does == "left" else Part.LAST, int(found["n"]))
    if int(found["n"]) != 1 or found["m"] is None:
        return None
    return KeyPart((found["column"],), Part.FIRST, int(found["m"]))
