"""Data packages: a descriptor says which tables were delivered, what their columns hold, and whether they came whole.

The descriptor is a Data Package of Frictionless Data with three members of our own: `mode` ('bulk': these are all
records there are; 'delta': these have changed), `sequence` (grows by one with every delivery) and `asOf`.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import IO, Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import from_json

from connectors.contract import FileRefused
from connectors.formats.archive import is_safe_path

DESCRIPTOR: Final = "datapackage.json"
MAX_DESCRIPTOR_BYTES: Final = 1_000_000
MAX_FIELDS: Final = 300
_NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,79}$"
_HASH: Final = re.compile(r"(?:(?P<how>[a-z0-9]+):)?(?P<hex>[0-9a-fA-F]+)")


class Mode(StrEnum):
    """What a delivery holds."""

    BULK = "bulk"
    DELTA = "delta"


class FieldType(StrEnum):
    """What a column holds, of the types of Table Schema those that a register of children needs."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    YEAR = "year"
    YEARMONTH = "yearmonth"
    ANY = "any"


class _Part(BaseModel):
    """A part of a descriptor. Members that are not known here are passed over, as the specification asks."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Bound = Annotated[float | str | None, Field(union_mode="left_to_right")]


class Constraints(_Part):
    """What every value of a column must keep to."""

    required: bool = False
    enum: list[Any] | None = Field(default=None, min_length=1)
    pattern: str | None = Field(default=None, max_length=500)
    min_length: int | None = Field(default=None, alias="minLength", ge=0)
    max_length: int | None = Field(default=None, alias="maxLength", ge=0)
    minimum: Bound = None
    maximum: Bound = None


class FieldDescriptor(_Part):
    """One column."""

    name: str = Field(min_length=1, max_length=120)
    type: FieldType = FieldType.STRING
    format: str = "default"
    constraints: Constraints = Constraints()
    true_values: list[str] = Field(default=["true", "True", "TRUE", "1"], alias="trueValues")
    false_values: list[str] = Field(default=["false", "False", "FALSE", "0"], alias="falseValues")
    decimal_char: str = Field(default=".", alias="decimalChar", min_length=1, max_length=1)

    @field_validator("format")
    @classmethod
    def _known(cls, said: str) -> str:
        if said != "default":
            raise ValueError("must be 'default': dates in ISO form, texts as they are")
        return said


class TableSchema(_Part):
    """The columns of a table, and which of them name a record."""

    fields: list[FieldDescriptor] = Field(min_length=1, max_length=MAX_FIELDS)
    primary_key: Annotated[list[str], BeforeValidator(_as_list)] = Field(default=[], alias="primaryKey")
    missing_values: list[str] = Field(default=[""], alias="missingValues")

    @field_validator("fields")
    @classmethod
    def _once(cls, said: list[FieldDescriptor]) -> list[FieldDescriptor]:
        if len({field.name for field in said}) < len(said):
            raise ValueError("must name every field once")
        return said


class Dialect(_Part):
    """How a CSV file is written."""

    delimiter: str = Field(default=",", pattern=r"^[,;|\t]$")
    quote_char: str = Field(default='"', alias="quoteChar", pattern='^"$')
    double_quote: bool = Field(default=True, alias="doubleQuote")
    header: bool = True

    @field_validator("double_quote", "header")
    @classmethod
    def _always(cls, said: bool) -> bool:  # noqa: FBT001  pydantic hands a validator its value by place
        if not said:
            raise ValueError("must be true")
        return said


class Resource(_Part):
    """One table of a package."""

    name: str = Field(pattern=_NAME)
    path: str = Field(max_length=200)
    format: str | None = Field(default=None, pattern=r"^(csv|xlsx)$")
    encoding: str = "utf-8"
    bytes: int | None = Field(default=None, ge=0)
    hash: str | None = None
    dialect: Dialect = Dialect()
    schema_: TableSchema | None = Field(default=None, alias="schema")
    mode: Mode | None = None

    @field_validator("path")
    @classmethod
    def _inside(cls, said: str) -> str:
        if not is_safe_path(said):
            raise ValueError("must be a path inside the package")
        return said

    @field_validator("encoding")
    @classmethod
    def _unicode(cls, said: str) -> str:
        if said.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
            raise ValueError("must be utf-8")
        return said

    @field_validator("hash")
    @classmethod
    def _sha256(cls, said: str | None) -> str | None:
        found = _HASH.fullmatch(said or "")
        if said is not None and (found is None or found["how"] != "sha256" or len(found["hex"]) != 64):
            raise ValueError("must be 'sha256:' and 64 hexadecimal digits")
        return said

    @property
    def is_workbook(self) -> bool:
        """Say whether the table is a workbook."""
        return (self.format or PurePosixPath(self.path).suffix.lstrip(".").lower()) == "xlsx"


class Package(_Part):
    """What a descriptor says."""

    name: str | None = Field(default=None, pattern=_NAME)
    resources: list[Resource] = Field(min_length=1, max_length=50)
    mode: Mode
    sequence: int = Field(ge=1, le=10**15)
    as_of: datetime | None = Field(default=None, alias="asOf")

    @field_validator("resources")
    @classmethod
    def _once(cls, said: list[Resource]) -> list[Resource]:
        if len({resource.name for resource in said}) < len(said):
            raise ValueError("must name every resource once")
        return said

    def resource(self, name: str) -> Resource | None:
        """Return the table of a name; None if the package does not hold it."""
        return next((resource for resource in self.resources if resource.name == name), None)

    def mode_of(self, resource: Resource) -> Mode:
        """Return what a table of the package holds: what it says itself, or what the package says."""
        return resource.mode or self.mode


def read_descriptor(stream: IO[bytes], name: str) -> Package:
    """Read the descriptor of a package.

    Args:
        name: of the file that is delivered.

    Raises:
        FileRefused: it is too long or no JSON, or a member breaks a rule; the member is named, its value is not.
    """
    content = stream.read(MAX_DESCRIPTOR_BYTES + 1)
    if len(content) > MAX_DESCRIPTOR_BYTES:
        raise FileRefused("descriptor_too_long", f"{name}: {DESCRIPTOR}")
    try:
        return Package.model_validate(from_json(content.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False))
    except ValidationError as error:
        raise FileRefused("descriptor_broken", f"{name}: {DESCRIPTOR}: {_first_place(error)}") from None
    except ValueError:
        raise FileRefused("descriptor_broken", f"{name}: {DESCRIPTOR}: it is no JSON") from None


def read_schema(content: bytes, name: str) -> TableSchema:
    """Read a table's schema from a file of its own.

    Raises:
        FileRefused: it is no JSON, or a member breaks a rule.
    """
    try:
        return TableSchema.model_validate(from_json(content, allow_inf_nan=False))
    except ValidationError as error:
        raise FileRefused("schema_broken", f"{name}: {_first_place(error)}") from None
    except ValueError:
        raise FileRefused("schema_broken", f"{name}: it is no JSON") from None


def _first_place(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return ".".join(map(str, first["loc"]))


def check_arrived(stream: IO[bytes], resource: Resource, name: str) -> None:
    """Compare a table's bytes with the length and the hash that the descriptor promises.

    Raises:
        FileRefused: they differ.
    """
    place = f"{name}: {resource.path}"
    digest, length = hashlib.sha256(), 0
    while piece := stream.read(1 << 20):
        digest.update(piece)
        length += len(piece)
    if resource.bytes is not None and resource.bytes != length:
        raise FileRefused("length_differs", place)
    if resource.hash is not None and resource.hash.removeprefix("sha256:").lower() != digest.hexdigest():
        raise FileRefused("hash_differs", place)
