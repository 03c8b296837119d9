"""The kill switches: whether each workflow may act, kept beside the lake.

Reading and throwing one needs no writer lock and not even the lake, so that the brake works while
a writer hangs: a small SQLite file in the home (embedded), a table in a schema of its own beside
the lake's catalog (server). The history is only ever appended to; the newest change of a workflow
counts. The lake's table and the audit log follow with the next gated write.

Losing them releases no brake: the embedded profile keeps the history twice, the lake knows it up to
the last write, and where none of them can be read in a home that is not new, all workflows are off.
"""

import json
import os
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import psycopg2
from filelock import FileLock

from lead_platform.lake.audit import record_actions
from lead_platform.lake.broken import reading, set_aside_if_broken, shows_breakage
from lead_platform.lake.postgres import connect_postgres
from lead_platform.lake.presence import is_new_home
from lead_platform.layers import WORKFLOWS
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.lake.lake import Lake

# Stands in the history for having taken over what the lake keeps: the history is whole.
_IMPORT = "(import)"

_SCHEMA = "lead_platform_switches"
_TABLE = "switch_changes"
_COLUMNS = "workflow, is_enabled, changed_by, reason, changed_at"
_WAIT_SECONDS = 10


class UnknownWorkflowError(ValueError):
    """A workflow that does not exist: names those that do."""


@dataclass(frozen=True)
class Switch:
    """Whether a workflow may act, who decided so and why."""

    workflow: str
    is_enabled: bool
    changed_by: str
    reason: str
    changed_at: datetime | None

    @property
    def off_because(self) -> str | None:
        """Why the workflow may not act; None where it may."""
        if self.is_enabled:
            return None
        return f"{self.workflow} is switched off by {self.changed_by}: {self.reason}"


