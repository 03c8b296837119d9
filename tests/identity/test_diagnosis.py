"""What the doctor shows: lost rules, reach of keys, odd weights, promises of thresholds."""

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from benchmarks.identity.evaluation import specification_for
from benchmarks.identity.foreign import foreign_world
from lead_platform.cli.main import app
from lead_platform.demo.normalized_people import generate_people
from lead_platform.identity.engine.model import LevelRates
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.linkage.runs import examine
from lead_platform.identity.modelling.coverage import rule_coverage
from lead_platform.identity.modelling.diagnosis import (
    by_labels,
    by_verdicts,
    diagnose,
    lost_by,
    render_diagnosis,
)
from lead_platform.identity.modelling.weights import find_alarms, level_weights
from tests.identity.lead_world import MODEL, SPECIFICATION, empty_lake, insert


@pytest.fixture(scope="module")
def world():
    return foreign_world(13, most_people=400)


@pytest.fixture(scope="module")
def examined(world):
    specification = specification_for(world)
    return examine(world.records, specification, whole=specification, truth=world.truth)


def test_an_absent_column_names_what_goes_with_it():
    lost = lost_by(SPECIFICATION, set(SPECIFICATION.columns) - {"phone", "first_forms"})
    assert set(lost) == {"phone", "first_forms"}
    rules = {f"blocking rule {name}" for name in ("phone", "phone_last_name")}
    assert {*rules, "comparison phone"} <= set(lost["phone"])
    assert lost["first_forms"] == ("level first_name.nickname",)
    assert lost_by(SPECIFICATION, set(SPECIFICATION.columns)) == {}


def test_what_is_said_to_be_lost_is_what_a_restricted_specification_lacks():
    filled = set(SPECIFICATION.columns) - {"linkedin", "city"}
    left = SPECIFICATION.restricted_to(filled)
    lost = {one for found in lost_by(SPECIFICATION, filled).values() for one in found}
    rules = {rule.name for rule in SPECIFICATION.rules} - {rule.name for rule in left.rules}
    assert {
        one.rpartition(" ")[2] for one in lost if one.startswith(("exact key ", "blocking rule "))
    } == rules
    kept = {comparison.name for comparison in left.comparisons}
    assert {one for one in lost if one.startswith("comparison ")} == {
        f"comparison {c.name}" for c in SPECIFICATION.comparisons if c.name not in kept
    }


def test_reach_and_skew_of_a_key_are_counted():
    columns = {name: pa.array([None] * 6, pa.string()) for name in SPECIFICATION.columns}
    columns["record_id"] = pa.array([f"r{n}" for n in range(6)])
    columns["phone"] = pa.array(["1", "1", "1", "1", "2", None])
    specification = SPECIFICATION.model_copy(
        update={"exact_keys": (), "blocking": SPECIFICATION.blocking.model_copy(
            update={"window": 2, "rules": tuple(
                r for r in SPECIFICATION.blocking.rules if r.name == "phone")})}
    )  # fmt: skip
    [found] = rule_coverage(pa.table(columns), specification)
    assert (found.filled, found.sharing, found.keys, found.largest) == (5, 4, 1, 4)
    # Each meets the first two: 1 with 2, 3, 4, and 2 with 3, 4.
    assert (found.pairs, found.bounded) == (5, 1)


def test_odd_weights_are_told_and_sound_ones_are_not(world, examined):
    sound = find_alarms(specification_for(world), examined[1])
    assert [alarm.text for alarm in sound if "weighs more" in alarm.text] == []
    phone = MODEL.comparisons["phone"]
    same, other = phone["same"], phone["different"]
    odd = {
        "same": LevelRates(m=other.m, u=other.u),
        "similar": LevelRates(m=same.m, u=same.u),
        "different": LevelRates(m=0.9, u=0.3),
    }
    silent = {level: LevelRates(m=0.5, u=0.5) for level in MODEL.comparisons["linkedin"]}
    city = dict(MODEL.comparisons["place"])
    city["same_country"] = LevelRates(m=0.2, u=0.2)
    broken = MODEL.model_copy(
        update={"comparisons": MODEL.comparisons
                | {"phone": odd, "linkedin": silent, "place": city}}
    )  # fmt: skip
    subjects = {alarm.subject for alarm in find_alarms(SPECIFICATION, broken)}
    assert {"phone.similar", "phone.different", "linkedin", "place.same_country"} <= subjects


def test_what_the_probabilities_promise_is_about_what_labels_say(examined):
    found, model = examined
    assert found.promises[0].merged >= found.promises[-1].merged
    assert found.changing == found.promises[0].merged - found.promises[-1].merged
    for promise in found.promises:
        assert promise.measured.precision is not None
        assert abs(promise.expected_precision - promise.measured.precision) < 0.1
    assert sum(count for _, count in found.patterns) <= found.changing
    assert len(found.weights) == len(level_weights(SPECIFICATION, MODEL)) or len(found.weights)
    text = render_diagnosis(found)
    for part in ("## Keys", "## Weights", "0.995", "change side between 0.9 and 0.999"):
        assert part in text
    assert model.name in text


def test_verdicts_and_labels_count_alike():
    merged = pd.DataFrame({
        "left_record_id": ["a", "c", "e"], "right_record_id": ["b", "d", "f"]
    })  # fmt: skip
    judged = pd.DataFrame({
        "left": ["b", "c", "g"], "right": ["a", "d", "h"], "is_same": [True, False, True]
    })  # fmt: skip
    said = by_verdicts(judged)(merged)
    assert (said.known, said.precision, said.recall) == (3, 0.5, 0.5)
    truth = pd.Series({"a": 1, "b": 1, "c": 2, "d": 3, "e": None, "f": None, "g": 4, "h": 4})
    told = by_labels(truth)(merged)
    assert (told.known, told.precision, told.recall) == (2, 0.5, 0.5)


def test_leads_are_examined_by_the_model_that_ships():
    lake = empty_lake()
    people = generate_people(1_000, seed=8, specification=SPECIFICATION)
    insert(lake, "identity.normalized_submissions", people.submissions)
    prepare(lake, SPECIFICATION)
    found = diagnose(collect_all(lake), SPECIFICATION, MODEL, whole=SPECIFICATION)
    assert found.records <= 1_000
    assert {rule.rule for rule in found.rules} == {rule.name for rule in SPECIFICATION.rules}
    assert found.promises[0].measured.known == 0


def test_the_doctor_looks_at_tables(world, tmp_path):
    path, out = tmp_path / "people.csv", tmp_path / "out"
    world.records.assign(truth=world.truth.map("p{}".format)).to_csv(path, index=False)
    runner = CliRunner()
    made = runner.invoke(
        app, ["link", str(path), "--guess", "--kind", "person", "--out", str(out)],
        catch_exceptions=False,
    )  # fmt: skip
    assert made.exit_code == 0
    said = runner.invoke(
        app, ["identity", "doctor", str(out / "specification.yaml"), str(path), "--labels", "truth",
              "--out", str(out)],
        catch_exceptions=False,
    )  # fmt: skip
    assert said.exit_code == 0
    assert "What each threshold promises" in said.output
    assert (out / "diagnosis.md").is_file()
    assert (out / "match_weights.svg").is_file()
    refused = runner.invoke(
        app, ["identity", "doctor", str(out / "specification.yaml"), str(path), "--labels", "tru"]
    )
    assert "No column 'tru'" in str(refused.exception)
