"""The kill switches: whether each workflow may act, kept beside the lake.

Reading and throwing one needs no writer lock and not even the lake, so that the brake works while
a writer hangs: a small SQLite file in the home (embedded), a table in a schema of its own beside
the lake's catalog (server). The history is only ever appended to; the newest change of a workflow
counts. The lake's table and the audit log follow with the next gated write.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from lead_platform.lake.audit import record_actions
from lead_platform.lake.postgres import connect_postgres
from lead_platform.settings import Settings

if TYPE_CHECKING:
    from lead_platform.lake.lake import Lake

# The workflows that act on their own; each stops at its switch.
WORKFLOWS = (
    "capture",
    "identity",
    "identity_scan",
    "enrichment",
    "scoring",
    "routing",
    "reporting",
    "maintenance",
    "alerts",
)

# Stands in the history for taking over what an earlier version kept in the lake.
_IMPORT = "(import)"

_SCHEMA = "lead_platform_switches"
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

    def read(self, workflow: str) -> Switch:
        """The switch of one workflow; enabled until somebody disables it."""
        return newest(self.history()).get(workflow) or _untouched(workflow)

    def all(self) -> list[Switch]:
        """One per workflow."""
        found = newest(self.history())
        return [found.get(workflow) or _untouched(workflow) for workflow in WORKFLOWS]

    def throw(self, switch: Switch) -> bool:
        """Set a switch; False where it stood that way already.

        Raises UnknownWorkflowError, and ValueError without a person and a reason.
        """
        if switch.workflow not in WORKFLOWS:
            raise UnknownWorkflowError(
                f"Unknown workflow {switch.workflow!r}. Known: {', '.join(WORKFLOWS)}."
            )
        if not switch.changed_by.strip() or not switch.reason.strip():
            raise ValueError("A switch needs a person (--by) and a reason (--reason).")
        if self.read(switch.workflow).is_enabled == switch.is_enabled:
            return False
        self._append([switch])
        return True

    def take_over(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Once per installation: what an earlier version kept in the lake counts from now on.

        Whatever was thrown here before stays.
        """
        known = newest(self.history())
        if _IMPORT in known:
            return
        rows = connection.execute(
            f"select {_COLUMNS} from governance.workflow_switches order by changed_at"
        ).fetchall()
        taken = [
            switch for switch in (Switch(*row) for row in rows) if switch.workflow not in known
        ]
        note = Switch(_IMPORT, True, "lead-platform", "switches kept in the lake", None)
        self._append([*taken, note])

    @abstractmethod
    def history(self) -> list[Switch]:
        """Every change, oldest first."""

    @abstractmethod
    def _append(self, switches: list[Switch]) -> None:
        """Add rows to the history, all or none."""


class _SqliteSwitches(Switches):
    def __init__(self, path: Path) -> None:
        self._path = path

    def history(self) -> list[Switch]:
        if not self._path.exists():
            return []
        # Read-only, so that a home that cannot be written can be read.
        with closing(self._connect("mode=ro")) as connection:
            found = connection.execute(
                f"select {_COLUMNS} from switch_changes order by sequence"
            ).fetchall()
        return [
            Switch(name, bool(on), by, why, datetime.fromisoformat(at) if at else None)
            for name, on, by, why, at in found
        ]

    def _append(self, switches: list[Switch]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect("mode=rwc")) as connection, connection:
            connection.execute(
                "create table if not exists switch_changes (sequence integer primary key, "
                "workflow text, is_enabled integer, changed_by text, reason text, changed_at text)"
            )
            connection.executemany(
                f"insert into switch_changes ({_COLUMNS}) values (?, ?, ?, ?, ?)",
                [
                    (
                        switch.workflow,
                        switch.is_enabled,
                        switch.changed_by,
                        switch.reason,
                        switch.changed_at.isoformat() if switch.changed_at else None,
                    )
                    for switch in switches
                ],
            )

    def _connect(self, mode: str) -> sqlite3.Connection:
        # A rollback journal: a write-ahead log could not be read in a folder that is read-only.
        return sqlite3.connect(f"{self._path.as_uri()}?{mode}", uri=True, timeout=_WAIT_SECONDS)


class _PostgresSwitches(Switches):
    def __init__(self, url: str) -> None:
        self._url = url

    def history(self) -> list[Switch]:
        with self._cursor() as cursor:
            cursor.execute("select to_regclass(%s)", (f"{_SCHEMA}.switch_changes",))
            if cursor.fetchone() == (None,):
                return []
            cursor.execute(f"select {_COLUMNS} from {_SCHEMA}.switch_changes order by sequence")
            return [Switch(*row) for row in cursor.fetchall()]

    def _append(self, switches: list[Switch]) -> None:
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


def newest(history: list[Switch]) -> dict[str, Switch]:
    """The last change of each workflow."""
    return {switch.workflow: switch for switch in history}


def _untouched(workflow: str) -> Switch:
    return Switch(workflow, True, "", "never changed", None)


def open_switches(settings: Settings) -> Switches:
    """The switches of an installation; nothing is made before the first one is thrown."""
    if settings.database_url:
        return _PostgresSwitches(settings.database_url)
    return _SqliteSwitches(settings.home / "switches.sqlite")


def switches_of(lake: "Lake") -> Switches:
    """The switches of a lake's installation; once, those an earlier version kept in the lake.

    What the lake holds is taken over by whoever asks first. Where the lake cannot be read, or the
    home not be written, what was thrown since counts alone, and the next one tries again.
    """
    switches = open_switches(lake.settings)
    if _IMPORT not in newest(switches.history()):
        with suppress(Exception), lake.read() as connection:
            switches.take_over(connection)
    return switches


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
