"""What a write changed: touched tables, their rows, keys that are gone, references between tables.

Reads DuckLake's change feed between two snapshots. Deciding what follows belongs to the gate.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from lead_platform.lake.statements import count_rows
from lead_platform.lake.suites import KEPT_ROWS, Reference, Suite

# How the catalog notes what a snapshot did to a table, by its number (DuckLake's specification).
_CHANGE = re.compile(
    r"(inserted_into_table|deleted_from_table|inlined_insert|inlined_delete|altered_table):(\d+)"
)
_INSERTED = frozenset({"inserted_into_table", "inlined_insert"})
_DELETED = frozenset({"deleted_from_table", "inlined_delete"})

# Greater than any snapshot: until then there is what has no end yet.
_NO_END = 2**62


@dataclass(frozen=True)
class TouchedTable:
    """A table that a write touched.

    `is_new_object` says that it was created, altered or replaced since the start, so that the
    change feed does not reach back; `existed` that readers know an earlier state of it.
    `has_inserts` and `has_deletes` spare the change feed where there is nothing to read; with
    `in_one_commit` all that the feed calls inserted is there now. `columns_state` is another one
    whenever its columns are.
    """

    name: str
    existed: bool
    exists: bool
    is_new_object: bool
    has_inserts: bool = True
    has_deletes: bool = True
    in_one_commit: bool = False
    columns_state: tuple[int, int] = (0, 0)

    @property
    def schema(self) -> str:
        """The layer."""
        return self.name.split(".", 1)[0]

    @property
    def table(self) -> str:
        """The name within the layer."""
        return self.name.split(".", 1)[1]


@dataclass(frozen=True)
class ChangedView:
    """A view whose definition a write changed; `definition_before` is None where it is new."""

    name: str
    definition_before: str | None

    @property
    def schema(self) -> str:
        """The layer."""
        return self.name.split(".", 1)[0]


@dataclass(frozen=True)
class TableFacts:
    """Row counts of one table over one write; shares are 0..1 of the rows before."""

    rows_before: int
    rows_after: int
    rows_inserted: int
    rows_deleted: int

    @property
    def share_removed(self) -> float:
        """Rows that are gone, as a share of the rows before."""
        return self.rows_deleted / self.rows_before if self.rows_before else 0.0

    @property
    def share_lost(self) -> float:
        """Rows that are fewer than before: others may stand in the place of what is gone."""
        lost = max(self.rows_before - self.rows_after, 0)
        return lost / self.rows_before if self.rows_before else 0.0

    def frame(self) -> pd.DataFrame:
        """The facts as one row, for expectations on the table."""
        shares = {"share_removed": self.share_removed, "share_lost": self.share_lost}
        return pd.DataFrame([{**self.__dict__, **shares}])


@dataclass(frozen=True)
class TableChange:
    """How one table differs between two snapshots, in rows."""

    table: str
    inserted: int
    removed: int
    rows: int


def current_snapshot(connection: duckdb.DuckDBPyConnection) -> int:
    """The lake's newest snapshot."""
    row = connection.execute("from ducklake_current_snapshot('lake')").fetchone()
    assert row is not None
    return int(row[0])


def existing_tables(connection: duckdb.DuckDBPyConnection, metadata: str) -> set[str]:
    """`layer.table` of every table in the newest state; `metadata` is the catalog's schema."""
    return set(tables_at(connection, metadata, current_snapshot(connection)))


def touched_tables(
    connection: duckdb.DuckDBPyConnection, metadata: str, since: int, until: int
) -> list[TouchedTable]:
    """Tables touched by snapshots after `since` up to `until`, by comparing the catalog's states.

    The catalog's own tables are read, not `ducklake_snapshots`: that reads every snapshot there
    is (23 ms with 1,500 of them, 1 ms here).
    """
    if until <= since:
        return []
    commits = _commits_by_table(connection, metadata, since, until)
    before, after, columns_since = _tables_between(connection, metadata, since, until)
    touched = []
    for name in sorted(before.keys() | after.keys()):
        is_new = before.get(name) != after.get(name)
        done_in = commits.get(after.get(name, -1), [])
        done = set().union(*done_in)
        is_new = is_new or "altered_table" in done
        if is_new or done:
            has_inserts, has_deletes = bool(done & _INSERTED), bool(done & _DELETED)
            touched.append(
                TouchedTable(
                    name,
                    existed=name in before,
                    exists=name in after,
                    is_new_object=is_new,
                    has_inserts=is_new or has_inserts,
                    has_deletes=is_new or has_deletes,
                    in_one_commit=len(done_in) == 1,
                    columns_state=(after.get(name, 0), columns_since.get(after.get(name, 0), 0)),
                )
            )
    return touched


