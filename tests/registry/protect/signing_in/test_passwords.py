"""Passwords: kept as argon2id, typed on any keyboard, read out without mistakes."""

from __future__ import annotations

import re

from argon2 import PasswordHasher

from registry.protect.signing_in.passwords import (
    LONGEST,
    SHORTEST,
    hash_password,
    needs_new_hash,
    one_time_password,
    verify_password,
)


def test_a_password_fits_its_hash_and_no_other() -> None:
    kept = hash_password("đúng mật khẩu này")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(kept, "đúng mật khẩu này")
    assert not verify_password(kept, "sai mật khẩu này")
    assert hash_password("đúng mật khẩu này") != kept


def test_the_marks_of_a_password_may_be_typed_either_way() -> None:
    assert verify_password(hash_password("ma\u0302\u0323t kha\u0302\u0309u"), "m\u1eadt kh\u1ea9u")


def test_an_account_that_does_not_exist_fits_nothing() -> None:
    assert not verify_password(None, "whatever it is")


def test_a_damaged_hash_fits_nothing() -> None:
    assert not verify_password("$argon2id$damaged", "whatever it is")


def test_a_password_of_endless_length_is_refused_before_it_costs_anything() -> None:
    long = "a" * (LONGEST + 1)
    assert not verify_password(hash_password(long), long)


def test_a_hash_of_weaker_parameters_is_made_anew() -> None:
    assert needs_new_hash(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x"))
    assert not needs_new_hash(hash_password("x"))


def test_a_one_time_password_can_be_read_out() -> None:
    passwords = {one_time_password() for _ in range(200)}
    assert len(passwords) == 200
    assert all(
        re.fullmatch(r"([a-hj-km-np-tw-z2-9]{4}-){3}[a-hj-km-np-tw-z2-9]{4}", password) for password in passwords
    )
    assert all(len(password) >= SHORTEST for password in passwords)


def test_the_letters_come_from_the_source_that_was_given() -> None:
    assert one_time_password(lambda letters: letters[-1]) == "9999-9999-9999-9999"
