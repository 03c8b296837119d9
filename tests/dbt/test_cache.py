"""What a parse of the dbt project left: cut, stale or garbled, it is made again."""

import random
import shutil
from pathlib import Path

import pytest

from lead_platform.lake import dbt
from lead_platform.settings import Settings

FILES = ("manifest.json", "partial_parse.msgpack", "parsed.json")


@pytest.fixture
def parsed_home(parsed_project: Path, tmp_path: Path) -> Settings:
    """A home whose dbt project is parsed."""
    shutil.copytree(parsed_project, tmp_path / "home" / "dbt")
    return Settings(home=tmp_path / "home")


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parses that were asked for; what they would write is there from another home."""
    asked: list[str] = []

    def parse(settings: Settings, version: str) -> None:
        asked.append(version)

    monkeypatch.setattr(dbt, "_parse", parse)
    return asked


def test_what_is_whole_is_used(parsed_home: Settings, parses: list[str]) -> None:
    manifest = dbt.prepare_manifest(parsed_home)
    assert manifest.is_file()
    assert parses == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "missing", "one byte"])
def test_what_is_damaged_is_parsed_again(
    parsed_home: Settings, parses: list[str], name: str, damage: str
) -> None:
    # A crash while dbt wrote its manifest once left a home in which no command ran any more.
    path = parsed_home.home / "dbt" / "target" / name
    content = path.read_bytes()
    place = random.Random(f"{name} {damage}").randrange(1, len(content) - 1)
    changed = {
        "cut": content[:place],
        "empty": b"",
        "garbage": bytes(range(256)),
        "one byte": content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
    }
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(changed[damage])
    dbt.prepare_manifest(parsed_home)
    assert len(parses) == 1


def test_a_changed_project_is_parsed_again(
    parsed_home: Settings, parses: list[str], tmp_path: Path
) -> None:
    project = Path(shutil.copytree(parsed_home.dbt_project_dir, tmp_path / "project"))
    changed = parsed_home.model_copy(update={"dbt_project_dir": project})
    dbt.prepare_manifest(changed)
    assert parses == []
    (project / "macros" / "as_of.sql").rename(project / "macros" / "instants.sql")
    dbt.prepare_manifest(changed)
    assert len(parses) == 1


def test_a_damaged_cache_is_made_anew_for_real(parsed_home: Settings) -> None:
    target = parsed_home.home / "dbt" / "target"
    for name in FILES:
        (target / name).write_bytes(b"{")
    dbt.prepare_manifest(parsed_home)
    assert dbt._is_whole(target, dbt._project_version(parsed_home.dbt_project_dir))
    assert [path.name for path in target.parent.glob("parsing-*")] == []
