"""A witness of somebody else's log: it needs the log's public key, its own key file and a state file, nothing more.

It is meant to run outside the agency, at an inspectorate for example, with no database and none of the registry's keys.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from registry.commands.console import now, out
from registry.commands.log_files import LogUnreadable, text_of, understood
from registry.commands.witness_server import WitnessServer
from registry.model.errors import RegistryError, WrongKeys
from registry.protect.keys.private_file import create_private, read_private
from registry.protect.log.checkpoint import Verifier
from registry.protect.log.cosignature import Cosigner
from registry.protect.log.witness import LARGEST_REQUEST, Answer, Said, Witness

witness_app = typer.Typer(help="Witness a log from outside: cosign only what continues it.", no_args_is_help=True)

KeyFile = Annotated[Path, typer.Option("--key", help="The key file of the witness.")]
State = Annotated[Path, typer.Option("--state", help="What the witness has seen; made when it is missing.")]
LogKey = Annotated[str, typer.Option("--log-vkey", help="The public key of the log.")]
_SEED_BYTES: Final = 32


class WitnessRefusal(RegistryError):
    """The witness does not cosign this head."""

    status = 409
    title = "The witness does not cosign this head"


@witness_app.command("init")
def init(
    file: Annotated[Path, typer.Argument(help="The key file to be made.")],
    *,
    name: Annotated[str, typer.Option("--name", help="Under which it signs, such as witness.example/one.")],
) -> None:
    """Make the key of a witness, and print its public key: whoever checks the log needs it."""
    seed = secrets.token_bytes(_SEED_BYTES)
    cosigner = _cosigner(name, seed)
    create_private(file, f"{name}\n{seed.hex()}\n".encode())
    out.print(cosigner.verifier.vkey(), soft_wrap=True)


@witness_app.command("cosign")
def cosign(
    request: Annotated[Path, typer.Argument(help="What `child-registry log cosign FILE` has written.")],
    *,
    log_vkey: LogKey,
    key: KeyFile,
    state: State,
    answer: Annotated[Path | None, typer.Option("--answer", help="A file for the answer; else it is printed.")] = None,
) -> None:
    """Cosign the head in a file if it continues what was seen before; the answer is to be carried back."""
    said = _witness(log_vkey, key, state).judge(text_of(request, largest=LARGEST_REQUEST), at=now())
    if said.said is not Said.COSIGNED:
        raise WitnessRefusal(_sentence(said), place=str(request))
    if answer is None:
        out.print(said.text, end="", soft_wrap=True, markup=False)
    else:
        create_private(answer, said.text.encode())
        out.print(f"cosigned; bring {answer} back")


@witness_app.command("show")
def show(*, log_vkey: LogKey, key: KeyFile, state: State) -> None:
    """Print the newest head that was cosigned: `child-registry log verify --checkpoint` takes it."""
    seen = understood(str(state), _witness(log_vkey, key, state).seen)
    if seen.stopped is not None:
        raise WitnessRefusal(f"it has stopped: {seen.stopped}", place=str(state))
    out.print(seen.note or "nothing was cosigned yet\n", end="", soft_wrap=True, markup=False)


@witness_app.command("resume")
def resume(*, log_vkey: LogKey, key: KeyFile, state: State) -> None:
    """Go on after the witness has stopped: a person has looked at both histories and decided."""
    understood(str(state), _witness(log_vkey, key, state).resume)
    out.print("the witness goes on from the head that it cosigned last")


@witness_app.command("serve")
def serve(
    *,
    log_vkey: LogKey,
    key: KeyFile,
    state: State,
    host: Annotated[str, typer.Option("--host", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: any free one.")] = 8081,
) -> None:
    """Answer heads over HTTP at /add-checkpoint; to be put behind a web server with TLS."""
    witness = _witness(log_vkey, key, state)
    understood(str(state), witness.seen)
    with WitnessServer(witness, host=host, port=port) as listening:
        out.print(f"the witness listens on {host}:{listening.server_port}; Ctrl-C stops it")
        listening.serve_forever()


def _witness(log_vkey: str, key: Path, state: Path) -> Witness:
    log = understood("--log-vkey", lambda: Verifier.from_vkey(log_vkey))
    lines = read_private(key).decode("utf-8", "replace").split("\n")
    try:
        name, seed = lines[0], bytes.fromhex(lines[1])
    except (IndexError, ValueError):
        raise WrongKeys("not the key file of a witness", place=str(key)) from None
    if len(seed) != _SEED_BYTES:
        raise WrongKeys("not the key file of a witness", place=str(key))
    return Witness(log=log, cosigner=_cosigner(name, seed), state=state)


def _cosigner(name: str, seed: bytes) -> Cosigner:
    try:
        return Cosigner(name, seed)
    except ValueError as error:
        raise LogUnreadable(str(error), field="name") from None


def _sentence(said: Answer) -> str:
    text = said.text.strip()
    return (
        f"it has seen {text} leaves, and the request continues another head" if said.said is Said.NOT_NEWEST else text
    )
