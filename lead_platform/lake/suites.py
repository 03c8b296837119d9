"""Expectation suites: the contract of each published table, validated on what a write changed.

Owns reading the suites and running Great Expectations over frames. Which rows changed, and what
follows from a failure, belongs to the gate.
"""

import functools
import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from lead_platform.configuration import ConfigurationError, content_version, load_json
from lead_platform.lake.faults import few_of, find_breaking_rows
from lead_platform.lake.trees import walk
from lead_platform.layers import WORKFLOWS
from lead_platform.patterns import Pattern

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition

_NOT_NULL = "expect_column_values_to_not_be_null"

# Judged here and not by Great Expectations, whose engine of regular expressions one value can hold
# for ever.
MATCHES = "expect_column_values_to_match_regex"
_MATCHES_NOT = "expect_column_values_to_not_match_regex"
_PATTERNED = (MATCHES, _MATCHES_NOT)

# Lists that are kept elsewhere: a suite names them, `"value_set": "workflows"`.
_NAMED_LISTS = {"workflows": WORKFLOWS}

# Offending rows kept per failed expectation; the count of all of them is kept beside.
KEPT_ROWS = 1_000

# Expectations of our own, beside those of Great Expectations: each column's type as DuckDB spells
# it, `{"types": {"lead_id": "VARCHAR", ...}}`. The gate asks the table for them.
COLUMN_TYPES = "expect_table_columns_to_have_types"


class Reference(BaseModel):
    """Rows of this table name rows of another: `cascade` when they go with it, else `keep`.

    With `when` only rows that have these values do; those are kept when the others go.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]
    on_delete: str = Field(pattern="^(cascade|keep)$")
    when: dict[str, str] = {}

    @model_validator(mode="after")
    def _are_kept(self) -> "Reference":
        if self.when and self.on_delete == "cascade":
            raise ValueError('"when" needs "on_delete": "keep"')
        return self


class SubjectColumns(BaseModel):
    """Whose the table's rows are, one row being one's: what can be set aside to do without them.

    `columns` hold ids of that type; of several any may be the one at fault.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(pattern="^[a-z_]+$")
    columns: tuple[str, ...] = Field(min_length=1)


