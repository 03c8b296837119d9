"""What speaks against a pair binds also through third records, in any order of arrival.

A submission without a name joined two people of one mailbox that a guard had kept apart and a
person was asked about: all three became one lead and the question was closed.
"""

import time
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.identity.judgement.verdicts import DIFFERENT, SAME, Act, Verdict, record_verdicts
from lead_platform.identity.leads.reversal import plan_review
from tests.identity.lead_world import (
    DECIDED_AT,
    SPECIFICATION,
    auditable_lake,
    groups,
    members,
    receive,
    resolve,
    submission,
)

BOX = {"email": "the.millers@gmail.com"}
PHONE = {"phone": "+12025550100"}
ACT = Act("judge_pair", "match_review", "x", "review", "asked them", "Dana", DECIDED_AT)


def named(first: str, last: str = "Miller") -> dict[str, str]:
    return {"first_name": first, "last_name": last}


def arrived(rows: list[dict[str, Any]], size: int | None = None) -> duckdb.DuckDBPyConnection:
    """The rows in slices of that size, or in one load, each under its number in the list."""
    lake = auditable_lake()
    size = size or len(rows)
    for start in range(0, len(rows), size):
        receive(lake, rows[start : start + size])
        resolve(lake, f"slice-{start}")
    return lake


def submissions(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [submission(number, **row) for number, row in enumerate(rows, start=1)]


def by_number(lake: duckdb.DuckDBPyConnection) -> set[str]:
    """The leads, each as the numbers of its submissions."""
    return {"".join(sorted(one.lstrip("sub_0") for one in ids)) for ids in groups(lake)}


def reviews(lake: duckdb.DuckDBPyConnection, status: str = "open") -> list[tuple[str, str]]:
    return lake.execute(
        "select review_id, reason from identity.match_reviews where status = ? order by all",
        [status],
    ).fetchall()


JAN = named("Jan", "Bos") | {"company_domain": "acme.com"}
KEPT_APART = [
    pytest.param((named("Jane") | BOX, named("Tom") | BOX, BOX), {"1", "2", "3"},
                 id="nameless in a family's mailbox"),
    pytest.param((named("Jim") | BOX, named("Jane") | BOX, named("J", "M") | BOX),
                 {"1", "2", "3"}, id="initials that fit two"),
    pytest.param((named("Jane") | BOX, named("Tom") | BOX, named("T") | BOX), {"1", "23"},
                 id="an initial that fits one"),
    pytest.param((named("Mark") | BOX, named("Mary") | BOX), {"1", "2"}, id="names spelled alike"),
    pytest.param((named("Mark") | BOX, named("Mary") | BOX, BOX), {"1", "2", "3"},
                 id="names spelled alike, and a nameless one"),
    pytest.param((named("Jane") | PHONE, named("Jim") | PHONE, named("J") | PHONE),
                 {"1", "2", "3"}, id="a phone of a family"),
    pytest.param((named("Tom") | PHONE | {"name_suffix": "sr"},
                  named("Tom") | PHONE | {"name_suffix": "jr"}),
                 {"1", "2"}, id="senior and junior"),
    pytest.param((named("Tom") | BOX | {"name_suffix": "ii"},
                  named("Tom") | BOX | {"name_suffix": "iii"}, named("Tom") | BOX),
                 {"1", "2", "3"}, id="two generations, and one of either"),
    pytest.param((named("Иван", "Петров") | BOX, named("Anna", "Petrova") | BOX), {"1", "2"},
                 id="two people in two scripts"),
    pytest.param((named("王", "小明") | BOX, named("李", "娜") | BOX), {"1", "2"},
                 id="two people in signs"),
    pytest.param((JAN | {"email": "jan.bos@nl.acme.com"},
                  JAN | {"email": "jan.bos2@acme.com"}),
                 {"1", "2"}, id="namesakes under a subdomain"),
    pytest.param(
        (named("Jane") | {"email": "jane@web.de"}, named("Tom") | {"email": "tom@web.de"},
         {"email": "jane@web.de", "source_system": "crm", "source_person_id": "7"},
         {"email": "tom@web.de", "source_system": "crm", "source_person_id": "7"}),
        {"13", "2", "4"}, id="over a chain of keys, never compared"),
]  # fmt: skip
ALIASES = [
    ("jan.smit@gmail.com", "jansmit+news@googlemail.com"), ("ana@me.com", "ana@icloud.com"),
    ("e.demir@protonmail.com", "edemir@proton.me"), ("i-petrov@ya.ru", "i.petrov@yandex.ru"),
]  # fmt: skip
ONE_PERSON = [
    pytest.param((named("Иван", "Петров"), named("Ivan", "Petrov")), id="Cyrillic"),
    pytest.param((named("Юлия", "Орлова"), named("Julia", "Orlova")), id="Cyrillic, translated"),
    pytest.param((named("محمد", "علي"), named("Mohammed", "Ali")), id="letters without vowels"),
    pytest.param((named("太郎", "田中"), named("Taro", "Tanaka")), id="signs read otherwise"),
    pytest.param((named("Robert"), named("Bob"), {}, named("R")), id="nickname and initial"),
    pytest.param((named("Thomas"), named("Tom"), named("Tjomas")), id="typos"),
    pytest.param((named("Tom"), named("Tjomas")), id="a typo of what the nickname stands for"),
    pytest.param((named("Thi Minh Khai", "Nguyen"), named("Minh Khai", "Nguyen Thi"),
                  named("Nguyen", "Thi Minh Khai")), id="the same words in another order"),
    pytest.param((named("Amber", ""), named("Dixon", "Amber")), id="a first name alone"),
    pytest.param((named("Johnston", "Rosie"), named("Rosie", "Johnoston")), id="swapped, a typo"),
    pytest.param((named("Anna-Lena"), named("Lena")), id="part of a double name"),
    pytest.param((named("小龍", "李"), named("Xiaolong", "Li")), id="another script"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "leads"), KEPT_APART)
def test_what_is_apart_stays_apart_in_any_order(rows, leads):
    given_rows = submissions(*rows)
    assert by_number(arrived(given_rows)) == leads
    for order in (given_rows[::-1], [*given_rows[-1:], *given_rows[:-1]]):
        renumbered = [row | {"received_seq": at} for at, row in enumerate(order, start=1)]
        assert by_number(arrived(renumbered, 1)) == leads


@pytest.mark.parametrize("rows", ONE_PERSON)
def test_one_mailbox_of_ones_own_speaks_for_one_person(rows):
    lake = arrived(submissions(*({"email": "me@gmail.com"} | row for row in rows)))
    assert len(groups(lake)) == 1
    assert not reviews(lake)


@pytest.mark.parametrize(("one", "other"), ALIASES)
def test_a_mailbox_under_two_domains_of_its_provider_is_one(one, other):
    lake = arrived(submissions({"email": one}, {"email": other, "city": "Bonn"}))
    assert by_number(lake) == {"12"}


@pytest.mark.parametrize(("one", "other"), [
    ("jan.smit@fastmail.com", "jansmit@fastmail.com"), ("ana@gmx.de", "ana@gmx.net"),
    ("ana@mail.ru", "ana@bk.ru"), ("ana@hotmail.com", "ana@outlook.com"),
])  # fmt: skip
def test_another_mailbox_of_a_provider_is_another(one, other):
    lake = arrived(submissions({"email": one}, {"email": other, "city": "Bonn"}))
    assert by_number(lake) == {"1", "2"}


def test_one_mailbox_name_at_two_hosts_of_a_company_is_one_persons():
    anna = named("Anna", "Lindqvist") | {"company_domain": "acme.com"}
    lake = arrived(submissions(anna | {"email": "a.lindqvist@acme.com"},
                               anna | {"email": "a.lindqvist@eu.acme.com"}))  # fmt: skip
    assert by_number(lake) == {"12"}


def test_a_phone_of_one_person_in_two_scripts():
    cyrillic = named("Сергей", "Кузнецов") | PHONE | {"email": "sk@yandex.ru"}
    latin = named("Sergey", "Kuznetsov") | PHONE | {"email": "s.k@gmail.com"}
    lake = arrived(submissions(cyrillic, latin))
    assert by_number(lake) == {"12"}


def family() -> duckdb.DuckDBPyConnection:
    """Jane, Tom, and one without a name, who waits."""
    return arrived(submissions(named("Jane") | BOX, named("Tom") | BOX, BOX), 1)


def test_a_person_is_asked_once_and_told_both_candidates():
    lake = family()
    [waits] = [reason for _, reason in reviews(lake) if reason.startswith("it fits several")]
    lead_of = members(lake)
    assert lead_of["sub_0001"] in waits
    assert lead_of["sub_0002"] in waits
    assert len(reviews(lake)) == 2, "the two people, and who is the third"


def judged(lake: duckdb.DuckDBPyConnection, one: int, other: int, verdict: str) -> None:
    pair = (f"sub_{one:04d}", f"sub_{other:04d}")
    record_verdicts(lake, [(ACT, [Verdict(pair, verdict)])])
    resolve(lake, "judged")


def test_people_decide():
    lake = family()
    judged(lake, 1, 3, SAME)
    assert by_number(lake) == {"13", "2"}
    assert not [reason for _, reason in reviews(lake) if "fits several" in reason]
    lake = family()
    judged(lake, 1, 3, DIFFERENT)
    assert by_number(lake) == {"1", "23"}, "it fits one"
    judged(lake, 2, 3, DIFFERENT)
    assert by_number(lake) == {"1", "2", "3"}
    assert len(reviews(lake)) == 1


def test_a_person_overrules_a_guard_for_all_of_these_names():
    lake = family()
    judged(lake, 1, 2, SAME)
    assert by_number(lake) == {"123"}
    assert not reviews(lake)
    receive(lake, [submission(4, city="Bonn", **named("Tom"), **BOX)])
    receive(lake, [submission(5, city="Bonn", **named("Jane"), **BOX)])
    resolve(lake, "later")
    assert by_number(lake) == {"12345"}
    assert not reviews(lake)
    receive(lake, [submission(6, **named("Kim"), **BOX)])
    resolve(lake, "another")
    assert {"6"} < by_number(lake), "nobody said anything of Kim"


def test_a_review_is_decided_as_a_person_sees_it():
    lake = family()
    [(review, _)] = [one for one in reviews(lake) if one[1].startswith("it fits several")]
    record_verdicts(lake, [(ACT, plan_review(lake, review, SAME, SPECIFICATION))])
    resolve(lake, "judged")
    assert by_number(lake) in ({"13", "2"}, {"1", "23"})


def test_a_family_of_many_asks_once_for_each_of_them():
    names = ["Aafje", "Bram", "Cees", "Dirk", "Els", "Fenna", "Gijs", "Hugo", "Iris", "Joris"]
    rows = submissions(*(named(one) | BOX for one in names))
    for size in (None, 1):
        lake = arrived(rows, size)
        assert len(groups(lake)) == len(names)
        assert len(reviews(lake)) < len(names)


def test_a_mailbox_beyond_the_window_keeps_its_people_apart():
    """The two come after more records than a record is compared with."""
    crowd = [BOX | {"city": f"City {number}"} for number in range(70)]
    lake = arrived(submissions(*crowd, named("Jane") | BOX, named("Tom") | BOX))
    assert sorted(map(len, groups(lake))) == [1, 1, 70]
    assert len(reviews(lake)) == 1


def test_many_without_a_name_make_one_item():
    people = [named("Jane") | BOX, named("Tom") | BOX]
    unknown = [BOX | {"city": f"City {number}"} for number in range(300)]
    lake = arrived(submissions(*people, *unknown), 151)
    assert sorted(map(len, groups(lake))) == [1, 1, 300]
    assert len(reviews(lake)) == 2
    started = time.process_time()
    receive(lake, [submission(999, city="Rome", **BOX)])
    resolve(lake, "one more")
    assert time.process_time() - started < 10
    assert len(reviews(lake)) == 2


FIRST = ["Jane", "Tom", "Mary", "Mark", "J", "M", "Thomas", "Jnae", None]
_ROW = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["the.millers@gmail.com", "box@web.de"]),
        "phone": st.sampled_from(["+12025550100", "+12025550101"]),
        "first_name": st.sampled_from(FIRST),
        "last_name": st.sampled_from(["Miller", "M", "Fox"]),
        "city": st.sampled_from(["Bonn", "Rome"]),
        "source_person_id": st.sampled_from(["7", "8"]),
    },
)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(_ROW, min_size=3, max_size=7), data=st.data())
def test_no_lead_ever_holds_what_a_guard_keeps_apart(rows, data):
    rows = [row | ({"source_system": "crm"} if "source_person_id" in row else {}) for row in rows]
    given_rows = submissions(*rows)
    whole = arrived(given_rows)
    order = data.draw(st.permutations(given_rows))
    size = data.draw(st.integers(1, len(rows)))
    sliced = arrived([row | {"received_seq": at} for at, row in enumerate(order, 1)], size)
    assert groups(sliced) == groups(whole)
    assert holds_apart(whole) == holds_apart(sliced) == []
    in_order = arrived(given_rows, size)
    assert members(in_order) == members(whole)


def holds_apart(lake: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Pairs that a guard spoke against and that are in one lead."""
    return lake.execute("""
        select p.pair_id, p.reason from identity.match_pairs as p
        join identity.lead_members as l on l.match_record_id = p.left_record_id
        join identity.lead_members as r on r.match_record_id = p.right_record_id
        where p.decision in ('cannot_link', 'apart') and l.lead_id = r.lead_id
    """).fetchall()
