"""A lake of capture tables in memory, small channels, and a shorthand for taking a file in."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import duckdb
import pytest

from lead_platform.capture.channels import Channel, load_channel
from lead_platform.capture.intake import (
    DeliveryCounts,
    identify_delivery,
    parse_file,
    write_batches,
)

PROJECT = Path(__file__).resolve().parents[2]
RECEIVED_AT = datetime(2026, 11, 22, 12)

CONTACTS = """
    name: contacts
    description: One person per row.
    format: csv
    record_id: id
    source_system: test
    person_id: person
    emits:
      - kind: submission
        fields:
          submitted_at: {path: at, default: received_at}
          full_name: name
          email: email
          message: message
          consent_email: consent
"""

MakeChannel = Callable[..., Channel]
TakeIn = Callable[..., DeliveryCounts]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as lake:
        lake.execute("create schema capture")
        lake.execute((PROJECT / "lead_platform/capture/tables.sql").read_text())
        yield lake


@pytest.fixture
def make_channel(tmp_path: Path) -> MakeChannel:
    """A channel from YAML text; the text names it."""

    def make(text: str = CONTACTS, **companions: str) -> Channel:
        text = dedent(text).strip() + "\n"
        folder = tmp_path / "config" / "channels"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in companions.items():
            (folder / name.replace("__", ".")).write_text(content)
        path = folder / f"{text.split(maxsplit=2)[1]}.yaml"
        path.write_text(text)
        return load_channel(path)

    return make


@pytest.fixture
def take_in(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> TakeIn:
    """Writes content to a file and takes it in; conservation is asserted every time."""

    def take(
        channel: Channel,
        content: str | bytes,
        name: str = "file.csv",
        received_at: datetime = RECEIVED_AT,
        batch_size: int = 50_000,
    ) -> DeliveryCounts:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        delivery = identify_delivery(path, channel, received_at=received_at)
        batches = parse_file(path, channel, received_at=received_at, batch_size=batch_size)
        counts = write_batches(connection, delivery, batches)
        assert counts.records == counts.taken + counts.repeats + counts.rejected
        return counts

    return take
