"""A comparison added by configuration: trained, compared, activated, and told until then."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.demo.normalized_people import generate_people
from lead_platform.governance.configuration import check_configuration
from lead_platform.governance.watches import watch_models
from lead_platform.identity.engine.specification import CANNOT_LINK, LinkageSpecification
from lead_platform.identity.leads.members import resolve_leads
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.leads.specification import (
    FILLED,
    SPECIFICATION_FILE,
    load_lead_specification,
)
from lead_platform.identity.modelling.proposals import (
    activate_model,
    active_model,
    compare_models,
    list_models,
    model_at_work,
    people_material,
    propose_model,
    put_to_work,
)
from lead_platform.identity.normalization.submissions import RAW_COLUMNS, normalize_submissions
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_vocabularies
from tests.identity.lead_world import (
    DECIDED_AT,
    MODEL,
    ROOT,
    SPECIFICATION,
    empty_lake,
    insert,
    submission,
)

FIELD = (
    "  - {name: customer_number, type: text, kind: profile, wins: newest, label: Customer number}"
)
COMPARISON = """\
  - name: customer_number
    needs: [customer_number]
    levels:
      - {name: same, exact: customer_number}
      - {name: one_letter_off, damerau_levenshtein: customer_number, at_most: 1}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    """The configuration as it ships, with a customer number that people are matched by."""
    folder = tmp_path_factory.mktemp("home") / "config"
    shutil.copytree(ROOT / "config", folder)
    (folder / "fields.yaml").write_text(f"fields:\n{FIELD}\n")
    path = folder / SPECIFICATION_FILE
    text = path.read_text()
    for old, new in (
        ("  job_title: {}\n", "  job_title: {}\n  customer_number: {}\n"),
        ("    - {name: phone, columns: [phone]}\n",
         "    - {name: phone, columns: [phone]}\n"
         "    - {name: customer_number, columns: [customer_number]}\n"),
        ("comparisons:\n  - name: first_name\n",
         f"comparisons:\n{COMPARISON}  - name: first_name\n"),
        ("sampled_pairs: 5000000\n", "sampled_pairs: 200000\n"),
        ("session_pairs: 2000000\n", "session_pairs: 20000\n"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return folder


@pytest.fixture(scope="module")
def changed(config) -> LinkageSpecification:
    return load_lead_specification(config)


@pytest.fixture(scope="module")
def lake():
    """People of whom most gave their customer number, now and then with a slip."""
    people = generate_people(2_000, seed=6, specification=SPECIFICATION)
    frame = people.submissions.merge(people.truth, on="submission_id", validate="one_to_one")
    numbers = pd.factorize(frame["person"])[0]
    frame["custom_fields"] = [
        json.dumps({"customer_number": f"KD-{37 * number + 10_000}" + "7" * (row % 40 == 0)})
        if row % 3
        else None
        for row, number in enumerate(numbers)
    ]
    connection = empty_lake()
    insert(connection, "identity.normalized_submissions", frame.drop(columns="person"))
    return connection


@pytest.fixture(scope="module")
def models(lake, changed, tmp_path_factory) -> Path:
    """A folder with a proposal for the changed specification."""
    folder = tmp_path_factory.mktemp("models")
    propose_model(people_material(lake, changed), changed, folder, trained_at=DECIDED_AT)
    return folder


def test_an_added_comparison_is_trained_while_the_model_at_work_does_not_know_it(models, changed):
    """Training loaded the model at work, which did not fit, and ended with the advice to train."""
    proposed = active_model(changed.model_copy(update={"model": "person-v3"}), models)
    rates = proposed.comparisons["customer_number"]
    assert rates["same"].m / rates["same"].u > 1_000
    assert rates["different"].m < rates["different"].u
    card = (models / "person-v3.md").read_text(encoding="utf-8")
    assert "person-v2 has no rates for customer_number: there it weighs nothing." in card
    assert ("person-v2", "active") in [row[:2] for row in list_models(changed, models)]


def test_what_the_added_comparison_changes_is_shown(lake, models, changed):
    prepare(lake, changed)
    proposed = active_model(changed.model_copy(update={"model": "person-v3"}), models)
    found = compare_models(collect_all(lake), changed, active=MODEL, proposed=proposed)
    assert found.counts.loc["apart", "merge"] > 0
    assert found.counts.loc["merge", "merge"] > 0


def test_the_trained_model_is_activated_and_the_one_that_does_not_fit_is_not(lake, models, changed):
    said = {"decided_by": "Ada", "reason": "knows the customer number", "decided_at": DECIDED_AT}
    assert activate_model(lake, changed, models, "person-v3", **said)
    put_to_work(models, "person-v3", **said)
    assert model_at_work(changed, models).lacking == ()
    with pytest.raises(ConfigurationError, match=r"person-v2 does not fit .* no rates for cust"):
        activate_model(lake, changed, models, "person-v2", **said)
    assert model_at_work(changed, models).model.name == "person-v3"
    # Nor is it lost where the comparison is taken out again.
    assert model_at_work(SPECIFICATION, models).lacking == ()
    (models / "active.json").unlink()


def test_without_a_fitting_model_matching_goes_on_and_says_what_to_do(changed, tmp_path, config):
    work = model_at_work(changed, tmp_path)
    assert (work.model, work.lacking) == (MODEL, ("customer_number",))
    [warning] = work.warnings()
    assert "customer_number" in warning
    assert "lead-platform identity train" in warning
    # As it was before the comparison was written down.
    lake = empty_lake()
    rows = [
        submission(1, email="jane.roe@web.de", first_name="Jane", last_name="Roe"),
        submission(2, email="jane.roe@web.de", first_name="Jane", last_name="Roe", city="Bonn"),
    ]
    insert(lake, "identity.normalized_submissions", pd.DataFrame(rows))
    found = resolve_leads(
        lake, model=work.model, specification=work.specification, decided_at=DECIDED_AT, run_id="r"
    )
    assert (found.submissions, found.leads_born) == (2, 1)
    settings = Settings(home=tmp_path, config_dir=config)
    lines = check_configuration(settings)
    assert [line for line in lines if "identity train" in line] == [f"  warning: {warning}"]
    assert [signal.kind for signal in watch_models(settings)] == ["model_lacking"]


def test_a_guard_binds_also_by_a_comparison_that_the_model_does_not_know(changed, tmp_path):
    speaks_against = SPECIFICATION.guards[0].model_copy(
        update={"name": "two_customers", "reason": "two customer numbers",
                "applies_to": ("email",), "when": {"customer_number": ("different",)},
                "decision": CANNOT_LINK}
    )  # fmt: skip
    guarded = changed.model_copy(update={"guards": (speaks_against, *changed.guards)})
    work = model_at_work(guarded, tmp_path)
    assert work.lacking == ("customer_number",)
    lake = empty_lake()
    rows = [
        submission(seq, email="office@roe.example", first_name="Jane", last_name="Roe",
                   city=city, custom_fields=json.dumps({"customer_number": number}))
        | {"is_role_email": False}
        for seq, (city, number) in enumerate([("Bonn", "KD-1001"), ("Kiel", "KD-7788")])
    ]  # fmt: skip
    insert(lake, "identity.normalized_submissions", pd.DataFrame(rows))
    found = resolve_leads(
        lake, model=work.model, specification=work.specification, decided_at=DECIDED_AT, run_id="r"
    )
    assert (found.leads_born, found.reviews) == (2, 1)


def test_a_level_without_rates_falls_to_the_next_that_holds(tmp_path):
    name = SPECIFICATION.comparison("first_name")
    closer = name.levels[4].model_copy(update={"name": "two_letters_off", "at_most": 2})
    levels = (*name.levels[:1], closer, *name.levels[1:])
    comparisons = tuple(
        c.model_copy(update={"levels": levels}) if c.name == name.name else c
        for c in SPECIFICATION.comparisons
    )
    work = model_at_work(SPECIFICATION.model_copy(update={"comparisons": comparisons}), tmp_path)
    assert work.lacking == ("first_name.two_letters_off",)
    assert work.specification.comparison("first_name") == name


def test_a_family_without_any_model_is_trained_and_waits_all_the_same(lake, changed, tmp_path):
    own = changed.model_copy(update={"model": "customers-v1"})
    proposal = propose_model(people_material(lake, own), own, tmp_path, trained_at=DECIDED_AT)
    # Under the name that the specification gives it would be at work unasked.
    assert proposal.model.name == "customers-v2"
    assert "Against no model" in proposal.path.with_suffix(".md").read_text(encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"no such model; known: .*customers-v2"):
        model_at_work(own, tmp_path)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("  customer_nmber: {}\n", "customer_nmber: nothing fills it. Known: .*customer_number"),
        ("  customer_number: {kind: list}\n", "compared as a text, as it is"),
    ],
)  # fmt: skip
def test_a_column_that_nothing_fills_is_refused(config, tmp_path, column, says):
    """A run once ended in an error of the database, with the SQL for a message."""
    folder = tmp_path / "config"
    shutil.copytree(config, folder)
    path = folder / SPECIFICATION_FILE
    text = path.read_text().replace("  customer_number: {}\n", column)
    if "nmber" in column:
        text = text.replace("[customer_number]", "[city]").replace(
            "exact: customer_number", "exact: city"
        ).replace("levenshtein: customer_number", "levenshtein: city")  # fmt: skip
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        load_lead_specification(folder)


