"""A smoke bound on public data: the shipped model, as it is, on people it was not made for.

fake_1000 has names, city and email, with typos in each; its dates of birth have no counterpart in
a match record and stay out. Thresholds are those of config/identity.yaml.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from tests.identity.lead_world import empty_lake, receive, resolve, submission

SHARED = Path(
    os.environ.get("LEAD_PLATFORM_SHARED_DATA")
    or Path(__file__).resolve().parents[2].parent / "shared" / "data"
)
FAKE_1000 = SHARED / "splink_datasets" / "fake_1000.csv"


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    if not FAKE_1000.is_file():
        pytest.skip(f"{FAKE_1000} is absent: shared data is not part of the project")
    frame = pd.read_csv(FAKE_1000).sort_values("unique_id", ignore_index=True)
    return frame.rename(columns={"surname": "last_name"})


def test_fake_1000(people):
    lake = empty_lake()
    fields = people[["first_name", "last_name", "city", "email"]].astype(object)
    fields = fields.where(fields.notna(), None)
    rows = enumerate(fields.to_dict("records"), start=1)
    receive(lake, [submission(number, **row) for number, row in rows])
    resolve(lake)
    truth = pd.DataFrame({
        "submission_id": [f"sub_{number:04d}" for number in range(1, len(people) + 1)],
        "person": people["cluster"],
    })  # fmt: skip
    members = lake.execute("select submission_id, lead_id from identity.lead_members").df()
    joined = truth.merge(members, on="submission_id", validate="one_to_one")
    found = pairs_within(joined.groupby("lead_id").size())
    right = pairs_within(joined.groupby(["lead_id", "person"]).size())
    true = pairs_within(joined.groupby("person").size())
    precision, recall = right / found, right / true
    print(f"fake_1000: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.97
    assert recall >= 0.3


def pairs_within(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
