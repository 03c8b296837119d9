"""Backups of a home, taken while it is at work, and the way back from one.

A backup is a folder with a home in it: the catalog as of one instant, the Parquet files it names,
and what else the home holds but caches and Dagster's records. A catalog in PostgreSQL lies beside
that home. Nobody waits for a backup: Parquet files are never changed, and where upkeep removes one
while it is being copied, the catalog is copied anew.
"""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from lead_platform.lake.catalogs import (
    CatalogCopy,
    NamedFile,
    copy_sqlite,
    draft_of,
    dump_postgres,
    point_draft,
    publish_draft,
)
from lead_platform.lake.connection import LakeUnreachableError, attach_lake, open_engine
from lead_platform.lake.drafts import draft_folder
from lead_platform.lake.exchange import Place, exchanged, mount_points
from lead_platform.lake.lock import (
    SupervisedError,
    lock_file,
    supervisor_lock,
    supervisor_lock_file,
    writer_lock,
)
from lead_platform.lake.postgres import CATALOG_SCHEMA
from lead_platform.lake.presence import has_catalog
from lead_platform.lake.releases import list_releases
from lead_platform.lake.switch_backup import add_brakes, copy_switches, switch_files
from lead_platform.lake.tables import real_columns
from lead_platform.lake.trees import look_below
from lead_platform.lake.users import users_of
from lead_platform.settings import SPOOL_PREFIX, Settings

_NOTE = "backup.json"
_HOME = "home"
_CATALOG = "catalog"
_BACKED_UP_DATA = Path(_HOME, "lake", "data")

# Of the home, what a backup leaves out: the lake is copied by its catalog, the rest is made again.
_LEFT_OUT = frozenset({"lake", "dbt", "dagster", "restoring", "being_read"})
_PASSING = (".lock", ".holder", ".sock", "-wal", "-shm", "-journal")
# What people put there is kept as it is, whatever it is called or looks like.
_GIVEN = frozenset({"inbox", "archive", "reference"})

# What a restore set aside lies in a folder of this name, and that of its time.
_BEFORE = "before_"

# Upkeep would have to remove files again and again meanwhile.
_ATTEMPTS = 5


class BackupError(Exception):
    """A backup that cannot be made, is not whole, or does not fit the place it is to go to."""


@dataclass(frozen=True)
class Backup:
    """What a backup holds: `checksums` by path within it. `left_out`: what lies in the home and
    could not be copied, by its path there, and why."""

    profile: str
    made_at: str
    release_id: str
    snapshot_id: int
    rows: dict[str, int]
    checksums: dict[str, str]
    left_out: dict[str, str] = field(default_factory=dict)


def make_backup(settings: Settings, target: Path, *, made_at: datetime) -> Backup:
    """Back the home up to a folder that is not there yet. Raises BackupError."""
    _require_place(settings, target)
    with draft_folder(target.resolve()) as draft:
        copy = _copy_of(settings, draft)
        left_out: dict[Path, str] = {}
        _copy_files(settings.inbox, copy.inbox, left_out)
        archived = set(look_below(settings.archive).files)
        catalog = _copy_lake(settings, copy, draft / _CATALOG)
        _copy_rest(settings, copy.home, archived, left_out)
        copy_switches(settings, copy.home)
        backup = _describe(copy, draft, catalog.snapshot_id, made_at)
        told = {str(path.relative_to(settings.home)): why for path, why in left_out.items()}
        backup = replace(backup, left_out=dict(sorted(told.items())))
        (draft / _NOTE).write_text(json.dumps(asdict(backup), indent=1), encoding="utf-8")
    return backup


