"""Whom the identity provider means by our accounts, and the browsers that were sent to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.sign_in import ProviderAccountRow, ProviderLogoutRow, ProviderQuestionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredQuestion:
    """A browser that was sent to the identity provider, as it is remembered."""

    browser_digest: bytes
    session_digest: bytes | None  # the session whose holder is to prove who they are; None: a sign-in
    next_page: str
    asked_at: datetime


def ask(
    transaction: Transaction,
    *,
    state_digest: bytes,
    browser_digest: bytes,
    session_digest: bytes | None,
    next_page: str,
) -> None:
    """Remember a browser that is sent to the provider."""
    transaction.connection.execute(
        insert(ProviderQuestionRow).values(
            state_digest=state_digest,
            browser_digest=browser_digest,
            session_digest=session_digest,
            next_page=next_page,
            asked_at=transaction.access.at,
        )
    )


def take_question(transaction: Transaction, state_digest: bytes) -> StoredQuestion | None:
    """Return the question of a browser that came back, once; None: there is none, or it was answered."""
    row = transaction.connection.execute(
        update(ProviderQuestionRow)
        .where(ProviderQuestionRow.state_digest == state_digest, ProviderQuestionRow.answered_at.is_(None))
        .values(answered_at=transaction.access.at)
        .returning(
            ProviderQuestionRow.browser_digest,
            ProviderQuestionRow.session_digest,
            ProviderQuestionRow.next_page,
            ProviderQuestionRow.asked_at,
        )
    ).mappings()
    found: Any = row.one_or_none()
    return None if found is None else StoredQuestion(**dict(found))


def account_of(transaction: Transaction, *, issuer: str, subject: str) -> uuid.UUID | None:
    """Return the account that is bound to a subject."""
    return transaction.connection.scalar(
        select(ProviderAccountRow.staff_id).where(
            ProviderAccountRow.issuer == issuer, ProviderAccountRow.subject == subject
        )
    )


def bind_invited(transaction: Transaction, *, issuer: str, name: str, subject: str) -> uuid.UUID | None:
    """Bind the account that was invited under a name to a subject, once and for ever; None: nobody was."""
    return transaction.connection.scalar(
        update(ProviderAccountRow)
        .where(ProviderAccountRow.issuer == issuer, ProviderAccountRow.invited_as == name)
        .values(subject=subject, invited_as=None, bound_at=transaction.access.at)
        .returning(ProviderAccountRow.staff_id)
    )


def invite(
    transaction: Transaction, staff_id: uuid.UUID, *, issuer: str, subject: str | None, invited_as: str | None
) -> None:
    """Let an account be of a subject, or of whoever first comes under an invited name, and of nobody else any more."""
    transaction.connection.execute(delete(ProviderAccountRow).where(ProviderAccountRow.staff_id == staff_id))
    transaction.connection.execute(
        insert(ProviderAccountRow).values(
            staff_id=staff_id,
            issuer=issuer,
            subject=subject,
            invited_as=invited_as,
            bound_at=None if subject is None else transaction.access.at,
        )
    )


def note_logout(transaction: Transaction, token_digest: bytes) -> bool:
    """Note a sign-out that the provider told of; False: it was told before."""
    row = {"token_digest": token_digest, "told_at": transaction.access.at}
    return insert_rows(transaction, ProviderLogoutRow, [row]) == 1
