"""The tokens that a search asks for: the texts of `search_tokens` about what was typed and what may have been meant.

Each typed syllable comes with others that it may be a slip for. What many children share finds nobody, so the rare
texts decide which children are looked at, and the common ones only count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from registry.model.errors import BadQuery
from registry.protect.keys.keyring import Keyring
from registry.protect.search_tokens import NO_YEAR, Mint, dated, given_of, pair, shortened, sound, whole

MOST_YEARS: Final = 5  # of a search: more would be fishing, and slow
MOST_TEXTS: Final = 72  # of a search, before the years
MOST_SLIPS: Final = 2
WAVES: Final = (0.001, 0.006, 0.03)  # shares of the children of a year that the texts of a wave may hold together
COMMON: Final = 0.008  # a text that this share of children have decides nothing while there are rarer ones
_FORMS_OF_AN_END: Final = 4  # of a name beside a birth date, where the whole nation is searched
_SHORTENED_SHARE: Final = 0.01  # of the names that have one of these letters less
_ALONE_SHARE: Final = 0.001  # of the names that are one syllable


@dataclass(frozen=True, slots=True)
class Form:
    """A syllable that may be meant by a typed one."""

    syllable: str = field(repr=False)  # folded
    share: float  # of names that hold one of its sound
    slips: int = 0  # letters apart from what was typed


Place = tuple[Form, ...]  # all that may be meant by one typed syllable, the likeliest first
Parts = tuple[Place, ...]  # one reading of a typed name


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What somebody knows of a child: names in each of their readings, syllables folded like `SearchFacts`."""

    names: tuple[Parts, ...] = field(repr=False)
    years: tuple[int, ...] = field(repr=False)  # the years she may be born in
    birth_date: str | None = field(repr=False)
    parents: tuple[Parts, ...] = field(repr=False)  # of either parent: mother and father are not told apart
    provinces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What to look for. A child that shares more of `every` is the likelier one."""

    waves: tuple[tuple[int, ...], ...] = field(repr=False)  # the rarest first; a later one where the first find few
    every: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Text:
    stem: str = field(repr=False)  # without the year that ends most texts
    of_parent: bool
    has_year: bool
    share: float
    slips: int


def query_tokens(keyring: Keyring, query: SearchQuery, *, versions: Iterable[int]) -> Tokens:
    """Return the tokens to look for, under every version of the key that rows may have been made with.

    A name of one syllable finds one-syllable names only, unless a birth date or a parent goes with it. In several
    provinces a birth date with a name is looked for, and nothing else.

    Raises: BadQuery: neither an approximate age nor a birth date, too many years, or no name at all.
    """
    years = _years(query)
    if not query.names and not query.parents:
        raise BadQuery("name", "a name is needed")
    if len(query.provinces) > 1:
        if not query.birth_date or not query.names:
            raise BadQuery("born", "a whole birth date is needed")
        texts = _unique(_dates(query))
    else:
        texts = _unique(_texts(query))[:MOST_TEXTS]
    mints = [Mint(keyring, province, version) for version in versions for province in query.provinces]
    waves = [
        tuple(sorted({token for text in wave for mint in mints for token in _tokens(mint, text, years)}))
        for wave in _waves(texts)
    ]
    return Tokens(tuple(waves), tuple(sorted({token for wave in waves for token in wave})))


def _years(query: SearchQuery) -> tuple[str, ...]:
    years = query.years or ((int(query.birth_date[:4]),) if query.birth_date else ())
    if not years:
        raise BadQuery("born", "an approximate age or a birth date is needed")
    if len(set(years)) > MOST_YEARS:
        raise BadQuery("born", f"at most {MOST_YEARS} birth years")
    return tuple(map(str, years))


def _tokens(mint: Mint, text: _Text, years: Iterable[str]) -> Iterator[int]:
    make = mint.parent if text.of_parent else mint.child
    if not text.has_year:
        yield make(text.stem)
        return
    for year in years if text.slips else (*years, NO_YEAR):
        yield make(f"{text.stem} {year}")


def _unique(texts: Iterable[_Text]) -> list[_Text]:
    """Return each text once, by slips, the rarest first."""
    found: dict[tuple[str, bool], _Text] = {}
    for text in sorted(texts, key=lambda one: (one.slips, one.share)):
        found.setdefault((text.stem, text.of_parent), text)
    return list(found.values())


def _waves(texts: list[_Text]) -> list[list[_Text]]:
    """Divide the texts so that no wave finds too many children; what is common comes last, and only as it was typed."""
    waves: list[list[_Text]] = [[] for _ in WAVES]
    common: list[_Text] = []
    together = 0.0
    for text in texts:
        place = next((place for place, most in enumerate(WAVES) if together + text.share <= most), None)
        if text.share <= COMMON and place is not None:
            waves[place].append(text)
            together += text.share
        elif text.slips == 0:
            common.append(text)
    return [wave for wave in (*waves, common) if wave]


def _texts(query: SearchQuery) -> Iterator[_Text]:
    yield from _dates(query)
    for parts in query.names:
        yield from _named(parts)
        yield from _misspelt(parts)
    for parent in query.parents:
        yield from _parent(parent)
        for parts in query.names:
            yield from _parent_and_child(parent, parts)


def _dates(query: SearchQuery) -> Iterator[_Text]:
    if query.birth_date is None:
        return
    for parts in query.names:
        for form in (*parts[-1][:_FORMS_OF_AN_END], *parts[0][:_FORMS_OF_AN_END]):
            stem = dated(query.birth_date, sound(form.syllable))
            yield _Text(stem, of_parent=False, has_year=False, share=form.share / 365, slips=form.slips)


def _named(parts: Parts) -> Iterator[_Text]:
    first_forms = [place[0] for place in parts]
    yield _yearly(whole(" ".join(sound(form.syllable) for form in first_forms), ""), first_forms)
    for one, other in combinations(parts, 2):
        yield from _pairs(one, other)


def _pairs(one: Place, other: Place, *, of_parent: bool = False) -> Iterator[_Text]:
    for first in one:
        for second in other:
            if first.slips + second.slips <= MOST_SLIPS:
                stem = pair(sound(first.syllable), sound(second.syllable), "")
                yield _yearly(stem, (first, second), of_parent=of_parent)


def _misspelt(parts: Parts) -> Iterator[_Text]:
    """Yield the compounds with one letter of the given name left out; see `search_tokens` for the child's side."""
    if len(parts) == 1:
        for short in shortened(parts[0][0].syllable):
            yield _yearly(whole(short, ""), (Form(short, _ALONE_SHARE, 1),))
        return
    beside = [parts[0]] if len(parts) == 2 else [parts[0], parts[-2]]
    for place in beside:
        yield from _shortened_beside(place, parts[-1][0])
    if len(parts) == 2:
        yield from _shortened_beside(parts[1], parts[0][0])


