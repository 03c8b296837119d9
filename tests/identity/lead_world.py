"""A lake in miniature for identity tests: the tables of capture and identity, and short records."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from lead_platform.identity.engine.model import load_model
from lead_platform.identity.engine.specification import (
    Clustering,
    LinkageSpecification,
    load_specification,
)
from lead_platform.identity.leads.members import ResolutionSummary, resolve_leads
from lead_platform.lake.suites import Reference, load_suites

ROOT = Path(__file__).resolve().parents[2]
SPECIFICATION = load_specification(ROOT / "config" / "identity.yaml")
MODEL = load_model(SPECIFICATION)
SUITES = load_suites(ROOT / "expectations")
DECIDED_AT = dt.datetime.fromisoformat("2026-03-01 12:00")

# What people say comes last, the others are written by resolving.
TABLES = ("lead_members", "match_pairs", "merge_decisions", "match_reviews", "lead_crosswalk",
          "merged_members", "match_verdicts")  # fmt: skip

FREE = ("gmail.com", "web.de")
ROLES = ("info", "sales", "office")
DISPOSABLE = ("mailinator.com",)
MATCHED = ("email", "phone", "first_name", "last_name", "company_key", "company_domain", "city",
           "country", "job_title", "linkedin_url", "source_system", "source_person_id")  # fmt: skip


def empty_lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    for layer in ("capture", "identity", "governance"):
        tables = (ROOT / "lead_platform" / layer / "tables.sql").read_text(encoding="utf-8")
        connection.execute(f"create schema {layer}; {tables}")
    return connection


def auditable_lake() -> duckdb.DuckDBPyConnection:
    """As `empty_lake`, where what is done is written to the audit log."""
    return empty_lake()


def copied(source: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A lake of its own with the rows of another: matching is what takes the time."""
    lake = auditable_lake()
    for name in ("normalized_submissions", *TABLES):
        lake.register("rows", source.execute(f"from identity.{name}").to_arrow_table())
        lake.execute(f"insert into identity.{name} by name from rows")
        lake.unregister("rows")
    return lake


def submission(seq: int, **fields: Any) -> dict[str, Any]:
    """One normalized submission, received as number `seq`."""
    row: dict[str, Any] = {"submission_id": f"sub_{seq:04d}", "received_seq": seq, **fields}
    email = row.get("email")
    local, _, domain = (email or "").partition("@")
    row |= {
        "email_domain": domain or None,
        "is_role_email": local in ROLES if email else None,
        "is_disposable_email": domain in DISPOSABLE if email else None,
        "is_free_email": domain in FREE if email else None,
    }
    is_named = bool(row.get("first_name") and row.get("last_name"))
    shared = row["is_role_email"] or row["is_disposable_email"]
    points_to_a_person = (
        (email and not shared)
        or row.get("linkedin_url")
        or row.get("source_person_id")
        or (is_named and (email or row.get("phone")))
    )
    version = None if row.get("source_person_id") else row.get("version_key")
    values = "\x1f".join(str(row.get(column) or "") for column in MATCHED)
    values += f"\x1f{row['name_suffix']}" if row.get("name_suffix") else ""
    values += f"\x1f{version}" if version else ""
    values += "" if points_to_a_person or version else row["submission_id"]
    row["match_record_id"] = "rec_" + hashlib.sha256(values.encode()).hexdigest()[:24]
    return row


def receive(connection: duckdb.DuckDBPyConnection, rows: Iterable[dict[str, Any]]) -> None:
    frame = pd.DataFrame(list(rows)).astype(object)
    frame = frame.where(frame.notna(), None)
    insert(connection, "identity.normalized_submissions", frame)


def insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame) -> None:
    connection.register("given_rows", frame)
    connection.execute(f"insert into {table} by name select * from given_rows")
    connection.unregister("given_rows")


def resolve(
    connection: duckdb.DuckDBPyConnection,
    run: str = "run",
    specification: LinkageSpecification = SPECIFICATION,
    decided_at: dt.datetime = DECIDED_AT,
) -> ResolutionSummary:
    summary = resolve_leads(
        connection, model=MODEL, specification=specification, decided_at=decided_at, run_id=run
    )
    assert broken_references(connection) == []
    return summary


def broken_references(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that resolving writes with rows that name what is not there, as the suites have it."""
    return [
        f"{suite.name}: {reference.columns}"
        for suite in SUITES.values()
        if suite.name.removeprefix("identity.") in TABLES[:-1]
        for reference in suite.meta.references
        if connection.execute(_broken(suite.name, reference)).fetchone()
    ]


def _broken(table: str, reference: Reference) -> str:
    pairs = zip(reference.columns, reference.to_columns, strict=True)
    same = " and ".join(f"children.{child} = parents.{parent}" for child, parent in pairs)
    given = [f"children.{column} is not null" for column in reference.columns]
    given += [f"children.{column} = '{value}'" for column, value in reference.when.items()]
    return (
        f"from {table} as children anti join {reference.to} as parents on {same} "
        f"where {' and '.join(given)}"
    )


def clustered(**limits: Any) -> LinkageSpecification:
    """The shipped specification with other limits of `clustering`."""
    clustering = Clustering(**(SPECIFICATION.clustering.model_dump() | limits))
    return SPECIFICATION.model_copy(update={"clustering": clustering})


def resolved(*rows: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """All rows in one load."""
    connection = empty_lake()
    receive(connection, rows)
    resolve(connection)
    return connection


def members(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """lead_id by submission_id."""
    return dict(
        connection.execute("select submission_id, lead_id from identity.lead_members").fetchall()
    )


def groups(connection: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    """The sets of submissions that are one lead."""
    by_lead: dict[str, set[str]] = {}
    for submission_id, lead_id in members(connection).items():
        by_lead.setdefault(lead_id, set()).add(submission_id)
    return {frozenset(ids) for ids in by_lead.values()}


def table(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"from identity.{name} order by all").fetchall()


def lead_id_of(seq: int) -> str:
    """The id a lead gets whose first submission was received as number `seq`."""
    return "lead_" + hashlib.sha256(f"sub_{seq:04d}".encode()).hexdigest()[:24]
