"""Push invented records over HTTP and show how many a second are taken in, with one server process and with several.

    python benchmarks/push.py [--records 20000] [--batch 500] [--servers 1 2] [--clients 4] [--data DIR]

Every batch goes through the whole server: HTTP, token, policy, strict JSON, rules, sealing, look-ups, name tokens, log,
outbox, idempotency key. Clients of two sectors push at once; a batch of one sector waits for the one before it. The
database runs beside the servers on the same machine. Every record of an answer is counted, and the rows are counted in
the database at the end: the exit code is 1 if any is missing or doubled.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final
from uuid import uuid4

import httpx
import uvicorn

from registry.actions.accounts.client_sign_in import LIFE
from registry.actions.keys.sealing import Vault
from registry.actions.services import Services
from registry.commands.serving import whole
from registry.jobs.opening import Installation, installation
from registry.model.access import Access, Purpose, Role
from registry.protect.keys.keyring import Keyring
from registry.protect.requests.rate_limit import Rate, Rates
from registry.settings import Settings
from registry.store import clients, sources
from registry.store.clients import Client, ClientToken
from registry.store.session import Store

SYSTEMS: Final = ("education", "health")
_SURNAMES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Lò", "Giàng", "Vàng")
_MIDDLE: Final = ("Thị", "Văn", "Minh", "Gia", "Bảo", "Ngọc", "Thanh", "Hoài", "A", "Đức", "Khánh", "Anh")
_GIVEN: Final = ("An", "Bình", "Chi", "Dũng", "Én", "Giang", "Hà", "Khôi", "Lan", "My", "Nam", "Oanh", "Phúc", "Súa")
_FREE: Final = Rate(burst=1_000_000, per_minute=1e9)
_RATES: Final = Rates(session=_FREE, address=_FREE, search=_FREE, sign_in=_FREE)


@dataclass(frozen=True)
class Account:
    """What a run came to."""

    servers: int
    records: int
    seconds: float
    accepted: int

    @property
    def a_second(self) -> float:
        """Records taken in a second."""
        return self.accepted / self.seconds


def main() -> int:
    """Print a line for each number of servers."""
    options = _options()
    sound = True
    with _folder(options.data) as folder:
        settings = Settings(data=folder, mark="demo")
        with installation(settings, clock=_now, may_create=True) as installed:
            for servers in options.servers:
                account = _run(installed, servers=servers, options=options)
                sound &= account.accepted == account.records
                sys.stdout.write(
                    f"{servers} server process(es): {account.accepted:,} of {account.records:,} records accepted"
                    f" in {account.seconds:.1f} s = {account.a_second:,.0f} a second"
                    f" (batches of {options.batch}, {options.clients} clients)\n"
                )
            stored = _stored(installed)
    expected = options.records * len(options.servers)
    sys.stdout.write(f"records in the database: {stored:,} of {expected:,}\n")
    return 0 if sound and stored == expected else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--servers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--data", type=Path, default=None, metavar="DIR", help="an empty folder; none: a new one")
    options: argparse.Namespace = parser.parse_args()
    return options


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _run(installed: Installation, *, servers: int, options: argparse.Namespace) -> Account:
    tokens = [_token(installed, system) for system in SYSTEMS]
    bodies = list(_bodies(Random(servers), run=servers, options=options))
    with _serving(installed, servers) as addresses:
        work = [
            (addresses[place % len(addresses)], SYSTEMS[place % 2], tokens[place % 2], body)
            for place, body in enumerate(bodies)
        ]
        for address in addresses:  # what is compiled on first use is compiled before the clock runs
            for _ in range(2):
                _push(address, SYSTEMS[0], tokens[0], bodies[0], dry_run=True)
        begun = time.perf_counter()
        with ThreadPoolExecutor(max_workers=options.clients) as threads:
            accepted = sum(threads.map(_push_all, [work[one :: options.clients] for one in range(options.clients)]))
        seconds = time.perf_counter() - begun
    return Account(servers=servers, records=options.records, seconds=seconds, accepted=accepted)


def _push_all(work: Sequence[tuple[str, str, str, bytes]]) -> int:
    return sum(_push(address, system, token, body) for address, system, token, body in work)


def _push(address: str, system: str, token: str, body: bytes, *, dry_run: bool = False) -> int:
    answer = httpx.post(
        f"{address}/v1/sources/{system}/streams/records/batches",
        content=body,
        params={"dry_run": "true"} if dry_run else {},
        headers={
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "idempotency-key": str(uuid4()),
        },
        timeout=120,
    )
    answer.raise_for_status()
    return int(answer.json()["counts"]["accepted"])


def _bodies(rng: Random, *, run: int, options: argparse.Namespace) -> Iterator[bytes]:
    for first in range(0, options.records, options.batch):
        places = range(first, min(first + options.batch, options.records))
        yield json.dumps([_record(rng, f"R{run}-{place}") for place in places], ensure_ascii=False).encode()


def _record(rng: Random, key: str) -> dict[str, object]:
    born = f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}/{rng.randint(2011, 2025)}"
    child = {
        "name": _name(rng),
        "sex": rng.choice(("male", "female")),
        "birth_date": born,
        "personal_number": f"0{rng.randint(10, 96)}3{rng.randint(10_000_000, 99_999_999)}",
        "commune_code": f"{rng.randint(1, 32_000):05d}",
        "address": "Thôn 3",
        "mother": {"name": _name(rng)},
        "father": {"name": _name(rng)},
    }
    services = {"school": f"SCH{rng.randint(1, 500)}", "grade": str(rng.randint(1, 9))}
    return {"key": key, "version": 1, "version_at": "2026-10-01T08:00:00+07:00", "child": child, "services": services}


def _name(rng: Random) -> str:
    return f"{rng.choice(_SURNAMES)} {rng.choice(_MIDDLE)} {rng.choice(_MIDDLE)} {rng.choice(_GIVEN)}"


def _token(installed: Installation, system: str) -> str:
    """Let the registry know a client of a system, and return a token of it."""
    at, token = _now(), f"crt_{uuid4().hex}"
    client = Client(
        client_id=uuid4(),
        system=system,
        name=f"benchmark {uuid4()}",
        streams=("records",),
        keys={},
        certificates=frozenset(),
        created_at=at,
        keys_changed_at=at,
        disabled_at=None,
    )
    known = ClientToken(
        token_digest=sha256(token.encode()).digest(),
        client=client,
        streams=client.streams,
        certificate=None,
        issued_at=at,
        expires_at=at + LIFE,
    )
    with installed.store.begin(_administrator(installed)) as transaction:
        clients.add(transaction, client)
    with installed.store.begin(installed.engine(Purpose.SIGN_IN)) as transaction:
        clients.keep_token(transaction, known)
    return token


def _administrator(installed: Installation) -> Access:
    return replace(installed.engine(Purpose.ADMINISTRATION), role=Role.ADMINISTRATOR)


def _stored(installed: Installation) -> int:
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return sum(sources.counts(transaction).values())


@contextmanager
def _serving(installed: Installation, servers: int) -> Iterator[list[str]]:
    context = get_context("spawn")
    listeners = [_listener() for _ in range(servers)]
    keys = installed.settings.keys
    running = [context.Process(target=_serve, args=(installed.url, keys, one), daemon=True) for one in listeners]
    for process in running:
        process.start()
    addresses = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in listeners]
    try:
        for address in addresses:
            _wait_for(address)
        yield addresses
    finally:
        for process in running:
            process.terminate()
            process.join(timeout=30)


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _serve(url: str, keys: Path, listener: socket.socket) -> None:
    store = Store(url)
    services = Services(store=store, vault=Vault(Keyring.open(keys)), clock=_now, demo=True)
    app = whole(services, jobs=dict, token_file=None)
    for middleware in app.user_middleware:
        if "rates" in middleware.kwargs:
            middleware.kwargs["rates"] = _RATES
    config = uvicorn.Config(app, log_level="critical", ws="none", lifespan="off", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def _wait_for(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/v1/health", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(address)


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    raise SystemExit(main())
