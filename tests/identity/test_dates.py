"""Dates were read in the wrong order without a word: 31.12.1990 was of the year 3112."""

import logging

import pytest

from lead_platform.identity.engine.dates import year_first


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["31.12.1990", "5.4.1988"], ["1990-12-31", "1988-04-05"]),
        (["12/31/1990", "04/05/1988"], ["1990-12-31", "1988-04-05"]),
        (["31/12/1990", "04/05/1988"], ["1990-12-31", "1988-05-04"]),
        (["04/04/1988"], ["1988-04-04"]),
        (["31-12-1990 00:00:00"], ["1990-12-31"]),
        # As they are: with the year first, or mistyped.
        (["1990-12-31", "19901231", "1990", "199012311", ""],) * 2,
    ],
)
def test_a_column_shows_the_order_of_its_dates(texts, read):
    assert year_first(texts, "birth_date") == read


@pytest.mark.parametrize("texts", [["04/05/1988"], ["04/05/1988", "31/12/1990", "12/31/1990"]])
def test_what_may_be_two_dates_is_none_and_told(texts, caplog):
    with caplog.at_level(logging.WARNING):
        read = year_first(texts, "birth_date")
    assert read[0] == ""
    assert "birth_date: 1 of" in caplog.text
    assert "04/05" not in caplog.text
