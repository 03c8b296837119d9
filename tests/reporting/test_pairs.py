import io
import json

import pytest
from rich.console import Console

from lead_platform.cli.pages.items import item_rows
from lead_platform.cli.pages.pairs import (
    compare_names,
    compare_review,
    list_decided,
    render_pair,
    render_partings,
)
from lead_platform.cli.pages.story import render_chain
from lead_platform.cli.pages.waterfall import render_waterfall
from lead_platform.identity.engine.evidence import read_parts, tell_parts
from lead_platform.identity.judgement.queue import list_items
from lead_platform.identity.leads.reversal import MergeFilter, plan_undo
from tests.identity.lead_world import SPECIFICATION, lead_id_of, resolved, submission

JANE = {"first_name": "Jane", "last_name": "Roe"}
FAMILY = {"email": "the.roes@gmail.com"}


def parts(**weights):
    return json.dumps(
        [
            {"comparison": name, "level": level, "weight": weight, "bayes_factor": 2**weight}
            for name, (level, weight) in weights.items()
        ]
    )


def told(renderable, width=120):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(renderable)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def lake():
    """One lead of two records, and a review between it and another lead."""
    return resolved(
        submission(1, **FAMILY, **JANE, full_name="Jane Roe"),
        submission(2, **FAMILY, full_name="Tom Roe", first_name="Tom", last_name="Roe"),
        submission(3, **FAMILY, phone="+12025550100", **JANE, full_name="Jane Roe"),
    )


def test_the_weightiest_parts_come_first_and_what_is_missing_is_not_told():
    text = parts(phone=("missing", 0.0), email=("same", 9.5), first_name=("different", -4.0))
    assert [part.comparison for part in read_parts(text)] == ["email", "first_name", "phone"]
    assert tell_parts(text) == "email: the same, first name: different"
    assert tell_parts(None) == ""


@pytest.mark.parametrize("width", [80, 120])
def test_a_waterfall_adds_up_to_the_weight_in_plain_words(width):
    text = parts(email=("same", 10.0), first_name=("different", -2.0), phone=("missing", 0.0))
    page = told(render_waterfall(text, 3.0, 0.888), width)
    words = " ".join(page.split())
    for word in (
        "-5.0",
        "+10.0",
        "-2.0",
        "+3.0",
        "1,024 times likelier",
        "88.8",
        "on both sides: phone",
    ):
        assert word in words, word


def test_unknown_levels_are_told_as_they_are_named():
    assert tell_parts(parts(birth_date=("day_and_month_swapped", 1.0))) == (
        "birth date: day and month swapped"
    )


def test_a_pair_side_by_side(lake):
    page = told(render_pair(compare_names(lake, "sub_0001", "sub_0003")))
    assert "They are one lead." in page
    assert "Jane Roe" in page
    assert "email: the same" in page
    page = told(render_pair(compare_names(lake, "sub_0001", "sub_0002")))
    assert "They are two leads." in page
    assert "Tom Roe" in page
    assert "mailbox_of_two_people" in page


def test_unknown_names_say_what_is_known(lake):
    with pytest.raises(LookupError, match="No review goes by 'rev_x'"):
        compare_review(lake, "rev_x")
    with pytest.raises(LookupError, match="one match record"):
        compare_names(lake, "sub_0001", "sub_0001")


def test_reviews_are_listed_with_both_sides(lake):
    assert lake.execute("select count(*) from identity.match_reviews").fetchone() == (1,)
    reviews = item_rows(lake, list_items(lake))
    assert len(reviews) == 1, "two pairs of the same two leads ask the same, once"
    assert all("Tom Roe" in f"{row['one']} {row['other']}" for row in reviews)
    assert list_decided(lake) == []
    assert "They are two leads." in told(render_pair(compare_review(lake, reviews[0]["review_id"])))


def test_what_a_lead_is_held_together_by(lake):
    page = told(render_chain(lake, lead_id_of(1)))
    assert "sub_0001 and sub_0003" in page
    assert "same email" in page


def test_a_preview_tells_what_becomes_of_a_lead(lake):
    page = told(render_partings(plan_undo(lake, MergeFilter(rule="email"), SPECIFICATION)))
    assert "1 lead becomes 2." in page
    assert lead_id_of(3) in page
