"""Forms: what is known of syllables and places, also of those that come later."""

from __future__ import annotations

import threading

import numpy as np

from matching.forms import IN_USE, LENGTH, SPELLED, FormBook, Forms, letters_of
from matching.frequencies import Frequencies
from matching.packed import pack
from matching.vocabulary import NONE, Vocabulary
from tests.matching.people import child, unit, village

FREQUENCIES = Frequencies.counting(village(30))


def assert_same(grown: Forms, anew: Forms, syllables: int) -> None:
    assert np.array_equal(grown.folded[: syllables + 1], anew.folded[: syllables + 1])
    assert np.array_equal(grown.parts[:syllables], anew.parts[:syllables])
    assert np.array_equal(grown.words[:syllables], anew.words[:syllables])
    assert np.array_equal(grown.places, anew.places)


def test_forms_that_grew_are_those_made_at_once() -> None:
    vocabulary = Vocabulary()
    book = FormBook(vocabulary, FREQUENCIES)
    for place, name in enumerate(("Lý Thị Mỹ Duyên", "Nguyễn Văn Ánh", "Krajăn Plin", "H'Hen Niê Kđăm", "Lý Hương")):
        pack([child(name=name, unit=unit(f"{place:05d}"))], vocabulary)
        anew = FormBook(vocabulary, FREQUENCIES).current()
        assert_same(book.current(), anew, len(vocabulary.syllables))


def test_many_new_syllables_are_added_as_well() -> None:
    vocabulary = Vocabulary()
    book = FormBook(vocabulary, FREQUENCIES)
    for number in range(3000):
        vocabulary.syllables.code("".join(chr(97 + number // 26**place % 26) for place in range(3)))
    assert_same(book.current(), FormBook(vocabulary, FREQUENCIES).current(), len(vocabulary.syllables))


def test_nothing_leads_to_nothing() -> None:
    forms = FormBook(Vocabulary(), FREQUENCIES).current()
    assert forms.folded[NONE + 1] == NONE


def test_a_form_has_letters_length_and_spelling() -> None:
    vocabulary = Vocabulary()
    code = vocabulary.syllables.code("mỹ")
    forms = FormBook(vocabulary, Frequencies.counting([child(name="Đinh Thị Mỹ")])).current()
    folded = forms.folded[np.array([code]) + 1]
    assert letters_of(forms, folded).tobytes().rstrip(b"\0") == b"my"
    assert forms.parts[code, LENGTH] == 2
    assert forms.parts[code, SPELLED] == vocabulary.syllables.code("mi")
    assert forms.parts[code, IN_USE] == 1
    assert forms.parts[vocabulary.syllables.code("mi"), IN_USE] == 0


def test_threads_may_ask_while_syllables_come() -> None:
    vocabulary = Vocabulary()
    book = FormBook(vocabulary, FREQUENCIES)
    packing = threading.Lock()

    def come(first: int) -> None:
        for number in range(first, first + 60):
            with packing:
                vocabulary.syllables.code("n" * (number % 9 + 1) + chr(97 + number % 26))
            book.current()

    threads = [threading.Thread(target=come, args=(first,)) for first in (0, 40, 80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(book.current(), FormBook(vocabulary, FREQUENCIES).current(), len(vocabulary.syllables))
