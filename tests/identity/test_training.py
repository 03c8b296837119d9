import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.demo.normalized_people import generate_people
from lead_platform.identity.engine.linking import link_records, match_records, same_ids
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.pairs import find_pairs
from lead_platform.identity.engine.specification import LinkageSpecification
from lead_platform.identity.judgement.verdicts import DIFFERENT, SAME
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.modelling.proposals import (
    ACTIVE,
    activate_model,
    active_model,
    compare_models,
    list_models,
    people_material,
    propose_model,
    put_to_work,
)
from lead_platform.identity.modelling.training import train_model
from tests.identity.lead_world import (
    DECIDED_AT,
    MODEL,
    SPECIFICATION,
    empty_lake,
    insert,
    submission,
)

SMALL = SPECIFICATION.model_copy(
    update={
        "training": SPECIFICATION.training.model_copy(
            update={"sampled_pairs": 200_000, "session_pairs": 20_000}
        )
    }
)


@pytest.fixture(scope="module")
def lake():
    people = generate_people(3_000, seed=3, specification=SPECIFICATION)
    connection = empty_lake()
    insert(connection, "identity.normalized_submissions", people.submissions)
    return connection


@pytest.fixture(scope="module")
def records(lake) -> pa.Table:
    prepare(lake, SMALL)
    return collect_all(lake)


@pytest.fixture(scope="module")
def trained(records) -> MatchModel:
    return train_model(records, SMALL, name="person-v3")


def test_the_same_records_give_the_same_bytes(records, trained):
    again = train_model(records, SMALL, name="person-v3")
    assert again.model_dump_json() == trained.model_dump_json()


def test_every_level_has_rates_that_point_the_right_way(trained):
    trained.for_specification(SMALL)
    for name, levels in trained.comparisons.items():
        best, *_, different = levels.values()
        assert best.m > best.u, name
        assert different.m <= different.u, name


def test_a_proposal_waits_for_a_person(lake, tmp_path):
    proposal = propose_model(people_material(lake, SMALL), SMALL, tmp_path, trained_at=DECIDED_AT)
    assert proposal.path.name == "person-v3.json"
    assert active_model(SMALL, tmp_path) == MODEL
    card = proposal.path.with_suffix(".md").read_text(encoding="utf-8")
    assert "Against person-v2" in card
    assert proposal.path.with_suffix(".svg").read_text(encoding="utf-8").startswith("<svg")

    def activate(name: str, **why: str) -> bool:
        said = {"decided_by": "Ada", "reason": "fits our data", "decided_at": DECIDED_AT, **why}
        changed = activate_model(lake, SMALL, tmp_path, name, **said)
        if changed:
            put_to_work(tmp_path, name, **said)
        return changed

    with pytest.raises(ValueError, match="needs a person"):
        activate("person-v3", reason=" ")
    assert activate("person-v3")
    assert not activate("person-v3")
    assert active_model(SMALL, tmp_path) == proposal.model
    assert ("person-v3", "active") in [row[:2] for row in list_models(SMALL, tmp_path)]
    [entry] = lake.execute(
        "select actor, reason, before, after from governance.audit_log"
    ).fetchall()
    assert entry == ("Ada", "fits our data", "person-v2", "person-v3")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model"', "{}"])
def test_a_garbled_choice_of_the_model_names_its_file(tmp_path, content):
    """A crash of the system may leave it so: the message once named no file."""
    (tmp_path / ACTIVE).write_text(content)
    with pytest.raises(ConfigurationError, match=r"active\.json does not name"):
        active_model(SPECIFICATION, tmp_path)


def test_the_card_tells_how_often_people_agree(lake, tmp_path):
    [(one, same), (other, stranger)] = lake.execute("""
        select min(submission_id), max(submission_id) from identity.normalized_submissions
        where email is not null and not is_role_email and not is_disposable_email
        group by lower(email) having count(distinct match_record_id) = 2
        order by min(submission_id) limit 2
    """).fetchall()
    lake.execute("begin")
    for seq, (left, right, verdict) in enumerate(((one, same, SAME), (other, stranger, DIFFERENT))):
        lake.execute(
            "insert into identity.match_verdicts by name select ? as verdict_id, ? as verdict_seq, "
            "? as left_submission_id, ? as right_submission_id, ? as verdict",
            [f"ver_{seq}", seq, left, right, verdict],
        )
    proposal = propose_model(people_material(lake, SMALL), SMALL, tmp_path, trained_at=DECIDED_AT)
    lake.execute("rollback")
    card = proposal.path.with_suffix(".md").read_text(encoding="utf-8")
    assert "Of 2 pairs that people decided" in card
    assert "1 are the same person" in card


def test_the_comparison_shows_each_pair_that_changes_side(records, trained):
    same = compare_models(records, SMALL, active=trained, proposed=trained)
    assert same.changes.empty
    levels = trained.comparisons["first_name"] | {}
    blind = trained.model_copy(
        update={
            "comparisons": trained.comparisons
            | {"first_name": {n: r.model_copy(update={"m": r.u}) for n, r in levels.items()}}
        }
    )
    changed = compare_models(records, SMALL, active=trained, proposed=blind)
    assert not changed.changes.empty
    assert (changed.changes["active"] != changed.changes["proposed"]).all()
    assert changed.counts.to_numpy().sum() >= len(changed.changes)


