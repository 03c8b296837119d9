"""`lead-platform link` from files to clusters, as a person runs it."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks.identity.evaluation import run_engine
from benchmarks.identity.foreign import foreign_world
from benchmarks.identity.measures import measure
from lead_platform.cli.main import app

OUTPUTS = {
    "clusters.csv", "matches.csv", "reviews.csv", "card.md", "model.json", "match_weights.svg",
    "pairs.svg", "cluster_sizes.svg",
}  # fmt: skip


def link(*arguments: object) -> str:
    """What the command says; errors come through as they are."""
    result = CliRunner().invoke(app, ["link", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["link", *map(str, arguments)])
    assert result.exit_code != 0
    return result.output + str(result.exception)


@pytest.fixture(scope="module")
def world():
    return foreign_world(13, most_people=400)


@pytest.fixture(scope="module")
def linked(world, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    world.records.to_csv(folder / "people.csv", index=False)
    link(folder / "people.csv", "--out", folder / "out")
    return folder


def test_a_file_is_deduplicated_as_well_as_by_the_fields_one_knows(world, linked):
    clusters = pd.read_csv(linked / "out" / "clusters.csv", dtype=str)
    assert len(clusters) == len(world.records)
    assert clusters["source_row"].astype(int).tolist() == list(range(1, len(clusters) + 1))
    guessed = measure(world, clusters["cluster_id"])
    known = measure(world, run_engine(world).linkage.clusters)
    assert guessed.f1 >= known.f1 - 0.02


def test_every_output_is_there_and_tells_itself(linked):
    out = linked / "out"
    assert {path.name for path in out.iterdir()} == OUTPUTS | {"specification.yaml"}
    card = (out / "card.md").read_text(encoding="utf-8")
    for part in ("## Clusters by size", "## What is compared", "## Keys", "match_weights.svg"):
        assert part in card
    matches = pd.read_csv(out / "matches.csv", dtype=str)
    assert (matches["left_cluster_id"] == matches["right_cluster_id"]).all()
    reviews = pd.read_csv(out / "reviews.csv", dtype=str)
    assert (reviews["left_cluster_id"] != reviews["right_cluster_id"]).all()
    assert not reviews.duplicated(["left_cluster_id", "right_cluster_id"]).any()
    for name in ("match_weights.svg", "pairs.svg", "cluster_sizes.svg"):
        assert (out / name).read_text(encoding="utf-8").lstrip().startswith("<svg")


def test_the_written_specification_and_model_give_the_same_again(linked):
    out = linked / "out"
    again = linked / "again"
    link(linked / "people.csv", "--spec", out / "specification.yaml", "--model",
         out / "model.json", "--out", again)  # fmt: skip
    assert (again / "clusters.csv").read_text() == (out / "clusters.csv").read_text()


def test_a_guess_alone_links_nothing(linked, tmp_path):
    said = link(linked / "people.csv", "--guess")
    assert "fields:" in said
    assert "comparisons:" in said
    link(linked / "people.csv", "--guess", "--out", tmp_path / "spec")
    assert [path.name for path in (tmp_path / "spec").iterdir()] == ["specification.yaml"]


def test_two_files_are_linked_across_and_not_within(world, tmp_path):
    halves = (world.records.iloc[::2], world.records.iloc[1::2].rename(columns={
        "first_name": "given_name", "last_name": "surname"}))  # fmt: skip
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for half, path in zip(halves, paths, strict=True):
        half.to_csv(path, index=False)
    link(*paths, "--between", "--out", tmp_path / "out")
    matches = pd.read_csv(tmp_path / "out" / "matches.csv", dtype=str)
    assert len(matches)
    assert (matches["left_source_file"] != matches["right_source_file"]).all()


def test_an_edited_specification_is_what_counts(linked, tmp_path):
    text = (linked / "out" / "specification.yaml").read_text()
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line == "  - name: first_name")
    end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith("  - name: "))
    edited = tmp_path / "specification.yaml"
    edited.write_text("\n".join(lines[:start] + lines[end:]) + "\n")
    link(linked / "people.csv", "--spec", edited, "--out", tmp_path / "out")
    card = (tmp_path / "out" / "card.md").read_text()
    compared = card.partition("## What is compared")[2].partition("## Keys")[0]
    assert "| last_name |" in compared
    assert "| first_name |" not in compared


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{people}"], "--out DIR"),
        (["{people}", "--between", "--out", "x"], "two or more"),
        (["{people}", "--guess", "--spec", "x.yaml"], "--guess proposes"),
        (["absent.csv", "--out", "x"], "absent.csv"),
        (["{people}", "--spec", "absent.yaml", "--out", "x"], "absent.yaml"),
    ],
)
def test_what_cannot_be_done_says_why(linked, arguments, says):
    given_arguments = [one.format(people=linked / "people.csv") for one in arguments]
    assert says in refused(*given_arguments)


def test_a_specification_that_reads_other_columns_says_which_there_are(linked, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("alpha,beta\n1,2\n3,4\n")
    said = refused(path, "--spec", linked / "out" / "specification.yaml", "--out", tmp_path / "out")
    assert "alpha, beta" in said
    assert "fields:" in said


ODD = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "n/a", "x", "Ada", "ada@x.example", "1971-02-03", "+49 30 901820", "ß" * 300]
    ),
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12),
)  # fmt: skip
HEADERS = ["first name", "last name", "name", "email", "phone", "birth date", "city", "notes", "nr"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_a_table_holds_each_record_ends_in_one_cluster_or_the_reason_is_told(
    data, tmp_path_factory
):
    """Absent, constant, repeated and odd columns; one record; none that has any key."""
    folder = tmp_path_factory.mktemp("odd")
    headers = data.draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=6))
    most = data.draw(st.sampled_from([1, 4, 25]))
    rows = data.draw(st.lists(st.tuples(*[ODD for _ in headers]), min_size=1, max_size=most))
    pd.DataFrame(rows, columns=headers).to_json(
        folder / "odd.jsonl", orient="records", lines=True
    ) if len(set(headers)) == len(headers) else pd.DataFrame(rows, columns=headers).to_csv(
        folder / "odd.csv", index=False
    )
    [path] = folder.iterdir()
    result = CliRunner().invoke(app, ["link", str(path), "--out", str(folder / "out")])
    if result.exit_code:
        assert isinstance(result.exception, ValueError), result.exception
        assert str(result.exception)
        return
    clusters = pd.read_csv(folder / "out" / "clusters.csv", dtype=str)
    assert clusters["cluster_id"].notna().all()
    assert len(clusters) >= 1
