"""A last name in several columns is whole: van der Berg, not Berg."""

from pathlib import Path

import pytest

from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export


def last_names(path: Path, columns: Columns) -> tuple[object, ...]:
    mails: Columns = [("E-mail", None, "ada@a.example", "bo@b.example", "cy@c.example")]
    preview = proposed(write_export(path, [*mails, *columns])).preview
    assert preview is not None
    return {each.field: each.values for each in preview.fields}["last_name"]


@pytest.mark.parametrize(
    ("first", "particle", "last"),
    [
        ("Voornaam", "Tussenvoegsel", "Achternaam"),
        ("voornaam", "tussenvoegsels", "achternaam"),
        ("Roepnaam", "Voorvoegsel geslachtsnaam", "Geslachtsnaam"),
        ("Vorname", "Namenszusatz", "Nachname"),
        ("Vorname", "Namensvorsatz", "Name"),
        ("First Name", "Last Name Prefix", "Last Name"),
        ("First Name", "Middle Name", "Last Name"),
        ("First Name", "Infix", "Surname"),
        ("Prénom", "Particule", "Nom"),
    ],
)
def test_a_particle_in_a_column_of_its_own(
    tmp_path: Path, first: str, particle: str, last: str
) -> None:
    """Jan | van der | Berg came in as Jan Berg."""
    columns: Columns = [
        (first, None, "Jan", "Ada", "Cy"),
        (particle, None, "van der", "", "von"),
        (last, None, "Berg", "Ek", "Roth"),
    ]
    assert last_names(tmp_path / "x.csv", columns) == ("van der Berg", "Ek", "von Roth")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Apellido paterno", "Apellido materno"),
        ("Primer apellido", "Segundo apellido"),
        ("Apellido 1", "Apellido 2"),
        ("First Last Name", "Second Last Name"),
    ],
)
def test_two_surnames(tmp_path: Path, one: str, two: str) -> None:
    columns: Columns = [
        ("Nombre", None, "Lía", "Ada", "Cy"),
        (two, None, "Márquez", "", "Gil"),
        (one, None, "García", "Ruiz", "de la Torre"),
    ]
    found = last_names(tmp_path / "x.csv", columns)
    assert found == ("García Márquez", "Ruiz", "de la Torre Gil")


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Middle Name", ("Marie", "", "J.")),
        ("Prefix", ("Mr", "Ms", "Dr.")),
        ("Namenszusatz", ("jun.", "", "MdB")),
        ("Tussenvoegsel", ("n.v.t. ", "Ada", "x")),
    ],
)
def test_what_is_no_particle_is_no_part_of_the_last_name(
    tmp_path: Path, header: str, cells: tuple[str, str, str]
) -> None:
    columns: Columns = [
        ("First Name", None, "Jan", "Ada", "Cy"),
        (header, None, *cells),
        ("Last Name", None, "Berg", "Ek", "Roth"),
    ]
    assert last_names(tmp_path / "x.csv", columns) == ("Berg", "Ek", "Roth")


def test_a_particle_that_the_last_name_has_already_is_not_put_before_it_again(
    tmp_path: Path,
) -> None:
    columns: Columns = [
        ("Voornaam", None, "Jan", "Ada", "Cy"),
        ("Tussenvoegsel", None, "van der", "", "von"),
        ("Achternaam", None, "van der Berg", "Ek", "von Roth"),
    ]
    assert last_names(tmp_path / "x.csv", columns) == ("van der Berg", "Ek", "von Roth")


def test_an_empty_column_of_particles_is_ready_for_the_rows_that_have_one(tmp_path: Path) -> None:
    columns: Columns = [
        ("Voornaam", None, "Jan", "Ada", "Cy"),
        ("Tussenvoegsel", None, "", "", ""),
        ("Achternaam", None, "Berg", "Ek", "Roth"),
    ]
    assert last_names(tmp_path / "x.csv", columns) == ("Berg", "Ek", "Roth")
    draft = proposed(tmp_path / "x.csv").draft
    assert draft is not None
    assert "last_name: {column: [Tussenvoegsel, Achternaam], joined_by: ' '}" in draft.text


def test_a_part_that_another_column_has_already_is_dropped_in_that_row_alone(
    tmp_path: Path,
) -> None:
    """The column was judged as a whole: van der van der Berg, García Márquez Márquez."""
    people: Columns = [("Nombre", None, "Jan", "Ada", "Cy")]
    dutch: Columns = [
        ("Voornaam", None, "Jan", "Ada", "Cy"),
        ("Tussenvoegsel", None, "van der", "van", "von"),
        ("Achternaam", None, "van der Berg", "Dijk", "Roth"),
    ]
    found = last_names(tmp_path / "nl.csv", dutch)
    assert found == ("van der Berg", "van Dijk", "von Roth")
    dutch[2] = ("Achternaam", None, "van der Berg", "van Dijk", "Roth")
    found = last_names(tmp_path / "nl2.csv", dutch)
    assert found == ("van der Berg", "van Dijk", "von Roth")
    spanish: Columns = [
        *people,
        ("Apellido paterno", None, "García Márquez", "Ruiz", "de la Cruz"),
        ("Apellido materno", None, "Márquez", "Gil", "Cruz"),
    ]
    found = last_names(tmp_path / "es.csv", spanish)
    assert found == ("García Márquez", "Ruiz Gil", "de la Cruz Cruz")
