"""The generated world holds its promises: counts, rates, traps, valid numbers, times in range."""

import dataclasses
import datetime

import numpy as np
import pandas as pd
import phonenumbers
import pytest

from lead_platform.demo.phones import make_numbers
from lead_platform.demo.settings import CHANNEL_MIX, WorldSettings
from lead_platform.demo.words import load_countries
from lead_platform.demo.world import World, generate_increment, generate_world


def good(world: World) -> pd.DataFrame:
    return world.submissions[world.submissions["defect"].isna()]


def test_counts_follow_the_settings(world: World) -> None:
    settings = world.settings
    assert len(good(world)) == settings.submissions
    assert len(world.people) == round(settings.submissions * (1 - settings.duplicate_rate))
    assert len(world.duplicates) == settings.submissions - len(world.people)
    assert set(good(world)["person_index"]) == set(range(len(world.people)))


def test_channels_follow_their_mix(world: World) -> None:
    shares = good(world)["channel"].value_counts(normalize=True)
    for channel, share in CHANNEL_MIX:
        assert shares[channel] == pytest.approx(share, abs=0.02)


def test_rates_of_bad_and_repeated_records(world: World) -> None:
    defects = world.submissions["defect"]
    assert defects.notna().sum() == round(0.005 * world.settings.submissions)
    assert set(defects.dropna()) == {"missing_identity", "absurd_date"}
    assert (good(world)["deliveries"] == 2).mean() == pytest.approx(0.01, abs=0.005)
    assert world.events["defect"].notna().mean() == pytest.approx(0.002, abs=0.002)


def test_keys_are_unique(world: World) -> None:
    assert not world.submissions.duplicated(["channel", "record_id"]).any()
    assert world.events["event_id"].is_unique
    assert world.outcomes["outcome_id"].is_unique
    assert world.companies["domain"].is_unique
    assert world.people["person_id"].is_unique
    addresses = pd.concat([world.people["work_email"].dropna(), world.people["personal_email"]])
    assert addresses.is_unique
    assert not world.people.duplicated(["country", "phone"]).any()


def test_everything_happens_within_the_period(world: World) -> None:
    start, end = (
        pd.Timestamp(instant).tz_localize(None)
        for instant in (world.settings.start_at, world.settings.end_at)
    )
    assert good(world)["submitted_at"].between(start, end, inclusive="left").all()
    assert (world.events["at"] < end).all()
    assert (world.events["at"] >= start - datetime.timedelta(days=30)).all()
    assert world.outcomes["occurred_at"].between(start, end, inclusive="left").all()
    closed = world.deals[world.deals["closed_at"].notna()]
    assert (closed["closed_at"] > closed["opened_at"]).all()


def test_a_person_is_known_before_any_outcome(world: World) -> None:
    first_seen = good(world).groupby("person_index")["submitted_at"].min()
    real = world.outcomes[world.outcomes["person_index"] >= 0]
    assert (real["occurred_at"].to_numpy() >= first_seen[real["person_index"]].to_numpy()).all()
    assert (real["email"].notna() | real["phone"].notna()).all()


def test_phone_numbers_are_valid_in_their_country(world: World) -> None:
    numbers = zip(world.people["country"], world.people["phone"], strict=True)
    valid = [
        phonenumbers.is_valid_number(phonenumbers.parse(phone, country))
        for country, phone in numbers
    ]
    assert np.mean(valid) > 0.999


def test_phone_numbers_stay_valid_and_distinct_beyond_the_fictional_ranges() -> None:
    countries = load_countries()["country"]
    for number, country in enumerate(countries):
        serial = np.arange(0, 400_000, 800, dtype=np.int64)
        phones = make_numbers(np.full(len(serial), number), serial).to_pylist()
        assert len(set(phones)) == len(serial)
        valid = [phonenumbers.is_valid_number(phonenumbers.parse(p, country)) for p in phones]
        assert np.mean(valid) > 0.98, country


def test_typed_phones_lead_back_to_the_number(world: World) -> None:
    rows = good(world).dropna(subset=["phone"]).sample(500, random_state=1)
    found = 0
    for row in rows.itertuples():
        typed = phonenumbers.parse(row.phone, row.country_code)
        typed.extension = None
        e164 = phonenumbers.format_number(typed, phonenumbers.PhoneNumberFormat.E164)
        found += e164 == row.clean_phone
    # Some people have a number of another country than the one they are in.
    assert found / len(rows) > 0.95


