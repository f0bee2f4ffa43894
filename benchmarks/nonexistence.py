"""Whether the time of an answer tells a child who may not be known from one who does not exist.

    python benchmarks/nonexistence.py --data DIR [--children 6000] [--calls 1000]

A worker asks over HTTP, by one connection, for ids of three kinds by turns and in random order: ids that nobody has,
those of children beyond the area where she may find them, and those of sealed children of her own commune. The server
runs in a process of its own, on a store with durable settings; each refusal is in the access log before it is answered.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from secrets import token_urlsafe
from statistics import median
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import uvicorn
from reads_store import Target, administered, keys_of, now, served, targets
from starlette.applications import Starlette
from starlette.routing import Mount
from vault_figures import Figure, load, percentile, table

from registry.actions.accounts.sign_in import choose_password, current, nobody, sign_in
from registry.actions.accounts.staff import NewAccount, add_account
from registry.actions.keys.sealing import Vault
from registry.actions.services import Services
from registry.api.app import api
from registry.model.access import NOWHERE, Access, Area, Purpose, Role
from registry.protect.keys.keyring import Keyring
from registry.store.server.embedded import EmbeddedServer
from registry.store.session import Store
from registry.web.app import pages

MISSING, BEYOND, SEALED = "missing", "beyond the area", "sealed"
IDS_OF_A_KIND: Final = 20
GOAL_MS: Final = 1.0
PASSPHRASE: Final = token_urlsafe(24)
_WARM: Final = 50  # calls of each kind before those that count
_SEED: Final = 42
_FAR_PROVINCE, _FAR_COMMUNE = "01", "00004"


@dataclass(frozen=True, slots=True)
class Door:
    """A way to ask for a child."""

    name: str
    path: str  # with a place for the id
    headers: Mapping[str, str]


def main() -> int:
    """Print the table; the exit code is 1 if the medians differ by more than the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the store, made where it is missing")
    parser.add_argument("--children", type=int, default=6000)
    parser.add_argument("--calls", type=int, default=1000, help="calls of each kind at each door")
    options = parser.parse_args()
    with served(options.data, children=options.children) as server:
        commune, ids = prepare(server)
        login = open_account(server, options.data, commune)
        with serving(server.url, keys_of(options.data)) as address:
            figures = [figure(address, door, ids, calls=options.calls) for door in doors(address, login)]
    sys.stdout.write(table(figures) + "\n")
    return int(any(figure.met is False for figure in figures))


def prepare(server: EmbeddedServer) -> tuple[str, dict[str, list[UUID]]]:
    """Choose a commune, seal some of its children, and let others live far away; return it and ids of each kind."""
    known = targets(server)
    commune = _most_often(known)
    here = [target.child_id for target in known if target.commune == commune and target.records == 1]
    there = [target.child_id for target in known if target.commune != commune and target.records == 1]
    if len(here) < IDS_OF_A_KIND or len(there) < IDS_OF_A_KIND:
        raise SystemExit("there are too few children: invent more")
    ids = {
        MISSING: [uuid4() for _ in range(IDS_OF_A_KIND)],
        BEYOND: there[:IDS_OF_A_KIND],
        SEALED: here[:IDS_OF_A_KIND],
    }
    with administered(server) as connection:
        for name in ("child", "child_search"):
            moved = f"UPDATE {name} SET province_code = %s, communes = ARRAY[%s] WHERE child_id = ANY (%s)"  # noqa: S608  # of two
            connection.execute(moved.encode(), [_FAR_PROVINCE, _FAR_COMMUNE, ids[BEYOND]])
        connection.execute(
            "INSERT INTO child_seal (child_id, keepers, placed_at) SELECT unnest(%s::uuid[]), ARRAY[%s::uuid], now()"
            " ON CONFLICT (child_id) DO UPDATE SET lifted_at = NULL",
            [ids[SEALED], uuid4()],
        )
    return commune, ids


def _most_often(known: Sequence[Target]) -> str:
    communes = [target.commune for target in known]
    return max(set(communes), key=lambda one: (communes.count(one), one))


