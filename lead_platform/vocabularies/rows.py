"""What a row of each vocabulary holds, and the canonical values everybody else may rely on.

How the files are read belongs to `folder`, how a value is looked up to `tables`.
"""

import re
from typing import Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from lead_platform.patterns import Pattern, wildcard
from lead_platform.vocabularies.contact_permissions import Channel, Part
from lead_platform.vocabularies.currencies import iso_codes
from lead_platform.vocabularies.non_persons import NonPerson, SignName, WeakSignName
from lead_platform.vocabularies.quantities import BOUNDS, Bound, Meaning

Seniority = Literal["c_level", "vp", "director", "manager", "senior", "individual", "intern"]
JobFunction = Literal[
    "engineering", "it", "data", "product", "marketing", "sales", "finance", "operations", "hr",
    "legal", "support", "procurement", "executive", "education", "healthcare", "other",
]  # fmt: skip
Industry = Literal[
    "software", "financial_services", "healthcare", "manufacturing", "retail", "education",
    "media", "telecom", "energy", "logistics", "real_estate", "professional_services",
    "government", "hospitality", "agriculture", "nonprofit", "construction", "automotive", "other",
]  # fmt: skip
Source = Literal[
    "google", "bing", "facebook", "instagram", "linkedin", "whatsapp", "twitter", "youtube",
    "direct", "organic_search", "referral", "email", "webinar", "event", "partner", "outbound",
    "phone", "chat", "calendly", "typeform", "hubspot", "salesforce", "website", "import", "other",
]  # fmt: skip
PurchaseTimeframe = Literal["now", "this_quarter", "this_half", "this_year", "later"]
PreferredChannel = Literal["email", "phone", "sms", "whatsapp", "chat", "linkedin"]
PageCategory = Literal[
    "pricing", "demo", "product", "case_study", "docs", "blog", "careers", "contact", "home",
    "other",
]  # fmt: skip
Consent = Literal["granted", "denied"]
OptOut = Literal["denied", "not_denied"]
ContactChannel = Literal["email", "phone", "sms", "whatsapp"]
OptOutChannel = Literal["", "email", "phone", "sms", "whatsapp", "all", "list", "preference"]
Truth = Literal["yes", "no"]
DealStage = Literal["stage_change", "opportunity", "closed_won", "closed_lost"]
PlaceholderField = Literal[
    "any", "email", "name", "whole_name", "name_mark", "name_mark_or_surname",
    "company", "title", "place", "person_id", "last_name",
]  # fmt: skip

SENIORITIES = frozenset(get_args(Seniority))
JOB_FUNCTIONS = frozenset(get_args(JobFunction))
INDUSTRIES = frozenset(get_args(Industry))
SOURCES = frozenset(get_args(Source))
PURCHASE_TIMEFRAMES = frozenset(get_args(PurchaseTimeframe))
PREFERRED_CHANNELS = frozenset(get_args(PreferredChannel))
PAGE_CATEGORIES = frozenset(get_args(PageCategory))
CONSENTS = frozenset(get_args(Consent))
CONTACT_CHANNELS: tuple[ContactChannel, ...] = get_args(ContactChannel)


class Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AliasRow(Row):
    alias: str
    value: str


class IndustryRow(AliasRow):
    """A spelling of an industry; `*` stands for any characters."""

    value: Industry


class SourceRow(AliasRow):
    """A spelling of a marketing source; `*` stands for any characters."""

    value: Source


class PurchaseTimeframeRow(AliasRow):
    """A way to say when somebody wants to buy."""

    value: PurchaseTimeframe


class PreferredChannelRow(AliasRow):
    """A way to name a channel somebody wants to be reached on."""

    value: PreferredChannel


class ConsentRow(AliasRow):
    """A way to say yes or no to being contacted; `not_stated`: a state of a mailbox or subscription
    by which nobody did (`Bounced`, `Pending`)."""

    value: Consent | Literal["not_stated"]


class OptOutRow(AliasRow):
    """Words of opt-outs: what they say in a column of consents or opt-outs, and of which `channel`,
    which a column of that name denies by its yes; none where no column is called so.

    `list`: an opt-out from a list, of mail as the name of a column, of the column's own channel as
    a value. `preference`: says `not at all` where somebody prefers a channel, and nothing else."""

    value: OptOut
    channel: OptOutChannel = ""

    @model_validator(mode="after")
    def _names_what_denies(self) -> "OptOutRow":
        if self.channel and self.value != "denied":
            raise ValueError("a channel goes with denied only")
        return self


