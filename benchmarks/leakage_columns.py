"""What stands beside the tokens: how many there are, how long sealed values are, in which order rows came."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log2

import numpy as np
from hard_set_habits import Whole
from leakage_people import People, heard
from leakage_surfaces import NOISE, Tokens, facts_of, search_texts

from matching.names import sort_key
from registry.model.identity_groups import family_document, identity_document
from registry.protect.canonical import compact_json
from registry.protect.keys.keyring import Keyring
from registry.protect.search_tokens import TOKENS, child_tokens

_STEP = 32  # bytes: what sealed values are padded to
_LENGTH = 4
_CHANCE = 3  # pairs of rows whose tokens of 32 bits may be equal by chance


def length_told(tokens: Tokens, people: People, *, padded: bool) -> float:
    """Return how much oftener the number of a name's syllables is guessed with the number of tokens than without.

    Args: `padded`: noise fills every row to one length, as it does; False: that protection is taken away.
    """
    counted = np.ones(len(tokens.row), dtype=np.bool_) if padded else ~tokens.of_kinds(NOISE)
    lengths = np.bincount(tokens.row[counted], minlength=len(people))
    by_length: dict[int, Counter[int]] = defaultdict(Counter)
    for length, name in zip(lengths.tolist(), people.names, strict=True):
        by_length[length][len(name)] += 1
    best = sum(names.most_common(1)[0][1] for names in by_length.values())
    alone = Counter(map(len, people.names)).most_common(1)[0][1]
    return (best - alone) / len(people)


def bits_of_sizes(people: People, most: int) -> float:
    """Return how many bits the lengths of the sealed identity and family say of a child."""
    sizes: Counter[tuple[int, int]] = Counter()
    for number, identity in enumerate(people.identities()):
        if number == most:
            break
        documents = (identity_document(identity), family_document(identity))
        first, second = (-(-(_LENGTH + len(compact_json(each))) // _STEP) for each in documents)
        sizes[first, second] += 1
    shares = [count / sizes.total() for count in sizes.values()]
    return -sum(share * log2(share) for share in shares)


def read_from_order(stolen: People, counted: People) -> float:
    """Return the share of given names read from a file that lists each commune and year by given name.

    The attacker takes the place of a row in the list for its place among the counted names in the same order.
    """
    known = sorted((sort_key(" ".join(name)), heard(name)[-1:]) for name in counted.names)
    right = 0
    for rows in _classes(stolen):
        ordered = sorted(rows, key=lambda row: sort_key(" ".join(stolen.names[row])))
        for place, row in enumerate(ordered):
            guess = known[int((place + 0.5) / len(ordered) * len(known))][1]
            right += guess == heard(stolen.names[row])[-1:]
    return right / len(stolen)


def _classes(people: People) -> list[Whole]:
    """Return the rows of each commune and year."""
    key = people.commune * 10_000 + people.year
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)


def keeps_equality(people: People, keyring: Keyring, most: int) -> bool:
    """Tell whether the real tokens of some children are equal exactly where the texts of this simulation are."""
    real, simulated = [], []
    for number, identity in enumerate(people.identities()):
        if number == most:
            break
        real.append(frozenset(child_tokens(keyring, facts_of(identity))))
        simulated.append(frozenset(text.text for text in search_texts(identity)))
    if any(len(tokens) != TOKENS for tokens in real):
        return False
    pairs = ((one, other) for one in range(len(real)) for other in range(one))
    different = sum(
        len(real[one] & real[other]) != len(simulated[one] & simulated[other])
        for one, other in pairs
        if simulated[one] != simulated[other]
    )
    return different <= _CHANCE
