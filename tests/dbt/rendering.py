"""Macros of the dbt project rendered without dbt: what a property needs hundreds of, in no time."""

import functools
import re
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
from jinja2 import Environment
from ruamel.yaml import YAML

from lead_platform.fields import FieldCatalogue, platform_fields
from lead_platform.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"
PLATFORM = platform_fields()
MACROS = ("survivorship", "versions", "activities", "custom_fields", "json_texts")


class _Returned(Exception):
    """dbt's `return`: a macro's value that is no text."""

    def __init__(self, value: Any) -> None:
        self.value = value


@functools.cache
def render(text: str, fields: FieldCatalogue = PLATFORM) -> str:
    """The text with the project's own macros and vars at hand."""
    return _environment(fields).from_string(text).render()


def golden_records(
    connection: duckdb.DuckDBPyConnection,
    members: pd.DataFrame,
    events: pd.DataFrame | None = None,
    fields: FieldCatalogue = PLATFORM,
) -> pd.DataFrame:
    """The golden records of `members`: subject_id and columns of identity.normalized_submissions.

    `connection` has the tables of the layer identity.
    """
    for name, source, rows in (
        ("members", "normalized_submissions", members),
        ("events", "lead_events", events),
    ):
        connection.execute(
            f"create or replace temp table {name} as select null::varchar as subject_id, * "
            f"from identity.{source} limit 0"
        )
        if rows is not None:
            connection.register("given_rows", rows)
            connection.execute(f"insert into {name} by name select * from given_rows")
    query = render('with {{ golden_record_ctes("members", "events") }} from golden_records', fields)
    return connection.execute(f"{query} order by subject_id").df()


def _environment(fields: FieldCatalogue) -> Environment:
    variables = YAML(typ="safe").load(PROJECT / "dbt_project.yml")["vars"] | fields.variables
    environment = Environment()

    def give_back(value: Any) -> None:
        raise _Returned(value)

    environment.globals |= {"return": give_back, "var": variables.__getitem__}
    text = "".join((PROJECT / "macros" / f"{name}.sql").read_text() for name in MACROS)
    sources = dict(re.findall(r"({% macro (\w+)\(.*?endmacro.*?%})", text, re.DOTALL))
    macros: dict[str, Callable[..., Any]] = {}
    environment.globals |= {name: _calling(macros, name) for name in sources.values()}
    for source, name in sources.items():
        # One by one: within a template macros call each other past what catches `return`.
        macros[name] = vars(environment.from_string(source).make_module())[name]
    return environment


def _calling(macros: dict[str, Callable[..., Any]], name: str) -> Callable[..., Any]:
    """A macro by its name, whichever file it is in."""

    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macros[name](*arguments, **named)
        except _Returned as returned:
            return returned.value

    return call