class ContactPermissionRow(Row):
    """A word by which a name speaks of leave to reach somebody; before or behind a single word, `*`
    stands for any letters. A `contact` may name its `channel`."""

    part: Part
    channel: Channel = ""
    language: str
    word: str

    @model_validator(mode="after")
    def _is_readable(self) -> "ContactPermissionRow":
        if self.channel and self.part != "contact":
            raise ValueError("a channel goes with contact only")
        is_phrase = len(self.word.split()) > 1
        if "*" in self.word.removeprefix("*").removesuffix("*") or ("*" in self.word and is_phrase):
            raise ValueError(
                f"{self.word!r}: `*` stands before or behind a single word only; list it without"
            )
        if not any(sign.isalnum() for sign in self.word):
            raise ValueError(f"{self.word!r} has no letters; remove it")
        return self


class TruthRow(AliasRow):
    """How systems write yes and no."""

    value: Truth


class DealStageRow(AliasRow):
    """A stage of deals as people name it; `*` stands for any characters."""

    value: DealStage


class CountryRow(AliasRow):
    """A spelling of a country that neither ISO 3166 nor CLDR lists."""

    @field_validator("value")
    @classmethod
    def _is_alpha_2(cls, value: str) -> str:
        if not re.fullmatch("[A-Z]{2}", value):
            raise ValueError("must be an ISO 3166-1 alpha-2 code in capitals, e.g. DE")
        return value


class RegionRow(AliasRow):
    """A spelling of a region within one country."""

    country: str


class RegionTimeZoneRow(Row):
    """The time zone most people of a region live in."""

    country: str
    region: str
    time_zone: str


class PatternRow(Row):
    pattern: str
    value: str

    @property
    def expression(self) -> str:
        """The pattern as words of a folded text, which are set off by single spaces."""
        return f"(?:^| )(?:{self.pattern})(?: |$)"

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return Pattern(pattern).source


class SeniorityRow(PatternRow):
    """Words of a job title (regular expression on the folded title); the first match wins."""

    value: Seniority


class JobFunctionRow(PatternRow):
    """Words of a job title (regular expression on the folded title); the first match wins."""

    value: JobFunction


class PageRow(PatternRow):
    """The paths of a kind of page (`*` stands for any characters); the first match wins."""

    value: PageCategory

    @property
    def expression(self) -> str:
        return wildcard(self.pattern.casefold().split("*"))

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return pattern


class PlaceholderRow(Row):
    """A word people type to get past a field."""

    field: PlaceholderField
    value: str


class RoleMailboxRow(Row):
    """The part before the @ of a mailbox that belongs to a role, not a person."""

    mailbox: str


class DomainRow(Row):
    """A domain shared by many unrelated people or companies."""

    domain: str


class PageSiteRow(Row):
    """A site on which many have a page: a host, with a path where only that is; `*` for any public
    suffix. Mail at its domain is that of one company."""

    site: str


class BlankRow(Row):
    """A value that is no answer in any field of any channel, spelled exactly so."""

    value: str


class RepeatRow(Row):
    """A mark that stands for the value of the row above; words in lower case."""

    mark: str


class MacroRow(Row):
    """The brackets around what a system was to fill in, and that system."""

    opening: str
    closing: str
    system: str


class QuantityRow(Row):
    """A word or phrase beside a figure and what it means: a factor, or how it bounds the figure."""

    word: str
    meaning: str

    @field_validator("meaning")
    @classmethod
    def _is_factor_or_bound(cls, meaning: str) -> str:
        if meaning not in BOUNDS and not re.fullmatch("[1-9][0-9]*", meaning):
            allowed = ", ".join(sorted(BOUNDS))
            raise ValueError(f"must be a whole factor, e.g. 1000, or one of {allowed}")
        return meaning

    @property
    def value(self) -> Meaning:
        """The factor as a number, or the bound."""
        return float(self.meaning) if self.meaning.isdecimal() else cast(Bound, self.meaning)


class CurrencyRow(Row):
    """A sign or word of a currency and its code of ISO 4217; no code where several share it."""

    sign: str
    code: str = ""

    @field_validator("sign")
    @classmethod
    def _is_sign(cls, sign: str) -> str:
        if not re.fullmatch(r"[^\d\s_]+", sign):
            raise ValueError("must be a sign or word without spaces and digits, e.g. US$")
        return sign

    @field_validator("code")
    @classmethod
    def _is_iso(cls, code: str) -> str:
        if code and code not in iso_codes():
            raise ValueError("must be a code of ISO 4217, e.g. EUR, or empty")
        return code


class SecretRow(Row):
    """A name under which sources send secrets; `*` stands for any letters."""

    name: str


class NonPersonRow(Row):
    """A sign that a submission is no person's, and why."""

    sign: SignName | WeakSignName
    value: str
    kind: NonPerson
    reason: str
