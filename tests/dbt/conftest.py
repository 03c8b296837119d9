"""A small lake with the project's tables, on which the dbt models are built for real."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from lead_platform.lake import dbt
from lead_platform.lake.connection import attach_lake, open_engine
from lead_platform.layers import LAYER_NAMES
from lead_platform.scoring.scorecard import Scorecard, load_scorecard
from lead_platform.scoring.scorecard_rules import rule_rows, version_row
from lead_platform.settings import PROJECT_ROOT, Settings

GROUPS = ("identity", "enrichment", "scoring", "reporting")
AS_OF = datetime.fromisoformat("2026-06-01")


@dataclass(frozen=True)
class SmallLake:
    """A lake in a folder of its own, with the shipped scorecard loaded."""

    settings: Settings
    scorecard: Scorecard
    engine: duckdb.DuckDBPyConnection

    def query(self, sql: str) -> pd.DataFrame:
        """The statement's rows."""
        with self.connect() as connection:
            return connection.execute(sql).df()

    def execute(self, *statements: str) -> None:
        """Run statements that give no rows."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def append(self, table: str, rows: list[dict[str, Any]] | pd.DataFrame) -> None:
        """Insert rows by column name."""
        frame = pd.DataFrame(rows)
        with self.connect() as connection:
            connection.register("frame", frame)
            connection.execute(f"insert into {table} by name select * from frame")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection with the lake in use."""
        cursor = self.engine.cursor()
        cursor.execute("use lake")
        return cursor

    def build(
        self,
        *groups: str,
        as_of: datetime = AS_OF,
        rescore: bool = False,
        scorecard_version: str | None = None,
    ) -> None:
        """Build groups (all when none is named) with their data tests."""
        variables = {
            "as_of": as_of.isoformat(),
            "scorecard_version": scorecard_version or self.scorecard.version,
            "rescore": rescore,
        }
        with self.named():
            chosen = [
                f"fqn:lead_platform.{group},resource_type:model" for group in groups or GROUPS
            ]
            dbt.run_models(self.settings, chosen, variables)

    @contextmanager
    def named(self) -> Iterator[None]:
        """dbt keeps its connection while the profile is the same: the name tells lakes apart."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LEAD_PLATFORM_DUCKLAKE", f"ducklake:{self.settings.lake_catalog}")
            yield

    def clear(self) -> None:
        """Empty every table but the scorecard's."""
        with self.connect() as connection:
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() "
                "where database_name = 'lake' and table_name not like 'scorecard_%'"
            ).fetchall()
            connection.execute("begin")
            for (table,) in tables:
                connection.execute(f"delete from {table}")
            connection.execute("commit")


@pytest.fixture(scope="session")
def parsed_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parsed dbt project: parsing takes seconds, so every lake of the session gets a copy."""
    settings = Settings(home=tmp_path_factory.mktemp("parsed"))
    dbt.prepare_manifest(settings)
    return settings.home / "dbt"


@pytest.fixture(scope="session")
def make_lake(
    parsed_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], SmallLake]:
    """Makes lakes with empty tables and the shipped scorecard."""
    scorecard = load_scorecard(PROJECT_ROOT / "config" / "scorecard.yaml")

    def make() -> SmallLake:
        settings = Settings(home=tmp_path_factory.mktemp("lake"))
        settings.prepare_home()
        shutil.copytree(parsed_project, settings.home / "dbt")
        engine = open_engine(settings, threads=1)
        attach_lake(engine, settings)
        lake = SmallLake(settings, scorecard, engine)
        with lake.connect() as connection:
            connection.execute("begin")
            for layer in LAYER_NAMES:
                connection.execute(f"create schema {layer}")
                tables = PROJECT_ROOT / "lead_platform" / layer / "tables.sql"
                if tables.exists():
                    connection.execute(tables.read_text())
            connection.execute("commit")
        lake.append(
            "scoring.scorecard_versions",
            version_row(scorecard, effective_at=AS_OF).assign(version_seq=1),
        )
        lake.append("scoring.scorecard_rules", rule_rows(scorecard))
        return lake

    return make


@pytest.fixture(scope="session")
def shared_lake(make_lake: Callable[[], SmallLake]) -> SmallLake:
    """One lake whose models exist, for tests that bring their own rows."""
    lake = make_lake()
    lake.build()
    return lake


@pytest.fixture
def small_lake(shared_lake: SmallLake) -> SmallLake:
    """The shared lake, emptied."""
    shared_lake.clear()
    return shared_lake
