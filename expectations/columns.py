"""Writes into each suite which columns its table has and of which type, as they are declared.

Run `python expectations/columns.py` after changing a `tables.sql` or a dbt model; a test compares.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lead_platform.lake.suites import COLUMN_TYPES
from lead_platform.lake.tables import declared_columns
from lead_platform.settings import PROJECT_ROOT

SUITES = PROJECT_ROOT / "expectations"
COLUMN_NAMES = "expect_table_columns_to_match_set"


def written_suites() -> dict[Path, str]:
    """The text of each declared table's suite as it should be."""
    declared = declared_columns(PROJECT_ROOT / "dbt_project")
    paths = {SUITES / f"{table.replace('.', '/')}.json": table for table in declared}
    return {path: stated(path.read_text(encoding="utf-8"), declared[paths[path]]) for path in paths}


def stated(text: str, columns: Mapping[str, str]) -> str:
    """The suite with these columns and types; its other expectations as they were."""
    suite: dict[str, Any] = json.loads(text)
    rest = []
    names: dict[str, Any] = {"type": COLUMN_NAMES}
    for expectation in suite["expectations"]:
        if expectation["type"] == COLUMN_NAMES:
            names = expectation
        elif expectation["type"] != COLUMN_TYPES:
            rest.append(expectation)
    names["kwargs"] = {"column_set": list(columns), "exact_match": True}
    types = {"type": COLUMN_TYPES, "kwargs": {"types": dict(columns)}}
    suite["expectations"] = [names, types, *rest]
    return json.dumps(suite, indent=2, ensure_ascii=not _has_beyond_ascii(text)) + "\n"


def _has_beyond_ascii(text: str) -> bool:
    return not text.isascii()


if __name__ == "__main__":
    for target, content in written_suites().items():
        target.write_text(content, encoding="utf-8")
