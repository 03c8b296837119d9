"""The names of questions are a list like the others: editing it reads what is there anew."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from lead_platform.capture.channels import Channel, load_channel
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.capture.rereading import STEP, count_behind, note_lists, reread_items
from lead_platform.lake.readings import Reading
from lead_platform.vocabularies.folder import load_intake_lists
from tests.capture.conftest import PROJECT
from tests.identity.lead_world import empty_lake

AT = datetime(2026, 6, 1, 12)
LEAD = {
    "id": "lead1", "created_time": "2026-05-20T10:00:00+0000", "form_id": "f1", "platform": "fb",
    "field_data": [
        {"name": "full_name", "values": ["Ada Ashby"]},
        {"name": "email", "values": ["ada@ashby.example"]},
        {"name": "company_name", "values": ["keine Firma"]},
        {"name": "Draht zu Ihnen", "values": ["+49 30 55501234"]},
    ],
}  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of its own."""
    return Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))


def load(config: Path) -> Channel:
    """A channel that fills fields by the names of questions."""
    return load_channel(config / "channels" / "facebook_lead_ads.yaml")


def reread(connection: duckdb.DuckDBPyConnection, config: Path) -> int:
    """Reads all that is behind; how many items were."""
    lists, channel = load_intake_lists(config), load(config)
    behind = count_behind(connection, lists)
    reading = Reading(STEP, lists.version, AT, "run")
    reread_items(connection, {channel.name: channel}, load_contracts(), lists, reading, rows=100)
    return behind


def append(config: Path, file: str, row: str) -> None:
    """Add a row to one of the lists."""
    with (config / "vocabularies" / file).open("a", encoding="utf-8") as lists:
        lists.write(row + "\n")


def test_a_question_named_later_fills_what_was_taken_in(config: Path, tmp_path: Path) -> None:
    """It was of the channel's version: what was there was never read by it, nor, from then on, by
    any other list that changed."""
    connection, file = empty_lake(), tmp_path / "leads.json"
    file.write_text(json.dumps([LEAD]), encoding="utf-8")
    channel = load(config)
    note_lists(connection, Reading(STEP, load_intake_lists(config).version, AT, "first"))
    delivery = identify_delivery(file, channel, received_at=AT)
    write_batches(connection, delivery, parse_file(file, channel, received_at=AT))

    def seen() -> tuple:
        query = "select phone, company_name from capture.submissions"
        return connection.execute(query).fetchall()[0]

    assert seen() == (None, "keine Firma")
    assert reread(connection, config) == 0
    append(config, "field_names.csv", "phone,de,Draht zu Ihnen")
    assert load(config).version == channel.version
    assert reread(connection, config) == 1
    assert seen() == ("+49 30 55501234", "keine Firma")
    append(config, "blanks.csv", "keine Firma")
    assert reread(connection, config) == 1
    assert seen() == ("+49 30 55501234", None)
