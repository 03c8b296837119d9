"""Whole copies of the lake's catalog: taken while others write, put back into an empty place.

A SQLite catalog is copied by SQLite's own means, PostgreSQL's tables one by one within one
transaction, so that no tool of PostgreSQL's is needed. A copy knows no files that wait to be
removed: they are not copied with it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql

from lead_platform.lake.postgres import CATALOG_SCHEMA, connect_postgres
from lead_platform.settings import Settings

# Where a dump is loaded to be read and checked before it becomes the catalog.
DRAFT_SCHEMA = f"{CATALOG_SCHEMA}_draft"

# Held while the draft's schema is in use: one that a killed process left is nobody's.
_DRAFT_KEY = 7_151_323_002

_STRUCTURE = "tables.json"
_WAITING = "ducklake_files_scheduled_for_deletion"

_NAMED_FILES = """
    select distinct
        case when s.path_is_relative and t.path_is_relative and f.path_is_relative
            then 1 else 0 end,
        case when f.path_is_relative then s.path || t.path || f.path else f.path end,
        f.size
    from (
        select table_id, path, path_is_relative, file_size_bytes as size
        from {prefix}ducklake_data_file
        union all
        select table_id, path, path_is_relative, file_size_bytes
        from {prefix}ducklake_delete_file
    ) as f
    join {prefix}ducklake_table as t on t.table_id = f.table_id
    join {prefix}ducklake_schema as s on s.schema_id = t.schema_id
"""


@dataclass(frozen=True)
class NamedFile:
    """A Parquet file the catalog names: where it lies below the lake's data, and its bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class CatalogCopy:
    """What a copied catalog knows: its newest snapshot, and the files of all snapshots."""

    snapshot_id: int
    files: tuple[NamedFile, ...]


class CatalogCopyError(Exception):
    """A catalog that cannot be copied or put back: says why."""


