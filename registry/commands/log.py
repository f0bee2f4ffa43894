"""Commands of the access log: seal it, give it out, check it, have it cosigned."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final
from uuid import UUID

import typer

from registry.actions.oversight.cosign_log import cosigned_size, keep_answer, request_for
from registry.actions.oversight.seal_log import log_keys
from registry.actions.oversight.verify_log import note_export, prove_event, records, verify_log
from registry.commands.console import AsJson, Data, Login, Sentence, answer, opened, operator, out, table
from registry.commands.log_files import LogUnreadable, text_of, told_in, understood, verifiers, witnesses
from registry.jobs.identity import permit
from registry.jobs.log_settings import witnesses_from
from registry.jobs.opening import Installation
from registry.jobs.sealing_log import ask_witness, seal_all
from registry.model.access import Purpose
from registry.protect.authorize import Action
from registry.protect.log.inclusion import LARGEST, InclusionProof
from registry.protect.log.log_check import Against, Findings, LogCheck
from registry.protect.log.log_records import read_bundle, write_bundle

log_app = typer.Typer(help="The access log: seal it, check it, have it cosigned.", no_args_is_help=True)

SHOWN: Final = 50  # faults printed
VKeys = Annotated[list[str] | None, typer.Option("--vkey", help="A public key of the log, the oldest first.")]
WitnessKeys = Annotated[list[str] | None, typer.Option("--witness-vkey", help="The public key of a witness.")]
Outside = Annotated[
    list[Path] | None, typer.Option("--checkpoint", help="A head that was kept where nobody could change it.")
]
Sinks = Annotated[list[Path] | None, typer.Option("--sink", help="What the second sink was told.")]


@log_app.command("seal")
def seal(*, data: Data = None, json: AsJson = False) -> None:
    """Number the leaves that wait, and sign the head."""
    with opened(data) as installed:
        sealed = seal_all(installed)
    if json:
        answer({"sealed": sealed})
    else:
        out.print(f"{sealed:,} leaves sealed")


@log_app.command("key")
def key(*, data: Data = None, json: AsJson = False) -> None:
    """Print the public keys of the log, the oldest first: whoever checks it or witnesses it needs them."""
    with opened(data) as installed:
        lines = [verifier.vkey() for verifier in log_keys(installed.vault.keyring)]
    if json:
        answer({"vkeys": lines})
    for line in () if json else lines:
        out.print(line, soft_wrap=True)


@log_app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The bundle to be written; it must not exist yet.")],
    *,
    login: Login = None,
    sentence: Sentence = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Write the whole log into a bundle that can be checked without database and keys. No names are in it."""
    with opened(data) as installed:
        permit(installed, operator(login, sentence), Action.LOG, Purpose.ADMINISTRATION)
        with private_file(file) as stream, installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            leaves = write_bundle(stream, records(transaction))
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            note_export(transaction, installed.vault, leaves=leaves)
    if json:
        answer({"file": str(file), "leaves": leaves})
    else:
        out.print(f"{leaves:,} leaves in {file}")


@log_app.command("prove")
def prove(
    event_id: Annotated[UUID, typer.Argument(help="The event.")],
    file: Annotated[Path, typer.Argument(help="The proof to be written; it must not exist yet.")],
    *,
    login: Login = None,
    data: Data = None,
) -> None:
    """Write the proof that one event stands in the log."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.LOG, Purpose.ADMINISTRATION)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            proof = prove_event(transaction, event_id)
    with private_file(file) as stream:
        stream.write(proof.text().encode())
    out.print(f"the event is leaf {proof.index}; its proof is in {file}")


@log_app.command("verify")
def verify(
    bundle: Annotated[Path | None, typer.Argument(help="A bundle; without it the log of the database.")] = None,
    *,
    vkey: VKeys = None,
    witness_vkey: WitnessKeys = None,
    checkpoint: Outside = None,
    sink: Sinks = None,
    inclusion: Annotated[Path | None, typer.Option("--inclusion", help="Check the proof of one event.")] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Rehash every leaf, rebuild the tree, check every signature; the exit code is 1 if anything does not hold.

    A bundle and a proof are checked with the given keys alone: neither database nor keys of the registry are needed.
    """
    if inclusion is not None:
        _verify_event(inclusion, vkey or ())
        return
    against = Against(
        log=verifiers(vkey or ()),
        witnesses=witnesses(witness_vkey or ()),
        outside=tuple(text_of(path) for path in checkpoint or ()),
        sink=told_in(sink or ()),
    )
    if bundle is None:
        found = _verify_database(against, data)
    elif not against.log:
        raise LogUnreadable("name the public key of the log, as `child-registry log key` prints it", field="vkey")
    else:
        found = understood(str(bundle), lambda: LogCheck(against).run(read_bundle(bundle)))
    _tell(found, json=json)
    if found.faults:
        raise SystemExit(1)


