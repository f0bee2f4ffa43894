"""The main job on a drop folder: every known file in, the extract loaded, linked, counted; broken off, it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors import plugins
from connectors.contract import FileReader, FileRefused
from connectors.population.extract import FILE_NAME as POPULATION
from connectors.population.extract import read_extract
from matching.names import surname_share
from registry.actions.build_frame import build_frame
from registry.actions.keys import install
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.decoys import decoys_in
from registry.actions.oversight.seal_log import seal_log
from registry.jobs import intake, linking
from registry.jobs.intake import FileAccount, Progress
from registry.jobs.linking import LinkAccount
from registry.jobs.opening import Installation
from registry.model.access import NATION, Purpose
from registry.store import frames, links

Step = Callable[[str], Progress]  # begins a step of the work and returns its progress
IGNORED: Final = ("README.md",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The known files of a drop folder, and the names of those nobody knows."""

    folder: Path
    population: Path
    files: Mapping[str, Path]  # system → file
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropAccount:
    """What the main job came to."""

    files: Sequence[FileAccount]
    population: Mapping[str, int]
    links: LinkAccount
    left_alone: tuple[str, ...]  # files that no connector knows


def look_into(folder: Path, connectors: Mapping[str, FileReader]) -> Drop:
    """Find the known files, and open each once, so that a wrong one is refused before anything is stored.

    Raises:
        FileRefused: the folder or a file of it cannot be used; every fault is named.
    """
    if not folder.is_dir():
        raise FileRefused("folder_missing", str(folder))
    by_name = {connector.format.file_name: system for system, connector in connectors.items()}
    present = sorted(path.name for path in folder.iterdir() if path.is_file())
    if POPULATION not in present:
        raise FileRefused("file_missing", f"{folder}: {POPULATION}")
    files = {by_name[name]: folder / name for name in present if name in by_name}
    if not files:
        raise FileRefused("file_missing", f"{folder}: none of {', '.join(sorted(by_name))}")
    _open_each(folder, files, connectors)
    unknown = tuple(name for name in present if name not in by_name and name not in {POPULATION, *IGNORED})
    return Drop(folder=folder, population=folder / POPULATION, files=files, unknown=unknown)


def _open_each(folder: Path, files: Mapping[str, Path], connectors: Mapping[str, FileReader]) -> None:
    faults: list[FileRefused] = []
    try:
        read_extract(folder / POPULATION)
    except FileRefused as refused:
        faults.append(FileRefused(refused.rule, f"{POPULATION}: {refused.place}"))
    for system, path in files.items():
        try:
            connectors[system].open(path, surname_share)
        except FileRefused as refused:
            faults.append(FileRefused(refused.rule, f"{path.name}: {refused.place}"))
    if faults:
        raise FileRefused(faults[0].rule, "; ".join([faults[0].place, *(str(fault) for fault in faults[1:])]))


def drop_digest(vault: Vault, drop: Drop) -> bytes:
    """Return the keyed digest of the known files of a drop."""
    digest = hashlib.sha256()
    for path in [drop.population, *(drop.files[system] for system in sorted(drop.files))]:
        digest.update(path.name.encode() + b"\0" + intake.file_digest(vault, path))
    return vault.index.bytes_digest(digest.digest())


def is_done(installed: Installation, digest: bytes) -> bool:
    """Say whether the main job has run to its end on this drop: the frame is its last step.

    Raises:
        DemoRefused: the data folder holds another drop.
    """
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        install.claim_drop(transaction, digest)
        return frames.newest_frame(transaction) is not None


def run_drop(
    installed: Installation,
    drop: Drop,
    connectors: Mapping[str, FileReader],
    *,
    digest: bytes,
    step: Step,
) -> DropAccount:
    """Run the main job; each part goes on where a broken-off run stopped.

    Raises:
        DemoRefused: the data folder holds another drop.
    """
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        install.claim_drop(transaction, digest)
    with ThreadPoolExecutor(max_workers=1) as beside:  # one waits for the database while the other computes
        loading = beside.submit(intake.load_population, installed, drop.population, progress=step("population extract"))
        files = [
            intake.ingest_file(installed, connectors[system], drop.files[system], progress=step(system))
            for system in connectors
            if system in drop.files
        ]
        population = loading.result()
    account = linking.link_all(installed, progress=step("linking"))
    return DropAccount(files=files, population=population, links=account, left_alone=drop.unknown)


def standing(installed: Installation) -> Mapping[str, int]:
    """Return how many identities ended in which decision."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return links.counts(transaction, but=decoys_in(transaction, installed.vault, NATION))


def count_and_seal(installed: Installation) -> None:
    """Build today's frame and sign the log so far: the last step of the main job."""
    with installed.store.begin(installed.engine(Purpose.STATISTICS)) as transaction:
        build_frame(transaction, installed.vault, as_of=intake.today(installed))
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        seal_log(transaction, installed.vault)


def all_connectors() -> dict[str, FileReader]:
    """Return every sector connector by the name of its system."""
    return plugins.file_readers()
