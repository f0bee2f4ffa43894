"""Commands that simulate outside systems on this machine, to try the program out and to test connectors."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors.simulators.population import (
    Account,
    Conduct,
    Dialect,
    Fault,
    PeopleRefused,
    Person,
    Quirk,
    Quota,
    Signing,
    SimulatedPopulation,
    as_pem,
    fault_named,
    invent_people,
    jwk_of_pem,
    read_people,
    serve_population,
    write_people,
)
from registry.commands.console import AsJson, answer, now, out, table
from registry.model.errors import BadQuery
from registry.settings import PREFIX

simulate_app = typer.Typer(help="Simulate an outside system on this machine.", no_args_is_help=True)

SECRET = PREFIX + "NPDB_SECRET"
API_KEY = PREFIX + "NPDB_API_KEY"
_ACCOUNT = Account()


Extract = Annotated[Path | None, typer.Argument(help="A population extract; without it people are invented.")]
People = Annotated[int, typer.Option(help="How many children to invent, each with parents.", min=1)]
Seed = Annotated[int, typer.Option(help="The same seed: the same people, the same faults.")]
Faulty = Annotated[
    list[str] | None, typer.Option(metavar="KIND=SHARE", help="Let a share of the requests fail so; repeatable.")
]
Quirks = Annotated[list[Quirk] | None, typer.Option(help="A way to write answers otherwise; repeatable.")]
Wording = Annotated[Dialect, typer.Option(help="How the SOAP service words its answers.")]
Signed = Annotated[Signing, typer.Option(help="How DCI answers are signed.")]
SenderKeys = Annotated[
    list[str] | None,
    typer.Option(metavar="SENDER=FILE", help="Take DCI messages only if signed with such a public key, PEM."),
]
Limit = Annotated[int | None, typer.Option(help="Requests of an agency that are answered.", min=1)]
Lateness = Annotated[float, typer.Option(help="How late a slow answer is.", min=0)]
Port = Annotated[int, typer.Option(help="0 for any free one.", min=0, max=65535)]
Written = Annotated[Path | None, typer.Option(help="Write the people here as an extract, mode 0600.")]


@contextmanager
def interruption() -> Iterator[Callable[[], object]]:
    """Yield what waits for Ctrl-C, also where the shell that started us ignores it; from here on it is no error."""
    noted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: noted.set())
    try:
        yield noted.wait
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def until_interrupted() -> None:
    """Wait for Ctrl-C."""
    with interruption() as wait:
        wait()


@simulate_app.command("population")
def simulate_population(
    population: Extract = None,
    *,
    people: People = 200,
    seed: Seed = 0,
    fault: Faulty = None,
    quirk: Quirks = None,
    dialect: Wording = Dialect.NPDB,
    signing: Signed = Signing.RS256,
    sender_key: SenderKeys = None,
    quota_a_second: Limit = None,
    quota_a_day: Limit = None,
    slow_seconds: Lateness = 1.0,
    user: Annotated[str, typer.Option(help="The account that may ask.")] = _ACCOUNT.user,
    port: Port = 0,
    write: Written = None,
    json: AsJson = False,
) -> None:
    """Serve a population database on loopback until interrupted: SOAP, DCI and FHIR, with faults on request.

    The account's secrets are `simulated` unless CHILD_REGISTRY_NPDB_SECRET and CHILD_REGISTRY_NPDB_API_KEY say others.
    """
    known = invent_people(people, seed=seed) if population is None else _read(population)
    conduct = Conduct(
        seed=seed,
        faults=_shares(fault or []),
        quirks=frozenset(quirk or ()),
        quota=Quota(a_second=quota_a_second, a_day=quota_a_day),
        slow_seconds=slow_seconds,
        dialect=dialect,
        signing=signing,
        sender_keys=_sender_keys(sender_key or []),
    )
    if write is not None:
        write_people(write, known, at=now())
    with (
        interruption() as wait,
        serve_population(known, account=_account(user), clock=now, conduct=conduct, port=port) as simulated,
    ):
        _tell(simulated, known, json=json)
        wait()


def _read(population: Path) -> list[Person]:
    try:
        return list(read_people(population))
    except PeopleRefused as refusal:
        raise BadQuery("population", str(refusal)) from None


def _account(user: str) -> Account:
    secret, api_key = os.environ.get(SECRET), os.environ.get(API_KEY)
    return Account(user=user, secret=secret or _ACCOUNT.secret, api_key=api_key or _ACCOUNT.api_key)


def _shares(said: list[str]) -> dict[Fault, float]:
    """Return the shares of faults as they were asked for.

    Raises:
        BadQuery: one is not written as KIND=SHARE, or they are more than all requests.
    """
    shares: dict[Fault, float] = {}
    for one in said:
        kind, _, share = one.partition("=")
        try:
            shares[fault_named(kind)] = float(share)
        except ValueError:
            kinds = ", ".join(fault.value for fault in Fault)
            raise BadQuery("fault", f"must be KIND=SHARE; the kinds are {kinds}") from None
    if not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1 + 1e-9:
        raise BadQuery("fault", "shares are from 0 to 1, and all together at most 1")
    return shares


def _sender_keys(said: list[str]) -> dict[str, dict[str, str]]:
    """Return the public keys of senders.

    Raises:
        BadQuery: one is not written as SENDER=FILE, or its file holds no such key.
    """
    keys: dict[str, dict[str, str]] = {}
    for one in said:
        sender, _, file = one.partition("=")
        if not sender or not file:
            raise BadQuery("sender-key", "must be SENDER=FILE")
        try:
            keys[sender] = jwk_of_pem(Path(file).read_bytes())
        except ValueError as refusal:
            raise BadQuery("sender-key", str(refusal)) from None
    return keys


def _tell(simulated: SimulatedPopulation, people: list[Person], *, json: bool) -> None:
    """Say where it answers, and to whom; the key is the public one."""
    addresses = {
        "soap": simulated.soap_url,
        "dci": simulated.dci_url,
        "fhir": simulated.fhir_url,
        "token": simulated.token_url,
        "faults": f"{simulated.url}/_simulator/faults",
        "log": f"{simulated.url}/_simulator/log",
    }
    document: dict[str, Any] = {"url": simulated.url, "user": simulated.account.user, "people": len(people)}
    key = simulated.signing_key
    if json:
        answer({**document, "addresses": addresses, "signing_key": dict(key), "signing_key_pem": as_pem(key)})
        return
    out.print(f"a simulated population database of {len(people)} people answers at {simulated.url}; Ctrl-C stops it")
    table("Addresses", ("what", "address"), addresses.items())
