"""A denial that the lists know later reaches what was taken in, also where the channel changed."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.capture.rereading import STEP, note_lists, reread_items
from lead_platform.lake.readings import Reading
from lead_platform.vocabularies.folder import load_intake_lists
from tests.capture.conftest import PROJECT
from tests.identity.lead_world import empty_lake

AT = datetime(2026, 6, 1, 12)
PEOPLE = """
    name: people
    description: One person per row.
    format: csv
    record_id: id
    emits:
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          email: email
          full_name: name
          preferred_channel: wish
          consent_email: may_mail
          consent_phone: may_call
"""


def taken_in(
    tmp_path: Path, lists: dict[str, str], channel_now: str, **cells: str
) -> dict[str, Any]:
    """A record of `cells`, read anew with what `lists` add and the channel as it is now."""
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    path = config / "channels" / "people.yaml"
    path.write_text(dedent(PEOPLE), encoding="utf-8")
    channel, connection = load_channel(path), empty_lake()
    note_lists(connection, Reading(STEP, load_intake_lists(config).version, AT, "first"))
    file = tmp_path / "people.csv"
    record = {"id": "1", "email": "ann@acme.example", "name": "", "wish": ""} | cells
    file.write_text(f"{','.join(record)}\n{','.join(record.values())}\n", encoding="utf-8")
    delivery = identify_delivery(file, channel, received_at=AT)
    write_batches(connection, delivery, parse_file(file, channel, received_at=AT))
    assert _row(connection)["consent_email"] == "granted"
    path.write_text(dedent(channel_now), encoding="utf-8")
    for name, row in lists.items():
        with (config / "vocabularies" / name).open("a", encoding="utf-8") as stream:
            stream.write(row + "\n")
    now = load_intake_lists(config)
    reading = Reading(STEP, now.version, AT, "run")
    reread_items(
        connection, {"people": load_channel(path)}, load_contracts(), now, reading, rows=100
    )
    return _row(connection)


def _row(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    (row,) = connection.execute("select * from capture.submissions").to_arrow_table().to_pylist()
    return dict(row)


@pytest.mark.parametrize("channel_now", [PEOPLE, PEOPLE.replace("full_name", "company_name")])
@pytest.mark.parametrize(
    ("word", "cells"),
    [
        ("nur per taube,denied,email", {"may_call": "nur per Taube"}),
        ("nur per taube,denied,all", {"may_call": "nur per Taube"}),
        ("nur per taube,denied,preference", {"may_call": "", "wish": "Nur per Taube"}),
    ],
)
def test_a_denial_in_another_column_is_heard_when_its_word_is_listed(
    tmp_path: Path, channel_now: str, word: str, cells: dict[str, str]
) -> None:
    """Where the channel had changed since, only the column of the word itself was looked at: its
    consent could still not be read, and the one that it denies stayed granted."""
    row = taken_in(tmp_path, {"opt_outs.csv": word}, channel_now, may_mail="yes", **cells)
    assert row["consent_email"] == "denied"
    told = {issue["field"]: issue["reason"] for issue in json.loads(row["issues"] or "[]")}
    assert "add the word" not in told.get("consent_phone", "")


def test_a_grant_is_not_taken_anew_where_the_channel_has_changed(tmp_path: Path) -> None:
    now = PEOPLE.replace("consent_phone: may_call", "consent_phone: may_mail")
    row = taken_in(
        tmp_path, {"opt_outs.csv": "taube,denied,email"}, now, may_mail="yes", may_call="no"
    )
    assert (row["consent_email"], row["consent_phone"]) == ("granted", "denied")
