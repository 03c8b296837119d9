"""Every archived file has its delivery in the lake, and one that has lost it is noticed.

Conservation counts what the lake holds: a whole delivery that was restored away after its file had
been archived left sums that added up.
"""

from datetime import datetime
from pathlib import Path

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import archive_deliveries, parse_deliveries, take_in
from lead_platform.governance.archive import archived_files, describe_missing, missing_deliveries
from lead_platform.lake.lake import Lake

RECEIVED_AT = datetime(2026, 7, 1)
DEALS = "outcome_id,type,occurred_at,amount,currency\n{},closed_won,2026-01-01,1234.56,EUR\n"


def archive_one(lake: Lake, name: str) -> None:
    """Take a file in and archive it, as a run does."""
    settings = lake.settings
    path = settings.inbox / "crm_outcomes" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DEALS.format(name))
    parsed, faults = parse_deliveries(
        [(path, "crm_outcomes")],
        load_channels(settings.config_dir),
        received_at=RECEIVED_AT,
        inbox=settings.inbox,
        spools=settings.home,
    )
    assert faults == []
    with lake.write("intake") as candidate:
        take_in(candidate.connection, parsed, run_id="run_1")
    archive_deliveries(parsed, inbox=settings.inbox, archive=settings.archive)


def missing(lake: Lake) -> list[Path]:
    """The archived files the lake knows nothing of."""
    files = list(archived_files(lake.settings.archive))
    with lake.read() as connection:
        return [file.path for file in missing_deliveries(connection, files)]


def test_an_archived_file_whose_delivery_is_gone_is_named(lake: Lake) -> None:
    assert missing(lake) == []
    archive_one(lake, "first.csv")
    before = lake.published().snapshot_id
    archive_one(lake, "second.csv")
    assert len(list(archived_files(lake.settings.archive))) == 2
    assert missing(lake) == []
    (lost,) = lake.settings.archive.rglob("*__second.csv")
    with lake.read(before) as connection:
        files = list(archived_files(lake.settings.archive))
        found = missing_deliveries(connection, files)
    assert [file.path for file in found] == [lost], "in the lake as it was before, it is missing"
    told = describe_missing(found, total=len(files))
    assert "1 of 2 archived files" in told
    assert f"lead-platform ingest '{lost}' --channel crm_outcomes" in told


def test_files_that_are_no_deliveries_are_left_alone(lake: Lake) -> None:
    lake.published()
    archive = lake.settings.archive / "crm_outcomes"
    archive.mkdir(parents=True)
    (archive / "notes.txt").write_text("kept by hand")
    (archive / "del_zz__a folder").mkdir()
    assert missing(lake) == []
