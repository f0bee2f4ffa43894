"""Models of the linkage: read from a file, adopted for this installation after a replay, and found again for a run."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final
from uuid import UUID

from matching.weights import Model, ModelFault, Reads
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict
from registry.protect.authorize import Action, authorize
from registry.protect.canonical import compact_json
from registry.protect.log.access_log import Event
from registry.store import models, runs
from registry.store.session import Transaction

SHIPPED: Final = "child_vn"  # compares until another model is adopted
LONGEST_FILE: Final = 1_000_000  # bytes; a model is a few thousand


class NotReplayed(Conflict):
    """A model may be adopted only after its replay over what stands now."""


class VersionTaken(Conflict):
    """Another model bears this version: what a version compared must be told from what another did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelText:
    """A model with the text of its file; `digest` is of the content, whatever its layout and comments."""

    model: Model
    text: str = field(repr=False)
    digest: bytes = field(repr=False)


def read_model(source: str) -> ModelText:
    """Read a model by the name of a shipped one, such as 'child_vn', or by the path of a TOML file.

    Raises:
        BadQuery: there is no such model, or its file breaks a rule.
        OSError: the file cannot be read.
    """
    path = Path(source)
    if path.suffix == ".toml":
        if path.stat().st_size > LONGEST_FILE:
            raise BadQuery("model", "the file is far longer than a model")
        return understood(path.read_bytes())
    file = resources.files("matching.models").joinpath(f"{path.name}.toml")
    if path.name != source or not file.is_file():
        raise BadQuery("model", "neither the name of a shipped model nor the path of a .toml file")
    return understood(file.read_bytes())


def understood(raw: bytes) -> ModelText:
    """Return the model that the bytes of a file hold.

    Raises:
        BadQuery: they break a rule, which is named.
    """
    try:
        text = raw.decode("utf-8")
        document = tomllib.loads(text)
        model = Model.from_document(document)
        if model.reads is not Reads.CHILD_VN:
            raise ModelFault("[model]: reads must be child_vn: the registry compares children's records")
        canonical = compact_json(document)
    except UnicodeDecodeError:
        raise BadQuery("model", "must be text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadQuery("model", f"must be TOML: {error}") from None
    except (ModelFault, ValueError, TypeError) as error:
        raise BadQuery("model", str(error)) from None
    return ModelText(model=model, text=text, digest=hashlib.sha256(canonical).digest())


def model_in_use(transaction: Transaction) -> ModelText:
    """Return the model that was adopted last, or the shipped one before the first."""
    adopted = models.in_use(transaction)
    return read_model(SHIPPED) if adopted is None else understood(adopted.document.encode())


def adopt_model(transaction: Transaction, vault: Vault, chosen: ModelText, *, by: UUID | None) -> None:
    """Let the runs that begin from now on compare by a model.

    Args:
        by: the account that adopts it; None on a demo.

    Raises:
        NotReplayed: it was not replayed over all identities since the linkage last changed anything.
        VersionTaken: another content has borne its version.
    """
    authorize(transaction.access, Action.LINK)
    version = chosen.model.version
    taken = models.digests_of(transaction, version)
    shipped = read_model(SHIPPED)
    if shipped.model.version == version:
        taken.add(shipped.digest)
    if taken - {chosen.digest}:
        raise VersionTaken(f"another model bears the version {version}: give this one a version of its own")
    replay_id = models.replay_of(transaction, chosen.digest, changes=runs.changes_so_far(transaction))
    if replay_id is None:
        raise NotReplayed(
            "this model was not replayed over all identities since the linkage last changed anything: run"
            " `child-registry match --replay MODEL --diff FILE` to its end and look at the differences first"
        )
    models.adopt(
        transaction,
        digest=chosen.digest,
        name=chosen.model.name,
        version=version,
        document=chosen.text,
        replay_id=replay_id,
        by=by,
    )
    log(transaction, vault, Event(action="adopt_model"))
