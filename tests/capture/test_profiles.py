"""A file whose mails are all gone waits for a person, alone; small files and usual ones pass.

It was taken in, and every lead of it could neither be matched nor reached: each row is right, and
no suite of rows sees it.
"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import parse_deliveries, take_in
from lead_platform.capture.plausibility import accept_delivery, withhold
from lead_platform.lake.lake import Lake
from tests.capture.conftest import PROJECT

START = datetime(2026, 3, 2, 9)


def bought(folder: Path, name: str, rows: int, *, first: int, mails: int) -> Path:
    """A bought list with a mail in the first `mails` rows."""
    lines = [
        f"l1,{n},2026-01-01,Ann,Lee{n},{f'ann{n}@example.org' if n - first < mails else ''},Acme\n"
        for n in range(first, first + rows)
    ]
    path = folder / name
    header = "list_id,row_id,added_at,first_name,last_name,email,company\n"
    path.write_text(header + "".join(lines), encoding="utf-8")
    return path


def deliver(lake: Lake, *files: Path, on: int) -> list[str]:
    """Take files in as the intake does; why some wait."""
    parsed, faults = parse_deliveries(
        [(file, "outbound_list") for file in files],
        load_channels(PROJECT / "config"),
        received_at=START + timedelta(days=on),
        inbox=lake.settings.inbox,
        spools=files[0].parent,
    )
    assert faults == []
    with lake.read() as connection:
        chosen, held = withhold(connection, parsed)
    with lake.write("intake") as candidate:
        take_in(candidate.connection, chosen, run_id="")
    return [str(fault) for fault in held]


def test_a_file_without_what_it_always_had_waits_alone(lake: Lake, tmp_path: Path) -> None:
    usual = bought(tmp_path, "usual.csv", 220, first=0, mails=218)
    assert deliver(lake, usual, on=0) == []
    bare = bought(tmp_path, "bare.csv", 60, first=1_000, mails=0)
    good = bought(tmp_path, "good.csv", 60, first=2_000, mails=60)
    small = bought(tmp_path, "small.csv", 5, first=3_000, mails=0)
    (held,) = deliver(lake, bare, good, small, on=1)
    assert "email is filled in 0 of 60 submissions; before, in 99% of 220" in held
    assert _count(lake) == 220 + 60 + 5
    delivery = held.split("deliveries accept ")[1].split()[0]
    with lake.write("accept") as candidate:
        assert accept_delivery(
            candidate.connection, delivery, by="Dana", reason="postal mail only", accepted_at=START
        )
        assert not accept_delivery(
            candidate.connection, delivery, by="Dana", reason="again", accepted_at=START
        )
    assert deliver(lake, bare, on=2) == []
    assert _count(lake) == 220 + 60 + 5 + 60
    with lake.read() as connection:
        audited = connection.execute(
            "select actor, reason from governance.audit_log where action = 'accept_delivery'"
        ).fetchall()
    assert audited == [("Dana", "postal mail only")]


@pytest.mark.parametrize("later", [61, 400, 4_000])
@pytest.mark.parametrize("files", [1, 12])
def test_what_was_usual_is_known_however_long_ago_it_was(
    lake: Lake, tmp_path: Path, later: int, files: int
) -> None:
    """After 60 days without a file the next one was taken in whatever it held."""
    rows = 240 // files
    for number in range(files):
        usual = bought(tmp_path, f"{number}.csv", rows, first=rows * number, mails=rows)
        assert deliver(lake, usual, on=number) == []
    bare = bought(tmp_path, "bare.csv", 60, first=1_000, mails=0)
    [held] = deliver(lake, bare, on=later)
    assert "email is filled in 0 of 60 submissions; before, in 100% of 240" in held


def test_what_was_usual_once_is_not_once_the_channel_has_changed(
    lake: Lake, tmp_path: Path
) -> None:
    assert deliver(lake, bought(tmp_path, "0.csv", 6_000, first=0, mails=6_000), on=0) == []
    small = [
        bought(tmp_path, f"{number}.csv", 49, first=10_000 * number, mails=0)
        for number in range(1, 51)
    ]
    assert deliver(lake, *small, on=1) == []
    assert deliver(lake, bought(tmp_path, "last.csv", 90, first=9_000, mails=0), on=99) == []


@pytest.mark.parametrize("delivery", ["", "del_1", "x' or true"])
def test_only_a_delivery_can_be_accepted(embedded_lake: Lake, delivery: str) -> None:
    with (
        pytest.raises(ValueError, match="no delivery's id"),
        embedded_lake.write("accept") as candidate,
    ):
        accept_delivery(candidate.connection, delivery, by="D", reason="r", accepted_at=START)


@pytest.fixture(scope="module")
def embedded_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    from lead_platform.settings import Settings

    return Lake(Settings(home=tmp_path_factory.mktemp("accept")))


def _count(lake: Lake) -> int:
    with lake.read() as connection:
        row = connection.execute("select count(*) from capture.submissions").fetchone()
    assert row is not None
    return int(row[0])
