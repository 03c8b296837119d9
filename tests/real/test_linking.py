"""`lead-platform link` on public files it was not told the columns of, without their truth.

The floors stand a little below what was measured; they hold the guess to what a specification
written for the columns reaches (docs/identity.md, Figures).
"""

import os
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from lead_platform.cli.main import app

SHARED = Path(
    os.environ.get("LEAD_PLATFORM_SHARED_DATA")
    or Path(__file__).resolve().parents[2].parent / "shared" / "data"
)


def present(*parts: str) -> Path:
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is absent: shared data is not part of the project")
    return path


def link(*arguments: object) -> None:
    result = CliRunner().invoke(app, ["link", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def f1(truth: pd.Series, found: pd.Series) -> float:
    frame = pd.DataFrame({"truth": truth.to_numpy(), "found": found.to_numpy()})

    def pairs(by: list[str]) -> int:
        sizes = frame.groupby(by).size()
        return int((sizes * (sizes - 1) // 2).sum())

    right = pairs(["truth", "found"])
    precision, recall = right / pairs(["found"]), right / pairs(["truth"])
    print(f"precision {precision:.4f}, recall {recall:.4f}")
    return 2 * precision * recall / (precision + recall)


def test_fake_1000(tmp_path):
    frame = pd.read_csv(present("splink_datasets", "fake_1000.csv"), dtype=str)
    frame.drop(columns="cluster").to_csv(tmp_path / "people.csv", index=False)
    link(tmp_path / "people.csv", "--out", tmp_path / "out")
    clusters = pd.read_csv(tmp_path / "out" / "clusters.csv", dtype=str)
    assert clusters["unique_id"].tolist() == frame["unique_id"].tolist()
    assert f1(frame["cluster"], clusters["cluster_id"]) >= 0.94


def test_febrl_4_two_files(tmp_path):
    paths = []
    for name in ("dataset4a", "dataset4b"):
        frame = pd.read_csv(present("febrl", f"{name}.csv"), dtype=str, skipinitialspace=True)
        frame.columns = frame.columns.str.strip()
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        paths.append(tmp_path / f"{name}.csv")
    link(*paths, "--between", "--out", tmp_path / "out")
    clusters = pd.read_csv(tmp_path / "out" / "clusters.csv", dtype=str)
    assert f1(clusters["rec_id"].str.extract(r"rec-(\d+)-")[0], clusters["cluster_id"]) >= 0.995


def test_companies(tmp_path):
    folder = present("goldenmatch_orgs_hard")
    link(folder / "records.csv", "--out", tmp_path / "out")
    clusters = pd.read_csv(tmp_path / "out" / "clusters.csv", dtype=str)
    truth = pd.read_csv(folder / "truth.csv")
    same = [
        clusters["cluster_id"].iloc[left] == clusters["cluster_id"].iloc[right]
        for left, right in zip(truth["row_a"], truth["row_b"], strict=True)
        if left >= 0
    ]
    print(f"found {sum(same)} of {len(same)}")
    assert sum(same) >= 0.85 * len(same)
