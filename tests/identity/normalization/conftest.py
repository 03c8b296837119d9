"""The shipped vocabularies, and captured submissions with only some fields filled."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def captured() -> Callable[..., pd.DataFrame]:
    """Rows of capture.submissions from dicts; what a dict leaves out is null."""
    with duckdb.connect() as connection:
        connection.execute("create schema capture")
        connection.execute((ROOT / "lead_platform" / "capture" / "tables.sql").read_text())
        empty = connection.table("capture.submissions").df()

    def build(*rows: dict[str, object]) -> pd.DataFrame:
        filled = [
            {"submission_id": f"sub_{number}", "channel": "web_form", "received_seq": number, **row}
            for number, row in enumerate(rows)
        ]
        return pd.DataFrame(filled).reindex(columns=empty.columns)

    return build
