"""Backups taken while the home is at work, and homes made from them elsewhere."""

import errno
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.deliveries import spool_folder
from lead_platform.lake import backup as backup_module
from lead_platform.lake import exchange
from lead_platform.lake.backup import (
    Backup,
    BackupError,
    make_backup,
    missing_files,
    restore_backup,
    verify_backup,
)
from lead_platform.lake.catalogs import CatalogCopy, NamedFile
from lead_platform.lake.lake import Lake
from lead_platform.lake.postgres import connect_postgres
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.orchestration.status import AlreadyRunningError, only_one
from lead_platform.settings import Settings
from tests.lake import trial, workers
from tests.templates import Templates

NOW = datetime(2026, 1, 1)


@pytest.fixture
def busy_home(trial_settings: Settings, templates: Templates) -> Settings:
    """A home with Parquet files, earlier releases and files of all kinds."""
    templates.copy_to(trial_settings, _make_busy)
    return trial_settings


def _make_busy(settings: Settings) -> None:
    lake = trial.open_seeded(settings)
    for step in range(4):
        workers.write_step(lake, step)
    for folder, name in (("inbox", "waiting.csv"), ("archive", "dlv_1__taken.csv")):
        path = settings.home / folder / "web_form" / name
        path.parent.mkdir()
        path.write_text(name)
    (settings.home / "models").mkdir()
    (settings.home / "models" / "active.json").write_text("{}")


