"""Published tables, as JSON or as a sheet."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from matching import places
from registry.api.caller import Signed
from registry.api.problems import problems
from registry.exports.published import PublishedTable, Status, Words
from registry.exports.sheet import csv_of
from registry.model.access import Purpose
from registry.statistics.request import request_table

router = APIRouter(tags=["tables"])

CSV = "text/csv"


class Label(BaseModel):
    """The same words in both languages."""

    vi: str
    en: str


class TableCode(BaseModel):
    """One code of a list."""

    code: str
    label: Label


class TableAxis(BaseModel):
    """One variable with its closed code list."""

    name: str
    label: Label
    version: str
    codes: list[TableCode]


class TableCell(BaseModel):
    """A count, or the mark that stands in its place."""

    codes: list[str] = Field(description="one for each axis, in order")
    shown: int | None
    status: Status


class Table(BaseModel):
    """A table that may be shown to anybody."""

    name: str
    version: str
    title: Label
    frame: Label
    method: Label
    frame_date: date
    axes: list[TableAxis]
    cells: list[TableCell]


@router.get(
    "/tables/{name}",
    summary="A published table",
    response_model=Table,
    responses={
        **problems(401, 403, 404, 422),
        200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "The table, as the Accept header asks"},
    },
)
def one(
    caller: Signed,
    name: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,80}$")],
    accept: Annotated[str, Header(description="`text/csv` for a sheet, otherwise JSON")] = "application/json",
    accept_language: Annotated[str, Header(description="`en` or `vi`, for the sheet")] = "vi",
) -> Response:
    """Return a table of the catalogue whole; nothing finer can be asked for."""
    with caller.begin(Purpose.STATISTICS) as transaction:
        table = request_table(transaction, caller.services.vault.keyring, name)
    if CSV in accept:
        language: Literal["vi", "en"] = "en" if accept_language.lower().startswith("en") else "vi"
        sheet = csv_of(table, language=language, places=places.provinces())
        return Response(sheet, media_type=f"{CSV}; charset=utf-8", headers={"Vary": "Accept, Accept-Language"})
    return JSONResponse(_document(table).model_dump(mode="json"), headers={"Vary": "Accept"})


def _document(table: PublishedTable) -> Table:
    axes = [
        TableAxis(
            name=axis.name,
            label=_label(axis.label),
            version=axis.version,
            codes=[TableCode(code=code.code, label=_label(code.label, code.code)) for code in axis.codes],
        )
        for axis in table.axes
    ]
    cells = [
        TableCell(codes=list(codes), shown=table.cells[codes].shown, status=table.cells[codes].status)
        for codes in table.combinations()
    ]
    return Table(
        name=table.name,
        version=table.version,
        title=_label(table.title),
        frame=_label(table.frame),
        method=_label(table.method),
        frame_date=table.frame_date,
        axes=axes,
        cells=cells,
    )


def _label(words: Words | None, place: str = "") -> Label:
    """Return words in both languages; a place keeps its Vietnamese name in each."""
    if words is not None:
        return Label(vi=words.vi, en=words.en)
    name = places.province_name(place) or place
    return Label(vi=name, en=name)
