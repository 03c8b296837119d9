"""A file shares its run with others, never its fate, even where reading it ends the process."""

import os
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest

from lead_platform.capture import deliveries, suspects
from lead_platform.capture.channels import load_channels
from lead_platform.capture.inbox import FileFault
from tests.capture.conftest import PROJECT, RECEIVED_AT
from tests.lake import workers

DEAL = "outcome_id,type,occurred_at\no{0},closed_lost,2026-01-0{0}\n"


class Deadly(type(Path())):
    """The path of a file that no process survives: it ends as soon as it is told to read it."""

    def __reduce__(self) -> tuple:
        return os._exit, (137,)


class Hanging(type(Path())):
    """The path of a file on which a library hangs in its own code once a process reads it: no other
    thread of that process runs any more."""

    def __fspath__(self) -> str:
        spools = os.path.dirname(str(self))
        if os.path.exists(f"{spools}/being-read-{os.getpid()}"):
            re.match(r"(x+x+)+y", "x" * 60)
        return str(self)


def parse(
    paths: list[Path], spools: Path
) -> tuple[list[deliveries.ParsedDelivery], list[FileFault]]:
    return deliveries.parse_deliveries(
        [(path, "crm_outcomes") for path in paths],
        load_channels(PROJECT / "config"),
        received_at=RECEIVED_AT,
        inbox=spools / "inbox",
        spools=spools,
    )


def write_deals(*paths: Path) -> list[Path]:
    for number, path in enumerate(paths, 1):
        path.write_text(DEAL.format(number))
    return list(paths)


def test_a_file_that_kills_its_process_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole run failed, and each one after it, for as long as the file lay there."""
    monkeypatch.setattr(deliveries, "PARALLEL_BYTES", 0)
    paths = write_deals(tmp_path / "1.csv", Deadly(tmp_path / "2.csv"), tmp_path / "3.csv")
    parsed, faults = parse(paths, tmp_path)
    assert [item.path for item in parsed] == [paths[0], paths[2]]
    assert [batch.record_count for item in parsed for batch in item.batches] == [1, 1]
    [fault] = faults
    assert fault.path == paths[1]
    assert fault.is_left_alone(RECEIVED_AT)
    assert not fault.is_left_alone(RECEIVED_AT + timedelta(days=1))
    assert "died" in fault.reason


def _run(home: Path, name: str, seconds: float) -> None:
    """Another process's run over one small file."""
    suspects.READING_SECONDS = seconds
    with deliveries.spool_folder(home, RECEIVED_AT) as spools:
        parse([Hanging(write_deals(spools / name)[0])], spools)


def test_reading_that_hangs_ends_its_process_in_time(tmp_path: Path) -> None:
    """It lasted until somebody else missed the process, and nothing told what it had been doing."""
    run = workers.start(_run, tmp_path, "hangs.csv", 1.0)
    run.join(60)
    assert run.exitcode == 1
    with deliveries.spool_folder(tmp_path, RECEIVED_AT) as spools:
        [suspect] = suspects.suspects_of(spools)
        assert suspect.name == "hangs.csv"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("harm", [Deadly, Hanging])
def test_a_file_that_ended_an_earlier_run_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: type[Path]
) -> None:
    monkeypatch.setattr(suspects, "READING_SECONDS", 2.0)
    paths = write_deals(tmp_path / "1.csv", harm(tmp_path / "2.csv"), tmp_path / "3.csv")
    state = deliveries.state_of(paths[1].lstat())
    with suspects.noted(tmp_path, paths[1], state, 60):
        suspects.suspect(tmp_path, suspects.notes_of(tmp_path))
    parsed, faults = parse(paths, tmp_path)
    assert [item.path for item in parsed] == [paths[0], paths[2]]
    assert [(fault.path, fault.harmful_since) for fault in faults] == [(paths[1], RECEIVED_AT)]


def test_a_suspect_that_is_read_is_taken_in(tmp_path: Path) -> None:
    """What kills a process need not be what it read."""
    [path] = write_deals(tmp_path / "1.csv")
    for _ in range(2):
        # The suspicion outlives a run that died before it came to the file.
        with suspects.noted(tmp_path, path, deliveries.state_of(path.lstat()), 60):
            suspects.suspect(tmp_path, suspects.notes_of(tmp_path))
    assert [*suspects.suspects_of(tmp_path)] == [path]
    parsed, faults = parse([path], tmp_path)
    assert ([item.path for item in parsed], faults) == ([path], [])


def test_a_note_that_was_cut_keeps_nobody_from_reading(tmp_path: Path) -> None:
    """The next run failed on it, and each one after that: the folder stayed as it was."""
    run = workers.start(_run, tmp_path, "büro.csv", 1.0)
    run.join(60)
    [dead] = tmp_path.glob("intake-*")
    [note] = dead.glob("being-read-*")
    text = note.read_bytes()
    note.write_bytes(text[: text.index("ü".encode()) + 1])
    for _ in range(2):
        with deliveries.spool_folder(tmp_path, RECEIVED_AT) as spools:
            assert suspects.suspects_of(spools) == {}
    assert not list(tmp_path.iterdir())


def test_reading_that_goes_on_may_last_as_long_as_it_needs(tmp_path: Path) -> None:
    [path] = write_deals(tmp_path / "1.csv")
    with suspects.noted(tmp_path, path, deliveries.state_of(path.lstat()), 1.0) as goes_on:
        for _ in range(6):
            time.sleep(0.4)
            goes_on()
