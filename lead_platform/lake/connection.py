"""Opens the lake: DuckDB with the DuckLake extension over a SQLite or PostgreSQL catalog.

Owns extensions, attaching and the statement any other DuckDB client may use.
What is readable and who may write is decided in `releases` and `lock`.
"""

import functools
import importlib.resources
import shutil
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb

from lead_platform.lake.postgres import (
    CATALOG_SCHEMA,
    connect_postgres,
    connection_limits,
    create_schema,
    without_password,
)
from lead_platform.lake.presence import describe_catalog
from lead_platform.settings import Settings

# Rows of one insert up to which DuckLake keeps them in the catalog instead of a Parquet file:
# micro-batches stay free of small files until maintenance flushes them.
INLINED_ROWS = 200

# Lets an engine load what this process has verified already: checking the signatures of two files
# of 36 MB takes 0.26 s of every engine, and a run opens several.
_VERIFIED = {"allow_unsigned_extensions": "true"}


# How long a transaction waits for another one's lock on the SQLite catalog.
_BUSY_TIMEOUT_MS = 10_000

# How long it is tried to clear the log of the catalog, and how often.
_CLEARING_SECONDS = 1.0
_BETWEEN_TRIES = 0.02

# Has PostgreSQL itself refuse what a reader's session would write, whatever its client attempts.
_READ_ONLY_SESSION = "-c default_transaction_read_only=on"

# A writer's transaction is idle while a step computes, for as long as that takes: a database that
# ends idle ones would end every large step.
_PATIENT_SESSION = "-c idle_in_transaction_session_timeout=0 -c statement_timeout=0"


class LakeUnreachableError(Exception):
    """The catalog could not be opened: says which and what to check."""


