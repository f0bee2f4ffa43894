"""Several groups of one row sealed and opened at once: the same tokens as one by one, the same refusals."""

from __future__ import annotations

from uuid import UUID

import pytest

from registry.protect.cipher import (
    DataKey,
    Place,
    Tampered,
    seal_document,
    seal_documents,
    unseal_document,
    unseal_documents,
)

KEY = DataKey(bytes(32), 1)
ROW = UUID(int=7)
DOCUMENTS: dict[str, dict[str, object]] = {
    "identity": {"name": "Lò Thị Mẫu", "former": []},
    "family": {},
    "source": {"key": "\ud800"},
}


def test_what_is_sealed_at_once_opens_one_by_one() -> None:
    for group, token in seal_documents(KEY, "identity", row=ROW, documents=DOCUMENTS).items():
        assert unseal_document(KEY, Place("identity", group, ROW, 1), token) == DOCUMENTS[group]


def test_what_is_sealed_one_by_one_opens_at_once() -> None:
    tokens = {group: seal_document(KEY, Place("identity", group, ROW, 1), each) for group, each in DOCUMENTS.items()}
    assert unseal_documents(KEY, "identity", row=ROW, tokens=tokens) == DOCUMENTS


def test_tokens_in_exchanged_columns_are_refused() -> None:
    tokens = seal_documents(KEY, "identity", row=ROW, documents=DOCUMENTS)
    with pytest.raises(Tampered, match="belong here"):
        unseal_documents(KEY, "identity", row=ROW, tokens={"identity": tokens["family"]})


def test_each_token_has_a_nonce_of_its_own() -> None:
    tokens = seal_documents(KEY, "identity", row=ROW, documents=DOCUMENTS)
    assert len({token[4:16] for token in tokens.values()}) == len(DOCUMENTS)


def test_a_document_within_itself_is_refused_without_showing_it() -> None:
    document: dict[str, object] = {"name": "Mẫu"}
    document["again"] = document
    with pytest.raises(ValueError, match="nested") as refusal:
        seal_documents(KEY, "identity", row=ROW, documents={"identity": document})
    assert "Mẫu" not in str(refusal.value)
