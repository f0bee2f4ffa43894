"""One-time codes against the standard's own vectors, and what is never a code."""

from __future__ import annotations

from base64 import b32decode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.signing_in import totp

SECRET = b"12345678901234567890"
AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(second: int, code: str) -> None:
    moment = datetime.fromtimestamp(second, tz=UTC)
    assert totp.code_at(SECRET, totp.step_at(moment)) == code
    assert totp.matching_step(SECRET, code, at=moment, after=0) == totp.step_at(moment)


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_device_may_be_half_a_minute_off_and_no_more(seconds: int, good: bool) -> None:
    code = totp.code_at(SECRET, totp.step_at(AT + timedelta(seconds=seconds)))
    assert (totp.matching_step(SECRET, code, at=AT, after=0) is not None) is good


def test_neither_the_last_code_nor_an_earlier_one_is_good_again() -> None:
    now = totp.step_at(AT)
    for step in (now - 1, now):
        assert totp.matching_step(SECRET, totp.code_at(SECRET, step), at=AT, after=now) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, now + 1), at=AT, after=now) == now + 1


def test_spaces_do_no_harm() -> None:
    code = totp.code_at(SECRET, totp.step_at(AT))
    assert totp.matching_step(SECRET, f" {code[:3]} {code[3:]}\t", at=AT, after=0) is not None


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    found = totp.matching_step(SECRET, typed, at=AT, after=0)
    assert found is None or totp.code_at(SECRET, found) == "".join(sign for sign in typed if sign.isdigit())
    digest = totp.recovery_digest(typed)
    assert digest is None or len(digest) == 64


def test_the_secret_is_written_as_devices_read_it() -> None:
    assert b32decode(totp.written_secret(SECRET).replace(" ", "")) == SECRET
    address = urlsplit(totp.device_address(SECRET, "lan.a"))
    facts = parse_qs(address.query)
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/child-registry:lan.a")
    assert b32decode(facts["secret"][0]) == SECRET
    assert (facts["digits"], facts["period"], facts["algorithm"]) == (["6"], ["30"], ["SHA1"])


def test_recovery_codes_are_many_different_and_read_with_or_without_dashes() -> None:
    codes = totp.recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert totp.recovery_digest(codes[0]) == totp.recovery_digest(codes[0].replace("-", " ").upper())
    assert len({totp.recovery_digest(code) for code in codes}) == totp.RECOVERY_CODES


def test_two_secrets_are_never_the_same() -> None:
    assert len({totp.new_secret() for _ in range(100)}) == 100