def copy_sqlite(source: Path, target: Path) -> CatalogCopy:
    """Copy a SQLite catalog as of one instant, whoever writes to it."""
    with (
        closing(sqlite3.connect(source, timeout=60)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        # As the lake opens it, also to read.
        copy.execute("pragma journal_mode = wal")
        copy.execute(f"delete from {_WAITING}")
        copy.commit()
        return _known_to(copy.cursor(), "")


def dump_postgres(url: str, folder: Path) -> CatalogCopy:
    """Write every table of the catalog's schema to the folder, as of one instant."""
    folder.mkdir()
    with _transaction(url, "isolation level repeatable read read only") as cursor:
        structure = {table: _definition(cursor, table) for table in _tables(cursor)}
        for table in structure:
            with (folder / f"{table}.txt").open("wb") as target:
                rows = sql.SQL("select * from {} {}").format(
                    sql.Identifier(CATALOG_SCHEMA, table),
                    sql.SQL("where false" if table == _WAITING else ""),
                )
                copy = sql.SQL("copy ({}) to stdout").format(rows)
                cursor.copy_expert(copy, target)
        (folder / _STRUCTURE).write_text(json.dumps(structure, indent=1), encoding="utf-8")
        return _known_to(cursor, f"{CATALOG_SCHEMA}.")


def load_postgres(settings: Settings, folder: Path, schema: str = CATALOG_SCHEMA) -> None:
    """Make the catalog's schema from a dump, its data lying where the settings say, or not at all.

    The schema must not be there yet.
    """
    assert settings.database_url
    structure = json.loads((folder / _STRUCTURE).read_text(encoding="utf-8"))
    with _transaction(settings.database_url, "read write") as cursor:
        cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        cursor.execute(sql.SQL("set local search_path to {}").format(sql.Identifier(schema)))
        for table, definition in structure.items():
            cursor.execute(
                sql.SQL("create table {} ({})").format(
                    sql.Identifier(table), sql.SQL(", ".join(definition["columns"]))
                )
            )
            with (folder / f"{table}.txt").open("rb") as source:
                cursor.copy_expert(
                    sql.SQL("copy {} from stdin").format(sql.Identifier(table)), source
                )
            for constraint in definition["constraints"]:
                cursor.execute(
                    sql.SQL("alter table {} add {}").format(
                        sql.Identifier(table), sql.SQL(constraint)
                    )
                )
        cursor.execute(
            "update ducklake_metadata set value = %s where key = 'data_path'",
            (settings.lake_data_path,),
        )


@contextmanager
def draft_of(settings: Settings, folder: Path) -> Iterator[str]:
    """The schema a dump is loaded to while the block lasts, as `load_postgres` does it.

    Backups and restores of the same database wait for each other here.
    """
    assert settings.database_url
    with closing(connect_postgres(settings.database_url)) as connection:
        drop = sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(DRAFT_SCHEMA))
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", (_DRAFT_KEY,))
            cursor.execute(drop)
            try:
                load_postgres(settings, folder, DRAFT_SCHEMA)
                yield DRAFT_SCHEMA
            finally:
                cursor.execute(drop)


def point_draft(settings: Settings) -> None:
    """Note in the draft that its data lies where the settings say."""
    assert settings.database_url
    with _transaction(settings.database_url, "read write") as cursor:
        cursor.execute(
            f"update {DRAFT_SCHEMA}.ducklake_metadata set value = %s where key = 'data_path'",
            (settings.lake_data_path,),
        )


def publish_draft(settings: Settings, aside: str) -> bool:
    """Make the draft the catalog, at once; whether there was one, which is called `aside` then."""
    assert settings.database_url
    rename = sql.SQL("alter schema {} rename to {}")
    with _transaction(settings.database_url, "read write") as cursor:
        cursor.execute("select 1 from pg_namespace where nspname = %s", (CATALOG_SCHEMA,))
        was_there = cursor.fetchone() is not None
        if was_there:
            cursor.execute(rename.format(sql.Identifier(CATALOG_SCHEMA), sql.Identifier(aside)))
        cursor.execute(rename.format(sql.Identifier(DRAFT_SCHEMA), sql.Identifier(CATALOG_SCHEMA)))
    return was_there


def _known_to(cursor: Any, prefix: str) -> CatalogCopy:
    cursor.execute(f"select max(snapshot_id) from {prefix}ducklake_snapshot")
    snapshot_id = int(cursor.fetchone()[0])
    cursor.execute(_NAMED_FILES.format(prefix=prefix))
    return CatalogCopy(snapshot_id, tuple(_named_files(cursor.fetchall())))


def _named_files(rows: list[tuple[int, str, int]]) -> list[NamedFile]:
    elsewhere = [path for is_below, path, _ in rows if not is_below]
    if elsewhere:
        raise CatalogCopyError(
            f"The catalog names {len(elsewhere)} files outside the lake's data, such as "
            f"{elsewhere[0]}: they would not be copied. Write their rows to tables of the lake."
        )
    return [NamedFile(path, int(size)) for _, path, size in sorted(rows)]


@contextmanager
def _transaction(url: str, mode: str) -> Iterator[Any]:
    with closing(connect_postgres(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"begin transaction {mode}")
        yield cursor
        cursor.execute("commit")


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "select tablename from pg_tables where schemaname = %s order by tablename",
        (CATALOG_SCHEMA,),
    )
    return [str(table) for (table,) in cursor.fetchall()]


def _definition(cursor: Any, table: str) -> dict[str, list[str]]:
    """Columns and constraints in PostgreSQL's own words."""
    cursor.execute(
        """
        select quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
            || case when attnotnull then ' not null' else '' end
        from pg_attribute
        where attrelid = (quote_ident(%s) || '.' || quote_ident(%s))::regclass
            and attnum > 0 and not attisdropped
        order by attnum
        """,
        (CATALOG_SCHEMA, table),
    )
    columns = [str(column) for (column,) in cursor.fetchall()]
    cursor.execute(
        """
        select pg_get_constraintdef(oid) from pg_constraint
        where conrelid = (quote_ident(%s) || '.' || quote_ident(%s))::regclass
            and contype in ('p', 'u')
        order by conname
        """,
        (CATALOG_SCHEMA, table),
    )
    return {"columns": columns, "constraints": [str(text) for (text,) in cursor.fetchall()]}
