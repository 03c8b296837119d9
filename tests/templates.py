"""Homes made once and copied to each test that starts from one: making one takes up to seconds."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lead_platform.settings import Settings
    from tests.conftest import Postgres

Make = Callable[["Settings"], object]


def open_lake(settings: "Settings") -> None:
    """Make the lake with its tables, under the suites that ship."""
    from lead_platform.lake.lake import Lake
    from lead_platform.settings import Settings

    Lake(Settings(home=settings.home, database_url=settings.database_url)).published()


class Templates:
    """Homes by the function that makes them, one per profile, for the whole session."""

    def __init__(self, folder: Path, postgres: Callable[[], "Postgres"]) -> None:
        self._folder = folder
        self._postgres = postgres
        self._made: dict[tuple[Make, bool], Settings] = {}

    def copy_to(self, settings: "Settings", make: Make) -> None:
        """Bring an installation that nobody has used yet to where `make` brings one.

        `make` must have ended all its processes and connections when it returns.
        """
        key = (make, settings.database_url is not None)
        if key not in self._made:
            self._made[key] = self._prepared(settings, make)
        template = self._made[key]
        shutil.copytree(template.home, settings.home, dirs_exist_ok=True)
        if template.database_url and settings.database_url:
            self._postgres().copy_database(template.database_url, settings.database_url)
            _move_data(settings)

    def _prepared(self, settings: "Settings", make: Make) -> "Settings":
        home = self._folder / str(len(self._made)) / "home"
        url = self._postgres().create_database() if settings.database_url else None
        template = settings.model_copy(update={"home": home, "database_url": url})
        make(template)
        return template


def _move_data(settings: "Settings") -> None:
    """Have a copied catalog in PostgreSQL say where its data lies now; SQLite's is told each time
    it is attached."""
    from lead_platform.lake.postgres import CATALOG_SCHEMA, connect_postgres

    assert settings.database_url
    connection = connect_postgres(settings.database_url)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(
            f"update {CATALOG_SCHEMA}.ducklake_metadata set value = %s where key = 'data_path'",
            [settings.lake_data_path],
        )