PETS = LinkageSpecification.model_validate({
    "name": "pets",
    "model": "pet-v1",
    "columns": {
        "name": {"derive": "text", "given": ["name"]},
        "words": {"kind": "weighted", "derive": "tokens", "given": ["address"]},
        "owner": {"derive": "compact", "given": ["owner"]},
    },
    "thresholds": {"merge": 0.9, "review": 0.01},
    "blocking": {"window": 500, "rules": [
        {"name": "word", "columns": ["words"]}, {"name": "owner", "columns": ["owner"]}]},
    "comparisons": [
        {"name": "name", "needs": ["name"], "levels": [
            {"name": "same", "exact": "name", "rarity": 1, "expected": 0.9}]},
        {"name": "address", "needs": ["words"], "levels": [
            {"name": "most", "weighted_overlap": "words", "at_least": 0.7, "expected": 0.8}]},
        {"name": "owner", "needs": ["owner"], "levels": [
            {"name": "same", "exact": "owner", "expected": 0.9}]},
    ],
    "training": {"sampled_pairs": 50_000, "sessions": [["owner"], ["name"]],
                 "certain": [["name", "owner"]]},
})  # fmt: skip


def pets() -> pd.DataFrame:
    streets = ["Elm Street", "Oak Street", "Pine Street", "Birch Street", "Lark Street"]
    rows = [
        {"name": f"Pet {n}", "address": f"{n} {streets[n % 5]}", "owner": f"Owner {n // 2}"}
        for n in range(120)
    ]
    again = [row | {"address": row["address"].lower() + " rear"} for row in rows[:60]]
    return pd.DataFrame(rows + again)


def test_any_records_are_linked_by_a_specification_alone():
    frame = pets()
    records = match_records(frame, PETS, same_ids(frame))
    model = train_model(records, PETS, name="pet-v1")
    clusters = link_records(records, PETS, model).clusters
    assert clusters.nunique() == 120
    assert all(clusters[n] == clusters[120 + n] for n in range(60))


def test_a_level_that_nobody_showed_weighs_nothing():
    """It once weighed +17 bits: a share of the matches by default, and next to no strangers."""
    name, *others = PETS.comparisons
    initial = name.levels[0].model_copy(
        update={"name": "initial", "exact": None, "abbreviated": "name", "rarity": 0.0,
                "expected": None}
    )  # fmt: skip
    with_initial = name.model_copy(update={"levels": (*name.levels, initial)})
    specification = PETS.model_copy(update={"comparisons": (with_initial, *others)})
    records = match_records(pets(), specification, same_ids(pets()))
    rates = train_model(records, specification, name="pet-v1").rates("name", "initial")
    assert rates.m == rates.u


def test_absent_columns_take_their_levels_and_rules_along():
    left = PETS.restricted_to(["name", "owner"])
    assert set(left.columns) == {"name", "owner"}
    assert [rule.name for rule in left.blocking.rules] == ["owner"]
    assert [comparison.name for comparison in left.comparisons] == ["name", "owner"]


def test_only_records_of_two_sources_meet_where_that_is_said():
    frame = pets().assign(source_file=["a.csv"] * 120 + ["b.csv"] * 60)
    between = PETS.model_copy(
        update={
            "columns": PETS.columns | {"source_file": PETS.columns["name"].model_copy(
                update={"derive": None, "given": ()})},
            "blocking": PETS.blocking.model_copy(update={"between": "source_file"}),
        }
    )  # fmt: skip
    records = match_records(frame, between, same_ids(frame))
    model = train_model(records, between, name="pet-v1")
    pairs = link_records(records, between, model).pairs
    assert len(pairs) >= 60
    assert all(
        (left < "r00000120") != (right < "r00000120")
        for left, right in zip(pairs["left_record_id"], pairs["right_record_id"], strict=True)
    )


def test_a_name_is_as_common_as_the_list_says_and_no_rarer_than_the_cap(trained):
    names = trained.term_frequencies["last_name"]
    assert names.listed["smith"] >= 0.01
    assert names.listed["muller"] >= 0.003
    cap = SMALL.rarest("last_name")
    assert min(names.listed.values()) > cap
    assert names.unlisted >= cap


def test_an_equal_rare_name_weighs_more_than_an_equal_common_one():
    lake = empty_lake()
    people = [
        submission(seq, email=f"{seq}@web.de", first_name="Mary", last_name=last, city="Leeds",
                   country="GB", job_title="Founder")
        for seq, last in enumerate(("Smith", "Smith", "Quillfeather", "Quillfeather"))
    ]  # fmt: skip
    insert(lake, "identity.normalized_submissions", pd.DataFrame(people))
    prepare(lake, SPECIFICATION)
    review_all = SPECIFICATION.model_copy(
        update={"thresholds": SPECIFICATION.thresholds.model_copy(update={"review": 1e-6})}
    )
    with duckdb.connect() as scratch:
        scratch.register("records_given", collect_all(lake))
        scratch.execute("create table new_rows as from records_given")
        scratch.execute("create table known_rows as from new_rows limit 0")
        pairs = find_pairs(scratch, review_all, MODEL).pairs.to_pandas()
    common, rare = sorted(pairs["match_weight"])
    assert rare - common > 3