def _shortened_beside(place: Place, misspelt: Form) -> Iterator[_Text]:
    for form in place:
        for short in shortened(misspelt.syllable):
            less = Form(short, _SHORTENED_SHARE + misspelt.share, 1)  # whoever is called so has this less-letter form
            yield _yearly(pair(sound(form.syllable), short, ""), (form, less))


def _parent(parts: Parts) -> Iterator[_Text]:
    if len(parts) > 1:
        yield from _pairs(parts[0], parts[-1], of_parent=True)
    if len(parts) > 2:
        yield from _pairs(parts[-2], parts[-1], of_parent=True)


def _parent_and_child(parent: Parts, child: Parts) -> Iterator[_Text]:
    for parents_given in parent[-1]:
        for childs_given in (*child[-1], *child[0]):
            if parents_given.slips + childs_given.slips <= MOST_SLIPS:
                stem = given_of(sound(parents_given.syllable), sound(childs_given.syllable), "")
                yield _yearly(stem, (parents_given, childs_given), of_parent=True)


def _yearly(text: str, forms: Iterable[Form], *, of_parent: bool = False) -> _Text:
    share, slips = 1.0, 0
    for form in forms:
        share *= form.share
        slips += form.slips
    return _Text(text.rstrip(" "), of_parent=of_parent, has_year=True, share=share, slips=slips)