@log_app.command("cosign")
def cosign(
    target: Annotated[str, typer.Argument(help="The address of a witness, or a file to be brought to one.")],
    *,
    answered: Annotated[
        bool, typer.Option("--answered", help="The file holds what the witness answered: check and keep it.")
    ] = False,
    witness_vkey: WitnessKeys = None,
    data: Data = None,
) -> None:
    """Have the newest head cosigned by a witness, over HTTP or by files carried there and back."""
    with opened(data) as installed:
        if not answered:
            seal_all(installed)
        if target.startswith(("http://", "https://")):
            kept = ask_witness(installed, target)
            out.print("nothing is sealed yet" if kept is None else f"the head of {kept.tree_size:,} leaves is cosigned")
        elif answered:
            _keep(installed, Path(target), witness_vkey or ())
        else:
            _ask(installed, Path(target), witness_vkey or ())


def _ask(installed: Installation, file: Path, keys: Sequence[str]) -> None:
    known = witnesses(keys) or witnesses_from(installed.settings)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        request = request_for(transaction, old=max((cosigned_size(transaction, one) for one in known), default=0))
    with private_file(file) as stream:
        stream.write(request.text().encode())
    out.print(f"bring {file} to the witness, and its answer back with --answered")


def _keep(installed: Installation, file: Path, keys: Sequence[str]) -> None:
    """Keep an answer; the log may have grown since the question: it is of the head that its line is good for."""
    known = witnesses(keys) or witnesses_from(installed.settings)
    text = text_of(file)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        kept = keep_answer(transaction, installed.vault, text, note=None, witnesses=known)
    out.print(f"the head of {kept.tree_size:,} leaves is cosigned")


def _verify_event(path: Path, keys: Sequence[str]) -> None:
    proof = understood(str(path), lambda: InclusionProof.from_text(text_of(path, largest=LARGEST)))
    size = understood(str(path), lambda: proof.size_of(verifiers(keys)))
    out.print(f"leaf {proof.index} stands in the log of {size} leaves:")
    out.print(proof.content.decode("utf-8", "backslashreplace"), markup=False, soft_wrap=True)


def _verify_database(against: Against, data: Path | None) -> Findings:
    with opened(data) as installed:
        own = against.log or log_keys(installed.vault.keyring)
        known = against.witnesses or witnesses_from(installed.settings)
        told = against.sink
        if not told and installed.settings.log_sink is not None and "://" not in installed.settings.log_sink:
            told = told_in([Path(installed.settings.log_sink)])
        whole = Against(log=own, witnesses=known, outside=against.outside, sink=told)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            return verify_log(transaction, whole)


def _tell(found: Findings, *, json: bool) -> None:
    counts = {
        "leaves": found.leaves,
        "waiting": found.waiting,
        "heads": found.heads,
        "rows": found.rows,
        "told": found.told,
        "cosigned": dict(found.cosigned),
    }
    if json:
        answer({**counts, "faults": [{"kind": one.kind.value, "words": one.words} for one in found.faults]})
        return
    if found.faults:
        table("Faults", ("kind", "what"), [(one.kind.value, one.words) for one in found.faults[:SHOWN]])
        out.print(f"{len(found.faults):,} faults")
        return
    out.print(
        f"the log holds: {found.leaves:,} leaves under {found.heads:,} heads, {found.waiting:,} not sealed yet,"
        f" {found.rows:,} rows as they were written"
    )
    for witness, size in found.cosigned.items():
        out.print(f"cosigned by {witness} up to {size:,} leaves")


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file of mode 0600 that appears whole or not at all."""
    if path.exists():
        raise LogUnreadable("the file exists already and is not overwritten", place=str(path))
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
