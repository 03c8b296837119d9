"""Behaviour events: visits, mail, calls, webinars, driven by latent intent and fading with time.

Also the noise around it: security scanners that click everything at once, visitors nobody knows.
"""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa

from lead_platform.demo.settings import WorldSettings, open_stream, to_seconds
from lead_platform.demo.text import (
    Floats,
    Ints,
    Text,
    blank,
    choose,
    choose_one,
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

# Event type: how often among the idle and among the keen. The keen ask, reply and come to meetings.
_TYPES: dict[str, tuple[float, float]] = {
    "page_view": (40, 44),
    "email_sent": (12, 5),
    "email_delivered": (10, 4),
    "email_open": (16, 11),
    "email_click": (3, 7),
    "email_reply": (0.5, 4),
    "email_bounce": (1.5, 0.3),
    "unsubscribe": (1.6, 0.2),
    "spam_report": (0.2, 0),
    "form_view": (3, 4),
    "download": (2, 6),
    "webinar_registered": (2, 3),
    "webinar_attended": (0.7, 2.5),
    "webinar_missed": (1.5, 0.8),
    "call": (1.2, 2.5),
    "call_missed": (2, 1),
    "meeting_booked": (0.1, 1.8),
    "meeting_canceled": (0.1, 0.2),
    "demo_request": (0.2, 2.2),
    "trial_started": (0.2, 1.2),
    "ad_click": (2.5, 1.5),
    "sms_reply": (0.1, 0.4),
    "whatsapp_message": (0.2, 0.5),
}
EVENT_TYPES: tuple[str, ...] = tuple(_TYPES)
# What tells a buyer: counted by the deals as engagement, together with pricing and demo pages.
HOT_TYPES = frozenset(
    (
        "email_click",
        "email_reply",
        "download",
        "webinar_attended",
        "meeting_booked",
        "demo_request",
        "trial_started",
    )
)
_ON_SITE = ("page_view", "form_view", "download", "demo_request", "trial_started", "ad_click")
_BY_MAIL = (*(name for name in EVENT_TYPES if name.startswith("email_")), "unsubscribe")
_HOT_PAGES = frozenset(("pricing", "demo"))
_DAY = 86_400


@dataclasses.dataclass(frozen=True)
class Contacts:
    """How each person's events are signed: email, else phone, else the web visitor id."""

    email: Text
    phone: Text
    visitor_id: Text
    first_at: Ints


def find_contacts(people: pd.DataFrame, submissions: pd.DataFrame) -> Contacts:
    """Per person the first own mailbox and number given; role and shared ones are nobody's."""
    size = len(people)
    who = submissions["person_index"].to_numpy()
    shared = people["has_shared_phone"].to_numpy()[who]

    def find_first(name: str, is_own: np.ndarray) -> Text:
        rows = np.flatnonzero(is_own & submissions[name].notna().to_numpy())[::-1]
        position = np.full(size, -1, dtype=np.int64)
        position[who[rows]] = rows
        return take(make_text(submissions[name]), position)

    at = submissions["submitted_at"].to_numpy().astype("datetime64[s]").astype(np.int64)
    first_at = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(first_at, who, at)
    called_or_chatted = submissions["channel"].eq("chat_transcript").to_numpy()
    return Contacts(
        email=find_first("clean_email", (submissions["email_kind"] != "role").to_numpy(bool)),
        phone=find_first("clean_phone", ~shared),
        visitor_id=find_first("visitor_id", called_or_chatted),
        first_at=first_at,
    )


def generate_behaviour(
    settings: WorldSettings,
    people: pd.DataFrame,
    contacts: Contacts,
    active: Ints,
    record_base: int,
    until: int,
    stream: str = "behaviour",
) -> pd.DataFrame:
    """One row per event of the ``active`` people (rows of ``people``) before ``until``, by time.

    A quarter happens in the days before the first submission, the rest after it, fading.
    """
    rng = open_stream(settings.seed, stream)
    intent = people["intent"].to_numpy()
    rate = settings.events_per_person * np.exp(0.75 * intent[active] - 0.28)
    bots = active[hit(rng, 0.003, len(active))]
    burst = rng.integers(25, 60, len(bots))
    who = np.concatenate([np.repeat(active, rng.poisson(rate)), np.repeat(bots, burst)])
    is_bot = np.arange(len(who)) >= len(who) - int(burst.sum())
    at = _draw_instants(rng, contacts.first_at[who])
    swarm = contacts.first_at[bots] + rng.integers(3_600, 5 * _DAY, len(bots))
    at[is_bot] = np.repeat(swarm, burst) + rng.integers(0, 40, int(burst.sum()))
    keep = (at < until) & (at >= to_seconds(settings.start_at) - 30 * _DAY)
    order = np.lexsort((np.arange(len(who)), at))
    order = order[keep[order]]
    who, at, is_bot = who[order], at[order], is_bot[order]
    kind = _draw_types(rng, intent[who], is_bot)
    return _describe(rng, settings, contacts, record_base, who, at, kind, is_bot)


def _draw_instants(rng: np.random.Generator, first_at: Ints) -> Ints:
    size = len(first_at)
    before = -rng.exponential(4 * _DAY, size)
    after = rng.exponential(18 * _DAY, size)
    return first_at + np.where(hit(rng, 0.25, size), before, after).astype(np.int64)


def _draw_types(rng: np.random.Generator, intent: Floats, is_bot: np.ndarray) -> Ints:
    is_keen = rng.random(len(intent)) < 1 / (1 + np.exp(0.7 - 1.2 * intent))
    weights = [np.array([pair[which] for pair in _TYPES.values()]) for which in (0, 1)]
    kind = draw_within(rng, is_keen.astype(np.int64), weights)
    clicks = np.where(hit(rng, 0.5, len(intent)), "email_open", "email_click")
    position = {name: number for number, name in enumerate(EVENT_TYPES)}
    scanned = np.where(clicks == "email_open", position["email_open"], position["email_click"])
    return np.where(is_bot, scanned, kind)


def _describe(
    rng: np.random.Generator,
    settings: WorldSettings,
    contacts: Contacts,
    record_base: int,
    who: Ints,
    at: Ints,
    kind: Ints,
    is_bot: np.ndarray,
) -> pd.DataFrame:
    """The columns of an event; 2 % are visitors nobody knows, 0.2 % of a type nobody knows."""
    size = len(who)
    on_site = np.isin(kind, [EVENT_TYPES.index(name) for name in _ON_SITE])
    by_mail = np.isin(kind, [EVENT_TYPES.index(name) for name in _BY_MAIL])
    spoken = np.isin(kind, [EVENT_TYPES.index("call"), EVENT_TYPES.index("webinar_attended")])
    page, is_hot_page = _draw_pages(rng, kind)
    is_stranger = hit(rng, 0.02, size) & on_site
    defect = choose(hit(rng, 0.002, size) & ~is_bot, "unknown_event_type", None)
    campaigns = make_text(["monthly-digest", "spring-launch", "nurture-basics", "webinar-series"])
    subjects = make_text(
        [
            "Five ways to lose a lead",
            "Your scorecard, explained",
            "An invitation",
            "A short question",
        ]
    )
    letter = rng.integers(0, 4, size)
    columns: dict[str, object] = {
        "event_id": join("ev-", format_number(record_base + np.arange(size), 11)),
        "type": choose(is_present(defect), "teleported", take(make_text(EVENT_TYPES), kind)),
        "at": at.astype("datetime64[s]"),
        "person_index": np.where(is_stranger | is_present(defect), -1, who),
        **_sign(rng, contacts, who, on_site, is_stranger),
        "url": blank(~on_site, join("https://www.leadplatform.example", page)),
        "campaign": blank(~by_mail, take(campaigns, letter)),
        "subject": blank(~by_mail, take(subjects, letter)),
        "quantity": np.ones(size, dtype=np.int64),
        "duration_seconds": pa.array(np.round(rng.gamma(2.0, 300, size), 1), mask=~spoken),
        "is_hot": (np.isin(kind, [EVENT_TYPES.index(name) for name in HOT_TYPES]) & ~is_bot)
        | is_hot_page,
        "is_bot": is_bot,
        "defect": defect,
        "deliveries": 1 + hit(rng, settings.noise.repeated, size).astype(np.int64),
    }
    return make_frame(columns)


def _draw_pages(rng: np.random.Generator, kind: Ints) -> tuple[Text, np.ndarray]:
    """The page of each event, and whether it is one only buyers look at."""
    pages = read_table("pages")
    page = draw(rng, read_weights(pages), len(kind))
    is_view = kind == EVENT_TYPES.index("page_view")
    is_hot = pages["category"].isin(_HOT_PAGES).to_numpy()[page] & is_view
    fixed = make_text(["/demo", "/guides/lead-scoring.pdf", "/contact"])
    other = take(fixed, rng.integers(0, 3, len(kind)))
    return choose(is_view, take(make_text(pages["path"]), page), other), is_hot


def _sign(
    rng: np.random.Generator,
    contacts: Contacts,
    who: Ints,
    on_site: np.ndarray,
    is_stranger: np.ndarray,
) -> dict[str, object]:
    """Email, phone or visitor id, as the source would know the person."""
    size = len(who)
    visitor = take(contacts.visitor_id, who)
    by_visitor = on_site & is_present(visitor) & hit(rng, 0.3, size)
    email = blank(by_visitor | is_stranger, take(contacts.email, who))
    phone = blank(is_present(email) | by_visitor | is_stranger, take(contacts.phone, who))
    is_nameless = ~is_present(email) & ~is_present(phone)
    nobody = join("v-unknown-", format_number(rng.integers(0, 10**9, size), 9))
    visitor_id = choose_one(is_stranger.astype(np.int64), [fill(visitor, nobody), nobody])
    return {
        "email": email,
        "phone": phone,
        "person_system": choose(is_nameless, "web", None),
        "visitor_id": blank(~is_nameless, visitor_id),
    }