@pytest.fixture
def mount() -> Iterator[Callable[[Path], None]]:
    """Mounts a volume of a few megabytes at a folder; skips where that is not permitted."""
    mounted: list[Path] = []

    def at(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a volume cannot be mounted here: {error}")
        mounted.append(folder)

    yield at
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def volume(tmp_path: Path, mount: Callable[[Path], None]) -> Path:
    """A folder that is a mount point."""
    folder = tmp_path / "volume"
    mount(folder)
    return folder


def restored(
    backup: Path, make: Callable[..., Settings], settings: Settings, name: str = "elsewhere"
) -> Settings:
    """A new home made from the backup."""
    there = make(name, expectations_dir=settings.expectations_dir)
    restore_backup(there, backup, is_replacing=False, restored_at=NOW)
    return there


def test_a_backup_under_load_is_one_release_and_goes_on_elsewhere(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    stage, done = (workers.PROCESSES.Value("i", 0) for _ in range(2))
    writer = workers.start(workers.write_steps, busy_home, stage, done, None)
    try:
        while done.value < 1:
            assert writer.is_alive()
        before = done.value
        made: list[Backup] = []
        # A backup of so little may be quicker than a write.
        while len(made) < 2 or (done.value == before and len(made) < 20):
            target = tmp_path / f"backup {len(made)}"
            made.append(make_backup(busy_home, target, made_at=NOW))
        assert done.value > before, "nobody wrote meanwhile"
    finally:
        workers.kill(writer)
    lake = Lake(busy_home)
    for number, backup in enumerate(made):
        there = Lake(
            restored(tmp_path / f"backup {number}", new_settings, busy_home, f"there {number}")
        )
        published = there.published()
        assert published.release_id == backup.release_id
        assert trial.contents(there) == trial.contents(lake, published.snapshot_id)
        first = there.releases(limit=100)[-3].snapshot_id
        assert trial.contents(there, first) == trial.contents(lake, first)
        workers.write_step(there, workers.next_step(there))
        assert there.published().status == "passed"
        assert missing_files(there.settings) == []


def test_a_backup_holds_all_but_caches(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    (busy_home.home / "dbt").mkdir()
    (busy_home.home / "dbt" / "cache").write_text("made again")
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    there = restored(tmp_path / "backup", new_settings, busy_home)
    for name in ("inbox/web_form/waiting.csv", "archive/web_form/dlv_1__taken.csv"):
        assert (there.home / name).read_text() == Path(name).name
    assert (there.home / "models" / "active.json").exists()
    assert not (there.home / "dbt").exists()
    modes = {
        stat.S_IMODE(os.stat(path).st_mode) & 0o077 for path in (tmp_path / "backup").rglob("*")
    }
    assert modes == {0}


def test_what_people_delivered_is_kept_as_it_is(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """One such file made every backup impossible; one with such a name was in none."""
    given = {
        "inbox/web_form/leads.jsonl": b"SQLite format 3\0 not really",
        "archive/web_form/del_1__day.jsonl.lock": b"{}",
        "archive/web_form/del_2__old.sqlite": b"SQLite format 3\0 not really",
    }
    for name, contents in given.items():
        (busy_home.home / name).write_bytes(contents)
    (busy_home.home / "damaged.sqlite").write_bytes(b"SQLite format 3\0 not really")
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    there = restored(tmp_path / "backup", new_settings, busy_home)
    assert {name: (there.home / name).read_bytes() for name in given} == given


def test_folders_of_the_home_may_lie_elsewhere(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """An archive moved to another disk and linked back was in no backup, which was called whole."""
    (busy_home.home / "archive").rename(tmp_path / "other_disk")
    (busy_home.home / "archive").symlink_to(tmp_path / "other_disk")
    assert make_backup(busy_home, tmp_path / "backup", made_at=NOW).left_out == {}
    there = restored(tmp_path / "backup", new_settings, busy_home)
    assert (there.home / "archive/web_form/dlv_1__taken.csv").read_text() == "dlv_1__taken.csv"


def test_what_senders_do_in_the_inbox_costs_no_backup(
    busy_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of another user, or a folder that went meanwhile, and there was none."""
    folder = busy_home.inbox / "web_form"
    (folder / "locked.jsonl").write_text("{}")
    (folder / "link.jsonl").symlink_to("/etc/hostname")
    (folder / "linked").symlink_to("/etc")
    (folder / "passing").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    copy, scan = shutil.copyfile, os.scandir

    def refuse(source: Path, target: Path) -> object:
        # Permissions do not bind the administrator, who may run this.
        if source.name == "locked.jsonl":
            raise PermissionError(errno.EACCES, "Permission denied")
        return copy(source, target)

    def pass_by(place: Any) -> object:
        if str(place).endswith("passing"):
            raise FileNotFoundError
        return scan(place)

    monkeypatch.setattr(shutil, "copyfile", refuse)
    monkeypatch.setattr(os, "scandir", pass_by)
    made = make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    monkeypatch.undo()
    assert made.left_out == {
        "inbox/web_form/link.jsonl": "a symbolic link",
        "inbox/web_form/linked": "a symbolic link",
        "inbox/web_form/locked.jsonl": "Permission denied",
        "inbox/web_form/pipe.jsonl": "a pipe",
    }
    assert verify_backup(tmp_path / "backup") == made
    copied = {path.name for path in (tmp_path / "backup/home/inbox/web_form").iterdir()}
    assert copied == {"waiting.csv"}


def test_what_is_taken_in_while_the_backup_runs_is_not_lost(
    busy_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Archived after the catalog was copied, a file would be in the archive and in no table."""
    copy_lake = backup_module._copy_lake

    def archive_meanwhile(settings: Settings, copy: Settings, dump: Path) -> CatalogCopy:
        late = settings.archive / "web_form" / "dlv_2__late.csv"
        late.write_text("late")
        return copy_lake(settings, copy, dump)

    monkeypatch.setattr(backup_module, "_copy_lake", archive_meanwhile)
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    assert (tmp_path / "backup" / "home" / "inbox" / "web_form" / "late.csv").read_text() == "late"


def test_files_that_upkeep_removes_meanwhile_make_it_look_again(
    busy_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_catalog = backup_module._copy_catalog
    times = []

    def copy(settings: Settings, copy: Settings, dump: Path) -> CatalogCopy:
        times.append(dump)
        if len(times) > 1:
            return copy_catalog(settings, copy, dump)
        known = copy_catalog(settings, copy, dump)
        gone = backup_module.NamedFile("trial/leads/gone.parquet", 1)
        return CatalogCopy(known.snapshot_id, (*known.files, gone))

    monkeypatch.setattr(backup_module, "_copy_catalog", copy)
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    assert len(times) == 2


def test_a_backup_is_described_by_its_own_catalog(
    busy_home: Settings,
    new_settings: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Upkeep forgot the copied snapshot before the live lake was asked for its rows.

    The backup of a healthy home failed at its end, and advised to restore.
    """
    lake = Lake(busy_home)
    before = trial.contents(lake)
    copy_rest = backup_module._copy_rest

    def forget_meanwhile(*arguments: Any) -> None:
        copy_rest(*arguments)
        workers.write_step(lake, workers.next_step(lake))
        newest = lake.published().snapshot_id
        with closing(lake._open()) as connection:
            earlier = ", ".join(map(str, range(newest)))
            connection.execute(f"call ducklake_expire_snapshots('lake', versions => [{earlier}])")

    monkeypatch.setattr(backup_module, "_copy_rest", forget_meanwhile)
    backup = make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    there = Lake(restored(tmp_path / "backup", new_settings, busy_home))
    assert there.published().release_id == backup.release_id
    assert trial.contents(there) == before
    if busy_home.database_url:
        assert _schemas(busy_home.database_url) == ["lake_catalog"]


def test_copied_files_are_opened_before_a_backup_is_kept(
    busy_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL the rows were counted in the live lake: copies nobody could read passed."""
    copy_data = backup_module._copy_data

    def spoil(source: Path, target: Path, file: NamedFile) -> bool:
        is_copied = copy_data(source, target, file)
        (target / file.path).write_bytes(bytes(file.size))
        return is_copied

    monkeypatch.setattr(backup_module, "_copy_data", spoil)
    with pytest.raises(BackupError, match="cannot be read"):
        make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    assert list(tmp_path.glob("*backup*")) == []


def _schemas(url: str) -> list[str]:
    """The schemas a catalog, or what a restore made of one, has in the database."""
    with closing(connect_postgres(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select nspname from pg_namespace where nspname like 'lake_catalog%' order by 1"
        )
        return [str(name) for (name,) in cursor.fetchall()]


def test_a_lake_that_lost_files_is_not_backed_up_as_whole(
    busy_home: Settings, tmp_path: Path
) -> None:
    lost = next(Path(busy_home.lake_data_path).rglob("*.parquet"))
    lost.unlink()
    assert [Path(name).name for name in missing_files(busy_home)] == [lost.name]
    with pytest.raises(BackupError, match=f"such as .*{lost.name}"):
        make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    assert list(tmp_path.glob("*backup*")) == []


@pytest.mark.parametrize(
    "target",
    ["home/backup", "link/backup", "other/../home/backup", "data/backup", "inbox/mine/backup"],
)
def test_a_backup_does_not_go_where_it_would_find_itself(tmp_path: Path, target: str) -> None:
    """Links and `..` led into the home unseen: the copy copied itself until its path was too long.

    Where the lake's data lies elsewhere, nobody looked at all.
    """
    settings = Settings(home=tmp_path / "home", lake_data=str(tmp_path / "data"))
    Lake(settings).published()
    (tmp_path / "link").symlink_to(settings.home)
    (tmp_path / "other").mkdir()
    settings.inbox.rename(tmp_path / "inbox")
    settings.inbox.symlink_to(tmp_path / "inbox")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BackupError, match=r"the home .*Name a folder elsewhere"):
        make_backup(settings, tmp_path / target, made_at=NOW)
    assert set(tmp_path.rglob("*")) == before


def test_what_is_only_parsed_yet_is_in_no_backup(
    embedded_settings: Settings, tmp_path: Path
) -> None:
    """Backups held the spools of intakes at work: personal data that nobody reads again."""
    Lake(embedded_settings).published()
    with spool_folder(embedded_settings.home, NOW) as spools:
        (spools / "0.batch").write_bytes(b"ada@example.com")
        backup = make_backup(embedded_settings, tmp_path / "backup", made_at=NOW)
    assert not [name for name in backup.checksums if spools.name in name]
    assert not list((tmp_path / "backup").rglob("*.batch"))


def _begin_backup(settings: Settings, target: Path, is_copying: Any) -> None:
    """Another process's backup, which hangs while it copies."""

    def hang(*_: object) -> None:
        is_copying.set()
        time.sleep(600)

    backup_module._copy_rest = hang
    make_backup(settings, target, made_at=NOW)


def test_the_next_backup_removes_what_a_killed_one_left(
    embedded_settings: Settings, tmp_path: Path
) -> None:
    """A copy of all personal data stayed beside the target, hidden by its name, for ever."""
    Lake(embedded_settings).published()
    folder = tmp_path / "backups"
    theirs = [folder / ".day.abcdefgh" / "theirs", folder / ".day.old" / "theirs"]
    for path in theirs:
        path.parent.mkdir(parents=True)
        path.write_text("not ours")
    copying = [workers.PROCESSES.Event() for _ in range(2)]
    killed, alive = (
        workers.start(_begin_backup, embedded_settings, folder / name, is_copying)
        for name, is_copying in zip(("day", "other"), copying, strict=True)
    )
    try:
        assert all(is_copying.wait(120) for is_copying in copying)
        workers.kill(killed)
        make_backup(embedded_settings, folder / "next", made_at=NOW)
        left = {path.name.split(".")[1] for path in folder.iterdir() if path.name[0] == "."}
        assert left == {"day", "other"}
        assert len(list(folder.glob(".day.*"))) == 2
        assert all(path.read_text() == "not ours" for path in theirs)
    finally:
        workers.kill(alive)
    make_backup(embedded_settings, folder / "day", made_at=NOW)
    assert not list(folder.glob(".other.*"))


def test_a_damaged_backup_is_refused(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    there = new_settings("there")
    for change in ("cut", "missing", "no note"):
        copy = Path(shutil.copytree(tmp_path / "backup", tmp_path / change))
        victim = next(copy.rglob("*.parquet"))
        if change == "cut":
            victim.write_bytes(victim.read_bytes()[:-1])
        elif change == "missing":
            victim.unlink()
        else:
            (copy / "backup.json").write_text("{")
        with pytest.raises(BackupError, match=r"is damaged|no whole backup"):
            restore_backup(there, copy, is_replacing=False, restored_at=NOW)
    assert not there.home.exists()
    assert verify_backup(tmp_path / "backup").rows["trial.leads"] > 250


def test_a_home_in_use_is_set_aside_never_overwritten(busy_home: Settings, tmp_path: Path) -> None:
    lake = Lake(busy_home)
    backup = make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    before = trial.contents(lake)
    workers.write_step(lake, workers.next_step(lake))
    lake._open().close()
    with pytest.raises(BackupError, match="is not empty"):
        restore_backup(busy_home, tmp_path / "backup", is_replacing=False, restored_at=NOW)
    _, aside = restore_backup(busy_home, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert aside
    assert (Path(aside[0]) / "inbox" / "web_form" / "waiting.csv").exists()
    there = Lake(busy_home)
    assert there.published().release_id == backup.release_id
    assert trial.contents(there) == before


def test_a_restore_releases_no_brake(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """A workflow that was stopped after the backup ran again as soon as its home was restored."""

    def throw(workflow: str, is_enabled: bool, at: Settings = busy_home) -> None:
        assert open_switches(at).throw(Switch(workflow, is_enabled, "ann", "a trial", NOW))

    def off(at: Settings) -> list[str]:
        return [switch.workflow for switch in open_switches(at).all() if not switch.is_enabled]

    throw("enrichment", False)
    throw("scoring", False)
    backup = tmp_path / "backup"
    make_backup(busy_home, backup, made_at=NOW)
    throw("scoring", True)
    throw("routing", False)
    restore_backup(busy_home, backup, is_replacing=True, restored_at=NOW)
    assert off(busy_home) == ["enrichment", "routing"]
    with Lake(busy_home).read() as connection:
        open_switches(busy_home).take_over(connection)
    assert off(busy_home) == ["enrichment", "routing"]
    elsewhere = restored(backup, new_settings, busy_home)
    assert off(elsewhere) == ["enrichment", "scoring"]
    other = new_settings("other", expectations_dir=busy_home.expectations_dir)
    throw("enrichment", False, other)
    throw("enrichment", True, other)
    throw("capture", False, other)
    restore_backup(other, backup, is_replacing=False, restored_at=NOW)
    assert off(other) == ["capture", "enrichment", "scoring"]


def test_a_home_that_is_a_mount_point_is_replaced(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path, volume: Path
) -> None:
    """The home itself was renamed: not where it is a volume, or nothing may be made beside it.

    On PostgreSQL the catalog had been renamed by then, and nothing was restored.
    """
    backup = make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    there = new_settings("volume", expectations_dir=busy_home.expectations_dir)
    assert there.home == volume
    restore_backup(there, tmp_path / "backup", is_replacing=False, restored_at=NOW)
    workers.write_step(Lake(there), workers.next_step(Lake(there)))
    Lake(there)._open().close()
    (there.inbox / "web_form" / "later.csv").write_text("later")
    _, aside = restore_backup(there, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert aside[0] == str(volume / "before_20260101_000000")
    assert (Path(aside[0]) / "inbox" / "web_form" / "later.csv").exists()
    assert not (there.inbox / "web_form" / "later.csv").exists()
    assert Lake(there).published().release_id == backup.release_id
    assert trial.contents(Lake(there)) == trial.contents(Lake(busy_home))
    assert missing_files(there) == []
    again = make_backup(there, tmp_path / "again", made_at=NOW)
    assert not [name for name in again.checksums if "before_" in name or "restoring" in name]


def test_volumes_within_a_home_stay_where_they_are(
    busy_home: Settings, tmp_path: Path, mount: Callable[[Path], None]
) -> None:
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    waiting = busy_home.inbox / "web_form" / "waiting.csv"
    mount(busy_home.inbox)
    waiting.parent.mkdir()
    waiting.write_text("on the volume")
    _, aside = restore_backup(busy_home, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert os.path.ismount(busy_home.inbox)
    assert waiting.read_text() == "waiting.csv"
    told = (Path(aside[0]) / "inbox" / "web_form" / "waiting.csv").read_text()
    assert told == "on the volume"


@pytest.mark.parametrize("data", ["data", "volume"])
def test_data_that_lies_elsewhere_is_set_aside_too(
    seeded_lake: Lake,
    new_settings: Callable[..., Settings],
    tmp_path: Path,
    volume: Path,
    data: str,
) -> None:
    settings = new_settings(
        "apart",
        expectations_dir=seeded_lake.settings.expectations_dir,
        lake_data=f"{tmp_path / data}/",
    )
    lake = trial.open_trial(settings)
    workers.write_step(lake, 0)
    before = trial.contents(lake)
    make_backup(settings, tmp_path / "backup", made_at=NOW)
    workers.write_step(lake, 4)
    lake._open().close()
    _, aside = restore_backup(settings, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert trial.contents(Lake(settings)) == before
    assert missing_files(settings) == []
    assert any(Path(aside[0]).rglob("*.parquet"))
    assert Path(aside[0]).is_relative_to(settings.home) == (data == "volume")


@pytest.mark.parametrize(
    ("home", "data", "links"),
    [
        pytest.param("home", "home/lake/data/", {}, id="a relative path"),
        pytest.param("home", "{}/link/lake/data", {"link": "home"}, id="through a link to it"),
        pytest.param("link", "{}/home/lake/data", {"link": "home"}, id="the home is a link"),
        pytest.param("home", "{}/big/data", {"home/lake": "big"}, id="the lake's folder is a link"),
        pytest.param("home", "{}/other/../home/data", {}, id="back and forth"),
        pytest.param("home", "{}/link", {"link": "apart"}, id="a link to elsewhere"),
        pytest.param("around/home", "{}/around", {}, id="the home lies in it"),
    ],
)
def test_data_is_restored_however_its_place_is_written(
    trial_suites: Path,
    new_settings: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    home: str,
    data: str,
    links: dict[str, str],
) -> None:
    """Paths were compared as they were written: data within the home counted as elsewhere.

    It was put in its place, then set aside with the home: "Restored", and nothing could be read.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for link, target in links.items():
        (tmp_path / target).mkdir(exist_ok=True)
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path / target)
    settings = new_settings(home, expectations_dir=trial_suites, lake_data=data.format(tmp_path))
    lake = trial.open_trial(settings)
    workers.write_step(lake, 0)
    before = trial.contents(lake)
    make_backup(settings, tmp_path / "backup", made_at=NOW)
    workers.write_step(lake, 4)
    lake._open().close()
    restore_backup(settings, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert trial.contents(Lake(settings)) == before
    assert missing_files(settings) == []
    workers.write_step(Lake(settings), 2)


def test_a_restore_that_cannot_be_read_in_its_place_is_taken_back(
    busy_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was copied was read beside the home only, never where it was to be read then."""
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    lake = Lake(busy_home)
    workers.write_step(lake, workers.next_step(lake))
    before = trial.contents(lake)
    lake._open().close()
    move = exchange._move

    def lose_files(source: Path, target: Path, moved: list[tuple[Path, Path]]) -> None:
        move(source, target, moved)
        if busy_home.restoring in source.parents:
            for lost in target.rglob("*.parquet"):
                lost.unlink()

    monkeypatch.setattr(exchange, "_move", lose_files)
    with pytest.raises(BackupError, match=r"does not hold .* All is where it was"):
        restore_backup(busy_home, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    monkeypatch.undo()
    assert trial.contents(Lake(busy_home)) == before
    assert missing_files(busy_home) == []


def test_a_home_that_is_partly_lost_is_replaced(busy_home: Settings, tmp_path: Path) -> None:
    """Without the lake's folder there was no place for the lock; the catalog was gone by then."""
    backup = make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    for lost in (busy_home.home, busy_home.home / "lake"):
        shutil.rmtree(lost)
        later = NOW if lost == busy_home.home else NOW.replace(year=2027)
        restore_backup(busy_home, tmp_path / "backup", is_replacing=True, restored_at=later)
        assert Lake(busy_home).published().release_id == backup.release_id
        assert trial.contents(Lake(busy_home))
    if busy_home.database_url:
        assert _schemas(busy_home.database_url) == [
            "lake_catalog",
            "lake_catalog_before_20260101_000000",
            "lake_catalog_before_20270101_000000",
        ]


def test_a_home_with_an_inbox_file_alone_is_replaced(
    seeded_lake: Lake, new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    make_backup(seeded_lake.settings, tmp_path / "backup", made_at=NOW)
    there = new_settings("there", expectations_dir=seeded_lake.settings.expectations_dir)
    waiting = there.inbox / "web_form" / "waiting.csv"
    waiting.parent.mkdir(parents=True)
    waiting.write_text("waits")
    with pytest.raises(BackupError, match="is not empty"):
        restore_backup(there, tmp_path / "backup", is_replacing=False, restored_at=NOW)
    _, (aside,) = restore_backup(there, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert (Path(aside) / "inbox" / "web_form" / "waiting.csv").read_text() == "waits"
    assert trial.contents(Lake(there)) == trial.contents(seeded_lake)


@pytest.mark.parametrize("stage", ["_copy_plain", "_count_rows", "publish_draft"])
def test_a_restore_that_fails_leaves_all_as_it_was(
    busy_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    lake = Lake(busy_home)
    workers.write_step(lake, workers.next_step(lake))
    before = trial.contents(lake)
    lake._open().close()
    files = _files(busy_home.home)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    if stage == "publish_draft" and busy_home.database_url is None:
        # Nothing comes after the last move there: that of the catalog fails.
        monkeypatch.setattr(exchange, "_move", _failing_at("catalog.sqlite"))
    else:
        monkeypatch.setattr(backup_module, stage, fail)
    with pytest.raises((BackupError, OSError), match="Input/output error"):
        restore_backup(busy_home, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    monkeypatch.undo()
    assert _files(busy_home.home) == files
    assert trial.contents(Lake(busy_home)) == before
    if busy_home.database_url:
        assert _schemas(busy_home.database_url) == ["lake_catalog"]
    restore_backup(busy_home, tmp_path / "backup", is_replacing=True, restored_at=NOW)


def _failing_at(name: str) -> Callable[..., None]:
    """Moves, but for the second of this name: that of the draft."""
    move, met = exchange._move, []

    def attempt(source: Path, target: Path, moved: list[tuple[Path, Path]]) -> None:
        met.extend([source] if source.name == name else [])
        if source.name == name and len(met) == 2:
            raise OSError(5, "Input/output error")
        move(source, target, moved)

    return attempt


def _files(folder: Path) -> set[Path]:
    passing = (".lock", ".holder", "-wal", "-shm")
    return {
        path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(passing)
    }


def test_a_restore_looks_for_space_before_it_copies(
    busy_home: Settings, new_settings: Callable[..., Settings], tmp_path: Path, volume: Path
) -> None:
    make_backup(busy_home, tmp_path / "backup", made_at=NOW)
    there = new_settings("volume")
    fallen = volume / "inbox" / "web_form" / "large.csv"
    fallen.parent.mkdir(parents=True)
    fallen.write_bytes(bytes(shutil.disk_usage(volume).free - 8192))
    with pytest.raises(BackupError, match=r"bytes .* are free\. Nothing was changed"):
        restore_backup(there, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert fallen.exists()
    assert not there.restoring.exists()


def test_a_home_that_somebody_reads_is_not_replaced(
    seeded_lake: Lake, tmp_path: Path, profile: str
) -> None:
    """Only the writer lock was asked for: readers and `up` went on in a home that had moved."""
    settings = seeded_lake.settings
    make_backup(settings, tmp_path / "backup", made_at=NOW)
    seeded_lake._open().close()
    reading, release = (workers.PROCESSES.Event() for _ in range(2))
    reader = workers.start(workers.hold_read, settings, reading, release)
    try:
        assert reading.wait(60)
        told = f"process {reader.pid}" if profile == "embedded" else "PostgreSQL session"
        with pytest.raises(BackupError, match=f"in use by .*{told}"):
            restore_backup(settings, tmp_path / "backup", is_replacing=True, restored_at=NOW)
        assert settings.home.exists()
    finally:
        release.set()
        reader.join(60)
    restore_backup(settings, tmp_path / "backup", is_replacing=True, restored_at=NOW)


def test_no_up_starts_while_a_backup_is_restored(
    seeded_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on in the home that was set aside, and a second one started beside it."""
    settings, draft_of = seeded_lake.settings, backup_module._draft_of
    make_backup(settings, tmp_path / "backup", made_at=NOW)
    seeded_lake._open().close()
    tried = []

    def starting(*arguments: Any) -> Any:
        draft = draft_of(*arguments)
        with pytest.raises(AlreadyRunningError, match="being restored"), only_one(settings):
            pass
        tried.append(draft)
        return draft

    monkeypatch.setattr(backup_module, "_draft_of", starting)
    with (
        only_one(settings),
        pytest.raises(BackupError, match="lead-platform up"),
    ):
        restore_backup(settings, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert not tried
    restore_backup(settings, tmp_path / "backup", is_replacing=True, restored_at=NOW)
    assert tried
    with only_one(settings):
        assert list(settings.home.rglob("up.lock")) == [settings.home / "up.lock"]


def test_backups_go_where_they_are_safe_and_fit(
    embedded_settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="no lake"):
        make_backup(embedded_settings, tmp_path / "backup", made_at=NOW)
    Lake(embedded_settings).published()
    with pytest.raises(BackupError, match="lies in the home"):
        make_backup(embedded_settings, embedded_settings.home / "backup", made_at=NOW)
    make_backup(embedded_settings, tmp_path / "backup", made_at=NOW)
    with pytest.raises(BackupError, match="is there already"):
        make_backup(embedded_settings, tmp_path / "backup", made_at=NOW)
    server = Settings(home=tmp_path / "new", database_url="postgresql://127.0.0.1:1/none")
    with pytest.raises(BackupError, match="of the embedded profile"):
        restore_backup(server, tmp_path / "backup", is_replacing=False, restored_at=NOW)
