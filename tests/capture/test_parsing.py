"""A file shares its run with others, never its fate, even where reading it ends the process."""

import os
import re
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from lead_platform.capture import deliveries, suspects
from lead_platform.capture.channels import load_channels
from lead_platform.capture.inbox import FileFault, state_of
from lead_platform.lake.lake import utc_now
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
        folder = os.path.join(os.path.dirname(str(self)), "being-read")
        if os.path.isdir(folder) and any(map(_is_of_this_process, os.scandir(folder))):
            re.match(r"(x+x+)+y", "x" * 60)
        return str(self)


def _is_of_this_process(note: os.DirEntry) -> bool:
    """Whether this process has the note open."""
    handles = f"/proc/{os.getpid()}/fd"
    for handle in os.listdir(handles):
        with suppress(OSError):
            if os.readlink(f"{handles}/{handle}") == note.path:
                return True
    return False


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
    assert fault.is_left_alone(utc_now())
    assert not fault.is_left_alone(utc_now() + timedelta(days=1))
    assert "died" in fault.reason


def _run(folder: Path, name: str, harm: type[Path]) -> None:
    """Another process's run over one small file, which is its end."""
    suspects.READING_SECONDS = 1.0
    parse([harm(folder / name)], folder)


def end_a_run(folder: Path, name: str) -> Path:
    """The notes that are left behind."""
    write_deals(folder / name)
    run = workers.start(_run, folder, name, Hanging)
    run.join(60)
    # It lasted until somebody else missed the process, and nothing told what it had been doing.
    assert run.exitcode == 1
    return folder / "being-read"


@pytest.mark.parametrize("harm", [Deadly, Hanging])
def test_files_that_ended_an_earlier_run_cost_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: type[Path]
) -> None:
    """One of them is known: the others of its run were not read yet."""
    monkeypatch.setattr(suspects, "READING_SECONDS", 2.0)
    notes = end_a_run(tmp_path, "2.csv")
    assert suspects.suspects(notes) == {tmp_path / "2.csv"}
    names = ("1.csv", "2.csv", "3.csv", "4.csv")
    kinds = (Path, harm, Path, harm)
    paths = [kind(tmp_path / name) for kind, name in zip(kinds, names, strict=True)]
    write_deals(paths[0], *paths[2:])
    for _ in range(2):
        # What was found stands until the file changes, whatever becomes of the run.
        parsed, faults = parse(paths, tmp_path)
        assert [item.path for item in parsed] == [paths[0], paths[2]]
        assert [fault.path for fault in faults] == [paths[1], paths[3]]
        assert all(fault.is_left_alone(utc_now()) for fault in faults)


def test_a_suspicion_lasts_until_the_file_was_read_or_changed(tmp_path: Path) -> None:
    """A run that was handed other files, or that was ended, forgot it."""
    notes = end_a_run(tmp_path, "2.csv")
    [other] = write_deals(tmp_path / "1.csv")
    parse([other], tmp_path)
    assert suspects.suspects(notes) == {tmp_path / "2.csv"}
    # What ends a process need not be what it read.
    parsed, faults = parse([tmp_path / "2.csv"], tmp_path)
    assert ([item.path for item in parsed], faults) == ([tmp_path / "2.csv"], [])
    assert suspects.suspects(notes) == set()
    end_a_run(tmp_path, "3.csv")
    assert suspects.suspects(notes) == {tmp_path / "3.csv"}
    (tmp_path / "3.csv").unlink()
    assert suspects.suspects(notes) == set()
    assert not list(notes.iterdir())


def test_a_note_that_was_cut_keeps_nobody_from_reading(tmp_path: Path) -> None:
    """Each run that met it failed."""
    notes = end_a_run(tmp_path, "büro.csv")
    [note] = notes.iterdir()
    text = note.read_bytes()
    note.write_bytes(text[: text.index("ü".encode()) + 1])
    parsed, faults = parse([tmp_path / "büro.csv"], tmp_path)
    assert (len(parsed), faults) == (1, [])
    assert not list(notes.iterdir())


def test_reading_that_goes_on_may_last_as_long_as_it_needs(tmp_path: Path) -> None:
    [path] = write_deals(tmp_path / "1.csv")
    notes = tmp_path / "notes"
    with suspects.noted(notes, path, deliveries.state_of(path.lstat()), 1.0) as goes_on:
        assert suspects.suspects(notes) == set(), "its reader lives"
        for _ in range(6):
            time.sleep(0.4)
            goes_on()


def test_a_file_given_by_a_link_is_suspected(tmp_path: Path) -> None:
    """What a link leads to was read, and the link looked at: no run ever let it alone."""
    notes, file, link = tmp_path / "notes", tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    file.write_text("{}")
    link.symlink_to(file)
    notes.mkdir()
    note = suspects._Note(path=str(link), state=state_of(link.stat()))
    (notes / "of-the-dead").write_text(note.model_dump_json())
    assert suspects.suspects(notes) == {link}
    file.write_text("{} ")
    assert suspects.suspects(notes) == set()