def open_account(server: EmbeddedServer, folder: Path, commune: str) -> str:
    """Add a worker of the commune and return her login."""
    store, vault = Store(server.url, connections=1), Vault(Keyring.open(keys_of(folder)))
    login = f"worker.{uuid4().hex[:12]}"
    area = Area(communes=frozenset({commune}))
    with store.begin(_administrator()) as transaction:
        account = NewAccount(login=login, role=Role.COMMUNE_WORKER, office="benchmark", area=area)
        one_time = add_account(transaction, vault, account)
    with store.begin(nobody(at=now(), request_id=uuid4())) as transaction:
        started = sign_in(transaction, vault, login=login, password=one_time)
        signed_in = None if isinstance(started, Exception) else current(transaction, started.token)
        if signed_in is None:
            raise SystemExit("the account cannot sign in")
        choose_password(transaction, vault, signed_in=signed_in, password=PASSPHRASE, again=PASSPHRASE)
    store.close()
    return login


def _administrator() -> Access:
    return Access(
        staff_id=None,
        login="benchmark",
        role=Role.ADMINISTRATOR,
        area=NOWHERE,
        office="benchmark",
        purpose=Purpose.ADMINISTRATION,
        reason=None,
        at=now(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
    )


@contextmanager
def serving(url: str, keys: Path) -> Iterator[str]:
    """Serve pages and interface in a process of their own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = get_context("spawn").Process(target=_serve, args=(url, keys, port))
    process.start()
    try:
        for _ in range(600):
            time.sleep(0.05)
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _serve(url: str, keys: Path, port: int) -> None:
    vault = Vault(Keyring.open(keys))
    services = Services(store=Store(url), vault=vault, clock=now, demo=True)
    app = Starlette(routes=[Mount("/v1", api(services)), Mount("/", pages(services))])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", ws="none", lifespan="off", access_log=False)


def doors(address: str, login: str) -> tuple[Door, ...]:
    """Sign in by both ways and return the doors to be measured."""
    connection = _connected(address)
    body = f'{{"login": "{login}", "password": "{PASSPHRASE}"}}'
    connection.request("POST", "/v1/session", body, {"content-type": "application/json"})
    token = connection.getresponse().read().decode().split('"token":"')[1].split('"')[0]
    form = urlencode({"login": login, "password": PASSPHRASE})
    connection.request("POST", "/en/sign-in", form, {"content-type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    cookie = (answer.headers["set-cookie"] or "").split(";")[0]
    bearer = {"authorization": f"Bearer {token}"}
    return (
        Door("open by the interface", "/v1/children/{}", {**bearer, "purpose": "case_work"}),
        Door("open by a page", "/en/children/{}", {"cookie": cookie}),
        Door("who looked, by the interface", "/v1/children/{}/looks", {**bearer, "purpose": "subject_request"}),
    )


def _connected(address: str) -> http.client.HTTPConnection:
    where = urlsplit(address)
    return http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)


def figure(address: str, door: Door, ids: Mapping[str, Sequence[UUID]], *, calls: int) -> Figure:
    """Ask for ids of all kinds by turns and compare the medians."""
    connection, rng = _connected(address), Random(_SEED)
    times: dict[str, list[float]] = {kind: [] for kind in ids}
    told: set[tuple[int, int]] = set()
    for turn in range(-_WARM, calls):
        for kind in rng.sample(sorted(ids), len(ids)):
            wanted = ids[kind][turn % len(ids[kind])]
            began = time.perf_counter()
            connection.request("GET", door.path.format(wanted), headers=dict(door.headers))
            answer = connection.getresponse()
            size = len(answer.read())
            if turn >= 0:
                times[kind].append((time.perf_counter() - began) * 1000)
                told.add((answer.status, size))
    if len(told) != 1 or min(told)[0] >= http.client.INTERNAL_SERVER_ERROR:
        raise SystemExit(f"{door.name}: the answers differ: {sorted(told)}")
    medians = {kind: median(found) for kind, found in times.items()}
    apart = max(medians.values()) - min(medians.values())
    spread = max(percentile(found, 0.75) - percentile(found, 0.25) for found in times.values())
    said = ", ".join(f"{kind} {medians[kind]:.2f}" for kind in ids)
    return Figure(
        name=f"{door.name}: median of an answer, ms",
        goal=f"apart <= {GOAL_MS:.0f} ms",
        measured=f"{said}; apart {apart:.2f} (quartiles apart {spread:.1f}); all answered {told.pop()[0]}",
        n=calls,
        how="GET over one kept connection, kinds by turns in random order",
        met=apart <= GOAL_MS,
        load=load(),
    )


if __name__ == "__main__":
    sys.exit(main())
