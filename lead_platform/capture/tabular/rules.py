"""What a channel says of its tables; what it leaves out is found by looking at the file.

Owns the YAML model of `table:` (earlier `csv:`). What is set always beats what would be found.
"""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from lead_platform.patterns import Pattern


def _check_encoding(value: str) -> str:
    try:
        "a,\n".encode(value)
    except (LookupError, UnicodeError):
        raise ValueError(
            f"{value!r} is not an encoding; allowed: utf-8, cp1252, cp1250, utf-16, …"
        ) from None
    return value


def _check_single_bytes(value: str) -> str:
    if len("a,\n".encode(_check_encoding(value))) != 3:
        raise ValueError("fallback_encoding must write ASCII as single bytes (cp1252, …)")
    return value


def _check_pattern(value: str) -> str:
    return Pattern(value).source


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class TableRule(BaseModel):
    """How the channel's tables are written: CSV in all its dialects, and Excel workbooks.

    `header_row`: the row that names the columns, counted from 1 as a spreadsheet does, blank rows
    included. `skip_footer`: how many rows at the end are none, blank ones not counted; 0 says that
    the table has no footer. `footer`: a pattern that the text of a row that is no record matches.
    `sheet`: the sheet, or several of them, whose rows are the records.
    `section`: what stands alone in the line above the header, for reports with several tables;
    `other_sections`: the headings at which it ends.
    `report_header`: first cell of a one-row table whose values go to every record as `report`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, AfterValidator(_check_encoding)] | None = None
    fallback_encoding: Annotated[str, AfterValidator(_check_single_bytes)] | None = None
    sheet: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    header_row: Annotated[int, Field(ge=1, le=1_000)] | None = None
    skip_footer: Annotated[int, Field(ge=0, le=100)] | None = None
    footer: Annotated[str, AfterValidator(_check_pattern)] | None = None
    section: str | None = None
    other_sections: tuple[str, ...] = ()
    report_header: str | None = None
    required_columns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.encoding is not None and self.fallback_encoding is not None:
            raise ValueError("give `encoding` or `fallback_encoding`, not both")
        if self.section is not None and self.header_row is not None:
            raise ValueError("give `section` or `header_row`, not both")
        return self

    def stated(self) -> dict[str, Any]:
        """What is set, as the YAML has it."""
        found = self.model_dump(exclude_unset=True)
        return {n: list(v) if isinstance(v, tuple) else v for n, v in found.items()}


def table_rule(**stated: object) -> TableRule:
    """The rule of what is stated, None being nothing. Raises ValueError with every fault."""
    try:
        return TableRule.model_validate({n: v for n, v in stated.items() if v not in (None, [])})
    except ValidationError as error:
        faults = (f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise ValueError("; ".join(faults)) from None
