"""A full disk during a write: a clear error, published rows as they were, and a way on."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lead_platform.lake.lake import Lake, LakeFullError
from lead_platform.settings import Settings
from tests.lake import trial

DISK_MEGABYTES = 12


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; skips where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_published_rows_as_they_were(
    new_settings: Callable[..., Settings], small_disk: Path, trial_suites: Path
) -> None:
    settings = new_settings("disk/home", expectations_dir=trial_suites)
    assert settings.home.is_relative_to(small_disk)
    lake = trial.open_trial(settings)
    with lake.write("seed") as candidate:
        trial.seed_leads(candidate, 6)
    before = trial.contents(lake)
    # Random text does not compress: this is more than the disk holds.
    bulky = (
        "insert into trial.decisions select md5(random()::varchar) || md5(random()::varchar), "
        "'lead_1' from range(1000000)"
    )
    with pytest.raises(LakeFullError, match="'trial' was not written") as full:
        trial.write(lake, bulky)
    assert str(settings.lake_data_path) in str(full.value)
    assert trial.contents(lake) == before


def test_a_disk_filled_by_others_stops_the_write_and_no_more(
    new_settings: Callable[..., Settings], small_disk: Path, trial_suites: Path
) -> None:
    settings = new_settings("disk/home", expectations_dir=trial_suites)
    lake = trial.open_trial(settings)
    with lake.write("seed") as candidate:
        trial.seed_leads(candidate, 6)
    before = trial.contents(lake)
    ballast = small_disk / "ballast"
    with pytest.raises(LakeFullError):
        _write_until_full(lake, ballast)
    ballast.unlink()
    assert trial.contents(lake) == before
    with lake.write("afterwards") as candidate:
        trial.seed_leads(candidate, 2, start=50)
    assert trial.count_rows(lake, "trial.leads") == 8
    assert trial.count_rows(lake, "trial.scores") == 16


def _write_until_full(lake: Lake, ballast: Path) -> None:
    """Some rows are committed, then the disk fills up: not even the restore may find room."""
    with lake.supervise("squeezed") as candidate:
        with candidate.fence.transaction():
            trial.seed_leads(candidate, 400, start=100)
        _fill(ballast)
        with candidate.fence.transaction():
            trial.seed_leads(candidate, 4000, start=1000)


def _fill(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while file.write(b"x" * 65536):
                pass
    except OSError:
        return
