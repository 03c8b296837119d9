"""Every archived file has its delivery in the lake, and one that has lost it is noticed.

Conservation counts what the lake holds: a whole delivery that was restored away after its file had
been archived left sums that added up.
"""

import os
import shlex
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import (
    ParsedDelivery,
    archive_deliveries,
    parse_deliveries,
    take_in,
)
from lead_platform.capture.names import shown
from lead_platform.governance.archive import (
    ArchivedFile,
    Comparison,
    archived_files,
    compare_with_lake,
    find_archived,
    missing_deliveries,
)
from lead_platform.lake.lake import Lake

RECEIVED_AT = datetime(2026, 7, 1)
DEALS = "outcome_id,type,occurred_at,amount,currency\n{},closed_won,2026-01-01,1234.56,EUR\n"


def archive_one(lake: Lake, name: str) -> None:
    """Take a file in and archive it, as a run does."""
    path = lake.settings.inbox / "crm_outcomes" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DEALS.format(name))
    archive_deliveries(
        take_in_one(lake, path), inbox=lake.settings.inbox, archive=lake.settings.archive
    )


def take_in_one(lake: Lake, path: Path) -> list[ParsedDelivery]:
    settings = lake.settings
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
    return parsed


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
    told = Comparison(len(files), found, changed=[]).faults
    assert "1 of 2 archived files" in told
    assert f"lead-platform ingest {shlex.quote(str(lost))} --channel crm_outcomes" in told


NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & set(b"/\0"))


@settings(max_examples=20)
@given(st.lists(NAMES, min_size=1, max_size=15))
@example([b"a'; touch run; '.csv", b"$(touch run)", b"a\ntouch run\n", b"\xff`touch run`", b"!!"])
def test_a_stranger_s_name_runs_nothing_where_its_command_is_pasted(names: list[bytes]) -> None:
    """File names stood between quotes as they were: one with a quote in it ran what followed."""
    archive = Path("/home/archive/web_form")
    files = [
        ArchivedFile(archive / os.fsdecode(b"del_%d__%s" % (number, name)), "it's", f"del_{number}")
        for number, name in enumerate(names)
    ]
    told = Comparison(len(files), files, changed=[]).faults
    commands = "\n".join(line for line in told.split("\n") if line.startswith("lead-platform "))
    told.encode()
    with tempfile.TemporaryDirectory() as folder:
        stub = Path(folder, "lead-platform")
        stub.write_text("#!/bin/sh\nprintf '%s\\n' \"$*\"\n")
        stub.chmod(0o700)
        shell = {"PATH": f"{folder}:{os.environ['PATH']}"}
        done = subprocess.run(["sh"], input=commands.encode(), cwd=folder, env=shell, stdout=-1)
        assert list(Path(folder).iterdir()) == [stub]
    expected = [
        f"ingest {file.path} --channel it's"
        if shown(file.path) == str(file.path)
        else f"ingest --delivery {file.delivery_id}"
        for file in files
    ]
    assert done.stdout.decode().splitlines() == expected


def test_an_archived_file_is_found_by_its_delivery(tmp_path: Path) -> None:
    path = tmp_path / "web_form" / os.fsdecode(b"del_1__\xff.csv")
    path.parent.mkdir()
    path.touch()
    assert find_archived(tmp_path, "del_1") == [ArchivedFile(path, "web_form", "del_1")]
    with pytest.raises(LookupError, match=r"No file in .* is of the delivery 'del_2'"):
        find_archived(tmp_path, "del_2")


def test_files_that_are_no_deliveries_are_left_alone(lake: Lake) -> None:
    lake.published()
    archive = lake.settings.archive / "crm_outcomes"
    archive.mkdir(parents=True)
    (archive / "notes.txt").write_text("kept by hand")
    (archive / "del_zz__a folder").mkdir()
    assert missing(lake) == []


@pytest.mark.parametrize("touched_since", [None, RECEIVED_AT])
def test_an_archived_file_somebody_still_wrote_to_is_named_until_it_is_taken_in(
    lake: Lake, touched_since: datetime | None
) -> None:
    """A writer that held the file open added leads after the move: no check compared more than the
    name."""
    archive_one(lake, "grown.csv")
    archive_one(lake, "altered.csv")
    archive_one(lake, "whole.csv")
    assert compare_with_lake(lake, touched_since=touched_since).faults == ""
    (grown,) = lake.settings.archive.rglob("*__grown.csv")
    (altered,) = lake.settings.archive.rglob("*__altered.csv")
    with grown.open("a") as held:
        held.write("second,closed_won,2026-01-01,1234.56,EUR\n")
    altered.write_text(altered.read_text().replace("1234.56", "6543.21"))
    found = compare_with_lake(lake, touched_since=touched_since)
    assert {file.path for file in found.changed} == {grown, altered}
    assert "2 of 3 archived files are not what was taken in" in found.faults
    assert f"lead-platform ingest {shlex.quote(str(grown))} --channel crm_outcomes" in found.faults
    for path in (grown, altered):
        take_in_one(lake, path)
    assert compare_with_lake(lake, touched_since=touched_since).faults == ""
