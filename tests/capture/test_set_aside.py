"""A record that was set aside is left out of every delivery, and comes back once it is released."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.deliveries import Intake, parse_deliveries, take_in
from lead_platform.capture.returns import list_returns, mark_returned
from lead_platform.lake.lake import Lake
from lead_platform.lake.quarantine import Hold, Subject, write_holds
from lead_platform.settings import Settings
from tests.capture.conftest import PROJECT, RECEIVED_AT

DEALS = "outcome_id,type,occurred_at,amount,currency\n" + "".join(
    f"o{n},closed_won,2026-01-01,{n}.50,EUR\n" for n in range(1, 5)
)


@pytest.fixture
def channels() -> dict[str, Channel]:
    return load_channels(PROJECT / "config")


def deliver(
    lake: Lake, channels: dict[str, Channel], path: Path, text: str = DEALS, *, at: int = 0
) -> Intake:
    """Take in a file as the asset does, what comes back with it."""
    received_at = RECEIVED_AT.replace(minute=at)
    path.write_text(text, encoding="utf-8")
    parsed, faults = parse_deliveries(
        [(path, "crm_outcomes")],
        channels,
        received_at=received_at,
        inbox=path.parent / "inbox",
        spools=path.parent,
    )
    assert not faults
    with lake.write("intake") as candidate:
        returned = list_returns(candidate.connection, channels, received_at=received_at)
        done = take_in(candidate.connection, [*parsed, *returned], run_id="run")
        mark_returned(candidate.connection, (item.delivery for item in done.taken), at=received_at)
        return done


def hold(lake: Lake, kind: str, subject_id: str) -> None:
    with lake.write("hold") as candidate:
        write_holds(
            candidate.connection,
            [Hold(Subject(kind, subject_id), "capture.outcomes", "expect_better", "{}")],
            step="intake",
            release_id=None,
            run_id="run",
            held_at=RECEIVED_AT,
        )


def let_go(lake: Lake, state: str) -> None:
    with lake.write("verdict") as candidate:
        candidate.connection.execute(f"update governance.quarantine set state = '{state}'")


def rows(lake: Lake, query: str) -> list[tuple]:
    with lake.read() as connection:
        return connection.execute(query).fetchall()


# All but when and with what they came.
OUTCOMES = """
select columns(* exclude (delivery_id, received_seq, received_at)) from capture.outcomes
where record_id <> 'o9' order by record_id
"""


def test_a_held_record_is_rejected_whole_and_comes_back_when_released(
    lake: Lake, new_settings: Callable[..., Settings], channels: dict[str, Channel], tmp_path: Path
) -> None:
    healthy = Lake(new_settings("healthy"))
    deliver(healthy, channels, tmp_path / "healthy.csv")
    [(bad,)] = rows(healthy, "select outcome_id from capture.outcomes where record_id = 'o2'")
    hold(lake, "outcome", bad)

    counts = deliver(lake, channels, tmp_path / "deals.csv").totals
    assert (counts["taken"], counts["rejected"]) == (3, 1)
    [(reasons,)] = rows(
        lake,
        "select r.reasons from capture.rejected_records as r "
        "join governance.quarantine as q on q.payload_id = r.rejected_id",
    )
    assert "set aside: capture.outcomes expect_better" in reasons
    other = deliver(lake, channels, tmp_path / "again.csv", DEALS + "o9,meeting,2026-01-02,,\n")
    assert (other.totals["taken"], other.totals["repeats"], other.totals["rejected"]) == (1, 3, 1)

    let_go(lake, "released")
    returned = deliver(lake, channels, tmp_path / "deals.csv", at=5).totals
    assert (returned["taken"], returned["repeats"], returned["rejected"]) == (1, 4, 0)
    assert rows(lake, OUTCOMES) == rows(healthy, OUTCOMES)
    with lake.read() as connection:
        assert not list_returns(connection, channels, received_at=RECEIVED_AT)
    assert deliver(lake, channels, tmp_path / "deals.csv", at=9).totals["taken"] == 0


def test_a_released_record_waits_for_its_channel(
    lake: Lake, new_settings: Callable[..., Settings], channels: dict[str, Channel], tmp_path: Path
) -> None:
    other = Lake(new_settings("other"))
    deliver(other, channels, tmp_path / "one.csv")
    [(bad,)] = rows(other, "select outcome_id from capture.outcomes where record_id = 'o2'")
    hold(lake, "outcome", bad)
    deliver(lake, channels, tmp_path / "one.csv")
    let_go(lake, "released")
    with lake.write("intake") as candidate:
        assert not list_returns(candidate.connection, {}, received_at=RECEIVED_AT)
    assert deliver(lake, channels, tmp_path / "one.csv", at=5).totals["taken"] == 1


def test_a_file_of_conflicts_says_so(
    lake: Lake, channels: dict[str, Channel], tmp_path: Path
) -> None:
    """What is rejected while it is written was told as "rejected ()"."""
    deliver(lake, channels, tmp_path / "one.csv")
    changed = DEALS.replace("2026-01-", "2026-02-")
    assert changed != DEALS
    [fault] = deliver(lake, channels, tmp_path / "two.csv", changed, at=5).mostly_rejected
    assert "(conflicting contents)" in fault.reason


def test_what_is_discarded_does_not_come_back(
    lake: Lake, channels: dict[str, Channel], tmp_path: Path
) -> None:
    deliver(lake, channels, tmp_path / "one.csv", DEALS.split("o2")[0])
    [(known,)] = rows(lake, "select outcome_id from capture.outcomes")
    hold(lake, "outcome", known)
    let_go(lake, "discarded")
    counts = deliver(lake, channels, tmp_path / "deals.csv").totals
    assert (counts["taken"], counts["repeats"]) == (3, 1), "what is taken in stays taken in"


def test_a_held_delivery_stays_where_it_is(
    lake: Lake, channels: dict[str, Channel], tmp_path: Path
) -> None:
    path = tmp_path / "deals.csv"
    path.write_text(DEALS, encoding="utf-8")
    parsed, _ = parse_deliveries(
        [(path, "crm_outcomes")],
        channels,
        received_at=RECEIVED_AT,
        inbox=tmp_path / "inbox",
        spools=tmp_path,
    )
    hold(lake, "delivery", parsed[0].delivery.delivery_id)
    done = deliver(lake, channels, path)
    assert (list(done.taken), [item.path for item in done.set_aside]) == ([], [path])
    assert "quarantine list" in str(done.faults[0])
    assert rows(lake, "select * from capture.outcomes") == []
    let_go(lake, "released")
    assert deliver(lake, channels, path).totals["taken"] == 4
