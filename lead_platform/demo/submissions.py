"""Submissions: who came in when, through which channel, and what they typed there.

Owns the clean skeleton (person, channel, instant) and the typed columns files are made of.
"""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa

from lead_platform.demo import mess
from lead_platform.demo.people import find_addresses
from lead_platform.demo.phones import format_e164, format_typed
from lead_platform.demo.settings import CHANNEL_MIX, WorldSettings, open_stream, to_seconds
from lead_platform.demo.text import (
    Flags,
    Floats,
    Ints,
    Text,
    blank,
    choose,
    count_earlier,
    draw,
    draw_within,
    fill,
    format_number,
    hit,
    is_present,
    join,
    make_frame,
    make_text,
    take,
)
from lead_platform.demo.words import read_table, read_weights

CHANNELS: tuple[str, ...] = tuple(name for name, _ in CHANNEL_MIX)
_CALENDLY_EVENTS = "https://api.calendly.com/scheduled_events/"
_FIRST_WEBINAR = 92_000_000_000
_TIMEFRAMES = ("now", "this quarter", "3-6 months", "this year", "later")
_WAYS = ("email", "phone", "whatsapp", "sms")


@dataclasses.dataclass(frozen=True)
class ChannelHabits:
    """What a channel's records look like: share of rows (0 to 1) in which a value is there."""

    record_prefix: str
    email: float
    phone: float
    personal_email: float
    company: float
    title: float
    details: float
    consent_asked: float


HABITS: dict[str, ChannelHabits] = {
    "web_form": ChannelHabits("wf-", 1.0, 0.62, 0.20, 0.90, 0.70, 0.75, 0.85),
    "hubspot_contacts": ChannelHabits("", 1.0, 0.50, 0.15, 0.92, 0.75, 0.60, 0.0),
    "linkedin_lead_gen": ChannelHabits("lead-", 1.0, 0.45, 0.35, 0.97, 0.97, 0.0, 1.0),
    "facebook_lead_ads": ChannelHabits("", 1.0, 0.70, 0.60, 0.55, 0.40, 0.0, 0.0),
    "typeform": ChannelHabits("tf", 1.0, 0.45, 0.22, 0.85, 0.60, 0.50, 1.0),
    "chat_transcript": ChannelHabits("conv-", 0.75, 0.25, 0.25, 0.50, 0.0, 0.0, 0.7),
    "calendly": ChannelHabits("", 1.0, 0.35, 0.12, 0.60, 0.0, 0.0, 0.0),
    "call_log": ChannelHabits("call-", 0.35, 1.0, 0.10, 0.70, 0.0, 0.0, 0.0),
    "outbound_list": ChannelHabits("row-", 0.93, 0.60, 0.02, 1.0, 0.95, 0.95, 0.0),
    "zoom_registrations": ChannelHabits("", 1.0, 0.30, 0.20, 0.85, 0.80, 0.70, 0.0),
}


def _read_habit(name: str, channel: Ints) -> Floats:
    return np.array([getattr(HABITS[each], name) for each in CHANNELS], dtype=np.float64)[channel]


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """Who (row of people), where (position in CHANNELS), when (epoch seconds), how often before."""

    person: Ints
    channel: Ints
    at: Ints
    earlier: Ints


def plan_submissions(
    settings: WorldSettings, intent: Floats, count: int, stream: str = "submissions"
) -> Skeleton:
    """``count`` submissions of the people whose ``intent`` is given, each at least once, by time.

    Keen people come back more often; a return is mostly through another channel, within weeks.
    """
    rng = open_stream(settings.seed, stream)
    people = len(intent)
    extra = (
        draw(rng, np.exp(0.6 * intent), count - people) if count > people else np.empty(0, np.int64)
    )
    start, end = to_seconds(settings.start_at), to_seconds(settings.end_at)
    first_at = _draw_instants(rng, start, end, people)
    later = first_at[extra] + (rng.exponential(20 * 86_400, len(extra)) + 600).astype(np.int64)
    squeezed = first_at[extra] + (rng.random(len(extra)) * (end - 1 - first_at[extra])).astype(
        np.int64
    )
    mix = dict(settings.channels)
    weights = [mix.get(name, 0.0) for name in CHANNELS]
    first_channel = draw(rng, weights, people)
    later_channel = np.where(
        hit(rng, 0.3, len(extra)), first_channel[extra], draw(rng, weights, len(extra))
    )
    person = np.concatenate([np.arange(people), extra])
    at = np.concatenate([first_at, np.where(later < end, later, squeezed)])
    channel = np.concatenate([first_channel, later_channel])
    order = np.lexsort((np.arange(len(at)), at))
    person, at, channel = person[order], at[order], channel[order]
    return Skeleton(person, channel, at, count_earlier(person))


