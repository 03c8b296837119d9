"""The fence: a writer ends its write only on a lake that nobody else has changed meanwhile.

A lock can be lost without its holder noticing: a connection ends on a time-out or a fail-over, a
lock file is replaced. The next writer then restores what the first one has committed. So every
commit carries its writer's signature, and a release is published, or a table restored, only where
the lake shows that the writer is still the only one.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb

from lead_platform.lake import changes
from lead_platform.lake.lock import WriterLock

if TYPE_CHECKING:
    from lead_platform.lake.releases import Release

# Who commits, in the catalog's own list of snapshots.
AUTHOR = "lead-platform"


class OvertakenError(Exception):
    """Somebody else has written to the lake, or could have, while this writer was at it."""


class Fence:
    """One writer's transactions, from taking the lock to its release.

    The lake lets no commit through that has not seen the one before it (`attach_lake` forbids
    DuckLake to rebase commits). Each transaction fixes the lake's state as it begins, so what it
    finds at its end, the lock held and nobody else's commit, holds at its own commit. `release`:
    the one that published it, if one did by now.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, metadata: str, lock: WriterLock, label: str
    ) -> None:
        self.connection = connection
        self.metadata = metadata
        self.signature = f"write_{uuid.uuid4().hex[:24]}"
        self._lock = lock
        self._label = label
        self.release: Release | None = None
        self._began_at = -1
        self._message = label

    @contextmanager
    def transaction(self, message: str = "") -> Iterator[None]:
        """One signed transaction, committed if the lock is still held. Raises OvertakenError."""
        self.begin(message)
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        self.commit()

    def begin(self, message: str = "") -> int:
        """Begin a transaction whose commit carries the signature; the snapshot it stands on."""
        self.connection.begin()
        self._began_at = changes.current_snapshot(self.connection)
        self._message = message or self._label
        return self._began_at

    def commit(self) -> None:
        """Commit what was begun, if the lock is still held. Raises OvertakenError."""
        if not self._lock.is_held():
            self.connection.rollback()
            raise self._overtaken("it no longer holds the writer lock")
        try:
            self.connection.execute(
                "call lake.set_commit_message(?, ?, extra_info => ?)",
                [AUTHOR, self._message, self.signature],
            )
            self.connection.commit()
        except duckdb.Error as error:
            with suppress(duckdb.Error):
                self.connection.rollback()
            newest = changes.current_snapshot(self.connection)
            if newest == self._began_at:
                raise
            raise self._overtaken(f"snapshot {newest} was committed meanwhile") from error

    def lost(self) -> OvertakenError | None:
        """What there is to say once the lock is no longer held; None while it is.

        Asked by another thread while the writer is at work.
        """
        return None if self._lock.is_held() else self._overtaken("it no longer holds the lock")

    def require_own(self, since: int) -> None:
        """Every commit after `since` is this writer's. Raises OvertakenError.

        Asked inside the transaction that publishes them.
        """
        newest = self._began_at
        signed = self.connection.execute(
            f"select count(*) from {self.metadata}.ducklake_snapshot_changes "
            "where snapshot_id > ? and snapshot_id <= ? and commit_extra_info = ?",
            [since, newest, self.signature],
        ).fetchone()
        if signed != (newest - since,):
            raise self._overtaken(f"snapshots {since + 1} to {newest} are not all its own")

    def require_unpublished(self, published: int | None, since: int) -> None:
        """Nobody has published anything after `since`. Raises OvertakenError.

        Asked inside the transaction that takes back what came after.
        """
        if published is not None and published > since:
            raise self._overtaken(f"snapshot {published} was published after its start")

    def _overtaken(self, sign: str) -> OvertakenError:
        return OvertakenError(
            f"Another writer may have changed the lake while {self._label!r} was being written: "
            f"{sign}. Nothing of it was published; run it again, what it worked on still waits. "
            "Check what ended the connection to PostgreSQL, replaced the file lake/writer.lock, "
            "or wrote to the lake past the platform."
        )
