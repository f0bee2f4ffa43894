"""The simulated registry in the manner of the DCI interface for civil registration: search now, or by a callback.

Source: SP DCI, Interoperability APIs for CRVS, v1.0.0 (Apache-2.0).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.population.book import Book, Clock, Entry
from connectors.simulators.population.dci_queries import BadCriteria, found, record
from connectors.simulators.population.dci_signing import Signer, Signing, signed_by
from connectors.simulators.population.faults import Fault
from connectors.simulators.population.json_faults import misshapen
from connectors.simulators.population.json_reading import NotJson, read_json
from connectors.simulators.population.lies import lied

TOO_MANY = 50  # people found: none of them is told
REMEMBERED = 5_000  # transactions and message ids
CALLBACK_PATIENCE = 10.0  # seconds
_NEEDED = ("message_id", "message_ts", "action", "sender_id", "total_count")
_STATUS = {"err.signature.missing": 401, "err.signature.invalid": 401, "err.request.not_found": 404}

Post = Callable[[str, bytes], int]  # address and body → the status that was answered


class _Err(Exception):
    """The message as a whole cannot be taken; the text is the standard's code."""


def post_json(address: str, body: bytes) -> int:
    """Deliver a callback; 0: nobody took it."""
    try:
        with httpx.Client(trust_env=False, timeout=CALLBACK_PATIENCE) as client:
            return client.post(address, content=body, headers={"Content-Type": "application/json"}).status_code
    except httpx.HTTPError:
        return 0


