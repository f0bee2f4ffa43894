"""The same reads through the whole server: HTTP, session, policy and log, without the limits of how often one knocks.

    python benchmarks/reads_http.py --data DIR [--children 4000] [--seconds 10] [--clients 8] [--servers 2]

`--data` is the folder of `reads.py`. Each client keeps one connection open and asks for one child after the other by
`GET /v1/children/ID`, every 40 reads in the session of another worker. Servers are processes of their own; a client
speaks to one of them, as a balancer would have it.
"""

from __future__ import annotations

import argparse
import hashlib
import socket
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID, uuid4

import httpx
import psycopg
import uvicorn
from reads_store import Target, administered, keys_of, now, served, targets
from vault_figures import Figure, load, percentile, table

from registry.actions.keys.sealing import Vault
from registry.actions.services import Services
from registry.commands.serving import whole
from registry.protect.keys.keyring import Keyring
from registry.protect.policy import SEPARATE_RIGHTS
from registry.protect.requests.rate_limit import Rate, Rates
from registry.store.server.embedded import EmbeddedServer
from registry.store.session import Store

_A_PERSON: Final = 40  # reads of one account: its limit is above that
_WARM: Final = 40
_FREE: Final = Rate(burst=1_000_000, per_minute=1e9)
_RATES: Final = Rates(session=_FREE, address=_FREE, search=_FREE, sign_in=_FREE)
_PURPOSE: Final = {"Purpose": "case_work"}

Reader = tuple[str, Target]  # token of a session, and a child whom its worker may open


def main() -> int:
    """Print the table."""
    options = _options()
    with served(options.data, children=options.children) as server:
        times = _measured(server, options)
    figure = Figure(
        name="GET /v1/children/ID, with the log",
        goal="-",
        measured=f"{len(times) / options.seconds:,.0f}/s; p50 {percentile(times, 0.5) * 1e3:.1f} ms,"
        f" p95 {percentile(times, 0.95) * 1e3:.1f} ms",
        n=len(times),
        how=f"{options.clients} clients, {options.servers} server processes, one machine for all of them",
        met=None,
        load=load(),
    )
    sys.stdout.write(table([figure]) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the store")
    parser.add_argument("--children", type=int, default=4_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0)
    options: argparse.Namespace = parser.parse_args()
    return options


def _measured(server: EmbeddedServer, options: argparse.Namespace) -> list[float]:
    readers = _readers(server, targets(server), sessions=max(400, options.clients * 50))
    context = get_context("spawn")
    listeners = [_listener() for _ in range(options.servers)]
    serving = [
        context.Process(target=_serve, args=(server.url, keys_of(options.data), listener), daemon=True)
        for listener in listeners
    ]
    barrier: Barrier = context.Barrier(options.clients)
    told: Queue[list[float]] = context.Queue()
    reading = [
        context.Process(
            target=_read,
            args=(f"http://127.0.0.1:{listeners[one % options.servers].getsockname()[1]}", one, readers),
            kwargs={"seconds": options.seconds, "barrier": barrier, "told": told},
        )
        for one in range(options.clients)
    ]
    return _run(serving, reading, told)


def _run(serving: Sequence[BaseProcess], reading: Sequence[BaseProcess], told: Queue[list[float]]) -> list[float]:
    for process in [*serving, *reading]:
        process.start()
    try:
        return [one for _ in reading for one in told.get(timeout=300)]
    finally:
        for process in [*reading, *serving]:
            process.terminate()
            process.join(timeout=30)


def _readers(server: EmbeddedServer, children: Sequence[Target], *, sessions: int) -> list[Reader]:
    """Open sessions of invented workers, each of a commune where children live."""
    by_commune: dict[str, list[Target]] = {}
    for child in children:
        by_commune.setdefault(child.commune, []).append(child)
    rng, at, found = Random(1), now(), []
    with administered(server) as connection:
        for _ in range(sessions):
            commune = rng.choice(children).commune
            token, staff_id = f"{rng.getrandbits(256):064x}", uuid4()
            _open_session(connection, token, staff_id, commune=commune, login=f"reader-{staff_id}", at=at)
            found += [(token, child) for child in rng.choices(by_commune[commune], k=_A_PERSON)]
    return found


def _open_session(
    connection: psycopg.Connection, token: str, staff_id: UUID, *, commune: str, login: str, at: datetime
) -> None:
    connection.execute(
        "INSERT INTO staff (staff_id, login, role, office, nation, provinces, communes, rights, password_hash,"
        " password_is_one_time, created_at) VALUES (%s, %s, 'commune_worker', 'benchmark', false, '{}', %s, %s, '-',"
        " false, %s)",
        [staff_id, login, [commune], [right.value for right in SEPARATE_RIGHTS], at],
    )
    connection.execute(
        "INSERT INTO staff_session (token_digest, staff_id, csrf_token, started_at, last_seen_at)"
        " VALUES (%s, %s, '-', %s, %s)",
        [hashlib.sha256(token.encode()).digest(), staff_id, at, at],
    )


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _serve(url: str, keys: Path, listener: socket.socket) -> None:
    store, vault = Store(url, connections=8), Vault(Keyring.open(keys))
    store.see_changes(vault.keyring.follow)
    app = whole(Services(store=store, vault=vault, clock=now, demo=True), jobs=dict, token_file=None, rates=_RATES)
    config = uvicorn.Config(app, ws="none", log_config=None, access_log=False, http="h11")
    uvicorn.Server(config).run(sockets=[listener])


def _read(
    url: str, seed: int, readers: Sequence[Reader], *, seconds: float, barrier: Barrier, told: Queue[list[float]]
) -> None:
    rng = Random(seed)
    first = rng.randrange(len(readers) // _A_PERSON) * _A_PERSON  # where a worker's turn begins
    turn = [*readers[first:], *readers[:first]]
    times: list[float] = []
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for token, child in turn[:_WARM]:
            _ask(client, token, child)
        barrier.wait()
        began = last = time.perf_counter()
        for token, child in turn[_WARM:]:
            _ask(client, token, child)
            ended = time.perf_counter()
            times.append(ended - last)
            last = ended
            if ended - began >= seconds:
                break
    told.put(times)


def _ask(client: httpx.Client, token: str, child: Target) -> None:
    answer = client.get(f"/v1/children/{child.child_id}", headers={**_PURPOSE, "Authorization": f"Bearer {token}"})
    answer.raise_for_status()


if __name__ == "__main__":
    sys.exit(main())
