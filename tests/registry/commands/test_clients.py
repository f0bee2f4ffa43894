"""Keeping the clients of sector systems at the command line: public halves come in, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.api.machines import Signer, certificate, jwk, pem
from tests.registry.commands.command_line import Home
from tests.registry.commands.conftest import RealHome

ADMINISTRATOR = ("--as", "administrator")
OF_EDUCATION = ("--system", "education")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A file of public keys."""
    file = tmp_path / "keys.json"
    file.write_bytes(Signer().jwks)
    return file


def clients(home: Home) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = home.answer("clients", "list", *ADMINISTRATOR)["clients"]
    return listed


def test_a_client_is_added_listed_given_other_keys_and_shut_out(home: Home, keys: Path, tmp_path: Path) -> None:
    added = home.answer("clients", "add", "school office", *OF_EDUCATION, "--jwks", keys, *ADMINISTRATOR)
    assert (added["system"], added["keys"]) == ("education", ["first"])
    (one,) = clients(home)
    assert (one["client_id"], one["name"], one["state"]) == (added["client_id"], "school office", "active")
    assert (one["keys"], one["certificates"], one["streams"]) == ("first (ES256)", "", " ".join(added["streams"]))
    shown = tmp_path / "client.pem"
    shown.write_bytes(pem(certificate(datetime.now(UTC))))
    said = home.run("clients", "keys", added["client_id"], "--certificate", shown, *ADMINISTRATOR)
    assert said.out.strip().endswith("has 0 keys and 1 certificates")
    (one,) = clients(home)
    assert (one["keys"], len(one["certificates"])) == ("", 16)
    assert home.run("clients", "disable", added["client_id"], *ADMINISTRATOR).code == 0
    assert clients(home)[0]["state"] == "disabled"
    assert added["client_id"] in home.run("clients", "list", *ADMINISTRATOR).out


def test_a_name_is_given_once_in_a_system(home: Home, keys: Path) -> None:
    add = ("clients", "add", "office", "--jwks", keys, *ADMINISTRATOR, *OF_EDUCATION)
    home.answer(*add)
    assert "name" in home.run(*add).refusal()
    assert len(clients(home)) == 1


def test_without_a_key_or_a_certificate_there_is_no_client(home: Home) -> None:
    assert "public key" in home.run("clients", "add", "office", *OF_EDUCATION, *ADMINISTRATOR).refusal()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--system", "nothing"), "system"),
        (("--system", "education", "--stream", "nothing"), "stream"),
        (("--system", "education", "--jwks", "nothing.json"), "jwks"),
        (("--system", "education", "--certificate", "nothing.pem"), "certificate"),
    ],
)
def test_what_is_not_there_is_refused(home: Home, keys: Path, options: tuple[str, ...], says: str) -> None:
    said = home.run("clients", "add", "office", "--jwks", keys, *options, *ADMINISTRATOR).refusal()
    assert f"field {says}" in said
    assert clients(home) == []


@pytest.mark.parametrize("name", ["", "x" * 121, "two\nlines"])
def test_a_name_is_one_line(home: Home, keys: Path, name: str) -> None:
    assert "field name" in home.run("clients", "add", name, *OF_EDUCATION, "--jwks", keys, *ADMINISTRATOR).refusal()


def test_a_private_key_is_refused_and_not_repeated(home: Home, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = jwk(key, alg="PS256") | {"d": "c2VzYW1l"}
    written = {
        "--jwks": json.dumps(secret).encode(),
        "--certificate": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    for option, content in written.items():
        file = tmp_path / "file"
        file.write_bytes(content)
        said = home.run("clients", "add", "office", *OF_EDUCATION, option, file, *ADMINISTRATOR).refusal()
        assert "private" in said
        assert "c2VzYW1l" not in said
    assert clients(home) == []


def test_an_unknown_client_is_refused(home: Home, keys: Path) -> None:
    assert "no client" in home.run("clients", "keys", uuid4(), "--jwks", keys, *ADMINISTRATOR).refusal()
    assert "no client" in home.run("clients", "disable", uuid4(), *ADMINISTRATOR).refusal()
    assert home.run("clients", "disable", "sesame", *ADMINISTRATOR).code == 2


@pytest.mark.parametrize("account", ["worker", "steward", "auditor", "custodian"])
def test_nobody_but_the_administrator_keeps_clients(home: Home, keys: Path, account: str) -> None:
    for command in (("list",), ("add", "office", *OF_EDUCATION, "--jwks", keys), ("disable", uuid4())):
        assert "Refused" in home.run("clients", *command, "--as", account).refusal()


def test_elsewhere_than_on_a_demo_the_administrator_signs_in(real: RealHome, keys: Path) -> None:
    add = ("clients", "add", "office", *OF_EDUCATION, "--jwks", keys)
    assert "--login" in real.home.run(*add).refusal()
    assert real.home.run(*add, "--login", "chief", password=real.password).code == 0


def test_rights_are_given_and_taken_and_no_others(home: Home, keys: Path) -> None:
    add = ("clients", "add", "reader", *OF_EDUCATION, "--jwks", keys, *ADMINISTRATOR)
    added = home.answer(*add, "--right", "number")
    assert clients(home)[0]["rights"] == "number"
    rights = ("clients", "rights", added["client_id"], *ADMINISTRATOR)
    assert "number, proposals" in home.run(*rights, "--right", "proposals", "--right", "number").out
    assert clients(home)[0]["rights"] == "number proposals"
    assert "right" in home.run(*rights, "--right", "everything").refusal()
    assert home.run(*rights).out.strip().endswith("none")
    assert clients(home)[0]["rights"] == ""
