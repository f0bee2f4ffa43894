"""Consent to uses that no law allows by itself: disclosure, research, media, voluntary services.

A child from seven on and the representative both sign, for a younger child the representative alone. Nothing stands by
default: what was not signed, or was withdrawn, or was signed before the child was old enough to be asked, does not.

Source: Law 91/2025/QH15, article 24; Law on Children 102/2016/QH13 with Decree 56/2017/ND-CP, article 36.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.child_keys import KnownChild, known_child
from registry.actions.keys.sealing import Vault, open_group, seal_group
from registry.actions.looking.reach import Reached, reach
from registry.actions.looking.suspects import is_suspect
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.model.law import Clock, Law, Use
from registry.model.representative import Relation
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import consents
from registry.store.consents import KeptText, StoredConsent, StoredSignature
from registry.store.session import Transaction

_LONGEST: Final = 200  # characters of a name
_OLDEST: Final = timedelta(days=365)  # a paper that was signed earlier is signed anew


class Signer(StrEnum):
    """Whose signature it is."""

    CHILD = "child"
    REPRESENTATIVE = "representative"


class Method(StrEnum):
    """How it was given."""

    PAPER = "paper"
    ELECTRONIC = "electronic"
    ORAL = "oral"  # before a witness


class Standing(StrEnum):
    """Whether a use is consented to."""

    STANDS = "stands"
    CHILD_TO_BE_ASKED = "child_to_be_asked"  # old enough by now, and has not signed
    INCOMPLETE = "incomplete"  # the representative has not signed
    WITHDRAWN = "withdrawn"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature to be taken down."""

    signer: Signer
    method: Method
    signed_at: datetime
    name: str = field(repr=False)
    relation: Relation | None = None  # None: the child herself
    witness: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureView:
    """A signature as it is shown."""

    signer: str
    method: str
    signed_at: datetime
    name: str = field(repr=False)
    relation: str | None
    witness: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """A consent as it is shown, with the text that was signed."""

    child_id: UUID
    consent_id: UUID
    use: Use
    standing: Standing
    version: str
    wording: str
    digest: str
    signatures: tuple[SignatureView, ...]
    withdrawn_at: datetime | None


def record_consent(
    transaction: Transaction,
    vault: Vault,
    law: Law,
    child_id: UUID,
    *,
    use: Use,
    language: str,
    signed: Sequence[Signature],
) -> UUID:
    """Take down a consent to the newest text of a use, with the signatures that were given.

    Raises:
        NotFound: no such child, or not for this access.
        BadQuery: a signature breaks a rule, or cannot be taken here.
    """
    reached, known = _reached(transaction, vault, child_id)
    if not any(one.signer is Signer.REPRESENTATIVE for one in signed):
        raise BadQuery("representative", "the representative signs in any case")
    text = law.text(use, language)
    consents.keep_text(
        transaction,
        KeptText(
            text_digest=text.digest,
            use_code=use.value,
            version=text.version,
            language=text.language,
            wording=text.wording,
        ),
    )
    consent_id = uuid4()
    consents.add(transaction, reached.head, consent_id, use=use.value, digest=text.digest)
    for one in signed:
        _check(transaction, vault, reached, one)
        _sign(transaction, known, one, child_id=reached.head, consent_id=consent_id)
    _log(transaction, vault, reached, use=use.value, what="signed")
    return consent_id


def add_signature(
    transaction: Transaction, vault: Vault, child_id: UUID, consent_id: UUID, *, signed: Signature
) -> None:
    """Take down a further signature, such as that of a child who was too young before.

    Raises:
        NotFound: no such consent of this child.
        BadQuery: the signature breaks a rule.
        Conflict: it was given before, or the consent was withdrawn.
    """
    reached, known = _reached(transaction, vault, child_id)
    consent = _one(transaction, reached, consent_id)
    if consent.withdrawn_at is not None:
        raise Conflict("the consent was withdrawn; a new one is taken down instead", field="consent")
    _check(transaction, vault, reached, signed)
    _sign(transaction, known, signed, child_id=consent.child_id, consent_id=consent_id)
    _log(transaction, vault, reached, use=consent.use_code, what="signed")


def withdraw_consent(
    transaction: Transaction, vault: Vault, child_id: UUID, consent_id: UUID, *, by: Signer, name: str, method: Method
) -> None:
    """Withdraw a consent. The child or the representative may, each alone, at any time; it ends at once.

    Raises:
        NotFound: no such consent of this child.
        BadQuery: the name is missing.
        Conflict: it was withdrawn before.
    """
    reached, known = _reached(transaction, vault, child_id)
    consent = _one(transaction, reached, consent_id)
    document = {"by": by.value, "name": _name("name", name), "method": method.value}
    key = known.key(consent.child_id)
    sealed = seal_group(key, "consent", group="withdrawal", row=consent_id, document=document)
    if not consents.withdraw(transaction, consent.child_id, consent_id, sealed_withdrawal=sealed):
        raise Conflict("the consent was withdrawn before", field="consent")
    _log(transaction, vault, reached, use=consent.use_code, what="withdrawn")


def list_consents(transaction: Transaction, vault: Vault, law: Law, child_id: UUID) -> list[ConsentView]:
    """Return all consents of a child, the newest first.

    Raises:
        NotFound: no such child, or not for this access.
    """
    reached, known = _reached(transaction, vault, child_id)
    shown = consents_of(transaction, law, reached, known)
    _log(transaction, vault, reached, use="", what="seen")
    return shown


