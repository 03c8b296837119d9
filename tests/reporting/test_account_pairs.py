import io

from rich.console import Console

from lead_platform.cli.pages.account_pairs import (
    list_decided,
    list_merged,
    list_waiting,
    render_change,
    render_pair,
)
from lead_platform.identity.accounts.reversal import plan_join, plan_review
from tests.identity.test_account_verdicts import SPECIFICATION, join, say, world
from tests.identity.test_accounts import ACME, COM, DE, US, accounts


def told(page):
    console = Console(width=200, file=io.StringIO())
    console.print(page)
    return console.file.getvalue()


def test_what_waits_is_shown_until_somebody_judges_it():
    lake = world(COM, {**US, "company_domain": "acme.example"}, DE, ACME)
    waiting = list_waiting(lake, 20, related=False)
    assert {row["relation"] for row in waiting} == {"possible_duplicate"}
    related = list_waiting(lake, 20, related=True)
    assert {row["relation"] for row in related} > {"possible_duplicate", "another_country"}
    assert list_merged(lake, 20) == []
    ids = accounts(lake)
    first = waiting[0]
    page = told(render_pair(lake, first["pair_id"]))
    assert "They are two accounts." in page
    assert "one company" in page
    assert first["one"] in page
    assert first["other"] in page
    for row in waiting[:-1]:
        change = plan_review(lake, row["pair_id"], "different", SPECIFICATION)
        say(lake, change, subject_id=row["pair_id"])
    left = list_waiting(lake, 20, related=False)
    assert [row["pair_id"] for row in left] == [waiting[-1]["pair_id"]]
    assert {row["about"] for row in list_decided(lake, 20)} == {
        row["pair_id"] for row in waiting[:-1]
    }
    say(lake, plan_review(lake, left[0]["pair_id"], "unsure", SPECIFICATION), subject_id="p")
    assert list_waiting(lake, 20, related=False) == []
    assert accounts(lake) == ids


def test_a_change_is_shown_before_it_is_made_and_the_merge_after():
    lake = world(COM, {"company_key": "road runner", "company_domain": "road.com"})
    one, other = accounts(lake)
    page = told(render_change(plan_join(lake, one, other, SPECIFICATION)))
    assert "2 accounts become 1." in page
    assert "road runner, road.com" in page
    join(lake, one, other)
    [merged] = list_merged(lake, 20)
    assert (merged["account_id"], merged["merged_into_it"]) == (one, other)