def changed_views(
    connection: duckdb.DuckDBPyConnection, metadata: str, since: int, until: int
) -> list[ChangedView]:
    """Views that were created, replaced or dropped after `since` up to `until`."""
    if until <= since:
        return []
    before = _views_at(connection, metadata, since)
    after = _views_at(connection, metadata, until)
    return [
        ChangedView(name, before.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def table_columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The table's columns in their order, with their types as DuckDB spells them."""
    described = connection.execute(f"from lake.{table} limit 0").description
    return {column[0]: str(column[1]) for column in described}


def changed_rows(
    connection: duckdb.DuckDBPyConnection,
    touched: TouchedTable,
    suite: Suite,
    since: int,
    until: int,
) -> pd.DataFrame:
    """Current rows whose key the write inserted or updated, in the columns the suite reads."""
    columns = ", ".join(_identifier(column) for column in suite.row_columns)
    if touched.is_new_object:
        query = f"select {columns} from lake.{touched.name}"
        return connection.execute(query).to_arrow_table().to_pandas()
    if not touched.has_inserts:
        return pd.DataFrame(columns=suite.row_columns)
    feed = (
        f"ducklake_table_insertions("
        f"'lake', '{touched.schema}', '{touched.table}', {since + 1}, {until})"
    )
    # A null in the key is compared too: such a row has to reach its expectations.
    sharing = (
        f"lake.{touched.name} as rows "
        f"semi join (select distinct {_listed(suite.meta.key)} from {feed}) as inserted "
        f"on {_same('rows', 'inserted', suite.meta.key)}"
    )
    if touched.in_one_commit:
        # Reading the keys of a wide table takes a tenth of the time its columns do. Where they are
        # as many as were inserted, no row from before shares one: what is new is all there is.
        query = f"select {columns}, (select count(*) from {sharing}) from {feed}"
        inserted = connection.execute(query).to_arrow_table()
        *_, shared = inserted.columns
        if not inserted.num_rows or shared[0].as_py() == inserted.num_rows:
            return inserted.select(range(inserted.num_columns - 1)).to_pandas()
    return connection.execute(f"select {columns} from {sharing}").to_arrow_table().to_pandas()


def store_removed(
    connection: duckdb.DuckDBPyConnection,
    touched: TouchedTable,
    columns: tuple[str, ...],
    since: int,
    until: int,
) -> int:
    """Keep the values of these columns that some row had before and none has now; their number.

    For the key these are the removed rows; for other columns also what an update took away.
    """
    if not (touched.existed and touched.has_deletes):
        return 0
    listed = _listed(columns)
    if touched.is_new_object:
        gone = f"select distinct {listed} from lake.{touched.name} at (version => {since})"
    else:
        gone = (
            f"select distinct {listed} from ducklake_table_deletions("
            f"'lake', '{touched.schema}', '{touched.table}', {since + 1}, {until})"
        )
    return count_rows(
        connection,
        f"""
        create or replace temp table {_removed(touched.name, columns)} as
        select {listed} from ({gone}) as gone
        anti join lake.{touched.name} as kept on {_same("gone", "kept", columns)}
        """,
    )


def delete_orphans(
    connection: duckdb.DuckDBPyConnection, child: str, reference: Reference, kept: Iterable[str]
) -> int:
    """Delete the child rows that name a removed parent; their number.

    The columns `kept` of these rows stay at hand for `store_orphaned`.
    """
    condition = " and ".join(
        f"child.{_identifier(name)} = gone.{_identifier(parent)}"
        for name, parent in zip(reference.columns, reference.to_columns, strict=True)
    )
    removed = _removed(reference.to, reference.to_columns)
    orphans = (
        f"from lake.{child} as child "
        f"where exists (select 1 from {removed} as gone where {condition})"
    )
    noted = f"create or replace temp table orphans as select {_listed(kept)} {orphans}"
    count = count_rows(connection, noted)
    if count:
        connection.execute(f"delete {orphans}")
    return count


def store_orphaned(
    connection: duckdb.DuckDBPyConnection, child: str, columns: tuple[str, ...], *, known: int
) -> int:
    """As `store_removed` for what `delete_orphans` just deleted, added to those `known` already."""
    removed = _removed(child, columns)
    begin = f"insert into {removed}" if known else f"create or replace temp table {removed} as"
    return count_rows(
        connection,
        f"""
        {begin} select distinct {_listed(columns)} from orphans as gone
        anti join lake.{child} as kept on {_same("gone", "kept", columns)}
        """,
    )


def names_removed(
    connection: duckdb.DuckDBPyConnection, table: str, parent: str, columns: tuple[str, ...]
) -> bool:
    """Whether some row of the table holds values that these columns of the parent have lost.

    Which columns name the parent is not known: all of the same type are looked at.
    """
    removed = _removed(parent, columns)
    of_parent, kinds = table_columns(connection, parent), table_columns(connection, table)
    alike = [
        [f"child.{_identifier(name)}" for name, kind in kinds.items() if kind == of_parent[column]]
        for column in columns
    ]
    others = [
        f"gone.{_identifier(column)} in ({', '.join(names)})"
        for column, names in zip(columns[1:], alike[1:], strict=True)
        if names
    ]
    if not all(alike):
        return False
    first = _identifier(columns[0])
    # A join for each column: one on any of them would compare every row with every other.
    found = " union all ".join(
        f"(select 1 from lake.{table} as child semi join {removed} as gone "
        f"on {' and '.join([f'gone.{first} = {name}', *others])} limit 1)"
        for name in alike[0]
    )
    return connection.execute(f"{found} limit 1").fetchone() is not None


def missing_parents(
    connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, references: Sequence[Reference]
) -> list[list[int]]:
    """By reference, the positions in `frame` of rows that name a parent which is not there."""
    naming = {
        place: (frame[list(reference.when)] == pd.Series(reference.when)).all(axis="columns")
        & frame[list(reference.columns)].notna().all(axis="columns")
        for place, reference in enumerate(references)
    }
    naming = {place: rows for place, rows in naming.items() if rows.any()}
    missing: list[list[int]] = [[] for _ in references]
    if not naming:
        return missing
    named = dict.fromkeys(column for place in naming for column in references[place].columns)
    children = frame[list(named)].assign(**{_POSITION: frame.index})
    connection.register("children", children.assign(**{_naming(at): naming[at] for at in naming}))
    query = " union all ".join(
        f"select {place}, {_identifier(_POSITION)} "
        f"from (from children where {_identifier(_naming(place))}) as children "
        f"anti join lake.{references[place].to} as parents on "
        + " and ".join(
            f"children.{_identifier(child)} = parents.{_identifier(parent)}"
            for child, parent in zip(
                references[place].columns, references[place].to_columns, strict=True
            )
        )
        for place in naming
    )
    for place, position in connection.execute(query).fetchall():
        missing[place].append(position)
    connection.unregister("children")
    return [sorted(positions) for positions in missing]


# Beside a table's own columns; no table has one with a blank in its name.
_POSITION = "row position"


def _naming(place: int) -> str:
    """The column that tells which rows name a parent by the reference in this place."""
    return f"names parent {place}"


def rows_at(connection: duckdb.DuckDBPyConnection, table: str, snapshot_id: int) -> int:
    """Rows a table had at a snapshot."""
    return row_counts(connection, [(table, snapshot_id)])[0]


def rows_now(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows a table has in the lake's newest state."""
    return row_counts(connection, [(table, None)])[0]


def row_counts(
    connection: duckdb.DuckDBPyConnection, asked: Iterable[tuple[str, int | None]]
) -> list[int]:
    """Rows of each table, at a snapshot or, without one, in the newest state: one statement."""
    counts = [
        f"(select count(*) from lake.{table}"
        + ("" if snapshot_id is None else f" at (version => {snapshot_id})")
        + ")"
        for table, snapshot_id in asked
    ]
    if not counts:
        return []
    row = connection.execute(f"select {', '.join(counts)}").fetchone()
    assert row is not None
    return [int(count) for count in row]


def compare_table(
    connection: duckdb.DuckDBPyConnection, touched: TouchedTable, older: int, newer: int
) -> TableChange:
    """Rows of one snapshot that the other does not hold, in the columns both know."""
    then = f"lake.{touched.name} at (version => {older})"
    now = f"lake.{touched.name} at (version => {newer})"
    if not touched.existed:
        rows = _count(connection, now) if touched.exists else 0
        return TableChange(touched.name, rows, 0, rows)
    if not touched.exists:
        return TableChange(touched.name, 0, _count(connection, then), 0)
    known = _columns_of(connection, then)
    shared = _listed(name for name in _columns_of(connection, now) if name in known)
    rows_then, rows_now = (f"select {shared} from {state}" for state in (then, now))
    inserted = _count(connection, f"({rows_now} except all {rows_then})")
    removed = _count(connection, f"({rows_then} except all {rows_now})")
    return TableChange(touched.name, inserted, removed, _count(connection, now))


def offending_rows(
    connection: duckdb.DuckDBPyConnection, table: str, suite: Suite, keys: pd.DataFrame
) -> list[str]:
    """The whole rows with these keys, as JSON."""
    connection.register("offending_keys", keys.drop_duplicates().head(KEPT_ROWS))
    rows = connection.execute(
        f"""
        select to_json(offending)
        from (
            select rows.* from lake.{table} as rows
            semi join offending_keys on {_same("rows", "offending_keys", suite.meta.key)}
        ) as offending
        limit {KEPT_ROWS}
        """
    ).fetchall()
    connection.unregister("offending_keys")
    return [row if isinstance(row, str) else json.dumps(row) for (row,) in rows]


def _commits_by_table(
    connection: duckdb.DuckDBPyConnection, metadata: str, since: int, until: int
) -> dict[int, list[set[str]]]:
    """What was done to each table, by its number: a set per commit."""
    snapshots = connection.execute(
        f"select changes_made from {metadata}.ducklake_snapshot_changes "
        "where snapshot_id > ? and snapshot_id <= ?",
        [since, until],
    ).fetchall()
    commits: dict[int, list[set[str]]] = {}
    for (changes,) in snapshots:
        done: dict[int, set[str]] = {}
        for kind, table_id in _CHANGE.findall(changes or ""):
            done.setdefault(int(table_id), set()).add(kind)
        for number, kinds in done.items():
            commits.setdefault(number, []).append(kinds)
    return commits


def tables_at(
    connection: duckdb.DuckDBPyConnection, metadata: str, snapshot_id: int
) -> dict[str, int]:
    """The tables at a snapshot with their numbers."""
    return _tables_between(connection, metadata, snapshot_id, snapshot_id)[1]


def _tables_between(
    connection: duckdb.DuckDBPyConnection, metadata: str, since: int, until: int
) -> tuple[dict[str, int], dict[str, int], dict[int, int]]:
    """The tables at two snapshots with their numbers, and by number the snapshot from which on each
    has the columns it has."""
    rows = connection.execute(
        f"""
        with schemas as (
            select schema_id, schema_name, begin_snapshot, coalesce(end_snapshot, {_NO_END}) as ends
            from {metadata}.ducklake_schema
        ),
        tables as (
            select table_id, schema_id, table_name, coalesce(end_snapshot, {_NO_END}) as ends,
                begin_snapshot
            from {metadata}.ducklake_table
        ),
        columns as (
            select table_id, max(greatest(begin_snapshot, coalesce(end_snapshot, 0))) as since
            from {metadata}.ducklake_column group by table_id
        )
        select schema_name || '.' || table_name, tables.table_id, columns.since,
            greatest(tables.begin_snapshot, schemas.begin_snapshot) <= $since
                and least(tables.ends, schemas.ends) > $since,
            greatest(tables.begin_snapshot, schemas.begin_snapshot) <= $until
                and least(tables.ends, schemas.ends) > $until
        from tables join schemas using (schema_id) left join columns using (table_id)
        where least(tables.ends, schemas.ends) > $since
        """,
        {"since": since, "until": until},
    ).fetchall()
    before = {str(name): int(number) for name, number, _, was, _ in rows if was}
    after = {str(name): int(number) for name, number, _, _, is_there in rows if is_there}
    return before, after, {int(number): int(at or 0) for _, number, at, _, _ in rows}


def _views_at(
    connection: duckdb.DuckDBPyConnection, metadata: str, snapshot_id: int
) -> dict[str, str]:
    """The views at a snapshot with what follows their name in `create view`."""
    rows = connection.execute(
        f"""
        select schemas.schema_name || '.' || views.view_name,
            coalesce(views.column_aliases, '') || ' as ' || views.sql
        from {metadata}.ducklake_view as views
        join {metadata}.ducklake_schema as schemas using (schema_id)
        where views.begin_snapshot <= $at and coalesce(views.end_snapshot > $at, true)
            and schemas.begin_snapshot <= $at and coalesce(schemas.end_snapshot > $at, true)
        """,
        {"at": snapshot_id},
    ).fetchall()
    return {str(name): str(text).replace("{DUCKLAKE_CATALOG}", "lake") for name, text in rows}


def _removed(table: str, columns: Iterable[str]) -> str:
    """The temporary table with the values these columns have lost."""
    return "temp." + _identifier(f"removed {table} {' '.join(columns)}")


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(_identifier(column) for column in columns)


def _same(left: str, right: str, key: Iterable[str]) -> str:
    return " and ".join(
        f"{left}.{_identifier(name)} is not distinct from {right}.{_identifier(name)}"
        for name in key
    )


def _columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [column[0] for column in connection.execute(f"from {relation} limit 0").description]


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row: Any = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0])


def _identifier(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
