"""What kind of world to generate: size, period, mess, market shift.

Owns every knob and the seeded random streams; the modules beside it only draw from them.
"""

import dataclasses
import datetime
import zlib

import numpy as np

REP_EMAILS: tuple[str, ...] = (
    "ana.costa@example.com",
    "ben.fischer@example.com",
    "chloe.martin@example.com",
    "dev.patel@example.com",
    "emma.wilson@example.com",
    "felix.braun@example.com",
    "grace.kim@example.com",
    "hugo.silva@example.com",
    "iris.jansen@example.com",
    "jack.brown@example.com",
    "kavya.rao@example.com",
    "liam.murphy@example.com",
)

CHANNEL_MIX: tuple[tuple[str, float], ...] = (
    ("web_form", 0.34),
    ("hubspot_contacts", 0.12),
    ("linkedin_lead_gen", 0.10),
    ("facebook_lead_ads", 0.07),
    ("typeform", 0.07),
    ("chat_transcript", 0.07),
    ("calendly", 0.06),
    ("call_log", 0.06),
    ("outbound_list", 0.06),
    ("zoom_registrations", 0.05),
)


class WorldSettingsError(ValueError):
    """Settings no world can be generated from; names every fault at once."""


@dataclasses.dataclass(frozen=True)
class Noise:
    """Share of records (0 to 1) with each kind of mess; returning people make twice as much."""

    nickname: float = 0.08
    typo: float = 0.025
    plain_ascii: float = 0.30
    initial: float = 0.01
    letter_case: float = 0.07
    whitespace: float = 0.03
    email_variant: float = 0.07
    email_typo: float = 0.005
    company_variant: float = 0.45
    select_blank: float = 0.04
    rejected: float = 0.005
    repeated: float = 0.01


@dataclasses.dataclass(frozen=True)
class WorldSettings:
    """One world. The same settings give the same bytes.

    ``submissions`` counts distinct, valid submissions; repeats and rejected records come on top.
    ``end_at`` defaults to the first instant after a closed quarter, so that the quarter of the
    market shift (``shift_at``) can be audited when the clock stands at ``end_at``.
    """

    seed: int = 7
    submissions: int = 5_000
    days: int = 180
    end_at: datetime.datetime = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
    shift_at: datetime.datetime = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)
    channels: tuple[tuple[str, float], ...] = CHANNEL_MIX
    duplicate_rate: float = 0.28
    events_per_person: float = 5.0
    firmographics_coverage: float = 0.7
    noise: Noise = Noise()
    rep_emails: tuple[str, ...] = REP_EMAILS

    def __post_init__(self) -> None:
        """Raise one WorldSettingsError that names every fault."""
        faults = _find_faults(self)
        if faults:
            raise WorldSettingsError("; ".join(faults))

    @property
    def start_at(self) -> datetime.datetime:
        """First instant of the world, UTC."""
        return self.end_at - datetime.timedelta(days=self.days)


def _find_faults(settings: WorldSettings) -> list[str]:
    known = {name for name, _ in CHANNEL_MIX}
    faults = [
        f"channel {name!r}: unknown, allowed are {', '.join(sorted(known))}"
        for name, _ in settings.channels
        if name not in known
    ]
    if sum(share for _, share in settings.channels) <= 0:
        faults.append("channels: the shares add up to nothing, give at least one above 0")
    if settings.submissions < 1:
        faults.append(f"submissions {settings.submissions}: at least 1")
    if settings.days < 1:
        faults.append(f"days {settings.days}: at least 1")
    if settings.seed < 0:
        faults.append(f"seed {settings.seed}: 0 or more")
    for name in ("end_at", "shift_at"):
        if getattr(settings, name).tzinfo is None:
            faults.append(f"{name} {getattr(settings, name)}: needs a time zone, for example UTC")
    for name in ("duplicate_rate", "firmographics_coverage"):
        if not 0 <= getattr(settings, name) < 1:
            faults.append(f"{name} {getattr(settings, name)}: from 0 to below 1")
    if not settings.rep_emails:
        faults.append("rep_emails: empty, name at least one owner")
    return faults


def open_stream(seed: int, *names: str) -> np.random.Generator:
    """A random stream of its own for each part: a change in one leaves the others as they were."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def to_seconds(instant: datetime.datetime) -> int:
    """Whole seconds since 1970 in UTC."""
    return int(instant.timestamp())
