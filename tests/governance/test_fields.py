"""A field that is gone, or whose values nobody knows, is told on the first day it is knowable; a
channel whose shares only vary is let alone.
"""

from datetime import timedelta

import duckdb
import numpy as np
import pytest

from lead_platform.governance.feeds import Finding
from lead_platform.governance.fields import (
    VOCABULARY_FIELDS,
    Share,
    judge_fields,
    read_filled,
    read_known,
)
from lead_platform.governance.watches import watch_feeds
from lead_platform.lake.lake import Lake, utc_now

DAYS = 61


def shares(
    per_day: float, share: float, *, seed: int = 1, noise: float = 0.0, gone_for: int = 0
) -> Share:
    """A field filled in a share of a channel's rows, `noise` its spread from day to day; in the
    last days in none."""
    rng = np.random.default_rng(seed)
    rows = rng.poisson(per_day, DAYS).astype(float)
    daily = np.clip(share + noise * rng.standard_normal(DAYS), 0.0, 1.0)
    hits = rng.binomial(rows.astype(int), daily).astype(float)
    hits[:gone_for] = 0
    return Share("web_form", "email", "filled", rows, hits)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("per_day", "days"), [(2_000, 1), (200, 1), (20, 1), (3, 3)])
def test_a_field_that_is_gone_is_told_once_chance_is_ruled_out(
    per_day: float, days: int, seed: int
) -> None:
    (finding,) = judge_fields([shares(per_day, 0.97, seed=seed, gone_for=days)])
    assert (finding.channel, finding.kind) == ("web_form", "field_moved")
    assert finding.text.startswith("filled, before to lately: email ")
    assert judge_fields([shares(per_day, 0.97, seed=seed)]) == []


@pytest.mark.parametrize("seed", range(20))
def test_shares_that_vary_from_day_to_day_are_usual(seed: int) -> None:
    # An import each Monday without phones, a campaign: rows of a day are alike.
    assert judge_fields([shares(200, 0.5, seed=seed, noise=0.25)]) == []


def test_one_outage_does_not_hide_the_next() -> None:
    share = shares(200, 0.97, gone_for=1)
    share.hits[30] = 0
    assert [finding.kind for finding in judge_fields([share])] == ["field_moved"]


def test_a_field_that_appears_is_told_and_a_young_channel_is_not_judged() -> None:
    appears = shares(200, 0.0)
    appears.hits[0] = appears.rows[0]
    assert "email 0% to 100% of the last day" in judge_fields([appears])[0].text
    young = shares(200, 0.97, gone_for=1)
    young.rows[4:] = 0
    young.hits[4:] = 0
    assert judge_fields([young]) == []


@pytest.mark.parametrize("days_between", [1, 7, 91])
def test_a_channel_is_judged_by_what_it_brought_however_seldom(days_between: int) -> None:
    """Of a file a quarter none but the last was looked at, so that no field of it ever moved."""
    now = utc_now()
    with duckdb.connect() as connection:
        connection.execute("create schema capture")
        connection.execute(
            "create table capture.delivery_profiles as select 'fairs' as channel, 200 as rows, "
            "json_object('email', if(n = 0, 0, 195), 'phone', 190) as filled, "
            "$now - n * $between * interval 1 day - interval 1 hour as received_at "
            "from range(8) as files(n)",
            {"now": now, "between": days_between},
        )
        moved = judge_fields(read_filled(connection, now))
    assert [finding.causes for finding in moved] == [["email"]]


DELIVERY = """
insert into capture.deliveries by name
select 'del_' || left(sha256('d' || day), 24) as delivery_id, 'web_form' as channel,
    'v00000000001' as channel_version, 'f' as file_name, sha256('d' || day) as content_hash,
    1 as size_bytes, $now - day * interval 1 day - interval 1 hour as received_at, 60 as records,
    60 as taken, 0 as repeats, 0 as rejected, 60 as submissions, 0 as events, 0 as outcomes
from range(50) as days(day)
"""
PROFILE = """
insert into capture.delivery_profiles by name
select delivery_id, 'submission' as kind, channel, received_at, 60 as rows,
    json_object('email', if(received_at > $now - interval 1 day, 0, 59), 'phone', 30) as filled,
    received_at as newest_at
from capture.deliveries
"""
SUBMISSION = """
insert into capture.submissions by name
select 'sub_' || left(sha256(delivery_id || n), 24) as submission_id, channel,
    'r' || n as record_id, sha256('s' || n) as content_hash, delivery_id, n + 1 as record_number,
    1 + row_number() over () as received_seq, received_at, received_at as submitted_at,
    'Germany' as country, if(n < 20, 'Head of Fun', null) as job_title
from capture.deliveries, range(60) as numbers(n)
"""
NORMALIZED = """
insert into identity.normalized_submissions by name
select submission_id, 'mrec_' || left(sha256(submission_id), 24) as match_record_id, channel,
    received_seq, submitted_at, if(received_at > $now - interval 1 day, null, 'DE') as country,
    '[]' as issues, 'v1' as normalization_version
from capture.submissions
"""


def test_mails_that_are_null_and_countries_nobody_knows_are_told_from_the_lake(lake: Lake) -> None:
    now = utc_now()
    with lake.write("a past") as candidate:
        for statement in (DELIVERY, PROFILE, SUBMISSION, NORMALIZED):
            given = {"now": now} if "$now" in statement else {}
            candidate.connection.execute(statement, given)
    with lake.read() as connection:
        filled = judge_fields(read_filled(connection, now))
        known = judge_fields(read_known(connection, now))
        told = {signal.kind for signal in watch_feeds(connection, now)}
        before = watch_feeds(connection, now - timedelta(days=1))
    email, country = _told("filled", "email 98%"), _told("known", "country 100%")
    assert filled == [Finding("web_form", "field_moved", email, ["email"])]
    assert known == [Finding("web_form", "vocabulary_moved", country, ["country"])]
    assert told == {"field_moved", "vocabulary_moved"}
    assert before == []


def _told(measure: str, field: str) -> str:
    return f"{measure}, before to lately: {field} to 0% of the last day"


def test_the_fields_with_a_vocabulary_are_columns_of_both_tables(lake: Lake) -> None:
    with lake.read() as connection:
        stated = connection.execute("from capture.submissions limit 0").to_arrow_table()
        known = connection.execute("from identity.normalized_submissions limit 0").to_arrow_table()
    assert set(VOCABULARY_FIELDS) <= set(stated.column_names)
    assert set(VOCABULARY_FIELDS.values()) <= set(known.column_names)