def open_engine(
    settings: Settings, *, threads: int | None = None, **options: str
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that can attach the lake, on `threads` threads (default: all).

    `options` are configuration DuckDB takes only when it starts.
    """
    verify_extensions(settings)
    config = {**_VERIFIED, **options, **({"threads": str(threads)} if threads else {})}
    connection = duckdb.connect(":memory:", config={**config})
    load_extensions(connection, settings)
    return connection


def load_extensions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Load the extensions of the settings' profile from their wheels; nothing is fetched."""
    connection.execute("set autoinstall_known_extensions = false")
    for name in _extensions(settings):
        connection.execute(f"load '{_extension_file(name)}'")


def verify_extensions(settings: Settings) -> None:
    """Check the signatures of the profile's extensions, once per process."""
    for name in _extensions(settings):
        _verify(_extension_file(name))


@functools.cache
def _verify(file: Path) -> None:
    with duckdb.connect(":memory:", config={"threads": "1"}) as connection:
        connection.execute(f"load '{file}'")


def _extensions(settings: Settings) -> tuple[str, str]:
    return ("ducklake", "postgres_scanner" if settings.database_url else "sqlite_scanner")


def _extension_file(name: str) -> Path:
    package = Path(str(importlib.resources.files(f"duckdb_extension_{name}")))
    return package / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


def create_catalog(settings: Settings) -> None:
    """Make the place for the catalog where attaching does not (a schema in PostgreSQL)."""
    if settings.database_url:
        create_schema(settings.database_url, CATALOG_SCHEMA)


def write_out_data_path(settings: Settings) -> None:
    """Note in full where a catalog in PostgreSQL has its data, if it is noted as a relative path.

    So did earlier versions, and all processes had to start in one folder: it does not attach with
    another path than it notes, even to the same place.
    """
    if not settings.database_url or "://" in settings.lake_data_path:
        return
    metadata = f"{CATALOG_SCHEMA}.ducklake_metadata"
    connection = connect_postgres(settings.database_url)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(f"select value from {metadata} where key = 'data_path'")
        for (noted,) in cursor.fetchall():
            is_relative = "://" not in noted and not Path(noted).is_absolute()
            if is_relative and Path(noted).absolute() == Path(settings.lake_data_path):
                cursor.execute(
                    f"update {metadata} set value = %s where key = 'data_path'",
                    [settings.lake_data_path],
                )


def attach_lake(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    alias: str = "lake",
    snapshot_id: int | None = None,
    is_created: bool = True,
    schema: str = CATALOG_SCHEMA,
) -> None:
    """Attach the lake as `alias`: writable at its newest state, or read-only at a snapshot.

    Without `is_created` a lake that is not there is not made; `schema` is where PostgreSQL has the
    catalog. Raises LakeUnreachableError when the catalog does not answer.
    """
    # A commit that another writer's went before must fail: rebased onto it, it would be published
    # together with what nobody judged (`lead_platform/lake/fence.py`).
    connection.execute("set ducklake_max_retry_count = 0")
    statement = attach_statement(settings, alias=alias, snapshot_id=snapshot_id, schema=schema)
    if not is_created:
        statement = f"{statement.removesuffix(')')}, CREATE_IF_NOT_EXISTS false)"
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        raise lake_unreachable(settings, error) from None


def clear_catalog_log(connection: duckdb.DuckDBPyConnection) -> bool:
    """Write the log of the attached lake's SQLite catalog back into it, and empty it; whether that
    could be done, for who has begun to read there before must be done with it.

    Under the writer lock alone: a writer that finds SQLite's own lock taken does not wait for it.
    By the engine's own SQLite: another copy of that library in this process would give up the locks
    of the first one when it closes the file (https://sqlite.org/howtocorrupt.html, 2.2.1).
    """
    until = time.monotonic() + _CLEARING_SECONDS
    while not (is_cleared := _truncate_log(connection)) and time.monotonic() < until:
        # Once all of it is written back, those that begin to read need nothing of the log.
        time.sleep(_BETWEEN_TRIES)
    return is_cleared


def _truncate_log(connection: duckdb.DuckDBPyConnection) -> bool:
    """Try it once, without waiting for anybody: who writes would have to wait as well."""

    def pragma(text: str) -> list[tuple[str, ...]]:
        return connection.execute(
            f"from sqlite_query('__ducklake_metadata_lake', 'pragma {text}')"
        ).fetchall()

    # Within one transaction all of them are told to one connection of SQLite.
    connection.execute("begin transaction")
    try:
        pragma("busy_timeout=0")
        try:
            ((is_busy, *_),) = pragma("wal_checkpoint(truncate)")
        finally:
            pragma(f"busy_timeout={_BUSY_TIMEOUT_MS}")
    finally:
        connection.rollback()
    return is_busy == "0"


def is_only_readable(settings: Settings) -> bool:
    """Whether there is a SQLite catalog in a folder that is full or may not be written."""
    if settings.database_url or not settings.lake_catalog.exists():
        return False
    try:
        # As much as SQLite writes beside its catalog to open it.
        with tempfile.TemporaryFile(dir=settings.lake_catalog.parent) as probe:
            probe.write(bytes(65_536))
    except OSError:
        return True
    return False


def copy_catalog(settings: Settings, folder: Path) -> Path:
    """A copy of the SQLite catalog, with what its log still holds, for `attach_copy`."""
    copy = folder / settings.lake_catalog.name
    for suffix in ("", "-wal"):
        original = Path(f"{settings.lake_catalog}{suffix}")
        if original.exists():
            shutil.copyfile(original, f"{copy}{suffix}")
    return copy


def attach_copy(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    copy: Path,
    *,
    alias: str = "lake",
    snapshot_id: int | None = None,
) -> None:
    """Attach the lake read-only through a copy of its catalog.

    For a home that is full or read-only: SQLite reads no catalog beside which it cannot write.
    """
    options = [f"DATA_PATH '{_quoted(settings.lake_data_path)}'", "OVERRIDE_DATA_PATH true"]
    options.append("READ_ONLY")
    if snapshot_id is not None:
        options.append(f"SNAPSHOT_VERSION {snapshot_id}")
    connection.execute(
        f"attach 'ducklake:sqlite:{_quoted(str(copy))}' as {alias} ({', '.join(options)})"
    )


# DuckLake's words for a catalog that names another place than it is opened with.
_ANOTHER_DATA_PATH = "DATA_PATH parameter"


def lake_unreachable(settings: Settings, error: duckdb.Error) -> LakeUnreachableError:
    """What to raise where the catalog does not answer, or not as one."""
    reason = str(error).splitlines()[0]
    if _ANOTHER_DATA_PATH in reason:
        return LakeUnreachableError(
            f"The lake in {describe_catalog(settings)} keeps its data elsewhere than this home: "
            f"{reason}. It is another home's, or was moved: set LEAD_PLATFORM_HOME, or "
            "LEAD_PLATFORM_LAKE_DATA, to what it was made with, or give this home a database of "
            "its own."
        )
    if settings.database_url:
        reason = without_password(settings.database_url, reason)
        step = "Check that it runs and that LEAD_PLATFORM_DATABASE_URL is right"
    else:
        step = "Check the folder's permissions, or set LEAD_PLATFORM_HOME to another folder"
    return LakeUnreachableError(
        f"Cannot open the lake in {describe_catalog(settings)}: {reason}. {step}; where the "
        "catalog is damaged, give it back with `lead-platform restore BACKUP --replace`."
    )


def attach_statement(
    settings: Settings,
    *,
    alias: str = "lake",
    snapshot_id: int | None = None,
    database_url: str | None = None,
    schema: str = CATALOG_SCHEMA,
) -> str:
    """The ATTACH statement of this lake, with the password where the database URL holds one.

    At a snapshot the catalog itself is opened read-only, not the lake alone: else a statement on
    the catalog's tables would still write them. `database_url` replaces that of the settings.
    """
    is_reader = snapshot_id is not None
    options = [f"DATA_PATH '{_quoted(settings.lake_data_path)}'"]
    if settings.database_url:
        url = database_url or settings.database_url
        keywords = {**_libpq_keywords(url), **connection_limits(url)}
        session = _READ_ONLY_SESSION if is_reader else _PATIENT_SESSION
        keywords["options"] = f"{keywords.get('options', '')} {session}".strip()
        target = f"ducklake:postgres:{_libpq(keywords)}"
        options.append(f"META_SCHEMA '{schema}'")
    else:
        target = f"ducklake:sqlite:{settings.lake_catalog}"
        # A home may be moved: its data lies beside its catalog, wherever that is.
        options.append("OVERRIDE_DATA_PATH true")
        options += ["META_JOURNAL_MODE 'WAL'", f"META_BUSY_TIMEOUT {_BUSY_TIMEOUT_MS}"]
    if is_reader:
        options += [f"SNAPSHOT_VERSION {snapshot_id}", "READ_ONLY"]
    else:
        options.append(f"DATA_INLINING_ROW_LIMIT {INLINED_ROWS}")
    return f"ATTACH IF NOT EXISTS '{_quoted(target)}' AS {alias} ({', '.join(options)})"


def _libpq_keywords(url: str) -> dict[str, str]:
    """The parts of the URL by libpq's names."""
    parts = urlsplit(url)
    keywords = {
        "host": unquote(parts.hostname or ""),
        "port": str(parts.port or ""),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": parts.path.lstrip("/"),
    }
    for pair in filter(None, parts.query.split("&")):
        key, _, value = pair.partition("=")
        keywords[key] = unquote(value)
    return keywords


def _libpq(keywords: dict[str, str]) -> str:
    """As libpq's connection string: the scanner takes it, and it quotes safely."""
    return " ".join(f"{key}={_libpq_value(value)}" for key, value in keywords.items() if value)


def _libpq_value(value: str) -> str:
    if value.replace("-", "").replace("_", "").replace(".", "").isalnum():
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