class Switches(ABC):
    """The switches of one installation."""

    def __init__(self) -> None:
        self._lost_because: str | None = None

    def read(self, workflow: str) -> Switch:
        """The switch of one workflow; enabled until somebody disables it.

        Raises UnknownWorkflowError.
        """
        _require_known(workflow)
        return newest(self.history()).get(workflow) or self._untouched(workflow)

    def all(self) -> list[Switch]:
        """One per workflow."""
        found = newest(self.history())
        return [found.get(workflow) or self._untouched(workflow) for workflow in WORKFLOWS]

    def take_for_lost(self, reason: str) -> None:
        """Whatever no switch is known of is off from now on."""
        self._lost_because = reason

    def throw(self, switch: Switch) -> bool:
        """Set a switch; False where it stood that way already.

        Raises UnknownWorkflowError, and ValueError without a person and a reason.
        """
        _require_known(switch.workflow)
        if not switch.changed_by.strip() or not switch.reason.strip():
            raise ValueError("A switch needs a person (--by) and a reason (--reason).")
        switch = replace(
            switch, changed_by=_as_text(switch.changed_by), reason=_as_text(switch.reason)
        )
        known = newest(self.history()).get(switch.workflow)
        is_unknown = known is None and self._lost_because is not None
        if not is_unknown and (known is None or known.is_enabled) == switch.is_enabled:
            return False
        self.append([switch])
        return True

    def take_over(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What the lake keeps of an earlier version, or of a history since lost, counts too.

        Whatever was thrown here since stays.
        """
        if self.is_whole():
            return
        history = self.history()
        known = newest(history)
        rows = connection.execute(
            f"select {_COLUMNS} from governance.workflow_switches order by changed_at"
        ).fetchall()
        taken = [
            switch
            for switch in (Switch(*row) for row in rows)
            if switch not in history and _is_later(switch, known.get(switch.workflow))
        ]
        note = Switch(_IMPORT, True, "lead-platform", "switches kept in the lake", None)
        self.append(taken if _IMPORT in known else [*taken, note])

    def is_whole(self) -> bool:
        """Whether the history is complete wherever it is kept."""
        return _IMPORT in newest(self.history())

    @abstractmethod
    def history(self) -> list[Switch]:
        """Every change, oldest first."""

    @abstractmethod
    def append(self, switches: list[Switch]) -> None:
        """Add rows to the history, all or none."""

    def _untouched(self, workflow: str) -> Switch:
        if self._lost_because:
            return Switch(workflow, False, "lead-platform", self._lost_because, None)
        return Switch(workflow, True, "", "never changed", None)


class _SqliteSwitches(Switches):
    """The history in a SQLite file, and once more in a JSON file beside it.

    It is only appended to, so of the two the longer one is the newer one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._copy = path.with_suffix(".json")

    def history(self) -> list[Switch]:
        return max(self._kept(), self._copied(), key=len)

    def is_whole(self) -> bool:
        kept = self._kept()
        return _IMPORT in newest(kept) and kept == self._copied()

    def append(self, switches: list[Switch]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        set_aside_if_broken(self._path)
        with FileLock(f"{self._path}.lock", timeout=_WAIT_SECONDS):
            lost = _lacking(self._kept(), self._copied())
            self._insert([*lost, *switches])
            self._write_copy()
        if lost:
            print(
                f"{self._path} lacked {len(lost)} entries: they were taken from {self._copy.name}.",
                file=sys.stderr,
            )

    def _kept(self) -> list[Switch]:
        """What the database holds; nothing where it is lost or broken."""
        if not self._path.exists():
            return []
        try:
            with reading(self._path) as connection:
                tables = connection.execute("select name from sqlite_master").fetchall()
                if (_TABLE,) not in tables:
                    return []
                found = connection.execute(
                    f"select {_COLUMNS} from {_TABLE} order by sequence"
                ).fetchall()
        except sqlite3.DatabaseError as error:
            if not shows_breakage(error):
                raise
            return []
        return [_from_row(row) for row in found]

    def _copied(self) -> list[Switch]:
        """What the copy holds; nothing where it is lost or broken."""
        try:
            return [_from_row(row) for row in json.loads(self._copy.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return []

    def _insert(self, switches: list[Switch]) -> None:
        with closing(self._connect()) as connection, connection:
            connection.execute(
                f"create table if not exists {_TABLE} (sequence integer primary key, "
                "workflow text, is_enabled integer, changed_by text, reason text, changed_at text)"
            )
            connection.executemany(
                f"insert into {_TABLE} ({_COLUMNS}) values (?, ?, ?, ?, ?)",
                [_row(switch) for switch in switches],
            )

    def _write_copy(self) -> None:
        """A switch counts once the database has it: a copy that fails is written by the next."""
        draft = self._copy.with_suffix(".draft")
        with suppress(OSError):
            with draft.open("w", encoding="utf-8") as file:
                json.dump([_row(switch) for switch in self._kept()], file, indent=0)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._copy)

    def _connect(self) -> sqlite3.Connection:
        # A rollback journal: a write-ahead log could not be read in a folder that is read-only.
        return sqlite3.connect(self._path, timeout=_WAIT_SECONDS)


def _lacking(kept: list[Switch], copied: list[Switch]) -> list[Switch]:
    """What the copy holds beyond what is kept; all of it where one is not the other's beginning."""
    if len(copied) <= len(kept):
        return []
    return copied[len(kept) :] if copied[: len(kept)] == kept else copied


def _row(switch: Switch) -> tuple[object, ...]:
    *rest, changed_at = astuple(switch)
    return (*rest, changed_at.isoformat() if changed_at else None)


def _from_row(row: tuple[str, int, str, str, str | None]) -> Switch:
    workflow, is_enabled, changed_by, reason, at = row
    changed_at = datetime.fromisoformat(at) if at else None
    return Switch(workflow, bool(is_enabled), changed_by, reason, changed_at)


class _PostgresSwitches(Switches):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def history(self) -> list[Switch]:
        with self._cursor() as cursor:
            cursor.execute("select to_regclass(%s)", (f"{_SCHEMA}.switch_changes",))
            if cursor.fetchone() == (None,):
                return []
            cursor.execute(f"select {_COLUMNS} from {_SCHEMA}.switch_changes order by sequence")
            return [Switch(*row) for row in cursor.fetchall()]

    def append(self, switches: list[Switch]) -> None:
        try:
            self._insert(switches)
        except psycopg2.DataError:
            # A database in LATIN1 has no €. A brake is thrown, whatever it is called.
            self._insert([_in_ascii(switch) for switch in switches])

    def _insert(self, switches: list[Switch]) -> None:
        rows = [
            (each.workflow, each.is_enabled, each.changed_by, each.reason, each.changed_at)
            for each in switches
        ]
        with self._cursor() as cursor:
            # One at a time: two that create the table at once would not both succeed.
            cursor.execute("begin; select pg_advisory_xact_lock(hashtext(%s))", (_SCHEMA,))
            cursor.execute(f"create schema if not exists {_SCHEMA}")
            cursor.execute(
                f"create table if not exists {_SCHEMA}.switch_changes ("
                "sequence bigint generated always as identity primary key, workflow text, "
                "is_enabled boolean, changed_by text, reason text, changed_at timestamp)"
            )
            cursor.executemany(
                f"insert into {_SCHEMA}.switch_changes ({_COLUMNS}) values (%s, %s, %s, %s, %s)",
                rows,
            )
            cursor.execute("commit")

    @contextmanager
    def _cursor(self) -> Iterator:
        with closing(connect_postgres(self._url)) as connection, connection.cursor() as cursor:
            yield cursor


def _as_text(said: str) -> str:
    """What a person said, with escapes for bytes that are no text: a terminal hands on any."""
    return said.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _in_ascii(switch: Switch) -> Switch:
    by, reason = (
        text.encode("ascii", "backslashreplace").decode()
        for text in (switch.changed_by, switch.reason)
    )
    return replace(switch, changed_by=by, reason=reason)


def _require_known(workflow: str) -> None:
    if workflow not in WORKFLOWS:
        raise UnknownWorkflowError(f"Unknown workflow {workflow!r}. Known: {', '.join(WORKFLOWS)}.")


def newest(history: list[Switch]) -> dict[str, Switch]:
    """The last change of each workflow."""
    return {switch.workflow: switch for switch in history}


def _is_later(switch: Switch, than: Switch | None) -> bool:
    if than is None or than.changed_at is None:
        return True
    return switch.changed_at is not None and switch.changed_at > than.changed_at


def open_switches(settings: Settings) -> Switches:
    """The switches of an installation; nothing is made before the first one is thrown."""
    if settings.database_url:
        return _PostgresSwitches(settings.database_url)
    return _SqliteSwitches(_file(settings))


def _file(settings: Settings) -> Path:
    return settings.home / "switches.sqlite"


def switches_of(lake: "Lake") -> Switches:
    """The switches of a lake's installation, those that only the lake keeps among them.

    What the lake holds is taken over by whoever asks first, of an earlier version or of a history
    that was lost. Where that fails and no history is left, all that is not known is off.
    """
    switches = open_switches(lake.settings)
    if switches.is_whole():
        return switches
    try:
        with lake.read() as connection:
            switches.take_over(connection)
    except Exception as error:
        if _IMPORT not in newest(switches.history()) and not is_new_home(lake.settings):
            switches.take_for_lost(_describe_loss(lake.settings, error))
    return switches


def _describe_loss(settings: Settings, error: Exception) -> str:
    place = f"the schema {_SCHEMA}" if settings.database_url else str(_file(settings))
    return (
        f"the switches kept in {place} are lost and those in the lake cannot be taken over "
        f"({type(error).__name__}). Give the file back from a backup, mend the lake, or enable "
        "each workflow that may act: lead-platform workflows enable WORKFLOW --reason WHY"
    )


def copy_to_lake(switches: Switches, connection: duckdb.DuckDBPyConnection, *, run_id: str) -> int:
    """Bring the lake's table and the audit log up to the switches; how many changes were new.

    Inside a gated transaction. Said again, it changes nothing.
    """
    switches.take_over(connection)
    history = [switch for switch in switches.history() if switch.workflow in WORKFLOWS]
    kept = connection.execute(
        "select workflow, is_enabled, changed_at from governance.workflow_switches"
    ).fetchall()
    stand = {workflow: (is_enabled, changed_at) for workflow, is_enabled, changed_at in kept}
    thrown = _thrown_since(history, stand)
    for name, switch in newest(thrown).items():
        connection.execute("delete from governance.workflow_switches where workflow = ?", [name])
        connection.execute(
            "insert into governance.workflow_switches values (?, ?, ?, ?, ?)",
            [name, switch.is_enabled, switch.changed_by, switch.reason, switch.changed_at],
        )
    actions = pd.DataFrame([_action(switch) for switch in thrown])
    return record_actions(connection, actions, run_id=run_id)


def _thrown_since(
    history: list[Switch], stand: dict[str, tuple[bool, datetime | None]]
) -> list[Switch]:
    """The changes that came after the one each workflow stands at, oldest first."""
    known = {
        switch.workflow: place
        for place, switch in enumerate(history)
        if stand.get(switch.workflow) == (switch.is_enabled, switch.changed_at)
    }
    return [
        switch for place, switch in enumerate(history) if place > known.get(switch.workflow, -1)
    ]


def _action(switch: Switch) -> dict[str, object]:
    return {
        "workflow": switch.workflow,
        "action": "enable_workflow" if switch.is_enabled else "disable_workflow",
        "subject_type": "workflow",
        "subject_id": switch.workflow,
        "reason": switch.reason,
        "before": "disabled" if switch.is_enabled else "enabled",
        "after": "enabled" if switch.is_enabled else "disabled",
        "actor": switch.changed_by,
        "occurred_at": switch.changed_at,
    }
