"""What waits, what is told, what is asked for when: no file of one sender holds up another's."""

import errno
import fcntl
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from filelock import FileLock

from lead_platform.capture.inbox import (
    FILES_PER_RUN,
    QUICK_ATTEMPTS,
    ChangedFileError,
    Cursor,
    FileFault,
    InboxFile,
    _put_back,
    archive_file,
    describe_waiting,
    files_of_broken,
    is_none_left,
    list_inbox,
    located,
    note_left,
    odd_entries,
    plan_requests,
    read_left,
    state_of,
    stuck_files,
    with_earlier,
)

NOW = datetime(2026, 11, 22, 12)


def waiting(name: str, modified: float = 0.0, changed: float = 1.0) -> InboxFile:
    return InboxFile(Path("/in/c") / name, "c", 1, int(modified * 1e9), int(changed * 1e9))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    (folder / "web_form" / "sub").mkdir(parents=True)
    return folder


def test_only_regular_files_are_taken_in_and_the_rest_is_told(inbox: Path, tmp_path: Path) -> None:
    """A link to /etc/passwd was read and archived; a pipe held the run for ever."""
    secret = tmp_path / "passwd"
    secret.write_text("root")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.csv").write_text("x")
    folder = inbox / "web_form"
    (folder / "sub" / "good.jsonl").write_text("{}")
    (folder / "link.jsonl").symlink_to(secret)
    (folder / "dangling.jsonl").symlink_to(tmp_path / "gone")
    (inbox / "linked_folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(folder / "pipe.jsonl")
    (inbox / "beside.jsonl").write_text("{}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(folder / "s.jsonl"))
    assert [(file.path.name, file.channel) for file in list_inbox(inbox)] == [
        ("good.jsonl", "web_form")
    ]
    told = {fault.path.name: fault.reason for fault in odd_entries(inbox)}
    assert set(told) == {
        "link.jsonl", "dangling.jsonl", "linked_folder", "pipe.jsonl", "beside.jsonl", "s.jsonl",
    }  # fmt: skip
    assert "symbolic link" in told["link.jsonl"]
    assert "pipe" in told["pipe.jsonl"]
    rows = describe_waiting(inbox, {}, NOW)
    assert len(rows) == 7
    assert "no channel is called 'web_form'" in rows[0][2]


def test_folders_may_be_as_deep_as_their_sender_likes(inbox: Path) -> None:
    """1,200 empty folders in each other stopped the intake of all channels."""
    (inbox / "web_form" / "good.jsonl").write_text("{}")
    below = os.open(inbox / "web_form", os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=below)
        deeper = os.open("d", os.O_RDONLY, dir_fd=below)
        os.close(below)
        below = deeper
    os.close(below)
    try:
        assert [file.path.name for file in list_inbox(inbox)] == ["good.jsonl"]
        # Deeper than a path may be long: told as what nobody can look into.
        assert all("may not look into" in fault.reason for fault in odd_entries(inbox))
    finally:
        subprocess.run(["rm", "-rf", str(inbox)], check=True)


def test_what_its_sender_left_unfinished_is_told_after_a_while(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = inbox / "web_form" / "leads.jsonl.part"
    left.write_text("{")
    assert not odd_entries(inbox)
    monkeypatch.setattr("lead_platform.capture.inbox._UNFINISHED_FOR", timedelta(0))
    [fault] = odd_entries(inbox)
    assert "rename it once it is complete" in fault.reason
    assert not list_inbox(inbox)


def test_a_folder_closed_to_this_user_is_told(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files waited for ever, and nothing said so."""
    closed = inbox / "web_form" / "sub"
    (closed / "a.jsonl").write_text("{}")
    listed = os.scandir

    def refuse(folder: Path) -> object:
        # Permissions do not bind the administrator, who may run this.
        if folder == closed:
            raise PermissionError
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    [fault] = odd_entries(inbox)
    assert (fault.path, "may not look into" in fault.reason) == (closed, True)


def test_paths_lead_into_the_inbox_whatever_way_they_take(inbox: Path, tmp_path: Path) -> None:
    """A file outside was moved away, as its path began with the inbox and went on with `..`."""
    (tmp_path / "mine.jsonl").write_text("{}")
    form = inbox / "web_form"
    (form / "a.jsonl").write_text("{}")
    (tmp_path / "way").symlink_to(form)
    assert located(form / ".." / ".." / "mine.jsonl", inbox) == tmp_path / "mine.jsonl"
    assert located(tmp_path / "way" / "a.jsonl", inbox) == form / "a.jsonl"
    assert located(form / "sub" / ".." / "a.jsonl", inbox) == form / "a.jsonl"
    (form / "link.jsonl").symlink_to(tmp_path / "mine.jsonl")
    assert located(form / "link.jsonl", inbox) == form / "link.jsonl"


def test_why_a_run_left_a_file_is_known_until_the_file_changes(inbox: Path, tmp_path: Path) -> None:
    book = tmp_path / "left.json"
    one, two = inbox / "web_form" / "one.jsonl", inbox / "web_form" / os.fsdecode(b"gr\xfc\xdfe")
    for path in (one, two):
        path.write_text("{")
    assert read_left(book) == []
    note_left([FileFault(one, "broken"), FileFault(two, "held")], book)
    told = {row[0]: row[2] for row in describe_waiting(
        inbox, {"web_form": 1}, datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1),
        left=read_left(book),
    )}  # fmt: skip
    assert told == {"web_form/one.jsonl": "broken", "web_form/gr\\xfc\\xdfe": "held"}
    one.write_text("{}")
    note_left([], book)
    assert read_left(book) == [FileFault(two, "held")]
    book.write_text("{")
    assert read_left(book) == []


@pytest.mark.parametrize(
    "told",
    [
        {"/tmp/a\0b": {"state": [1, 2, 3, 4], "reason": "r"}},
        {"file:///tmp/%00a": {"state": [1, 2, 3, 4], "reason": "r"}},
        {"/tmp": {"state": [1, 2, 3, 4], "reason": "r", "harmful_since": "2026-11-29T10:00:00Z"}},
        {"/tmp": {"state": [1, 2, 3, 4], "reason": "r", "harmful_since": 1764410400}},
    ],
)
def test_a_book_of_others_is_written_anew(
    told: dict[str, object], inbox: Path, tmp_path: Path
) -> None:
    """Every intake failed of it, and the file was not named."""
    book, one = tmp_path / "left.json", inbox / "web_form" / "one.jsonl"
    one.write_text("{")
    book.write_text(json.dumps({"files": told}))
    assert read_left(book) == []
    assert not is_none_left(book, inbox)
    note_left([FileFault(one, "broken")], book)
    assert read_left(book) == [FileFault(one, "broken")]


def test_a_reason_that_is_no_text_is_kept_as_one(inbox: Path, tmp_path: Path) -> None:
    """The name of a broken channel in Latin-1 stopped every run behind its intake."""
    book, one = tmp_path / "left.json", inbox / "web_form" / "one.jsonl"
    one.write_text("{")
    name = os.fsdecode(b"caf\xe9")
    (inbox / name).mkdir()
    (inbox / name / "a.csv").write_text("a")
    broken = {name: ValueError(f"{name}.yaml: wrong")}
    faults = files_of_broken([], inbox, broken)
    note_left([*faults, FileFault(one, name)], book)
    assert {fault.reason for fault in read_left(book)} >= {"caf\\xe9"}
    assert all(fault.reason.isprintable() for fault in [*faults, *read_left(book)])


def test_a_book_that_somebody_holds_is_not_waited_for_without_end(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that locks the home folder held up every intake."""
    monkeypatch.setattr("lead_platform.capture.inbox._LOCK_SECONDS", 0.1)
    book, one = tmp_path / "left.json", inbox / "web_form" / "one.jsonl"
    one.write_text("{")
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    note_left([FileFault(one, "broken")], book)
    os.close(folder)
    with FileLock(tmp_path / ".left.json.lock"), pytest.raises(TimeoutError):
        note_left([], book)
    assert read_left(book) == [FileFault(one, "broken")]


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_disk_without_locks_keeps_a_book_all_the_same(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """On a network's disk no left file was ever noted: both runs and sensors took it for held."""
    one, book = inbox / "web_form" / "a.csv", tmp_path / "left.json"
    one.write_text("a")

    def flock(descriptor: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    note_left([FileFault(one, "broken")], book)
    note_left([], book)
    assert [(fault.path, fault.reason) for fault in read_left(book)] == [(one, "broken")]


def test_a_lock_that_is_refused_for_another_reason_is_told(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        note_left([FileFault(inbox / "a.csv", "broken")], tmp_path / "left.json")


def test_what_is_no_file_is_looked_at_anew(inbox: Path, tmp_path: Path) -> None:
    """A closed folder that was opened again was told for ever."""
    book, folder = tmp_path / "left.json", inbox / "web_form" / "closed"
    folder.mkdir()
    note_left([FileFault(folder, "closed to this user")], book)
    assert with_earlier([], book, inbox) == []
    assert is_none_left(book, inbox)
    os.mkfifo(inbox / "web_form" / "pipe")
    assert not is_none_left(book, inbox)


def _note_each(files: list[Path], book: Path) -> None:
    for path in files:
        note_left([FileFault(path, "broken")], book)


def test_what_several_runs_note_at_once_is_all_kept(tmp_path: Path) -> None:
    """Of two processes that noted a fault each, one lost it in 14 of 100 trials."""
    files = [tmp_path / f"{number}.jsonl" for number in range(80)]
    for path in files:
        path.write_text("{")
    book = tmp_path / "left.json"
    spawn = get_context("spawn")
    runs = [spawn.Process(target=_note_each, args=(files[n::4], book)) for n in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0] * 4
    assert {fault.path for fault in read_left(book)} == set(files)


def test_what_earlier_runs_left_is_told_while_it_lies_in_the_inbox(
    inbox: Path, tmp_path: Path
) -> None:
    book, mine = tmp_path / "left.json", tmp_path / "mine.jsonl"
    one, two = inbox / "web_form" / "one.jsonl", inbox / "web_form" / "two.jsonl"
    for path in (one, two, mine):
        path.write_text("{")
    note_left([FileFault(path, "locked") for path in (one, two, mine)], book)
    # What lies elsewhere is nobody's to watch.
    assert with_earlier([], book, inbox) == [FileFault(one, "locked"), FileFault(two, "locked")]
    again = FileFault(two, "held")
    assert with_earlier([again], book, inbox) == [again, FileFault(one, "locked")]
    two.unlink()
    one.write_text("{}")
    assert with_earlier([], book, inbox) == []


def test_a_file_still_being_written_rests_first() -> None:
    """Half a file written in place was taken in as if it were all of it."""
    written = NOW.replace(tzinfo=UTC).timestamp()
    in_place, renamed = waiting("a", written, written), waiting("b", written, written + 0.01)
    assert [file.path.name for file in plan_requests([in_place, renamed], Cursor(), NOW)[0]] == [
        "b"
    ]
    later = NOW + timedelta(seconds=4)
    assert len(plan_requests([in_place, renamed], Cursor(), later)[0]) == 2
    to_come = waiting("c", written + 9_000, written + 9_000)
    assert to_come.is_settled(NOW)


def test_files_that_fail_do_not_starve_new_ones() -> None:
    """500 files that could not be read filled every run; good ones came after their retries."""
    poison = [waiting(f"p{number:04d}") for number in range(FILES_PER_RUN)]
    due, cursor = plan_requests(poison, Cursor(), NOW)
    assert len(due) == FILES_PER_RUN
    good = waiting("zz-good", 5)
    for attempt in range(1, QUICK_ATTEMPTS):
        later = NOW + timedelta(hours=attempt)
        due, _ = plan_requests([*poison, good], cursor, later)
        assert due[0] == good
        due, cursor = plan_requests(poison, cursor, later)
        assert len(due) == FILES_PER_RUN
    assert len(stuck_files(poison, cursor)) == FILES_PER_RUN
    # Whatever kept them may be mended in hours: nobody has to come and ask for them.
    assert plan_requests(poison, cursor, later + timedelta(minutes=59))[0] == []
    assert len(plan_requests(poison, cursor, later + timedelta(minutes=61))[0]) == FILES_PER_RUN


def test_the_cursor_takes_any_name() -> None:
    file = waiting(os.fsdecode(b"gr\xfc\xdfe.csv"))
    _, cursor = plan_requests([file], Cursor(), NOW)
    again = Cursor.model_validate_json(cursor.model_dump_json().encode())
    assert plan_requests([file], again, NOW) == ([], again)


def archived(path: Path, inbox: Path, archive: Path, delivery_id: str) -> Path:
    state = state_of(path.stat())
    return archive_file(
        path, state=state, inbox=inbox, archive=archive, channel="web_form", delivery_id=delivery_id
    )


def test_archived_files_are_never_overwritten(inbox: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    names = ["x" * 249 + ".jsonl", os.fsdecode(b"gr\xfc\xdfe.csv")]
    for position, name in enumerate(names):
        path = inbox / "web_form" / "sub" / name
        path.write_text("one")
        kept = archived(path, inbox, archive, f"del_{position}")
        assert kept.read_text() == "one"
        assert kept.suffix == path.suffix
        assert not path.exists()
        path.write_text("other")
        archived(path, inbox, archive, f"del_{position}")
        assert (kept.read_text(), path.exists()) == ("one", False)


@pytest.fixture(params=["same", "other"])
def archive(request: pytest.FixtureRequest, inbox: Path, tmp_path: Path) -> Iterator[Path]:
    """On the inbox's file system and another; shared memory is one of its own on Linux."""
    if request.param == "same":
        yield tmp_path / "archive"
        return
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == inbox.stat().st_dev:
        pytest.skip("no second file system here")
    folder = other / f"archive-{os.getpid()}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_what_is_archived_is_for_the_user_alone(inbox: Path, archive: Path) -> None:
    """It kept what its sender had let others do with it."""
    path = inbox / "web_form" / "leads.jsonl"
    path.write_text("one", encoding="utf-8")
    path.chmod(0o666)
    assert archived(path, inbox, archive, "del_1").stat().st_mode & 0o777 == 0o600


def test_archived_whole(inbox: Path, archive: Path) -> None:
    path = inbox / "web_form" / ("x" * 249 + ".jsonl")
    path.write_text("one")
    kept = archived(path, inbox, archive, "del_1")
    assert (kept.read_text(), path.exists()) == ("one", False)
    assert [entry.name for entry in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize("is_known", [False, True])
def test_what_took_the_place_of_a_file_goes_back(
    inbox: Path, archive: Path, is_known: bool
) -> None:
    """A file renamed over the path between the last look and the move was archived, or removed as
    known, without ever being read."""
    path = inbox / "web_form" / "leads.jsonl"
    path.write_text("one")
    read = state_of(path.stat())
    if is_known:
        archived(path, inbox, archive, "del_1")
    (inbox / ".new").write_text("two")
    (inbox / ".new").rename(path)
    with pytest.raises(ChangedFileError) as changed:
        archive_file(
            path, state=read, inbox=inbox, archive=archive, channel="web_form", delivery_id="del_1"
        )
    assert changed.value.path == path
    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == [path.name]
    kept = [entry.read_text() for entry in archive.rglob("*") if entry.is_file()]
    assert kept == (["one"] if is_known else [])


def test_a_file_goes_back_beside_the_one_that_took_its_name(inbox: Path, tmp_path: Path) -> None:
    path, claimed = inbox / "web_form" / "leads.jsonl", tmp_path / "claimed"
    path.write_text("third")
    claimed.write_text("second")
    back = _put_back(claimed, path)
    assert (path.read_text(), back.read_text(), claimed.exists()) == ("third", "second", False)
    assert back.parent == path.parent
    assert back.suffix == path.suffix
