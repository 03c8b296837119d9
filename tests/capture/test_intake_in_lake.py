"""The intake writes through the lake's gate, on both profiles."""

from pathlib import Path

from lead_platform.capture.channels import load_channels
from lead_platform.capture.intake import (
    DeliveryCounts,
    identify_delivery,
    parse_file,
    write_batches,
)
from lead_platform.lake.lake import Lake
from tests.capture.conftest import PROJECT, RECEIVED_AT

CALLS = (
    "call_id,started_at,direction,from_number,to_number,duration_seconds,disposition,notes\n"
    "c1,2026-01-01T10:00:00Z,inbound,+4930123,+4940,60,answered,Grüße\n"
    "c2,2026-01-01T11:00:00Z,outbound,+4930124,+4940,60,sung,\n"
)
DEALS = "outcome_id,type,occurred_at,amount,currency\no1,closed_won,2026-01-01,1234.56,EUR\n"


def take_in(lake: Lake, name: str, path: Path) -> DeliveryCounts:
    channel = load_channels(PROJECT / "config")[name]
    delivery = identify_delivery(path, channel, received_at=RECEIVED_AT)
    with lake.write("intake") as candidate:
        batches = parse_file(path, channel, received_at=RECEIVED_AT, batch_size=1)
        return write_batches(candidate.connection, delivery, batches)


def test_deliveries_pass_the_gate_and_repeat_without_trace(lake: Lake, tmp_path: Path) -> None:
    calls, deals = tmp_path / "calls.csv", tmp_path / "deals.csv"
    calls.write_text(CALLS)
    deals.write_text(DEALS)
    empty = lake.published().snapshot_id
    taken = [take_in(lake, "call_log", calls), take_in(lake, "crm_outcomes", deals)]
    assert [(c.taken, c.rejected) for c in taken] == [(1, 1), (1, 0)]
    published = lake.published().snapshot_id
    assert published > empty
    assert take_in(lake, "call_log", calls).was_known
    assert lake.published().snapshot_id == published
    with lake.read() as connection:
        found = connection.execute(
            "select s.message, e.event_type, e.duration_seconds, o.amount::varchar "
            "from capture.submissions as s join capture.events as e using (submission_id), "
            "capture.outcomes as o"
        ).fetchall()
    assert found == [("Grüße", "call", 60.0, "1234.56")]