def consents_of(transaction: Transaction, law: Law, reached: Reached, known: KnownChild) -> list[ConsentView]:
    """Return all consents of a child whom the transaction has reached, the newest first."""
    found = consents.of_children(transaction, reached.members)
    given = consents.signatures(transaction, reached.members)
    texts = consents.texts(transaction, [one.text_digest for one in found])
    at = transaction.access.at
    shown = []
    for one in found:
        own = [signature for signature in given if signature.consent_id == one.consent_id]
        text = texts[one.text_digest]
        shown.append(
            ConsentView(
                child_id=one.child_id,
                consent_id=one.consent_id,
                use=Use(one.use_code),
                standing=_standing(one, own, known=known, law=law, at=at),
                version=text.version,
                wording=text.wording,
                digest=one.text_digest.hex(),
                signatures=tuple(_view(known, signature) for signature in own),
                withdrawn_at=one.withdrawn_at,
            )
        )
    return shown


def standing(
    transaction: Transaction, vault: Vault, law: Law, members: Iterable[UUID], *, use: Use, at: datetime
) -> Standing:
    """Say whether a use is consented to; args: members: all identities of a child whom the transaction has reached."""
    ids = list(members)
    found = [one for one in consents.of_children(transaction, ids) if one.use_code == use.value and one.made_at <= at]
    if not found:
        return Standing.NEVER
    known = known_child(transaction, vault, ids)
    given = consents.signatures(transaction, ids)
    states = [
        _standing(one, [own for own in given if own.consent_id == one.consent_id], known=known, law=law, at=at)
        for one in found
    ]
    return min(states, key=list(Standing).index)


def stands(
    transaction: Transaction, vault: Vault, law: Law, members: Iterable[UUID], *, use: Use, at: datetime
) -> bool:
    """Say whether a child's data may be used so at a moment; without a consent that stands, it may not."""
    return standing(transaction, vault, law, members, use=use, at=at) is Standing.STANDS


def _standing(
    consent: StoredConsent, given: Sequence[StoredSignature], *, known: KnownChild, law: Law, at: datetime
) -> Standing:
    if consent.withdrawn_at is not None and consent.withdrawn_at <= at:
        return Standing.WITHDRAWN
    signers = {one.signer for one in given if one.signed_at <= at}
    if Signer.REPRESENTATIVE.value not in signers:
        return Standing.INCOMPLETE
    today = day_in_viet_nam(at)
    asked = known.may_be(law.number(Clock.CONSENT_AGE, on=today), on=today)
    if asked and Signer.CHILD.value not in signers:
        return Standing.CHILD_TO_BE_ASKED
    return Standing.STANDS


def _reached(transaction: Transaction, vault: Vault, child_id: UUID) -> tuple[Reached, KnownChild]:
    reached = reach(transaction, vault, authorize(transaction.access, Action.CONSENT), child_id)
    return reached, known_child(transaction, vault, reached.members)


def _one(transaction: Transaction, reached: Reached, consent_id: UUID) -> StoredConsent:
    for one in consents.of_children(transaction, reached.members):
        if one.consent_id == consent_id:
            return one
    raise NotFound


def _check(transaction: Transaction, vault: Vault, reached: Reached, signed: Signature) -> None:
    _name(signed.signer.value, signed.name)
    at = transaction.access.at
    if signed.signed_at > at:
        raise BadQuery("signed_at", "not in the future")
    if signed.signed_at < at - _OLDEST:
        raise BadQuery("signed_at", "not longer ago than a year: let it be signed anew")
    if signed.method is Method.ORAL and not (signed.witness and signed.witness.strip()):
        raise BadQuery("witness", "what is said is said before a witness, who is named")
    if signed.signer is Signer.CHILD:
        return
    if signed.relation is None:
        raise BadQuery("relation", "say what the representative is to the child")
    if is_suspect(transaction, vault, reached.members, relation=signed.relation, name=signed.name):
        # the same words whatever the reason: nobody learns here who is suspected
        raise BadQuery("representative", "this signature cannot be taken here; the province decides who signs")


def _sign(transaction: Transaction, known: KnownChild, signed: Signature, *, child_id: UUID, consent_id: UUID) -> None:
    document = {
        "name": _name(signed.signer.value, signed.name),
        "relation": signed.relation.value if signed.relation else None,
        "witness": " ".join(signed.witness.split()) if signed.witness else None,
    }
    group = f"signature:{signed.signer.value}"
    sealed = seal_group(known.key(child_id), "consent_signature", group=group, row=consent_id, document=document)
    stored = StoredSignature(
        child_id=child_id,
        consent_id=consent_id,
        signer=signed.signer.value,
        method=signed.method.value,
        signed_at=signed.signed_at,
        sealed_signature=sealed,
    )
    if not consents.sign(transaction, stored):
        raise Conflict("this signature was given before", field=signed.signer.value)


def _name(field_name: str, name: str) -> str:
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= _LONGEST:
        raise BadQuery(field_name, f"a name of 1 to {_LONGEST} characters")
    return plain


def _view(known: KnownChild, stored: StoredSignature) -> SignatureView:
    document = open_group(
        known.key(stored.child_id),
        "consent_signature",
        group=f"signature:{stored.signer}",
        row=stored.consent_id,
        token=stored.sealed_signature,
    )
    return SignatureView(signer=stored.signer, method=stored.method, signed_at=stored.signed_at, **document)


def _log(transaction: Transaction, vault: Vault, reached: Reached, *, use: str, what: str) -> None:
    groups = (use,) if use else ()
    log(
        transaction,
        vault,
        Event(action=Action.CONSENT.value, children=reached.members, groups=groups, counts={what: 1}),
    )
