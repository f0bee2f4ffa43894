"""Events go to public addresses over TLS; every way of writing one of our own networks is refused."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.webhook_address import AddressRefused, is_public, pinned, read_target

NONE: frozenset[str] = frozenset()


def rule(address: str, *, allowed: frozenset[str] = NONE) -> str:
    """Return the rule by which an address is refused; "": it is not."""
    try:
        read_target(address, allowed=allowed)
    except AddressRefused as refused:
        return refused.rule
    return ""


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.8/",
        "https://172.16.3.4/",
        "https://192.168.1.1:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::ffff:10.0.0.8]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[64:ff9b::10.0.0.8]/",
        "https://[2002:0a00:0008::1]/",
        "https://[2001:0:0:0:0:0:0:1]/",
        "https://[::]/",
        "https://localhost/",
        "https://files.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
    ],
)
def test_an_address_of_our_own_networks_is_refused(address: str) -> None:
    assert rule(address) == "address_not_public"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.org",
        "ftp://example.org/",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org\\@evil.org/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://017700000001/",
        "https:///nowhere",
        "https://example.org/\r\nhost: evil",
        "https://ví-dụ.org/",
        "https://" + "a" * 600 + ".org/",
    ],
)
def test_what_programs_could_read_differently_is_refused(address: str) -> None:
    assert rule(address) == "address_broken"


def test_without_tls_nothing_is_sent_outside() -> None:
    assert rule("http://example.org/") == "address_not_https"
    assert rule("http://hook.moet.vn:8080/", allowed=frozenset({"hook.moet.vn:8080"})) == "address_not_https"


def test_a_place_that_a_setting_names_may_be_of_our_own_networks() -> None:
    assert rule("http://127.0.0.1:9000/x", allowed=frozenset({"127.0.0.1:9000"})) == ""
    assert rule("https://10.1.2.3:8443/x", allowed=frozenset({"10.1.2.3:8443"})) == ""
    assert rule("https://10.1.2.3/x", allowed=frozenset({"10.1.2.3:8443"})) == "address_not_public"


def test_a_target_is_taken_apart() -> None:
    target = read_target("https://example.org:8443/a/b?c=d", allowed=NONE)
    assert (target.host, target.port, target.path, target.authority) == (
        "example.org",
        8443,
        "/a/b?c=d",
        "example.org:8443",
    )
    assert read_target("https://example.org", allowed=NONE).authority == "example.org"


def reached(answers: list[str]) -> str:
    """Return the address that is connected to when a name has these, or the rule by which none is."""
    target = read_target("https://example.org/", allowed=NONE)
    try:
        return pinned(target, lambda _host, _port: answers, allowed=NONE)
    except AddressRefused as refused:
        return refused.rule


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["93.184.216.34"], ""),
        (["93.184.216.34", "10.0.0.8"], "address_not_public"),
        (["127.0.0.1"], "address_not_public"),
        (["::ffff:192.168.0.1"], "address_not_public"),
        ([], "address_unknown"),
        (["no address"], "address_unknown"),
    ],
)
def test_every_address_of_a_name_must_be_public(answers: list[str], said: str) -> None:
    assert reached(answers) == (said or answers[0])


@given(st.ip_addresses(v=4))
def test_a_private_address_is_private_in_every_coat(address: object) -> None:
    plain = ip_address(str(address))
    mapped = ip_address(f"::ffff:{plain}")
    assert is_public(mapped) == is_public(plain)
    if plain.is_private or plain.is_loopback or plain.is_link_local or plain.is_multicast:
        assert not is_public(plain)


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    assert rule(text) in {"", "address_broken", "address_not_https", "address_not_public"}
