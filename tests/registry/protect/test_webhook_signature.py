"""What is sent is signed as Standard Webhooks has it, by the published vector and by what a subscriber checks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.protect.webhook_signature import BadSecret, is_signed, new_secret, signed_headers

VECTORS = json.loads(
    (Path(__file__).parents[2] / "specs" / "vectors" / "standard-webhooks.json").read_text(encoding="utf-8")
)["vectors"]
NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
BODY = b'{"specversion":"1.0"}'


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["valid"]))
def test_the_published_vector_holds(vector: dict[str, str]) -> None:
    at = datetime.fromtimestamp(int(vector["webhook-timestamp"]), UTC)
    headers = {name: vector[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    body = vector["body"].encode()
    assert is_signed(vector["secret"], headers, body=body, at=at) is vector["valid"]
    made = signed_headers([vector["secret"]], vector["webhook-id"], at=at, body=body)
    assert (made == headers) is vector["valid"]


def test_during_a_rotation_either_secret_verifies() -> None:
    old, new = new_secret(), new_secret()
    headers = signed_headers([new, old], "event", at=NOW, body=BODY)
    assert is_signed(old, headers, body=BODY, at=NOW)
    assert is_signed(new, headers, body=BODY, at=NOW)
    assert not is_signed(new_secret(), headers, body=BODY, at=NOW)


@pytest.mark.parametrize("minutes", [-6, 6, 600])
def test_an_old_or_future_message_is_not_of_this_moment(minutes: int) -> None:
    secret = new_secret()
    headers = signed_headers([secret], "event", at=NOW, body=BODY)
    assert not is_signed(secret, headers, body=BODY, at=NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "another"},
        {"webhook-timestamp": "12x"},
        {"webhook-timestamp": ""},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": ""},
        {"webhook-id": ""},
    ],
)
def test_a_changed_header_is_not_signed(changed: dict[str, str]) -> None:
    secret = new_secret()
    headers = signed_headers([secret], "event", at=NOW, body=BODY) | changed
    assert not is_signed(secret, headers, body=BODY, at=NOW)


def test_a_text_that_is_no_secret_is_refused_without_being_repeated() -> None:
    with pytest.raises(BadSecret) as refused:
        signed_headers(["whsec_no base64!"], "event", at=NOW, body=BODY)
    assert "base64" not in str(refused.value)
