"""Faults of code: functions of the steps that raise an error on one record, as a bug would.

Planted in a child process before it runs a job, by the name of the function, on what tells the
record: an address, a company's domain or a campaign.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa


class BrokenCodeError(Exception):
    """What a broken step raises; its message quotes the record."""


def _in_table(writer: Any, name: str, table: pa.Table, value: str) -> bool:
    return name == "submissions" and any(value in text for text in table["payload"].to_pylist())


def _submitted(pending: pd.DataFrame, value: str) -> bool:
    return bool((pending["email"] == value).any())


def _placed(connection: duckdb.DuckDBPyConnection, *others: Any) -> bool:
    return _finds(connection, "from match_new where mailbox = $value", others[-1])


def _attributed(connection: duckdb.DuckDBPyConnection, *others: Any) -> bool:
    return _finds(connection, "from attribution_changes where campaign = $value", others[-1])


def _judged(connection: duckdb.DuckDBPyConnection, *others: Any) -> bool:
    return _finds(connection, "from verdict_links where is_pending and reason = $value", others[-1])


def _answered(connection: duckdb.DuckDBPyConnection, results: pd.DataFrame, *others: Any) -> bool:
    return any(others[-1] in key for key in results["request_key"])


def _routed(leads: pd.DataFrame, *others: Any) -> bool:
    return bool((leads["company_domain"] == others[-1]).any())


def _finds(connection: duckdb.DuckDBPyConnection, relation: str, value: str) -> bool:
    found = connection.execute(f"select exists({relation})", {"value": value}).fetchone()
    return bool(found and found[0])


# By name: the module and function, and whether its arguments hold the value, which comes last.
_PLACES: dict[str, tuple[str, str, Callable[..., bool]]] = {
    "intake": ("lead_platform.capture.intake", "_DeliveryWriter._append", _in_table),
    "normalize": (
        "lead_platform.identity.resolution", "normalize_submissions", _submitted
    ),
    "resolve": ("lead_platform.identity.leads.members", "collect_components", _placed),
    "resolve events": ("lead_platform.identity.leads.attribution", "_categorize", _attributed),
    "resolve verdicts": ("lead_platform.identity.leads.members", "collect_components", _judged),
    "enrich": ("lead_platform.enrichment.results", "write_results", _answered),
    "route": ("lead_platform.routing.dispatch", "route_leads", _routed),
}  # fmt: skip


def break_steps(values: Mapping[str, str]) -> None:
    """Have these functions raise an error where what they are given holds the value."""
    import importlib

    for name, value in values.items():
        module, path, is_there = _PLACES[name]
        target: Any = importlib.import_module(module)
        *owners, attribute = path.split(".")
        for owner in owners:
            target = getattr(target, owner)
        setattr(target, attribute, _breaking(getattr(target, attribute), is_there, value))


def _breaking(
    function: Callable[..., Any], is_there: Callable[..., bool], value: str
) -> Callable[..., Any]:
    @functools.wraps(function)
    def broken(*given: Any, **named: Any) -> Any:
        if is_there(*given, value):
            raise BrokenCodeError(value)
        return function(*given, **named)

    return broken
