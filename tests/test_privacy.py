"""Files of a home are for its user alone, whatever the umask of those who start processes."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_platform.settings import PROJECT_ROOT, Settings

OTHERS = 0o077


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The most careless of all."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_paths(folder: Path) -> list[str]:
    """What somebody else could read, write or list."""
    paths = [folder, *folder.rglob("*")]
    return [str(path) for path in paths if stat.S_IMODE(path.lstat().st_mode) & OTHERS]


@pytest.mark.slow
def test_a_demo_and_its_backup_are_private(open_umask: None, tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "LEAD_PLATFORM_HOME": str(home)}

    def run(*arguments: str) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "lead_platform.cli", *arguments]
        subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
        )

    run("demo", "--submissions", "20")
    run("backup", str(tmp_path / "backup"))
    assert any(home.rglob("*.parquet"))
    assert any(home.rglob("*.jsonl"))
    assert any((home / "dagster").rglob("*.db"))
    assert any((home / "dbt").rglob("*.msgpack"))
    assert open_paths(home) == []
    assert open_paths(tmp_path / "backup") == []


def test_an_open_home_is_closed_when_it_is_opened(open_umask: None, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", lake_data=f"{tmp_path / 'elsewhere'}/")
    for folder in (settings.home, settings.archive, tmp_path / "elsewhere"):
        folder.mkdir()
    settings.prepare_home()
    assert open_paths(settings.home) == []
    assert open_paths(tmp_path / "elsewhere") == []