def test_companies_look_like_companies(world: World) -> None:
    companies = world.companies
    assert companies["domain"].str.fullmatch(r"[a-z0-9-]+\.example").all()
    assert (companies["employee_count"] >= 1000).mean() == pytest.approx(0.10, abs=0.03)
    covered = len(world.firmographics) / len(companies)
    assert covered == pytest.approx(world.settings.firmographics_coverage, abs=0.04)
    assert world.firmographics["domain"].isin(companies["domain"]).all()


def test_traps_of_matching_are_there(world: World) -> None:
    people = world.people[world.people["company_index"] >= 0]
    relatives = people.duplicated(["company_index", "last_name"], keep=False)
    namesakes = people.duplicated(["first_name", "last_name"], keep=False)
    assert relatives.sum() >= 20
    assert namesakes.sum() >= 40
    assert people["has_shared_phone"].mean() == pytest.approx(0.08, abs=0.02)
    mailboxes = good(world)[good(world)["email_kind"] == "role"]
    assert len(mailboxes) >= 30


def test_duplicates_differ_from_their_first_record(world: World) -> None:
    pairs = world.duplicates
    assert 0.4 < pairs["has_same_email"].mean() < 0.85
    assert (pairs["channel"] != pairs["first_channel"]).mean() > 0.4
    mess = pairs["mess"]
    for kind in ("nickname", "typo", "letter_case", "personal_email", "no_email"):
        assert mess.str.contains(kind).any(), kind


def test_blank_dropdowns_and_consents_occur(world: World) -> None:
    rows = good(world)
    for column in ("country", "industry", "employees"):
        assert (rows[column] == "Select").any()
    consents = rows["consent_email"]
    assert consents.isna().any()
    assert (consents == False).any()  # noqa: E712
    assert (world.events["type"] == "unsubscribe").any()


def test_keen_people_behave_keenly(world: World) -> None:
    known = world.events[(world.events["person_index"] >= 0) & ~world.events["is_bot"]]
    counts = np.bincount(known["person_index"], minlength=len(world.people))
    assert np.corrcoef(counts, world.people["intent"])[0, 1] > 0.3
    assert world.events["is_bot"].mean() < 0.1


def test_another_seed_is_another_world() -> None:
    small = WorldSettings(submissions=300)
    other = generate_world(dataclasses.replace(small, seed=8))
    first = generate_world(small)
    assert set(first.submissions["record_id"]).isdisjoint(other.submissions["record_id"])
    assert len(set(first.people["phone"]) & set(other.people["phone"])) < len(first.people)


@pytest.mark.parametrize("submissions", [1, 2, 10])
def test_tiny_worlds_work(submissions: int) -> None:
    assert len(good(generate_world(WorldSettings(submissions=submissions)))) == submissions


def test_increment_brings_known_and_new_people(world: World) -> None:
    more = generate_increment(world.settings, 100, seed=1, base=world)
    rows = good(more)
    known = rows["person_index"] < len(world.people)
    assert len(rows) == 100
    assert known.sum() == 40
    pd.testing.assert_frame_equal(more.people.iloc[: len(world.people)], world.people)
    end = pd.Timestamp(world.settings.end_at).tz_localize(None)
    assert (rows["submitted_at"] >= end).all()
    assert (more.events["at"] >= end).all()
    assert set(rows["record_id"]).isdisjoint(world.submissions["record_id"])
    assert len(more.duplicates) == 40
    assert not more.people["person_id"].duplicated().any()
    assert not more.people.duplicated(["country", "phone"]).any()
    assert more.people["work_email"].dropna().is_unique
    assert more.companies["domain"].is_unique


def test_increments_differ_by_seed_and_repeat() -> None:
    settings = WorldSettings(submissions=300)
    base = generate_world(settings)
    first = generate_increment(settings, 20, seed=1, base=base)
    second = generate_increment(settings, 20, seed=2, base=base)
    again = generate_increment(settings, 20, seed=1)
    pd.testing.assert_frame_equal(first.submissions, again.submissions)
    assert set(first.submissions["record_id"]).isdisjoint(second.submissions["record_id"])
    new = [
        set(each.people["work_email"].iloc[len(base.people) :].dropna()) for each in (first, second)
    ]
    assert new[0].isdisjoint(new[1])
    with pytest.raises(ValueError, match="seed 5000"):
        generate_increment(settings, 20, seed=5000, base=base)
