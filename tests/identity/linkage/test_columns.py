"""What columns of unknown tables are taken for, and the YAML that comes of it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.identity.foreign import foreign_world
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.guessing.shapes import Countries
from lead_platform.configuration import load_yaml
from lead_platform.identity.linkage.columns import Recognised, Recognition, recognise_columns
from lead_platform.identity.linkage.dates import find_form, iso_dates
from lead_platform.identity.linkage.fields import read_fields
from lead_platform.identity.linkage.proposal import propose_linkage
from lead_platform.identity.linkage.specification import LinkSpecification, shipped_specification
from lead_platform.identity.linkage.tables import Tables, TablesFault
from lead_platform.settings import PROJECT_ROOT
from lead_platform.vocabularies.folder import load_vocabularies

CONFIG = PROJECT_ROOT / "config"
NAMES = load_field_names(CONFIG)
VOCABULARIES = load_vocabularies(CONFIG)
COUNTRIES = Countries(VOCABULARIES)
GERMAN = {
    "first_name": "Vorname", "last_name": "Nachname", "birth_date": "Geburtsdatum",
    "email": "E-Mail-Adresse", "phone": "Telefon", "street": "Straße", "city": "Ort",
    "postal_code": "PLZ", "region": "Bundesland", "occupation": "Beruf",
    "national_id": "Personalausweis",
}  # fmt: skip


def tables(frame: pd.DataFrame, *, files: list[str] | None = None) -> Tables:
    held = frame.astype(object).where(frame.notna(), None).reset_index(drop=True)
    held.insert(0, "source_row", range(1, len(held) + 1))
    held.insert(0, "source_file", files or ["people.csv"] * len(held))
    return Tables(held, tuple(dict.fromkeys(held["source_file"])), ())


def recognised(frame: pd.DataFrame, **options) -> Recognition:
    return recognise_columns(tables(frame), NAMES, COUNTRIES, **options)


def fields_of(found: Recognition) -> dict[str, str | None]:
    return {column.column: column.field for column in found.columns}


@pytest.mark.parametrize("seed", [2, 5, 11])
def test_people_are_known_by_their_columns_in_another_language(seed):
    world = foreign_world(seed, most_people=200)
    known = {name: GERMAN[name] for name in world.records if name != "national_id"}
    found = recognised(world.records[list(known)].rename(columns=known))
    assert found.kind == "person"
    held = {column: field for column, field in fields_of(found).items() if field}
    constant = {known[name] for name in known if world.records[name].nunique() == 1}
    assert constant.isdisjoint(held) or constant <= set(held)
    assert {held.get(known[name]) for name in known} - {None} >= {"first_name", "last_name"}
    assert all(held[column] == name for name, column in known.items() if column in held)


def test_values_tell_what_names_do_not():
    frame = pd.DataFrame({
        "c1": ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Ada Lovelace"],
        "c2": ["ada@x.example", "alan@x.example", "grace@x.example", "ada@x.example"],
        "c3": ["+44 20 7946 0018", "+44 20 7946 0019", "+44 20 7946 0020", "+44 20 7946 0018"],
    })  # fmt: skip
    found = fields_of(recognised(frame, kind="person"))
    assert (found["c2"], found["c3"]) == ("email", "phone")


def test_a_name_that_its_values_contradict_is_not_believed():
    frame = pd.DataFrame({
        "name": ["Ada Lovelace", "Alan Turing", "Alan Turing"],
        "email": ["yes", "no", "yes"],
        "phone": ["call me", "mornings", "call me"],
    })  # fmt: skip
    found = fields_of(recognised(frame))
    assert found["name"] == "full_name"
    assert found.get("email") is None
    assert found.get("phone") is None


def test_companies_are_told_from_people():
    names = ["Acme GmbH", "Beta Ltd", "Gamma Inc", "Acme GmbH"]
    assert recognised(pd.DataFrame({"name": names})).kind == "organisation"
    assert recognised(pd.DataFrame({"name": ["Ada Lovelace", "Alan Turing"] * 2})).kind == "person"
    given_kind = recognised(pd.DataFrame({"name": names}), kind="person")
    assert given_kind.kind == "person"


def test_of_two_columns_for_one_field_the_better_is_read_and_the_other_told():
    frame = pd.DataFrame({
        "email 2": ["a2@x.example", None, None],
        "email": ["a@x.example", "b@x.example", "a@x.example"],
        "first name": ["A", "B", "A"],
    })  # fmt: skip
    found = recognised(frame)
    assert fields_of(found)["email"] == "email"
    assert "email 2" in found.left_out


def test_columns_of_two_files_are_one_field():
    frame = pd.DataFrame({
        "Vorname": ["Ada", "Alan", None, None], "given_name": [None, None, "Ada", "Grace"],
        "Nachname": ["L", "T", None, None], "surname": [None, None, "L", "H"],
    })  # fmt: skip
    found = recognise_columns(
        tables(frame, files=["a.csv", "a.csv", "b.csv", "b.csv"]), NAMES, COUNTRIES
    )
    text = propose_linkage(found, is_between=True).text
    assert "first_name: [Vorname, given_name]" in text
    assert "between: source_file" in text


def test_a_number_of_ones_own_is_compared_and_an_id_of_the_record_is_not():
    frame = pd.DataFrame({
        "row id": [f"r{n:05}" for n in range(40)],
        "first_name": ["Ada", "Alan"] * 20,
        "Kundennr": [f"KD{n // 2:06}" for n in range(40)],
        "empty": [None] * 40,
        "list": ["spring"] * 40,
        "amount": [f"{n}.50" for n in range(20)] * 2,
    })  # fmt: skip
    found = recognised(frame)
    keys = [column.column for column in found.columns if column.is_key]
    assert keys == ["Kundennr"]
    assert {"row id", "empty", "list", "amount"} <= set(found.left_out)
    specification = propose_linkage(found, is_between=False).specification
    assert "kundennr" in [comparison.name for comparison in specification.comparisons]
    assert "same_kundennr" in [rule.name for rule in specification.rules]


@pytest.mark.parametrize("kind", ["person", "organisation"])
@given(name=st.text(min_size=1, max_size=30).filter(lambda text: text.strip() == text))
def test_the_yaml_reads_back_as_what_was_proposed(kind, name, tmp_path_factory):
    shipped = shipped_specification(kind)
    fields = [name for name in shipped.given_fields() if not name.startswith("column")]
    columns = [
        Recognised(f"{name} {n}", field, "its name", 0.5, 9) for n, field in enumerate(fields)
    ]
    columns.append(Recognised(name, None, "its values", 1.0, 50, is_key=True))
    proposal = propose_linkage(
        Recognition(kind, tuple(columns), {f"{name}!": "long texts"}), is_between=False
    )
    path = tmp_path_factory.mktemp("spec") / "specification.yaml"
    path.write_text(proposal.text, encoding="utf-8")
    assert load_yaml(path, LinkSpecification) == proposal.specification


def test_no_column_that_can_be_compared_is_a_fault_with_the_next_step():
    with pytest.raises(TablesFault, match="no comparison is left"):
        propose_linkage(Recognition("person", (), {}), is_between=False)
    empty = tables(pd.DataFrame({"x": ["1", "2"]}))
    with pytest.raises(TablesFault, match=r"The tables have: x\. Say under `fields:`"):
        read_fields(empty, shipped_specification("person"), VOCABULARIES)


def test_a_whole_name_is_taken_apart_where_its_parts_are_not_given():
    frame = pd.DataFrame({
        "whole": ["Dr. Ada Lovelace", "Turing, Alan", "Cher", None],
        "first": [None, None, None, "Grace"],
    })  # fmt: skip
    specification = shipped_specification("person").model_copy(
        update={"fields": {"full_name": ("whole",), "first_name": ("first",)}}
    )
    read = read_fields(tables(frame), specification, VOCABULARIES).frame
    assert read["first_name"].tolist()[:2] == ["Ada", "Alan"]
    assert read["first_name"].tolist()[2:] == ["Cher", "Grace"]
    assert read["last_name"].tolist() == ["Lovelace", "Turing", None, None]


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["24.12.1971", "01.02.1980"], "1971-12-24"),
        (["12/24/1971", "02/01/1980"], "1971-12-24"),
        (["19711224", "19800201"], "1971-12-24"),
        (["1971-12-24 00:00:00", "1980-02-01"], "1971-12-24"),
        (["24 Dec 1971", "1 Feb 1980"], "1971-12-24"),
    ],
)
def test_dates_of_birth_are_read_in_the_form_of_their_file(values, first):
    assert iso_dates(values)[0] == first


def test_what_is_no_date_stays_as_it_is():
    assert iso_dates(["unknown", None, "soon"]) == ["unknown", None, "soon"]
    assert find_form([]) is None


def test_of_several_files_one_whose_order_of_day_and_month_nothing_shows_is_named():
    """It was read as its neighbour writes it, day first, without a word."""
    frame = pd.DataFrame({"birth_date": ["04/05/1988", "01/02/1990", "31/12/1990", "04/05/1988"]})
    files = ["us.csv", "us.csv", "eu.csv", "eu.csv"]
    specification = shipped_specification("person")
    notes = read_fields(tables(frame, files=files), specification, VOCABULARIES).notes
    told = [note for note in notes if "day or month" in note]
    assert len(told) == 1
    assert "us.csv" in told[0]
    alone = read_fields(tables(frame.iloc[:2], files=files[:2]), specification, VOCABULARIES)
    assert not any("day or month" in note for note in alone.notes), "it says the same throughout"