def _draw_instants(rng: np.random.Generator, start: int, end: int, size: int) -> Ints:
    """Instants over the period: slowly more per day, few at weekends, most in office hours."""
    first_day, days = start // 86_400, max(1, -(-end // 86_400) - start // 86_400)
    day = first_day + np.arange(days)
    is_weekend = (day + 3) % 7 >= 5
    chosen = day[
        draw(rng, np.where(is_weekend, 0.3, 1.0) * (1 + 0.3 * np.arange(days) / days), size)
    ]
    hour = np.clip(rng.normal(14, 4.5, size), 0, 23.999)
    return np.clip(chosen * 86_400 + (hour * 3600).astype(np.int64), start, end - 1)


def type_submissions(
    settings: WorldSettings,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    skeleton: Skeleton,
    record_base: int,
    stream: str = "typing",
) -> pd.DataFrame:
    """One row per submission: truth (person, clean email, mess made) and the values as typed.

    ``source_id`` is the id the source gives, ``group_id`` what it is unique in (list, webinar,
    webhook), ``record_id`` both together: the id the record has after capture.

    ``record_base`` is the number of the first record, so that worlds written side by side differ.
    """
    rng = open_stream(settings.seed, stream)
    size = len(skeleton.person)
    columns: dict[str, object] = {
        "channel": take(make_text(CHANNELS), skeleton.channel),
        **_make_record_ids(skeleton, record_base),
        "record_number": record_base + np.arange(size),
        "person_index": skeleton.person,
        "submitted_at": skeleton.at.astype("datetime64[s]"),
        "earlier_submissions": skeleton.earlier,
    }
    columns |= _type_person(rng, settings, people, companies, skeleton)
    columns |= _type_company(rng, settings, people, companies, skeleton)
    columns |= _give_consent(rng, skeleton)
    columns |= _attribute(rng, skeleton)
    columns |= _say_something(rng, people, skeleton)
    columns["defect"] = take(make_text([""]), np.full(size, -1))
    columns["deliveries"] = 1 + hit(rng, settings.noise.repeated, size).astype(np.int64)
    frame = make_frame(columns)
    consents = [name for name in frame.columns if name.startswith("consent_")]
    return frame.astype(dict.fromkeys(consents, "boolean"))


def _make_record_ids(skeleton: Skeleton, record_base: int) -> dict[str, object]:
    """Ids in each source's own manner; numbers grow with time."""
    channel, number = skeleton.channel, np.arange(len(skeleton.channel)) + record_base
    prefixes = take(make_text([HABITS[name].record_prefix for name in CHANNELS]), channel)
    group, long_number = "00000000-0000-4000-8000-", format_number(number, 12)
    uri = join(_CALENDLY_EVENTS, group, long_number, "/invitees/", group, long_number)
    is_calendly, is_list, is_zoom = (
        channel == CHANNELS.index(name)
        for name in ("calendly", "outbound_list", "zoom_registrations")
    )
    source_id = choose(is_calendly, uri, join(prefixes, format_number(number, 10)))
    month = make_text(np.datetime_as_string(skeleton.at.astype("datetime64[s]"), unit="M"))
    webinar = format_number(_FIRST_WEBINAR + number % 2)
    groups = choose(is_list, join("list-", month), choose(is_zoom, webinar, None))
    groups = choose(is_calendly, "invitee.created", groups)
    return {
        "record_id": fill(join(groups, "|", source_id), source_id),
        "source_id": source_id,
        "group_id": groups,
    }


