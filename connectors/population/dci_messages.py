"""The messages of the DCI interface: searches as we write them, answers as partners give them.

We write strictly what the standard's schema says, and read what partners really send. An answer counts only if it is
the partner's, answers this very question, and is complete; everything else is a failure with its place.
Source: SP DCI v1.0.0, registry/sync/search.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.contract import CallContext, ContractDrift, Denied, Description, RateLimited, Transient
from connectors.formats.strict_json import read_json, read_model
from connectors.population.dci_settings import DciSettings, Query
from connectors.population.dci_signing import Signer, Verifier

VERSION: Final = "1.0.0"
TOO_MANY: Final = "rjct.search.too_many_records_found"

_PASSING: Final = frozenset({"err.request.timeout", "err.service.unavailable"})
_REFUSING: Final = ("err.request.unauthorized", "err.request.forbidden", "err.sender", "err.receiver", "err.signature")
_PENDING: Final = frozenset({"rcvd", "pdng"})

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One search, as it is sent."""

    transaction_id: str
    reference_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one search brought."""

    records: tuple[Members, ...] = field(repr=False)
    total: int | None
    too_many: bool = False


def by_number(settings: DciSettings, number: str) -> Members:
    """Return the criteria that ask for the bearer of a number."""
    if settings.query is Query.IDTYPE_VALUE:
        return _criteria(settings, "idtype-value", {"type": settings.number_type, "value": number})
    return _criteria(settings, settings.query.value, [_expressions([(settings.number_type, number)])])


def by_description(settings: DciSettings, description: Description) -> Members:
    """Return the criteria that ask for whom a description fits."""
    words = description.full_name.split()
    wanted = [("surname", words[0]), ("given_name", words[-1])] if len(words) > 1 else [("given_name", words[0])]
    if len(words) > 2:
        wanted.insert(1, ("second_name", " ".join(words[1:-1])))
    if description.birth_date is not None:
        wanted.append(("birth_date", description.birth_date))
    pairs = [_expressions(wanted[first : first + 2], number=1 + first // 2) for first in range(0, len(wanted), 2)]
    kind = Query.EXPRESSION if settings.query is Query.EXPRESSION else Query.PREDICATE
    return _criteria(settings, kind.value, pairs)


def _expressions(wanted: Sequence[tuple[str, str]], *, number: int = 1) -> Members:
    first, *second = ({"attribute_name": name, "operator": "eq", "attribute_value": value} for name, value in wanted)
    found: dict[str, Any] = {"seq_num": number, "expression1": first}
    return {**found, "condition": "and", "expression2": second[0]} if second else found


def _criteria(settings: DciSettings, kind: str, query: object) -> Members:
    return {
        "version": VERSION,
        "reg_event_type": settings.event_type,
        "reg_record_type": settings.record_type,
        "query_type": kind,
        "query": query,
        "pagination": {"page_size": settings.most_found + 1, "page_number": 1},
    }


def search(
    settings: DciSettings, criteria: Members, context: CallContext, *, at: datetime, signer: Signer | None
) -> Question:
    """Return the message of one search; its ids are those of the call, so that a retry is the same question."""
    stamp = at.isoformat(timespec="milliseconds")
    authorize = {"ts": stamp, "purpose": {"text": context.legal_basis, "code": context.purpose}}
    request = {
        "reference_id": context.request_id,
        "timestamp": stamp,
        "search_criteria": {**criteria, "authorize": authorize},
        "locale": settings.locale,
    }
    header = {
        "version": VERSION,
        "message_id": context.request_id,
        "message_ts": stamp,
        "action": "search",
        "sender_id": settings.sender_id,
        "receiver_id": settings.receiver_id,
        "total_count": 1,
        "is_msg_encrypted": False,
        "meta": {"agency": context.agency_code, "officer": context.officer_ref, "procedure": context.procedure_code},
    }
    message = {"transaction_id": context.request_id, "search_request": [request]}
    covered = json.dumps({"header": header, "message": message}, ensure_ascii=False, separators=(",", ":")).encode()
    signature = json.dumps(signer.sign(covered) if signer else "").encode()
    return Question(
        transaction_id=context.request_id,
        reference_id=context.request_id,
        body=b'{"signature":' + signature + b"," + covered[1:],
    )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def _number(value: object) -> object:
    """Take a count written as text, as the samples have it; empty text is nothing."""
    if isinstance(value, str) and (not value or value.isdecimal()):
        return int(value) if value else None
    return value


class _Header(_Part):
    action: str
    status: str | None = None
    is_msg_encrypted: bool | None = False


class _Pagination(_Part):
    total_count: Annotated[int | None, BeforeValidator(_number)] = Field(default=None, ge=0)


class _Data(_Part):
    reg_records: list[dict[str, Any]] = Field(repr=False)


class _Response(_Part):
    reference_id: str
    status: str
    status_reason_code: str | None = None
    data: _Data | None = Field(default=None, repr=False)
    pagination: _Pagination | None = None


class _Message(_Part):
    transaction_id: str
    correlation_id: str
    search_response: list[_Response]


class _Answer(_Part):
    header: _Header
    message: _Message


def read_answer(content: bytes, question: Question, *, verifier: Verifier | None) -> Found:
    """Return what a search brought.

    Raises:
        ContractDrift: it is no answer, not the partner's, or not to this question.
        Transient: the partner could not answer, or has not yet; Denied: it would not.
    """
    covered = _covered(read_json(content), verifier)
    answer = read_model(_Answer, covered)
    if answer.header.action not in ("on-search", "search"):
        raise ContractDrift("header.action")
    if answer.header.is_msg_encrypted:
        raise ContractDrift("header.is_msg_encrypted")
    if answer.message.transaction_id != question.transaction_id:
        raise ContractDrift("message.transaction_id: another question")
    mine = [one for one in answer.message.search_response if one.reference_id == question.reference_id]
    if len(mine) != 1 or len(answer.message.search_response) != 1:
        raise ContractDrift("message.search_response: another question")
    return _found(mine[0])


def _covered(value: object, verifier: Verifier | None) -> object:
    """Return the part of an envelope that counts: with a key agreed on, the bytes that were signed."""
    if not isinstance(value, dict):
        raise ContractDrift("body")
    _raise_error(value)
    if verifier is None:
        return value
    signed = read_json(verifier.payload_of(value.get("signature")), place="signature")
    if not isinstance(signed, dict) or any(signed.get(part) != value.get(part) for part in ("header", "message")):
        raise ContractDrift("signature: of another message")
    return signed


def _raise_error(envelope: Members) -> None:
    """Raise the error that stands in the place of an answer."""
    message = envelope.get("message")
    if not isinstance(message, dict) or message.get("ack_status") not in ("ERR", "NACK"):
        return
    error = message.get("error")
    code = str(error.get("code")) if isinstance(error, dict) else ""
    if code == "err.request.too_many_requests":
        raise RateLimited("the partner's limit is reached")
    if code in _PASSING:
        raise Transient("the partner could not answer")
    if code.startswith(_REFUSING):
        raise Denied("the partner refused the message")
    raise ContractDrift("message.error")


def _found(response: _Response) -> Found:
    code = response.status_reason_code or ""
    if response.status in _PENDING:
        raise Transient("the partner has not answered yet")
    if response.status == "rjct" and code == TOO_MANY:
        return Found(records=(), total=None, too_many=True)
    if response.status == "rjct" and ("consent" in code or "authorize" in code):
        raise Denied("the partner refused the purpose")
    if response.status != "succ" or response.data is None:
        raise ContractDrift("message.search_response.0.status")
    total = response.pagination.total_count if response.pagination else None
    return Found(records=tuple(response.data.reg_records), total=total)
