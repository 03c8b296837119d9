"""The people's queue: one item a question, most at stake first, so many a day, the rest counted.

A mailbox of twelve children was eleven rows, and a list of companies without a person 3,617.
"""

import datetime as dt

from lead_platform.cli.pages.items import item_rows, render_leads
from lead_platform.cli.pages.queue import Work
from lead_platform.identity.judgement.queue import find_item, list_items, todays_items
from lead_platform.identity.judgement.verdicts import DIFFERENT, Act, record_verdicts
from lead_platform.identity.leads.reversal import plan_review
from tests.identity.lead_world import (
    DECIDED_AT,
    SPECIFICATION,
    auditable_lake,
    groups,
    receive,
    resolve,
    submission,
)
from tests.reporting.test_pairs import told

NOW = dt.datetime(2026, 3, 1, 18)
CHILDREN = ["Aafje", "Bram", "Cees", "Dirk", "Els", "Fenna", "Gijs", "Hugo", "Iris", "Joris",
            "Koen", "Lotte"]  # fmt: skip
BOX = {"email": "familie@gmail.com", "last_name": "de Vries"}


def lake_of(*rows):
    lake = auditable_lake()
    receive(lake, [submission(number, **row) for number, row in enumerate(rows, start=1)])
    resolve(lake)
    return lake


def family():
    named = [{"first_name": one, "full_name": f"{one} de Vries"} for one in CHILDREN]
    return lake_of(*(one | BOX for one in named))


def test_a_mailbox_of_twelve_children_is_one_item():
    lake = family()
    [item] = list_items(lake)
    assert len(item.lead_ids) == len(CHILDREN)
    assert item.is_group
    [row] = item_rows(lake, [item])
    assert (row["asks"], row["leads"]) == ("which are one?", 12)
    shown = told(render_leads(lake, item.lead_ids))
    assert all(name in shown for name in CHILDREN)


def test_one_word_answers_the_whole_question():
    lake = family()
    [item] = list_items(lake)
    act = Act("judge_pair", "match_review", "x", "review", "a class", "Dana", DECIDED_AT)
    plans = [plan_review(lake, one, DIFFERENT, SPECIFICATION) for one in item.review_ids]
    record_verdicts(lake, [(act, [verdict for plan in plans for verdict in plan])])
    resolve(lake, "judged")
    assert list_items(lake) == []
    assert len(groups(lake)) == len(CHILDREN)
    receive(lake, [submission(99, first_name="Mees", **BOX)])
    resolve(lake, "another")
    assert len(list_items(lake)) == 1, "nobody said anything of Mees"


def mailboxes(*sizes):
    """Per mailbox two people of whom the first wrote so many times."""
    return lake_of(
        *(
            {"email": f"{family}@gmail.com", "last_name": family, "first_name": name, "city": city}
            for family, size in zip(("Fox", "Orrell", "Lindt", "Umbra"), sizes, strict=False)
            for name, city in [*(("Tom", f"C{n}") for n in range(size)),
                               *(("Ann", f"C{n}") for n in range(size))]
        )
    )  # fmt: skip


def test_most_at_stake_comes_first():
    lake = mailboxes(1, 3, 2)
    items = list_items(lake)
    assert [round(one.at_stake / items[-1].at_stake) for one in items] == [3, 2, 1]


def test_a_day_brings_so_many_and_counts_the_rest():
    lake = mailboxes(1, 1, 1, 1)
    day = todays_items(lake, 3, NOW)
    assert (len(day.items), day.decided, day.waiting) == (3, 0, 1)
    first = day.items[0].review_id
    act = Act("judge_pair", "match_review", first, "review", "asked", "Dana", NOW)
    record_verdicts(lake, [(act, plan_review(lake, first, DIFFERENT, SPECIFICATION))])
    day = todays_items(lake, 3, NOW)
    assert (len(day.items), day.decided, day.waiting) == (2, 1, 1)
    tomorrow = todays_items(lake, 3, NOW + dt.timedelta(days=1))
    assert (len(tomorrow.items), tomorrow.decided, tomorrow.waiting) == (3, 0, 0)
    assert find_item(lake, first) is None


def test_companies_without_a_person_ask_nobody():
    company = {"company_key": "acme tools", "company_domain": "acme.com", "city": "Bonn",
               "country": "DE", "phone": "+493023125111"}  # fmt: skip
    numbered = [company | {"source_system": "list", "source_person_id": str(n)} for n in range(40)]
    lake = lake_of(*numbered, company | {"first_name": "Tom", "last_name": "Fox"})
    assert list_items(lake) == []
    assert len(groups(lake)) == 41


def test_what_nobody_could_tell_is_not_asked():
    """Same name, city and country, and nothing to compare or to ask at."""
    place = {"last_name": "Fox", "first_name": "Tom", "city": "Bonn", "country": "DE"}
    lake = lake_of(place, place | {"job_title": "buyer"})
    assert list_items(lake) == []
    assert len(groups(lake)) == 2


def test_a_group_is_judged_as_one_or_each_by_itself():
    def work(keys):
        pressed = iter(keys)
        return Work(
            ["a", "d"],
            parts={"a": ["a", "b", "c"]},
            show=lambda review: None,
            explain=lambda review: None,
            say=lambda text: None,
            read_key=lambda: next(pressed, ""),
        )

    assert work("dsw").through() == [(("a", "b", "c"), DIFFERENT), (("d",), "same")]
    assert work("eduqw").through() == [(("a",), DIFFERENT), (("b",), "unsure")]
    assert work("esnnnw").through() == [(("a",), "same")]
