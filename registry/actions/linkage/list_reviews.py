"""Lists what waits for a person, page by page, the records whose decision tells most first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from registry.model.errors import BadQuery
from registry.protect.authorize import Action, authorize
from registry.store import reviews
from registry.store.reviews import Waiting
from registry.store.session import Transaction

PAGE: Final = 50  # identities
LONGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """A page of what waits for a person."""

    items: tuple[Waiting, ...]
    next: str | None  # to be given as `after`; None: this is the last page


def review_page(transaction: Transaction, *, after: str | None = None, limit: int = PAGE) -> ReviewPage:
    """Return a page of the identities that wait for a person in this area, the most informative first.

    Going on after a page neither repeats nor leaves out what waits all the while, whatever is decided in between.

    Args:
        after: the `next` of the page before; None: the first page.

    Raises:
        BadQuery: `after` is of no page, or the limit is out of range.
    """
    grant = authorize(transaction.access, Action.REVIEW)
    if not 1 <= limit <= LONGEST_PAGE:
        raise BadQuery("limit", f"from 1 to {LONGEST_PAGE}")
    found = reviews.review_queue(transaction, grant, limit=limit + 1, after=None if after is None else _place(after))
    more = found[limit - 1] if len(found) > limit else None
    return ReviewPage(items=tuple(found[:limit]), next=None if more is None else _written(more))


def _written(waiting: Waiting) -> str:
    """Return the place of an identity in the queue as text; the number to its last bit."""
    return f"{int(waiting.unsure)}.{waiting.information.hex()}.{waiting.child_id}"


def _place(text: str) -> tuple[bool, float, UUID]:
    try:
        unsure, rest = text.split(".", 1)
        information, child_id = rest.rsplit(".", 1)
        place = (bool(int(unsure)), -float.fromhex(information), UUID(child_id))
    except (ValueError, OverflowError):
        raise BadQuery("after", "must be the `next` of a page of reviews") from None
    return place