def _type_person(
    rng: np.random.Generator,
    settings: WorldSettings,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    skeleton: Skeleton,
) -> dict[str, object]:
    """Names, email, phone and title as typed, with the clean email and the kinds of mess made."""
    noise, who, size = settings.noise, skeleton.person, len(skeleton.person)
    twice = np.where(skeleton.earlier > 0, 2.0, 1.0)
    first, is_nickname = mess.type_first_names(
        rng,
        people["first_name_index"].to_numpy()[who],
        noise.nickname * twice,
        noise.plain_ascii,
        noise.initial,
    )
    last = mess.type_surnames(rng, people["last_name_index"].to_numpy()[who], noise.plain_ascii)
    slips = [hit(rng, noise.typo * twice, size) for _ in range(2)]
    first, last = (
        mess.mistype(rng, name, rows) for name, rows in zip((first, last), slips, strict=True)
    )
    case = np.where(hit(rng, noise.letter_case, size), rng.integers(1, 3, size), 0)
    first, last = mess.change_case(first, case), mess.change_case(last, case)
    spaces = np.full(size, noise.whitespace)
    first, last = mess.add_spaces(rng, first, spaces), mess.add_spaces(rng, last, spaces)
    clean_email, kind = _choose_emails(rng, people, companies, skeleton)
    email = mess.vary_emails(rng, clean_email, noise.email_variant * twice, noise.email_typo)
    phone, phone_typed = _type_phones(rng, people, companies, skeleton, is_present(clean_email))
    title = mess.type_titles(rng, people["title_index"].to_numpy()[who])
    return {
        "first_name": first,
        "last_name": last,
        "full_name": choose(hit(rng, 0.02, size), join(last, ", ", first), join(first, " ", last)),
        "email": email,
        "clean_email": clean_email,
        "email_kind": kind,
        "phone": phone_typed,
        "clean_phone": phone,
        "job_title": blank(~hit(rng, _read_habit("title", skeleton.channel), size), title),
        "mess": _name_mess(is_nickname, slips[0] | slips[1], case > 0, kind),
    }


def _name_mess(nickname: Flags, typo: Flags, case: Flags, kind: Text) -> Text:
    parts = [
        choose(flags, word, "")
        for flags, word in ((nickname, "nickname "), (typo, "typo "), (case, "letter_case "))
    ]
    return join(*parts, fill(join(kind, "_email"), "no_email"))


def _choose_emails(
    rng: np.random.Generator, people: pd.DataFrame, companies: pd.DataFrame, skeleton: Skeleton
) -> tuple[Text, Text]:
    """The mailbox used, clean, and its kind (work, personal, role); null where none was given."""
    who, size = skeleton.person, len(skeleton.person)
    personal_share = _read_habit("personal_email", skeleton.channel)
    habit = people["prefers_personal_email"].to_numpy()[who]
    uses_personal = hit(rng, np.clip(personal_share * np.where(habit, 2.5, 0.6), 0, 0.95), size)
    _, mailbox = find_addresses(people, companies)
    work, personal = (make_text(people[name]) for name in ("work_email", "personal_email"))
    has_company = people["company_index"].to_numpy()[who] >= 0
    uses_personal |= ~has_company
    is_role = has_company & ~uses_personal & hit(rng, 0.02, size)
    email = choose(uses_personal, take(personal, who), take(work, who))
    email = choose(is_role, take(mailbox, who), email)
    kind = choose(uses_personal, "personal", choose(is_role, "role", "work"))
    missing = ~hit(rng, _read_habit("email", skeleton.channel), size)
    return blank(missing, email), blank(missing, kind)


def _type_phones(
    rng: np.random.Generator,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    skeleton: Skeleton,
    has_email: Flags,
) -> tuple[Text, Text]:
    """The number in E.164 and as typed; lists always hold a number where they hold no email."""
    who, size = skeleton.person, len(skeleton.person)
    national, _ = find_addresses(people, companies)
    country = people["country_index"].to_numpy()[who]
    national = take(national, who)
    is_list = skeleton.channel == CHANNELS.index("outbound_list")
    is_call = skeleton.channel == CHANNELS.index("call_log")
    has_phone = hit(rng, _read_habit("phone", skeleton.channel), size) | (is_list & ~has_email)
    e164 = blank(~has_phone, format_e164(country, national))
    typed = blank(~has_phone, format_typed(rng, country, national))
    return e164, choose(is_call, e164, typed)


