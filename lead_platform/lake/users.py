"""Who works on a home at this moment: processes with a file of it open, sessions at its catalog."""

import os
from contextlib import closing, suppress
from pathlib import Path

import psutil

from lead_platform.lake.postgres import connect_postgres
from lead_platform.settings import Settings

# A session that waits between two statements holds on to nothing.
_SESSIONS = """
select pid, application_name from pg_stat_activity
where datname = current_database() and backend_type = 'client backend'
    and pid <> pg_backend_pid() and state <> 'idle'
order by pid
"""


def users_of(settings: Settings) -> list[str]:
    """Whoever else reads or writes there, in words; processes of other users are not seen."""
    users = _processes_in({settings.home.resolve(), Path(settings.lake_data_path).resolve()})
    if settings.database_url:
        users += _sessions_at(settings.database_url)
    return users


def _sessions_at(url: str) -> list[str]:
    with closing(connect_postgres(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        return [f"PostgreSQL session {pid} ({name})" for pid, name in cursor.fetchall()]


def _processes_in(folders: set[Path]) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid == os.getpid():
                continue
            opened = [Path(file.path) for file in process.open_files()]
            if any(path.is_relative_to(folder) for path in opened for folder in folders):
                found.append(f"process {process.pid} ({process.name()})")
    return found
