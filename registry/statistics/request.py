"""A table on request: counted from the newest frame, perturbed, logged."""

from __future__ import annotations

from registry.exports.published import PublishedTable
from registry.model.errors import NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring import Keyring
from registry.protect.log.access_log import Event
from registry.protect.pseudonym import cell_secret
from registry.statistics import catalogue
from registry.statistics.publish import publish
from registry.store import access_log, frames
from registry.store.session import Transaction


class NoFrame(NotFound):
    """Nothing was counted yet: build a frame first."""


def request_table(transaction: Transaction, keyring: Keyring, name: str) -> PublishedTable:
    """Return a table of the catalogue, counted from the newest frame.

    Raises:
        UnknownTable: the catalogue has no such table.
        NoFrame: nothing was counted yet.
        Refused: this role asks for no tables.
    """
    authorize(transaction.access, Action.TABLE)
    definition = catalogue.load(name)
    frame = frames.newest_frame(transaction)
    if frame is None:
        raise NoFrame
    frame_id, as_of = frame
    table = publish(definition, frames.base_cells(transaction, frame_id), secret=cell_secret(keyring), frame_date=as_of)
    access_log.log(transaction, keyring, Event(action=Action.TABLE))
    return table