def _type_company(
    rng: np.random.Generator,
    settings: WorldSettings,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    skeleton: Skeleton,
) -> dict[str, object]:
    """Company, website and place as typed; dropdowns left alone say "Select"."""
    noise, who, size = settings.noise, skeleton.person, len(skeleton.person)
    company = people["company_index"].to_numpy()[who]
    details = hit(rng, _read_habit("details", skeleton.channel), size)
    named = hit(rng, _read_habit("company", skeleton.channel), size) & (company >= 0)
    at = np.where(named, company, -1)
    name = mess.type_companies(
        rng,
        take(make_text(companies["company_name"]), at),
        take(make_text(companies["legal_form"]), at),
        noise.company_variant,
    )
    name = mess.mistype(rng, name, hit(rng, noise.typo * 0.5, size))
    domain = take(make_text(companies["domain"]), at)
    website = choose(hit(rng, 0.5, size), join("https://www.", domain, "/"), domain)
    industry = mess.type_industries(rng, companies["industry_index"].to_numpy()[company])
    headcount = mess.type_headcounts(rng, companies["employee_count"].to_numpy()[company])
    country = mess.type_countries(rng, people["country_index"].to_numpy()[who])
    place = {key: take(make_text(people[key]), who) for key in ("city", "region", "region_code")}
    return {
        "company": name,
        "website": blank(~details | hit(rng, 0.4, size), website),
        "industry": mess.leave_unselected(
            rng, blank(~details | (at < 0), industry), noise.select_blank
        ),
        "employees": mess.leave_unselected(
            rng, blank(~details | (at < 0), headcount), noise.select_blank
        ),
        "country": mess.leave_unselected(rng, country, noise.select_blank),
        "region": blank(
            ~details, choose(hit(rng, 0.5, size), place["region_code"], place["region"])
        ),
        "city": blank(~details, place["city"]),
        "postal_code": take(make_text(people["postal_code"]), who),
        "country_code": take(make_text(people["country"]), who),
        "linkedin_url": take(make_text(people["linkedin_url"]), who),
        "visitor_id": take(make_text(people["visitor_id"]), who),
        "language": take(make_text(people["language"]), who),
    }


def _give_consent(rng: np.random.Generator, skeleton: Skeleton) -> dict[str, object]:
    """Consent as asked by the channel: true, false, or null where nobody asked."""
    size = len(skeleton.person)
    asked = hit(rng, _read_habit("consent_asked", skeleton.channel), size)
    return {
        f"consent_{way}": pa.array(hit(rng, granted, size), mask=~(asked & hit(rng, share, size)))
        for way, granted, share in (
            ("email", 0.88, 1.0),
            ("phone", 0.70, 0.8),
            ("sms", 0.45, 0.5),
            ("whatsapp", 0.40, 0.4),
        )
    }


def _attribute(rng: np.random.Generator, skeleton: Skeleton) -> dict[str, object]:
    """Campaign of this touch and, on web forms, of the person's first one."""
    campaigns = read_table("campaigns")
    owner, weights = campaigns["channel"].to_numpy(), read_weights(campaigns)
    by_channel = [weights * (owner == name) for name in CHANNELS]
    size = len(skeleton.person)
    this = draw_within(rng, skeleton.channel, by_channel)
    web = by_channel[CHANNELS.index("web_form")]
    first = np.where(hit(rng, 0.4, size), draw(rng, web, size), this)
    known = hit(rng, 0.7, size)
    first_at = skeleton.at - np.where(
        first == this, rng.integers(60, 3_600, size), rng.integers(3_600, 30 * 86_400, size)
    )

    def column(name: str, index: Ints) -> Text:
        values = [value or None for value in campaigns[name]]
        return take(make_text(values), index)

    click = column("click", this)
    token = format_number(rng.integers(10**15, 10**16, size))
    kinds = np.asarray(fill(click, ""))
    pages = make_text(["/demo", "/pricing", "/guides/lead-scoring", "/contact", "/"])
    return {
        **{
            f"utm_{name}": column(name, this)
            for name in ("source", "medium", "campaign", "term", "content")
        },
        "gclid": blank(kinds != "gclid", join("Cj0KCQ", token)),
        "fbclid": blank(kinds != "fbclid", join("IwAR0", token)),
        "first_source": blank(~known, column("source", first)),
        "first_medium": blank(~known, column("medium", first)),
        "first_campaign": blank(~known, column("campaign", first)),
        "first_at": pa.array(first_at.astype("datetime64[s]"), mask=~known),
        "landing_page": join(
            "https://www.leadplatform.example", take(pages, draw(rng, (4, 3, 3, 2, 2), size))
        ),
        "referrer": take(
            make_text(
                [
                    "https://www.google.com/",
                    "https://www.linkedin.com/",
                    None,
                    "https://duckduckgo.com/",
                ]
            ),
            draw(rng, (4, 2, 4, 1), size),
        ),
    }