def test_every_column_of_the_leads_is_known_by_name():
    lake = empty_lake()
    prepare(lake, SPECIFICATION)
    columns = set(collect_all(lake).column_names)
    assert columns - {"submission_id", "received_seq", "record_id", "is_known_record"} == set(
        FILLED
    )


def test_two_submissions_that_differ_in_a_matched_field_are_two_records(config):
    """As one record the second number was never compared."""
    said = {"first_name": "Jane", "last_name": "Roe", "email": "jane@roe.example"}
    numbers = [None, "KD-1", "KD-2", "KD-1"]
    rows = [
        dict.fromkeys(RAW_COLUMNS) | said
        | {"submission_id": f"s{seq}", "received_seq": seq, "custom_fields": json.dumps(
            {"customer_number": number, "deal_size": seq} if number else {"deal_size": seq})}
        for seq, number in enumerate(numbers)
    ]  # fmt: skip
    frame, vocabularies = pd.DataFrame(rows), load_vocabularies(config)
    matched = normalize_submissions(frame, vocabularies, own_fields=("customer_number",))
    none, one, two, again = matched["match_record_id"]
    assert len({none, one, two}) == 3
    assert again == one
    # What no record states leaves ids as they were; other fields of one's own count for nothing.
    plain = normalize_submissions(frame, vocabularies)["match_record_id"]
    assert set(plain) == {none}