class DciService:
    """Answers searches."""

    def __init__(
        self,
        book: Book,
        *,
        clock: Clock,
        signing: Signing,
        sender_keys: Mapping[str, Mapping[str, str]],
        callback_times: int,
        seed: int,
        post: Post = post_json,
    ) -> None:
        self._book = book
        self._clock = clock
        self._signing = signing
        self._sender_keys = sender_keys
        self._callback_times = callback_times
        self._post = post
        self._seed = seed
        self._made: Signer | None = None
        self._transactions: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._messages: OrderedDict[str, object] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def signing_key(self) -> Mapping[str, str]:
        """Return the public key as a JWK."""
        return self._signer.public_key

    @property
    def _signer(self) -> Signer:
        with self._lock:
            if self._made is None:
                self._made = Signer(self._signing, seed=self._seed)
            return self._made

    def answer(self, asked: Asked, fault: Fault | None) -> Answered:
        """Answer a message."""
        path = asked.path.removeprefix("/dci")
        if asked.method != "POST":
            return json_answer({"errors": [{"code": "err.request.bad"}]}, status=405, headers={"Allow": "POST"})
        if asked.header("Content-Type").partition(";")[0].strip().lower() != "application/json":
            return json_answer({"errors": [{"code": "err.request.bad"}]}, status=415)
        if fault in (Fault.ERROR_INSIDE, Fault.DENIED_INSIDE):
            code = "err.service.unavailable" if fault is Fault.ERROR_INSIDE else "err.request.forbidden"
            return self._err(code, status=200)
        try:
            envelope = self._read(asked.body)
            return self._answer(path, envelope, fault)
        except _Err as error:
            return self._err(str(error), status=_STATUS.get(str(error), 400))

    def _answer(self, path: str, envelope: dict[str, Any], fault: Fault | None) -> Answered:
        if path == "/registry/sync/search":
            body = self._signed(envelope, self._searched(envelope, fault), "on-search", fault)
            return Answered(body=body, media_type="application/json")
        if path == "/registry/search":
            return self._later(envelope, fault)
        if path == "/registry/sync/txn/status":
            body = self._signed(envelope, self._status(envelope), "txn-on-status", fault)
            return Answered(body=body, media_type="application/json")
        raise _Err("err.request.not_found")

    def _err(self, code: str, *, status: int) -> Answered:
        error = {"code": code, "message": code}
        said = {"ack_status": "ERR", "timestamp": self._stamp(), "correlation_id": "", "error": error}
        return json_answer({"errors": [error], "message": said}, status=status)

    def _read(self, body: bytes) -> dict[str, Any]:
        """Return a message that keeps the rules.

        Raises:
            _Err: it breaks one.
        """
        try:
            envelope = read_json(body)
        except NotJson:
            raise _Err("err.request.bad") from None
        if not isinstance(envelope, dict):
            raise _Err("err.request.bad")
        header = envelope.get("header")
        if not isinstance(header, dict) or not isinstance(envelope.get("message"), dict):
            raise _Err("err.request.bad")
        if any(name not in header for name in _NEEDED) or not isinstance(header["total_count"], int):
            raise _Err("err.request.bad")
        if header.get("version", "1.0.0") != "1.0.0":
            raise _Err("err.version.not_supported")
        if header.get("is_msg_encrypted"):
            raise _Err("err.encryption.invalid")
        self._check_sender(header["sender_id"], envelope)
        return dict(envelope)

    def _check_sender(self, sender: object, envelope: Mapping[str, Any]) -> None:
        if not self._sender_keys:
            return
        key = self._sender_keys.get(str(sender))
        if key is None:
            raise _Err("err.sender_id.invalid")
        signature = envelope.get("signature")
        if not signature:
            raise _Err("err.signature.missing")
        if not signed_by(key, str(signature), envelope):
            raise _Err("err.signature.invalid")

    def _searched(self, envelope: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
        """Return the answer's message."""
        asked = envelope["message"]
        requests, transaction = asked.get("search_request"), asked.get("transaction_id")
        if not isinstance(requests, list) or not isinstance(transaction, str) or not 0 < len(transaction) <= 99:
            raise _Err("err.request.bad")
        if envelope["header"]["total_count"] != len(requests) or envelope["header"]["action"] != "search":
            raise _Err("err.request.bad")
        self._once(envelope["header"]["message_id"], requests)
        answers = [self._search(one, fault) for one in requests]
        message = {
            "transaction_id": transaction,
            "correlation_id": self._correlation(transaction),
            "search_response": answers,
        }
        with self._lock:
            self._transactions[transaction] = message
            if len(self._transactions) > REMEMBERED:
                self._transactions.popitem(last=False)
        return _of_another(message) if fault is Fault.OTHER_REQUEST else message

    def _once(self, message_id: object, requests: list[Any]) -> None:
        """Refuse a message id that came with another search; the same search may be repeated."""
        queries = [_query(one) for one in requests]  # stamps inside may differ: a repetition is sent later
        with self._lock:
            if self._messages.setdefault(str(message_id), queries) != queries:
                raise _Err("err.request.bad")
            if len(self._messages) > REMEMBERED:
                self._messages.popitem(last=False)

    def _search(self, request: object, fault: Fault | None) -> dict[str, Any]:
        criteria = request.get("search_criteria") if isinstance(request, dict) else None
        if not isinstance(request, dict) or not isinstance(criteria, dict) or "reference_id" not in request:
            raise _Err("err.request.bad")
        said = {"reference_id": request["reference_id"], "timestamp": self._stamp()}
        size, number = _pagination(criteria)
        if min(size, number) < 1:
            return {**said, "status": "rjct", "status_reason_code": "rjct.pagination.invalid"}
        try:
            entries = lied(self._book, found(self._book, criteria), fault, self._clock())
        except BadCriteria as refusal:
            return {**said, "status": "rjct", "status_reason_code": refusal.code}
        if len(entries) > TOO_MANY:
            return {**said, "status": "rjct", "status_reason_code": "rjct.search.too_many_records_found"}
        return {**said, "status": "succ", **_page(entries, size, number), "locale": request.get("locale", "eng")}

    def _later(self, envelope: Mapping[str, Any], fault: Fault | None) -> Answered:
        """Acknowledge a search; its answer is called back to the sender, who must be on this machine."""
        address = str(envelope["header"].get("sender_uri"))
        if not _is_here(address):
            raise _Err("err.sender_uri.invalid")
        message = self._searched(envelope, fault)
        body = self._signed(envelope, message, "on-search", fault)
        times = 2 if fault is Fault.REPLAYED else 1
        said = {
            "ack_status": "ACK",
            "timestamp": self._stamp(),
            "correlation_id": self._correlation(envelope["message"]["transaction_id"]),
        }
        acknowledged = json_answer({"message": said}, status=202)
        return replace(acknowledged, afterwards=partial(self._call_back, address, body, times))

    def _call_back(self, address: str, body: bytes, times: int) -> None:
        for _ in range(times):
            for _ in range(self._callback_times):
                if 200 <= self._post(address, body) < 300:
                    break

    def _status(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        asked = envelope["message"].get("txnstatus_request")
        if not isinstance(asked, dict) or asked.get("attribute_type") != "transaction_id":
            raise _Err("err.request.bad")
        with self._lock:
            known = self._transactions.get(str(asked.get("attribute_value")))
        if known is None:
            raise _Err("err.request.not_found")
        return {
            "transaction_id": envelope["message"].get("transaction_id", ""),
            "correlation_id": known["correlation_id"],
            "txnstatus_response": {"txn_type": "search", "txn_status": known},
        }

    def _signed(
        self, envelope: Mapping[str, Any], message: Mapping[str, Any], action: str, fault: Fault | None
    ) -> bytes:
        """Return a whole message; the signature's payload is the very text of header and message."""
        asked = envelope["header"]
        header = {
            "version": "1.0.0",
            "message_id": hashlib.sha256(f"{asked['message_id']}{action}".encode()).hexdigest()[:32],
            "message_ts": self._stamp(),
            "action": action,
            "status": "succ",
            "total_count": asked["total_count"],
            "completed_count": asked["total_count"],
            "sender_id": "population.simulated",
            "receiver_id": asked["sender_id"],
            "is_msg_encrypted": False,
        }
        text = json.dumps({"header": header, "message": message}, ensure_ascii=False, separators=(",", ":"))
        unsigned = fault is Fault.UNSIGNED
        signature = "" if unsigned else self._signer.sign(text.encode(), wrongly=fault is Fault.BADLY_SIGNED)
        whole = f'{{"signature":{json.dumps(signature)},{text[1:]}'
        return misshapen(whole, fault, renamed=("message", "messages")).encode()

    def _correlation(self, transaction: str) -> str:
        return hashlib.sha256(f"correlation {transaction}".encode()).hexdigest()[:32]

    def _stamp(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")


def _query(request: object) -> object:
    criteria = request.get("search_criteria") if isinstance(request, dict) else None
    return criteria.get("query") if isinstance(criteria, dict) else None


def _pagination(criteria: Mapping[str, Any]) -> tuple[int, int]:
    """Return a page's size and number; zeros where they cannot be read."""
    said = criteria.get("pagination") or {}
    wanted = (said.get("page_size", 10), said.get("page_number", 1)) if isinstance(said, dict) else ()
    return wanted if len(wanted) == 2 and all(isinstance(one, int) for one in wanted) else (0, 0)


def _is_here(address: object) -> bool:
    """Tell whether an address is of this machine."""
    try:
        parts = urlsplit(str(address))
        return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False


def _of_another(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as the answer to somebody else's search."""
    answers = [{**one, "reference_id": "another-reference"} for one in message["search_response"]]
    other = {"transaction_id": "another-transaction", "correlation_id": "another", "search_response": answers}
    return {**message, **other}


def _page(entries: list[Entry], size: int, number: int) -> dict[str, Any]:
    first = (number - 1) * size
    shown = [record(entry, place=place) for place, entry in enumerate(entries[first : first + size], start=first + 1)]
    data = {
        "version": "1.0.0",
        "reg_type": "ns:org:RegistryType:Civil",
        "reg_record_type": "spdci-extensions-dci:Person",
        "reg_records": shown,
    }
    return {"data": data, "pagination": {"page_size": size, "page_number": number, "total_count": len(entries)}}
