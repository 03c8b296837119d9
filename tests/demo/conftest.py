"""One demo world, generated and written once for all tests of this folder."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from lead_platform.demo.files import WrittenFile, write_world
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.world import World, generate_world


@dataclasses.dataclass(frozen=True)
class WrittenWorld:
    world: World
    folder: Path
    files: list[WrittenFile]

    def read_truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "truth" / f"{name}.parquet")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> WrittenWorld:
    folder = tmp_path_factory.mktemp("demo_world")
    world = generate_world(WorldSettings())
    return WrittenWorld(world, folder, write_world(world, folder))


@pytest.fixture(scope="session")
def world(written: WrittenWorld) -> World:
    return written.world
