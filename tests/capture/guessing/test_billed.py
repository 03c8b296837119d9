"""Who is billed is the lead of a file of orders, unless somebody else stands there."""

from pathlib import Path

import pytest

from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

CELLS = {
    "First Name": ("Ada", "Bo"),
    "Last Name": ("Ashby", "Brock"),
    "Company": ("Acme Ltd", "Beta Ltd"),
    "Email": ("ada@a.example", "bo@b.example"),
    "Phone": ("+1 617 555 0144", "+1 617 555 0145"),
}
FIELDS = ("first_name", "last_name", "company_name", "email", "phone")
ORDERS: Columns = [("Order ID", None, "1001", "1002")]


def billed(form: str) -> Columns:
    return [(form.format(name), None, *cells) for name, cells in CELLS.items()]


def filled(path: Path, columns: Columns) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    proposal = proposed(write_export(path, columns))
    draft = proposal.draft
    return dict(draft.fields) if draft else {}, list(proposal.found.questions)


@pytest.mark.parametrize("form", ["Billing {}", "{} (Billing)", "Bill To {}", "billing_{}"])
@pytest.mark.parametrize("shipped", [[], ["First Name", "Last Name", "Phone"]])
def test_who_is_billed_alone_is_the_lead(tmp_path: Path, form: str, shipped: list[str]) -> None:
    """Names became answers without a question, and no channel was proposed."""
    goods: Columns = [(f"Shipping {name}", None, *CELLS[name]) for name in shipped]
    fields, questions = filled(tmp_path / "x.csv", [*ORDERS, *billed(form), *goods])
    for field, name in zip(FIELDS, CELLS, strict=True):
        assert fields[field] == (form.format(name),)
    assert not [each for each in questions if "Shipping" in each or "illing" in each]


@pytest.mark.parametrize(
    "other",
    [
        ("Shipping First Name", "Ada", "Cy"),
        ("Shipping Email", "cy@c.example", ""),
        ("Recipient Name", "Cy Poe", "Di Ray"),
        ("Contact Person", "Cy Poe", "Di Ray"),
        ("Email", "cy@c.example", "di@d.example"),
    ],
)
def test_beside_somebody_else_it_is_asked(tmp_path: Path, other: tuple[str, str, str]) -> None:
    header, *cells = other
    columns = [*ORDERS, *billed("Billing {}"), (header, None, *cells)]
    fields, questions = filled(tmp_path / "x.csv", columns)
    assert not [c for found in fields.values() for c in found if c.startswith("Billing")]
    (question,) = [each for each in questions if "is who is billed the lead?" in each]
    assert question.startswith("Billing First Name, Billing Last Name, Billing Company:")
    assert header in question


def test_a_mailbox_that_holds_the_names_is_theirs(tmp_path: Path) -> None:
    columns: Columns = [
        ("Name", None, "#1001", "#1002"),
        ("Email", None, "ada.ashby@a.example", "bo.brock@b.example"),
        ("Billing Name", None, "Ada Ashby", "Bo Brock"),
    ]
    fields, _ = filled(tmp_path / "x.csv", columns)
    assert fields["full_name"] == ("Billing Name",)
    assert fields["email"] == ("Email",)