class SuiteMeta(BaseModel):
    """What the gate needs to know of a table besides its expectations.

    Of a table without `subject` a bad row costs the whole write.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    grain: str
    key: tuple[str, ...] = Field(min_length=1)
    references: tuple[Reference, ...] = ()
    subject: SubjectColumns | None = None


class ExpectationSpec(BaseModel):
    """One expectation as the suite file states it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    kwargs: dict[str, Any]
    meta: dict[str, Any] = {}

    @field_validator("kwargs")
    @classmethod
    def _has_named_list(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        name = kwargs.get("value_set")
        if not isinstance(name, str):
            return kwargs
        if name not in _NAMED_LISTS:
            raise ValueError(
                f"unknown list {name!r} in value_set. Known: {', '.join(_NAMED_LISTS)}"
            )
        return {**kwargs, "value_set": list(_NAMED_LISTS[name])}

    @model_validator(mode="after")
    def _warns_of_rows_only(self) -> Self:
        severity = self.meta.get("severity", "fail")
        if severity not in ("fail", "warn"):
            raise ValueError(f"unknown severity {severity!r} in meta. Known: fail, warn")
        if severity == "warn" and self.scope == "columns":
            raise ValueError(f"{self.type} cannot warn: without its columns no table is judged")
        return self

    @model_validator(mode="after")
    def _has_known_pattern(self) -> Self:
        if self.type in _PATTERNED:
            if self.kwargs.keys() != {"column", "regex"}:
                raise ValueError(f"{self.type} takes column and regex, and nothing else")
            Pattern(self.kwargs["regex"])
        elif "regex" in self.type:
            raise ValueError(f"{self.type} is not judged here; use {' or '.join(_PATTERNED)}")
        return self

    @property
    def is_warning(self) -> bool:
        """Whether what fails it is published all the same, and told to a person."""
        return self.meta.get("severity") == "warn"

    @property
    def scope(self) -> str:
        """`rows` (what changed), `table` (facts about the write) or `columns` (which there are)."""
        if self.type.startswith("expect_table_columns") or self.type == "expect_column_to_exist":
            return "columns"
        return str(self.meta.get("on", "rows"))

    @property
    def columns(self) -> set[str]:
        """The columns it reads."""
        named = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        listed = self.kwargs.get("column_list") or []
        return {name for name in [*named, *listed] if name}


class Suite(BaseModel):
    """One table's suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    meta: SuiteMeta
    expectations: tuple[ExpectationSpec, ...] = Field(min_length=1)

    def scoped(self, scope: str) -> list[ExpectationSpec]:
        """The expectations of one scope; the key's uniqueness is one of those on rows."""
        chosen = [spec for spec in self.expectations if spec.scope == scope]
        if scope == "rows":
            chosen.append(_key_is_unique(self.meta.key))
        return chosen

    @property
    def subject_columns(self) -> tuple[str, ...]:
        """The columns that say whose a row is; none where it is nobody's."""
        return self.meta.subject.columns if self.meta.subject else ()

    @property
    def filled_columns(self) -> set[str]:
        """The columns that hold a value in every row."""
        filled = [spec for spec in self.expectations if spec.type == _NOT_NULL]
        return {*self.meta.key, *(column for spec in filled for column in spec.columns)}

    @property
    def version(self) -> str:
        """A name for what the suite says: another one means another judgement."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def row_columns(self) -> list[str]:
        """Columns needed to validate rows: the key first."""
        needed = set().union(*(spec.columns for spec in self.scoped("rows")))
        needed.update(*(reference.columns for reference in self.meta.references))
        needed.update(*(reference.when for reference in self.meta.references))
        needed.update(self.subject_columns)
        return [*self.meta.key, *sorted(needed - set(self.meta.key))]


@dataclass(frozen=True)
class Failure:
    """One failed expectation and the positions of its offending rows in the frame."""

    expectation: str
    arguments: str
    offending_count: int
    positions: tuple[int, ...] = ()


def load_suites(directory: Path) -> dict[str, Suite]:
    """Suite by table name (`layer.table`). Raises ConfigurationError with every fault."""
    suites, unreadable = usable_suites(directory)
    if unreadable:
        raise ConfigurationError(fault for faults in unreadable.values() for fault in faults)
    return suites


def usable_suites(directory: Path) -> tuple[dict[str, Suite], dict[str, tuple[str, ...]]]:
    """The suites that can be read, and what is wrong with the others, each by table name."""
    suites: dict[str, Suite] = {}
    unreadable: dict[str, tuple[str, ...]] = {}
    for path in suite_files(directory):
        try:
            suite = load_suite(path)
            suites[suite.name] = suite
        except ConfigurationError as error:
            unreadable[_table_of(path)] = tuple(error.faults)
    return suites, unreadable


def load_suite(path: Path) -> Suite:
    """The suite of one table. Raises ConfigurationError with all faults of the file."""
    suite = load_json(path, Suite)
    if suite.name != _table_of(path):
        raise ConfigurationError(
            [f"{path}: name is {suite.name!r}; the file's place says {_table_of(path)!r}"]
        )
    return suite


def suites_state(directory: Path) -> str:
    """A name for what all suite files hold, those that cannot be read among them."""
    states: list[str] = []
    for path in suite_files(directory):
        try:
            states.append(f"{path} {content_version(path)}")
        except (ConfigurationError, OSError) as error:
            states.append(f"{path} {error}")
    return hashlib.sha256("\n".join(states).encode()).hexdigest()


def configuration_state(config: Path, reference: Path) -> str:
    """A name for what the rows are made by: what the files of the configuration hold, and which
    reference tables lie there, since when."""
    states: list[str] = []
    for path, status in sorted(walk(config, _is_hidden)):
        try:
            states.append(f"{path} {content_version(path)}")
        except (ConfigurationError, OSError):
            states.append(f"{path} {status.st_mtime_ns}")
    states += [
        f"{path} {status.st_size} {status.st_mtime_ns}"
        for path, status in sorted(walk(reference, _is_hidden))
    ]
    return hashlib.sha256("\n".join(states).encode("utf-8", "surrogateescape")).hexdigest()


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def suite_files(directory: Path) -> list[Path]:
    """Where the suites are."""
    return sorted(directory.glob("*/*.json"))


def _table_of(path: Path) -> str:
    return f"{path.parent.name}.{path.stem}"


def validate(frame: pd.DataFrame, specs: list[ExpectationSpec]) -> list[Failure]:
    """The expectations that fail on `frame`; row positions count from 0 in its order."""
    patterned = [spec for spec in specs if spec.type in _PATTERNED]
    others = [spec for spec in specs if spec.type not in _PATTERNED]
    failures = [_mismatch(frame, spec) for spec in patterned]
    return [failure for failure in failures if failure] + _validate_by_gx(frame, others)


def mismatches(frame: pd.DataFrame, spec: ExpectationSpec) -> list[int]:
    """The positions of the rows whose text does not match as the expectation says."""
    values = frame[spec.kwargs["column"]]
    if not isinstance(values.dtype, pd.StringDtype):
        values = pd.Series(
            [None if pd.isna(value) else str(value) for value in values], dtype="str"
        )
    texts = pa.array(values, pa.string())
    found = pc.match_substring_regex(texts, Pattern(spec.kwargs["regex"]).expression)
    wrong = pc.invert(found) if spec.type == MATCHES else found
    return list(pc.indices_nonzero(wrong).to_pylist())


def _mismatch(frame: pd.DataFrame, spec: ExpectationSpec) -> Failure | None:
    positions = mismatches(frame, spec)
    if not positions:
        return None
    return Failure(spec.type, json.dumps(spec.kwargs), len(positions), tuple(positions))


def _validate_by_gx(frame: pd.DataFrame, specs: list[ExpectationSpec]) -> list[Failure]:
    if not specs:
        return []
    frame = frame.reset_index(drop=True)
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    quick = batch.validate(_expectation_suite(specs), result_format="BOOLEAN_ONLY")
    if quick.success:
        return []
    failed = [
        spec for spec, result in zip(specs, _in_order(quick, specs), strict=True) if not result
    ]
    result_format: Any = {"result_format": "COMPLETE"}
    detailed = batch.validate(_expectation_suite(failed), result_format=result_format)
    return [
        _failure(result, len(frame), _breaking_rows(frame, failed[_position(result)], result))
        for result in detailed.results
        if not result.success
    ]


class _NotJudgedError(Exception):
    """Great Expectations raised an error instead of judging."""


def _breaking_rows(frame: pd.DataFrame, spec: ExpectationSpec, result: Any) -> list[int]:
    """The few rows on which judging raised an error; none where it does on whatever has a value,
    which is the expectation's own fault."""
    if _exception_message(result.exception_info) is None or not spec.columns <= set(frame.columns):
        return []
    broken = find_breaking_rows(lambda rows: _judge(rows, spec), frame, few_of(len(frame)))
    places = [place for place, _ in broken]
    judged = frame.drop(index=places)[sorted(spec.columns)].notna().any(axis=None)
    return places if judged else []


def _judge(frame: pd.DataFrame, spec: ExpectationSpec) -> None:
    """Raises _NotJudgedError where Great Expectations fails on it."""
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    outcome = batch.validate(_expectation_suite([spec]), result_format="BOOLEAN_ONLY")
    if any(_exception_message(one.exception_info) is not None for one in outcome.results):
        raise _NotJudgedError


def _key_is_unique(key: tuple[str, ...]) -> ExpectationSpec:
    if len(key) == 1:
        return ExpectationSpec(type="expect_column_values_to_be_unique", kwargs={"column": key[0]})
    return ExpectationSpec(
        type="expect_compound_columns_to_be_unique", kwargs={"column_list": list(key)}
    )


def _expectation_suite(specs: list[ExpectationSpec]) -> Any:
    import great_expectations as gx

    # `position` brings results back into the order of the specs, which GX does not keep.
    return gx.ExpectationSuite(
        name="gate",
        expectations=[
            {"type": spec.type, "kwargs": spec.kwargs, "meta": {"position": position}}
            for position, spec in enumerate(specs)
        ],
    )


def _in_order(outcome: Any, specs: list[ExpectationSpec]) -> list[bool]:
    passed = [False] * len(specs)
    for result in outcome.results:
        passed[_position(result)] = bool(result.success)
    return passed


def _position(result: Any) -> int:
    return int(result.expectation_config.meta["position"])


def _failure(result: Any, rows: int, broken: list[int]) -> Failure:
    config = result.expectation_config
    arguments = {key: value for key, value in config.kwargs.items() if key != "batch_id"}
    positions = result.result.get("unexpected_index_list") or broken
    count = result.result.get("unexpected_count") or len(broken) or None
    message = _exception_message(result.exception_info)
    if message:
        arguments["error"] = message
    return Failure(
        expectation=config.type,
        arguments=json.dumps(arguments, default=str),
        offending_count=int(count) if count is not None else rows,
        positions=tuple(int(position) for position in positions),
    )


def _exception_message(info: Any) -> str | None:
    if not isinstance(info, dict):
        return None
    if "exception_message" in info:
        return info["exception_message"] if info.get("raised_exception") else None
    raised = [entry for entry in info.values() if isinstance(entry, dict)]
    return next((str(entry.get("exception_message")) for entry in raised), None)


@functools.cache
def _batch_definition() -> "BatchDefinition":
    """One in-memory Great Expectations context per process: importing it takes seconds."""
    import os

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset("changed")
    return asset.add_batch_definition_whole_dataframe("changed")