def _say_something(
    rng: np.random.Generator, people: pd.DataFrame, skeleton: Skeleton
) -> dict[str, object]:
    """Message, timeframe and wished channel; the keener, the sooner."""
    size, who = len(skeleton.person), skeleton.person
    intent = people["intent"].to_numpy()[who]
    messages = read_table("messages")
    eagerness = messages["intent"].to_numpy(dtype=np.float64)
    languages = messages["language"].to_numpy()
    wish = np.clip(np.round(1.5 + intent * 0.9 + rng.normal(0, 0.6, size)), 0, 3).astype(np.int64)
    own = people["language"].to_numpy()[who]
    names = list(dict.fromkeys(languages))
    position = {name: number for number, name in enumerate(names)}
    spoken = pd.Series(own).map(position).to_numpy(np.int64, copy=True)
    spoken[hit(rng, 0.4, size)] = position["en"]
    # Closeness in eagerness decides within a language: none has a sentence for every level.
    weights = [
        np.exp(-3.0 * np.abs(eagerness - level)) * (languages == name)
        for name in names
        for level in range(4)
    ]
    message = take(make_text(messages["message"]), draw_within(rng, spoken * 4 + wish, weights))
    soon = np.clip(np.round(2.2 - intent + rng.normal(0, 0.8, size)), 0, 4).astype(np.int64)
    return {
        "message": blank(hit(rng, 0.35, size), message),
        "timeframe": blank(hit(rng, 0.5, size), take(make_text(_TIMEFRAMES), soon)),
        "preferred_channel": blank(
            hit(rng, 0.6, size), take(make_text(_WAYS), draw(rng, (6, 3, 1, 0.5), size))
        ),
    }


def spoil_records(
    settings: WorldSettings, submissions: pd.DataFrame, record_base: int, stream: str = "rejected"
) -> pd.DataFrame:
    """Records no channel may take in, modelled on good ones: nobody in it, or an absurd instant.

    Same columns as ``submissions``; ``defect`` says what is wrong, ``person_index`` is -1.
    """
    rng = open_stream(settings.seed, stream)
    plain = submissions[
        submissions["channel"].isin(["web_form", "typeform", "outbound_list", "facebook_lead_ads"])
    ]
    count = round(settings.noise.rejected * len(submissions))
    if count == 0 or plain.empty:
        return submissions.iloc[:0].copy()
    rows = plain.iloc[np.sort(rng.integers(0, len(plain), count))].reset_index(drop=True)
    nobody = hit(rng, 0.5, count)
    prefixes = rows["channel"].map({name: HABITS[name].record_prefix for name in CHANNELS})
    number = record_base + np.arange(count)
    rows["source_id"] = prefixes + pd.Series(number).astype("str")
    rows["record_id"] = (rows["group_id"] + "|" + rows["source_id"]).fillna(rows["source_id"])
    rows["record_number"] = number
    rows["defect"] = pd.Series(np.where(nobody, "missing_identity", "absurd_date"), dtype="str")
    identity = [
        "first_name",
        "last_name",
        "full_name",
        "email",
        "clean_email",
        "phone",
        "clean_phone",
    ]
    for name in [*identity, "email_kind", "linkedin_url", "company", "website"]:
        rows[name] = rows[name].where(~nobody, None)
    absurd = np.where(hit(rng, 0.5, count), "1899-12-31T08:00:00", "2199-01-01T00:00:00")
    rows["submitted_at"] = rows["submitted_at"].where(
        nobody, pd.Series(absurd.astype("datetime64[s]"))
    )
    return rows.assign(person_index=-1, deliveries=1)
