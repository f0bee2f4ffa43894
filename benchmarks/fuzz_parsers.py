"""The parsers that `benchmarks/fuzz.py` fuzzes, each with the refusals it declares and what it begins with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import fuzz_connectors
import fuzz_sectors

from connectors import plugins
from connectors.contract import ConnectorError, FileRefused
from connectors.formats.encodings import decide, decode
from connectors.population.extract import read_extract
from connectors.records import Rejected, SourceRecord
from matching import dates, names, numbers
from matching.dates import ImpossibleDate, UnreadableDate
from matching.names import surname_share
from registry.actions.finding.find_child import FindQuery
from registry.actions.finding.question import understand
from registry.actions.intake.normalise import RuleBroken, check_texts, identity_of, identity_of_citizen
from registry.commands.limits import table_of
from registry.demo.invention import FILES, POPULATION_FILE, invent
from registry.exports.list_reading import read_list
from registry.model.errors import BadQuery, RegistryError, Tampered
from registry.protect.cipher import Place, unseal, unseal_document
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import read_keyring_file
from registry.protect.log.access_log import BadLeaf, read_leaf
from registry.protect.log.checkpoint import BadCheckpoint, Verifier, read_checkpoint
from registry.protect.log.cosignature import WitnessVerifier, line_of
from registry.protect.log.inclusion import InclusionProof
from registry.protect.log.log_check import Against, LogCheck
from registry.protect.log.log_records import FIRST_LINE, BadBundle, read_bundle
from registry.protect.log.log_sink import read_sink
from registry.protect.log.witness import Request, Seen
from registry.protect.signing_in.client_assertion import AssertionRefused, proved, read_assertion
from registry.protect.signing_in.client_certificate import NoCertificate, shown_certificate
from registry.protect.signing_in.client_keys import certificate_digest, public_keys
from registry.protect.signing_in.identity_tokens import (
    Asked,
    TokenRefused,
    TokenRules,
    read_id_token,
    read_keys,
    read_logout_token,
)

ON = date(2026, 10, 31)
AT = datetime(2026, 10, 31, tzinfo=UTC)
LONGEST_ECHO = 8  # characters
KEY = DataKey(bytes(range(32)), generation=1)
PLACE = Place(table="identity", group="name", row=UUID(int=1), generation=1)
FOLDER = Path(tempfile.mkdtemp())

Parser = Callable[[bytes], None]


class Echo(Exception):
    """A refusal repeats what was read."""


def _heard(content: bytes, error: Exception) -> None:
    """Look for the input in the text of a refusal; letters and digits only, for the words of a rule are our own."""
    said, written = str(error), content.decode("utf-8", "ignore")
    for start in range(len(said) - LONGEST_ECHO + 1):
        part = said[start : start + LONGEST_ECHO]
        if part.isdigit() and part in written:
            raise Echo from None


def _refusing(read: Callable[[bytes], object], *refusals: type[Exception]) -> Parser:
    def parser(content: bytes) -> None:
        try:
            read(content)
        except refusals as error:
            _heard(content, error)

    return parser


def _understand(row: SourceRecord | Rejected) -> None:
    if isinstance(row, Rejected):
        return
    with suppress(RuleBroken):
        check_texts((name, value) for name, value in row.services.items() if isinstance(value, str))
        identity_of(row.facts, on=ON)


def _sector(system: str) -> Callable[[bytes], object]:
    connector = plugins.file_readers()[system]
    file = FOLDER / connector.format.file_name

    def read(content: bytes) -> None:
        file.write_bytes(content)
        for row in connector.open(file, surname_share).rows:
            _understand(row)

    return read


def _traced(content: bytes) -> None:
    file = FOLDER / "found.csv"
    file.write_bytes(content)
    read_list(table_of(file))


def _extract(content: bytes) -> None:
    file = FOLDER / "population.csv"
    file.write_bytes(content)
    for row in read_extract(file):
        if not isinstance(row, Rejected):
            with suppress(RuleBroken):
                identity_of_citizen(row, on=ON)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _name(content: bytes) -> None:
    text = _text(content)
    names.read_name(text)
    names.sort_key(text)
    folded = names.fold(text)
    if names.fold(folded) != folded:
        raise AssertionError("folding is not stable")


def _number(content: bytes) -> None:
    number, _ = numbers.read_number(_text(content))
    if number is not None:
        numbers.flags_of(number, sex=None, birth_year=None, on=ON)


def _encodings(content: bytes) -> None:
    values = content.split(b"\n")
    found = decide(values, surname_share)
    for value in values:
        if found is not None:
            decode(value, found)


def _question(content: bytes) -> None:
    parts = [*_text(content).split("\n", 3), "", "", ""]
    understand(FindQuery(text=parts[0], born=parts[1] or None, mother=parts[2] or None, commune=parts[3] or None))


def _sealed(content: bytes) -> None:
    for read in (unseal, unseal_document):
        with suppress(Tampered):
            read(KEY, PLACE, content)


def _checkpoint(content: bytes) -> None:
    read_checkpoint(_text(content), Verifier("log", bytes(32)))


def _certificate(content: bytes) -> None:
    with suppress(NoCertificate):
        shown_certificate(content)
    certificate_digest(content, at=AT)


def _assertion(content: bytes) -> None:
    proved(read_assertion(_text(content)), keys={}, audiences={"https://registry.example"}, at=AT)


def _provider_token(content: bytes) -> None:
    rules = TokenRules(issuer="https://provider.example", client_id="x")
    with suppress(TokenRefused):
        read_logout_token(_text(content), (), rules, at=AT)
    read_id_token(_text(content), (), rules, asked=Asked(nonce="n", access_token=None, proof_since=None), at=AT)


def _provider_keys(content: bytes) -> None:
    with suppress(ValueError):
        read_keys(json.loads(content))


def _bundle(content: bytes) -> None:
    file = FOLDER / "bundle"
    file.write_bytes(content)
    LogCheck(Against(log=(Verifier("log", bytes(32)),))).run(read_bundle(file))


def _cosigned(content: bytes) -> None:
    answer, _, note = _text(content).partition("\x00")
    line_of(answer, note, [WitnessVerifier("witness", bytes(32))])


def _proof(content: bytes) -> None:
    InclusionProof.from_text(_text(content)).size_of([Verifier("log", bytes(32))])


def _told(content: bytes) -> None:
    file = FOLDER / "sink"
    file.write_bytes(content)
    read_sink(file)


SEEDS = {
    "log_bundle": [
        FIRST_LINE + b'H 2026-10-31T00:00:00+00:00 log\nC 1 "log"\nL 0 1 ' + b"0" * 64 + b" {}\nE 3\n",
        FIRST_LINE + b"R identity " + b"0" * 64 + b"\nE 1\n",
    ],
    "cosignature": ["\N{EM DASH} witness AAAAAAAA\n\x00log\n7\nAAAA\n\n\N{EM DASH} log AAAA\n".encode()],
    "witness_key": [b"witness+00000000+BA=="],
    "witness_request": [b"old 3\n" + b"A" * 43 + b"=\n\nlog\n7\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 log AAAA\n"],
    "witness_state": [Seen().to_json()],
    "event_proof": [b"c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\nlog\n1\nAAAA\n\n\xe2\x80\x94 log AAAA\n"],
    "second_sink": [b"2026-10-31T00:00:00+00:00 00000000-0000-0000-0000-000000000000 " + b"0" * 64 + b"\n"],
    "name": ["Nguyễn Thị Hoà".encode(), "Bé gái con bà Lê Thị Mai".encode()],
    "birth_date": [b"03/05/2014", b"2014-05", b"2014-05-03T00:00:00+07:00"],
    "number": [b"019314052001", b"19314052001"],
    "old_encodings": ["NguyÔn ThÞ Hoµ\nTrÇn V¨n B×nh".encode("cp1252"), "Nguyễn Thị Hoà".encode("utf-16-le")],
    "question": [b"Nguyen Thi Hao\n2014\nLe Thi Mai\n05443"],
    "checkpoint": [b"log\n7\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 log AAAAAAA=\n"],
    "verifier_key": [b"log+00000000+AQ=="],
    "log_leaf": [b'{"action":"open","at":"2026-10-31T00:00:00.000000+00:00"}'],
    "keyring": [b'{"format":1}'],
    "client_assertion": [b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4Iiwic3ViIjoieCIsImV4cCI6MX0.AAAA"],
    "provider_token": [b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJ4IiwiYXVkIjoieCIsImV4cCI6MX0.AAAA"],
    "provider_keys": [b'{"keys":[{"kty":"RSA","n":"AAAA","e":"AQAB","kid":"a","use":"sig","alg":"RS256"}]}'],
    "traced_list": ["Trần Văn An;3/5/2014;nữ;AAAA-BBBB-CCCC-DDDD\n".encode(), b"PK\x03\x04"],
    "client_keys": [b'{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","alg":"ES256","kid":"a"}]}'],
    "client_certificate": [b":MIIB:", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"],
}

PARSERS: dict[str, Parser] = {
    "name": _refusing(_name, ValueError),
    "birth_date": _refusing(lambda content: dates.read_birth_date(_text(content)), ImpossibleDate, UnreadableDate),
    "number": _refusing(_number),
    "old_encodings": _refusing(_encodings),
    "question": _refusing(_question, BadQuery),
    **{f"file_{system}": _refusing(_sector(system), FileRefused) for system in plugins.file_readers()},
    "file_population": _refusing(_extract, FileRefused),
    "sealed_value": _refusing(_sealed),
    "checkpoint": _refusing(_checkpoint, BadCheckpoint),
    "verifier_key": _refusing(lambda content: Verifier.from_vkey(_text(content)), BadCheckpoint),
    "log_bundle": _refusing(_bundle, BadBundle),
    "cosignature": _refusing(_cosigned, BadCheckpoint),
    "witness_key": _refusing(lambda content: WitnessVerifier.from_vkey(_text(content)), BadCheckpoint),
    "witness_request": _refusing(lambda content: Request.from_text(_text(content)), BadCheckpoint),
    "witness_state": _refusing(Seen.from_json, BadCheckpoint),
    "event_proof": _refusing(_proof, BadCheckpoint),
    "second_sink": _refusing(_told),
    "log_leaf": _refusing(read_leaf, BadLeaf),
    "keyring": _refusing(lambda content: read_keyring_file(content, place="here"), RegistryError),
    "client_assertion": _refusing(_assertion, AssertionRefused),
    "provider_token": _refusing(_provider_token, TokenRefused),
    "provider_keys": _refusing(_provider_keys, TokenRefused),
    "traced_list": _refusing(_traced, FileRefused),
    "client_keys": _refusing(public_keys, BadQuery),
    "client_certificate": _refusing(_certificate, BadQuery, NoCertificate),
    **{name: _refusing(read, ConnectorError) for name, read in fuzz_connectors.READERS.items()},
    **{name: _refusing(read, ConnectorError) for name, read in fuzz_sectors.READERS.items()},
}


def seeds(name: str) -> list[bytes]:
    """Return what a parser begins with: a small delivery for a file, a few lines for the rest."""
    if name in fuzz_connectors.READERS:
        return fuzz_connectors.seeds(name)
    if name in fuzz_sectors.READERS:
        return fuzz_sectors.seeds(name)
    if not name.startswith("file_"):
        return SEEDS.get(name, [b"0"])
    invent(FOLDER, seed=3, children=12, on=ON)
    file = FILES.get(name.removeprefix("file_"), POPULATION_FILE)
    return [(FOLDER / file).read_bytes()[:40_000]]
