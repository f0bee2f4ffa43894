"""What a known citizen says of a claim: fact by fact, where the system tells us the citizen and not only yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors.contract import (
    Ambiguous,
    CitizenSnapshot,
    Claim,
    Compared,
    Inactive,
    NotFound,
    Outcome,
    Verification,
)
from connectors.population.agreement import same_birth_date, same_name


def compared(claim: Claim, citizen: CitizenSnapshot) -> Mapping[str, Compared]:
    """Say of each fact of a claim whether the citizen has it; what one of the two does not say is not checked."""
    return {
        "full_name": _said(claim.full_name, citizen.full_name, same_name(claim.full_name, citizen.full_name)),
        "birth_date": _said(
            claim.birth_date, citizen.birth_date, same_birth_date(claim.birth_date, citizen.birth_date)
        ),
        "sex": _said(claim.sex, citizen.sex, claim.sex == citizen.sex),
        "mother_name": _said(claim.mother_name, citizen.mother_name, same_name(claim.mother_name, citizen.mother_name)),
        "father_name": _said(claim.father_name, citizen.father_name, same_name(claim.father_name, citizen.father_name)),
    }


def _said(ours: str | None, theirs: str | None, same: bool) -> Compared:  # noqa: FBT001 # a verdict, not a switch
    if not ours or not theirs:
        return Compared.NOT_CHECKED
    return Compared.MATCH if same else Compared.MISMATCH


def verified(
    claim: Claim, said: CitizenSnapshot | NotFound | Ambiguous | Inactive, *, as_of: datetime, source_ref: str
) -> Verification:
    """Return the verification of a claim by what is known of the bearer of its number.

    A match needs both name and birth date to be said and the same; a name or a date that the system keeps to itself
    proves nothing, and nothing that was said may differ.
    """
    match said:
        case NotFound():
            return Verification(outcome=Outcome.NOT_FOUND, as_of=as_of, source_ref=source_ref)
        case Ambiguous():
            return Verification(outcome=Outcome.AMBIGUOUS, as_of=as_of, source_ref=source_ref)
        case Inactive():
            return Verification(
                outcome=Outcome.INACTIVE,
                as_of=as_of,
                source_ref=source_ref,
                inactivity=said.inactivity,
                replaced_by=said.replaced_by,
            )
    facts = compared(claim, said)
    if Compared.MISMATCH in facts.values():
        outcome = Outcome.MISMATCH
    elif facts["full_name"] is facts["birth_date"] is Compared.MATCH:
        outcome = Outcome.MATCH
    else:
        outcome = Outcome.UNKNOWN
    return Verification(outcome=outcome, as_of=as_of, source_ref=source_ref, attributes=facts)


def is_whom_the_claim_means(claim: Claim, citizen: CitizenSnapshot) -> bool:
    """Tell whether the bearer of the number is near enough to the claim to be told of.

    A mistyped number is somebody else's. So a citizen is handed on only if name or birth date is the claim's; what
    else differs may be a correction.
    """
    facts = compared(claim, citizen)
    return Compared.MATCH in (facts["full_name"], facts["birth_date"])