def verify_backup(source: Path) -> Backup:
    """What the backup holds, once every byte was found to be there. Raises BackupError."""
    try:
        backup = Backup(**json.loads((source / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise BackupError(
            f"{source} is no whole backup: its {_NOTE} is missing or not readable. "
            "Give the folder that `lead-platform backup` made."
        ) from None
    faults = [
        name
        for name, checksum in backup.checksums.items()
        if not (source / name).is_file() or _checksum(source / name) != checksum
    ]
    if faults:
        raise BackupError(
            f"The backup {source} is damaged: {len(faults)} of {len(backup.checksums)} files are "
            f"missing or changed, such as {faults[0]}. Use another backup."
        )
    return backup


def restore_backup(
    settings: Settings, source: Path, *, is_replacing: bool, restored_at: datetime
) -> tuple[Backup, list[str]]:
    """Make the home of the settings from a backup; where what was there before lies now.

    What was there is touched only once all is copied beside it and checked, and then exchanged at
    once, the catalog last; where that fails, it is moved back. Raises BackupError.
    """
    backup = verify_backup(source)
    if backup.profile != settings.profile:
        raise BackupError(
            f"The backup {source} is of the {backup.profile} profile, and the settings are of the "
            f"{settings.profile} one: set or unset LEAD_PLATFORM_DATABASE_URL."
        )
    name = f"{_BEFORE}{restored_at:%Y%m%d_%H%M%S}"
    places = _places(settings, name)
    if not is_replacing and (has_catalog(settings) or any(p.is_occupied() for p in places)):
        raise BackupError(
            f"The home {settings.home} is not empty. Stop what works on it and repeat with "
            "--replace, which sets it aside; or set LEAD_PLATFORM_HOME to another folder."
        )
    settings.prepare_home()
    with _alone(settings), writer_lock(settings, label="restoring a backup"):
        _require_unused(settings)
        try:
            aside = _exchange(settings, source, backup, places)
        finally:
            for place in places:
                shutil.rmtree(place.draft, ignore_errors=True)
    settings.prepare_home()
    return backup, aside


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """For the block, no `up` starts: it would work on what is set aside. Raises BackupError."""
    try:
        with supervisor_lock(settings):
            yield
    except SupervisedError:
        _require_unused(settings)
        raise BackupError(
            f"`lead-platform up` or another restore works on the home {settings.home}. Stop it, or "
            "wait for it, then repeat this."
        ) from None


def missing_files(settings: Settings) -> list[str]:
    """Parquet files the catalog names that are not there, or not of their size."""
    missing = _missing_now(settings)
    # What upkeep removed while it was looked for, a later catalog does not name.
    return sorted(missing & _missing_now(settings)) if missing else []


def _missing_now(settings: Settings) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        copy = _copy_of(settings, Path(folder))
        copy.lake_catalog.parent.mkdir(parents=True)
        catalog = _copy_catalog(settings, copy, Path(folder) / _CATALOG)
    return {file.path for file in catalog.files if not _is_there(_data_folder(settings), file)}


def _copy_of(settings: Settings, folder: Path) -> Settings:
    """The home within a backup, as settings: on the embedded profile it can be opened."""
    return settings.model_copy(update={"home": folder / _HOME, "lake_data": None})


def _data_folder(settings: Settings) -> Path:
    if "://" in settings.lake_data_path:
        raise BackupError(
            f"The lake's data lies in {settings.lake_data_path}, which backups do not copy: use "
            "the means of that store, and copy the catalog first."
        )
    return Path(settings.lake_data_path)


def _require_place(settings: Settings, target: Path) -> None:
    if os.path.lexists(target):
        raise BackupError(f"{target} is there already. Name a folder that is not there yet.")
    place = target.resolve()
    for folder in _folders_of(settings):
        if place.is_relative_to(folder.resolve()):
            of = "" if folder == settings.home else f"{folder}, which belongs to "
            raise BackupError(
                f"{target} lies in {of}the home {settings.home}, and would be lost with it. "
                "Name a folder elsewhere, best on another disk."
            )
    if not has_catalog(settings):
        raise BackupError(f"There is no lake in {settings.home} to back up.")


def _folders_of(settings: Settings) -> list[Path]:
    """The home and what belongs to it, each of which may be a link to another place."""
    home = settings.home
    return [home, _data_folder(settings), *(home.iterdir() if home.is_dir() else [])]


def _copy_lake(settings: Settings, copy: Settings, dump: Path) -> CatalogCopy:
    """The catalog and every file it names; anew where upkeep removed one in between."""
    source, target = _data_folder(settings), _data_folder(copy)
    target.mkdir(parents=True)
    gone: list[NamedFile] = []
    for _ in range(_ATTEMPTS):
        catalog = _copy_catalog(settings, copy, dump)
        gone = [file for file in catalog.files if not _copy_data(source, target, file)]
        if not gone:
            named = {target / file.path for file in catalog.files}
            for path in set(look_below(target).files) - named:
                path.unlink()
            return catalog
    raise BackupError(
        f"{len(gone)} files the catalog names are missing in {source}, such as {gone[0].path}: "
        "the lake has lost rows. Restore an earlier backup."
    )


def _copy_catalog(settings: Settings, copy: Settings, dump: Path) -> CatalogCopy:
    """The catalog's copy, over that of an earlier attempt."""
    if settings.database_url:
        shutil.rmtree(dump, ignore_errors=True)
        return dump_postgres(settings.database_url, dump)
    copy.lake_catalog.unlink(missing_ok=True)
    return copy_sqlite(settings.lake_catalog, copy.lake_catalog)


def _copy_data(source: Path, target: Path, file: NamedFile) -> bool:
    """Copy one file unless an earlier attempt did; False where it is not there whole."""
    if not _is_there(target, file):
        (target / file.path).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copyfile(source / file.path, target / file.path)
    return _is_there(target, file)


def _is_there(folder: Path, file: NamedFile) -> bool:
    try:
        return (folder / file.path).stat().st_size == file.size
    except FileNotFoundError:
        return False


def _copy_rest(
    settings: Settings, target: Path, archived: set[Path], left_out: dict[Path, str]
) -> None:
    """What else the home holds, without its switches; the inbox was copied before the catalog.

    A file that reached the archive since then may be unknown to the catalog: it goes to the inbox
    too, and what is known is not taken in twice.
    """
    switches = switch_files(settings.home)
    for path in _files_of_home(settings.home, left_out):
        place = path.relative_to(settings.home)
        if _is_passing(place) or path in switches:
            continue
        if path.suffix == ".sqlite" and place.parts[0] not in _GIVEN:
            _copy_database(path, target / place, left_out)
        else:
            _copy_file(path, target / place, left_out)
        if place.parts[0] == settings.archive.name and path not in archived:
            name = path.name.partition("__")[2] or path.name
            again = target.joinpath("inbox", *place.parts[1:-1], name)
            again = again.with_name(path.name) if again.exists() else again
            _copy_file(path, again, left_out)


def _files_of_home(home: Path, left_out: dict[Path, str]) -> list[Path]:
    """All that is copied of it, also where one of its folders lies elsewhere and is a link here."""
    files = []
    for entry in sorted(home.iterdir()):
        if _is_left_out(entry.relative_to(home)):
            continue
        if entry.is_dir():
            tree = look_below(entry)
            files += tree.files
            left_out |= tree.left_out
        elif entry.is_file():
            files.append(entry)
    return files


def _is_left_out(place: Path) -> bool:
    return place.parts[0] in _LEFT_OUT or place.parts[0].startswith((_BEFORE, SPOOL_PREFIX))


def _is_passing(place: Path) -> bool:
    """Whether this path within the home is a lock, socket or journal of the platform's own."""
    return place.name.endswith(_PASSING) and place.parts[0] not in _GIVEN


def _copy_files(source: Path, target: Path, left_out: dict[Path, str]) -> None:
    if source.is_file():
        _copy_file(source, target, left_out)
    tree = look_below(source)
    left_out |= tree.left_out
    for path in tree.files:
        _copy_file(path, target / path.relative_to(source), left_out)


def _copy_file(source: Path, target: Path, left_out: dict[Path, str]) -> None:
    """Copy a file with its times; not one that is gone meanwhile, that this user may not read, or
    whose path is too long there."""
    try:
        _copy_plain(source, target)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
            raise
        left_out[source] = error.strerror or str(error)


def _copy_database(source: Path, target: Path, left_out: dict[Path, str]) -> None:
    """Copy a database as of one instant; one that is damaged as it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
    except sqlite3.DatabaseError:
        target.unlink(missing_ok=True)
        _copy_file(source, target, left_out)


def _copy_plain(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copystat(source, target)
    target.chmod(0o600)


@contextmanager
def _readable(copy: Settings, dump: Path) -> Iterator[str]:
    """The schema in which PostgreSQL has the copied catalog; SQLite's lies within the copy."""
    if not copy.database_url:
        yield CATALOG_SCHEMA
        return
    with draft_of(copy, dump) as schema:
        yield schema


def _describe(copy: Settings, draft: Path, newest: int, made_at: datetime) -> Backup:
    """What the draft holds: the release published as of its catalog, its rows, its checksums.

    Never asked of the live lake, which has moved on. Raises BackupError.
    """
    try:
        with _readable(copy, draft / _CATALOG) as schema:
            with _at(copy, schema, newest) as connection:
                release = list_releases(connection, limit=1)[0]
            rows = _count_rows(copy, schema, release.snapshot_id)
    except (duckdb.Error, LakeUnreachableError) as error:
        raise BackupError(
            f"What was copied cannot be read, and was removed: {str(error).splitlines()[0]} "
            "Look whether the disks are well, then repeat it; an earlier backup stays as it is."
        ) from None
    checksums = {
        str(path.relative_to(draft)): _checksum(path)
        for path in look_below(draft).files
        if not path.is_relative_to(copy.home) or not _is_passing(path.relative_to(copy.home))
    }
    return Backup(
        copy.profile,
        made_at.isoformat(),
        release.release_id,
        release.snapshot_id,
        rows,
        checksums,
    )


def _count_rows(settings: Settings, schema: str, snapshot_id: int) -> dict[str, int]:
    """The rows of every table at a snapshot, each file that holds some opened."""
    with _at(settings, schema, snapshot_id) as connection:
        counted = {}
        for table, columns in real_columns(connection).items():
            row = connection.execute(
                f'select count(*), count("{next(iter(columns))}") from {table}'
            ).fetchone()
            counted[table] = int(row[0]) if row else 0
    return counted


@contextmanager
def _at(settings: Settings, schema: str, snapshot_id: int) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(open_engine(settings, threads=1)) as connection:
        attach_lake(connection, settings, snapshot_id=snapshot_id, schema=schema)
        connection.execute("use lake")
        # Outside of a transaction every statement opens the catalog anew.
        connection.execute("begin transaction read only")
        yield connection


def _places(settings: Settings, name: str) -> list[Place]:
    """Whose contents a restore exchanges: the lake's data where it lies elsewhere, and the home."""
    home = settings.home
    locks = {lock_file(settings), supervisor_lock_file(settings)}
    kept = {settings.restoring, *locks, home / name, *home.glob(f"{_BEFORE}*")}
    kept |= switch_files(home)
    places = [Place(home, settings.restoring, home / name, frozenset(kept))]
    if _data_within(settings) is None:
        data = _data_folder(settings).resolve()
        draft = data / settings.restoring.name
        beside = data.with_name(f"{data.name}_{name}")
        # Beside a volume there is another file system, or nothing that may be written.
        is_bound = data in mount_points(data) or not os.access(data.parent, os.W_OK)
        aside = home / name / "lake_data" if is_bound else beside
        # The home may lie in there.
        places.insert(0, Place(data, draft, aside, frozenset({draft, home.resolve()})))
    return places


def _data_within(settings: Settings) -> Path | None:
    """Where in the home the lake's data lies, however the two are written; None if elsewhere.

    What counts is where a move of the home's contents comes by: through the home and its folder
    `lake`, which stays in its place and may be a link as the home may.
    """
    data = _data_folder(settings)
    for way in (data.resolve(), data):
        for parent in (way, *way.parents):
            for folder in (settings.home, settings.lake_catalog.parent):
                below = way.relative_to(parent)
                if ".." not in below.parts and parent.resolve() == folder.resolve():
                    return (folder / below).relative_to(settings.home)
    return None


def _require_unused(settings: Settings) -> None:
    if users := users_of(settings):
        raise BackupError(
            f"The home {settings.home} is in use by {', '.join(users)}. Stop what reads or "
            "writes there (`lead-platform up`, long queries), then repeat it."
        )


def _exchange(settings: Settings, source: Path, backup: Backup, places: list[Place]) -> list[str]:
    """Put the backup in place of what is there; where that lies then."""
    draft = _draft_of(settings, source, backup, places)
    aside = [str(place.aside) for place in places if place.is_occupied()]
    with _readable(draft, source / _CATALOG) as schema:
        _require_rows(draft, schema, source, backup)
        try:
            with exchanged(places):
                if settings.database_url:
                    point_draft(settings)
                _require_rows(settings, schema, source, backup)
                # Before the lake is there that may be worked on.
                add_brakes(settings, source / _HOME)
                catalog = f"{CATALOG_SCHEMA}_{places[-1].aside.name}"
                if settings.database_url and publish_draft(settings, catalog):
                    aside.append(f"the schema {catalog}")
        except OSError as error:
            raise BackupError(
                f"What {settings.home} holds could not be set aside: {error}. All is where it "
                "was. Run it as the user all of it belongs to, then repeat it."
            ) from None
    return aside


def _require_rows(settings: Settings, schema: str, source: Path, backup: Backup) -> None:
    """Raise BackupError unless a lake with these settings holds what the backup states."""
    try:
        is_whole = _count_rows(settings, schema, backup.snapshot_id) == backup.rows
        fault = ""
    except (duckdb.Error, LakeUnreachableError) as error:
        is_whole, fault = False, f": {str(error).splitlines()[0]}"
    if not is_whole:
        raise BackupError(
            f"What was copied to {settings.home} does not hold what {source} states{fault}. "
            "All is where it was."
        )


def _draft_of(settings: Settings, source: Path, backup: Backup, places: list[Place]) -> Settings:
    """Copy the backup's home beside what it is to replace: as settings it can be opened with."""
    data, home = places[0], places[-1]
    within = _data_within(settings)
    data_draft = data.draft if within is None else home.draft / within
    targets: dict[Path, Path] = {}
    switches = switch_files(Path(_HOME))
    for name in map(Path, backup.checksums):
        if name.is_relative_to(_BACKED_UP_DATA):
            targets[source / name] = data_draft / name.relative_to(_BACKED_UP_DATA)
        elif name.parts[0] == _HOME and name not in switches:
            targets[source / name] = home.draft / name.relative_to(_HOME)
    for place in places:
        shutil.rmtree(place.draft, ignore_errors=True)
        place.draft.mkdir()
    data_draft.mkdir(parents=True, exist_ok=True)
    _require_space(targets)
    for original, target in targets.items():
        _copy_plain(original, target)
    return settings.model_copy(update={"home": home.draft, "lake_data": f"{data_draft}/"})


def _require_space(targets: dict[Path, Path]) -> None:
    """Raise BackupError unless the disks take the files; by disk, of which there may be two."""
    needed: dict[int, int] = {}
    folders: dict[int, Path] = {}
    for original, target in targets.items():
        folder = next(parent for parent in target.parents if parent.exists())
        device = folder.stat().st_dev
        folders[device] = folder
        needed[device] = needed.get(device, 0) + original.stat().st_size
    for device, folder in folders.items():
        if needed[device] > (free := shutil.disk_usage(folder).free):
            raise BackupError(
                f"The backup needs {needed[device]:,} bytes beside what {folder.parent} holds, "
                f"and {free:,} are free. Nothing was changed: free space, then repeat it."
            )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
