"""The tables RevOps edits in `config/vocabularies/`, read once and checked as a whole.

Owns their file formats and the canonical values everybody else may rely on. How a raw value is
prepared before it is looked up belongs to the module of its kind.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, field_validator

from lead_platform.configuration import ConfigurationError, content_version, load_csv
from lead_platform.identity.normalization.text import fold
from lead_platform.patterns import OrderedPatterns, Pattern, wildcard

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
PlaceholderField = Literal["any", "email", "name", "company", "title", "place"]

SENIORITIES = frozenset(get_args(Seniority))
JOB_FUNCTIONS = frozenset(get_args(JobFunction))
INDUSTRIES = frozenset(get_args(Industry))
SOURCES = frozenset(get_args(Source))
PURCHASE_TIMEFRAMES = frozenset(get_args(PurchaseTimeframe))
PREFERRED_CHANNELS = frozenset(get_args(PreferredChannel))
PAGE_CATEGORIES = frozenset(get_args(PageCategory))
CONSENTS = frozenset(get_args(Consent))

# Raise this whenever a rule in this package changes what a value becomes.
CODE_VERSION = "2"
# Their data decides results too: numbering plans, country lists, disposable domains.
_LIBRARIES = (
    "phonenumbers", "pycountry", "babel", "email-validator", "disposable-email-domains",
    "tldextract", "cleanco", "nameparser", "ftfy",
)  # fmt: skip


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _AliasRow(_Row):
    alias: str
    value: str


class IndustryRow(_AliasRow):
    """A spelling of an industry; `*` stands for any characters."""

    value: Industry


class SourceRow(_AliasRow):
    """A spelling of a marketing source; `*` stands for any characters."""

    value: Source


class PurchaseTimeframeRow(_AliasRow):
    """A way to say when somebody wants to buy."""

    value: PurchaseTimeframe


class PreferredChannelRow(_AliasRow):
    """A way to name a channel somebody wants to be reached on."""

    value: PreferredChannel


class ConsentRow(_AliasRow):
    """A way to say yes or no to being contacted."""

    value: Consent


class CountryRow(_AliasRow):
    """A spelling of a country that neither ISO 3166 nor CLDR lists."""

    @field_validator("value")
    @classmethod
    def _is_alpha_2(cls, value: str) -> str:
        if not re.fullmatch("[A-Z]{2}", value):
            raise ValueError("must be an ISO 3166-1 alpha-2 code in capitals, e.g. DE")
        return value


class RegionRow(_AliasRow):
    """A spelling of a region within one country."""

    country: str


class RegionTimeZoneRow(_Row):
    """The time zone most people of a region live in."""

    country: str
    region: str
    time_zone: str


class _PatternRow(_Row):
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


class SeniorityRow(_PatternRow):
    """Words of a job title (regular expression on the folded title); the first match wins."""

    value: Seniority


class JobFunctionRow(_PatternRow):
    """Words of a job title (regular expression on the folded title); the first match wins."""

    value: JobFunction


class PageRow(_PatternRow):
    """The paths of a kind of page (`*` stands for any characters); the first match wins."""

    value: PageCategory

    @property
    def expression(self) -> str:
        return wildcard(self.pattern.casefold().split("*"))

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return pattern


class PlaceholderRow(_Row):
    """A word people type to get past a field."""

    field: PlaceholderField
    value: str


class RoleMailboxRow(_Row):
    """The part before the @ of a mailbox that belongs to a role, not a person."""

    mailbox: str


class DomainRow(_Row):
    """A domain shared by many unrelated people or companies."""

    domain: str


@dataclass(frozen=True)
class AliasTable:
    """Spellings of controlled values: exact ones first, then those with `*`, in file order."""

    file_name: str
    exact: Mapping[str, str]
    wildcards: "PatternTable"

    def find(self, text: str) -> str | None:
        """The canonical value of `text`, or None."""
        key = fold(text)
        if key in self.exact:
            return self.exact[key]
        return self.wildcards.find(key)


@dataclass(frozen=True)
class PatternTable:
    """Ordered rules: the first pattern found in a text decides."""

    file_name: str
    patterns: OrderedPatterns
    values: tuple[str, ...]

    def find(self, text: str) -> str | None:
        """The value of the first rule that matches in `text`, or None."""
        position = self.patterns.first_in(text)
        return None if position is None else self.values[position]


@dataclass(frozen=True, repr=False)
class Vocabularies:
    """Everything normalisation looks up, and `version`, which names it."""

    version: str
    industries: AliasTable
    sources: AliasTable
    purchase_timeframes: AliasTable
    preferred_channels: AliasTable
    consents: AliasTable
    seniorities: PatternTable
    job_functions: PatternTable
    pages: PatternTable
    countries: Mapping[str, str]
    regions: Mapping[tuple[str, str], str]
    region_time_zones: Mapping[tuple[str, str], str]
    placeholders: Mapping[str, frozenset[str]]
    role_mailboxes: frozenset[str]
    free_mail_domains: frozenset[str]
    shared_domains: frozenset[str]

    def __repr__(self) -> str:
        return f"Vocabularies({self.version})"

    def is_placeholder(self, field: PlaceholderField, text: str) -> bool:
        """Whether `text` only fills the field ("n/a", "test")."""
        key = fold(text)
        return key in self.placeholders["any"] or key in self.placeholders[field]


R = TypeVar("R", bound=_Row)
P = TypeVar("P", bound=_PatternRow)


class _Folder:
    """Reads the files of one folder and keeps every fault, so that all are told at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[str] = []
        self.paths: list[Path] = []

    def rows(self, file_name: str, row_model: type[R]) -> list[R]:
        path = self.folder / file_name
        self.paths.append(path)
        try:
            return load_csv(path, row_model)
        except ConfigurationError as error:
            self.faults += error.faults
            return []

    def mapping(self, file_name: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """One value per key; the same key with two values is a fault."""
        known: dict[str, str] = {}
        for key, value in pairs:
            if known.setdefault(key, value) != value:
                self.faults.append(
                    f"{self.folder / file_name}: {key!r} stands for {known[key]!r} and {value!r}; "
                    "keep one"
                )
        return known

    def aliases(self, file_name: str, row_model: type[_AliasRow]) -> AliasTable:
        rows = self.rows(file_name, row_model)
        exact = self.mapping(
            file_name, ((fold(row.alias), row.value) for row in rows if "*" not in row.alias)
        )
        wildcards = [
            (wildcard(_folded_parts(row.alias)), row.value) for row in rows if "*" in row.alias
        ]
        return AliasTable(file_name, exact, _pattern_table(file_name, wildcards))

    def patterns(self, file_name: str, row_model: type[P]) -> PatternTable:
        rows = self.rows(file_name, row_model)
        return _pattern_table(file_name, [(row.expression, row.value) for row in rows])


def _pattern_table(file_name: str, rules: list[tuple[str, str]]) -> PatternTable:
    patterns = OrderedPatterns([expression for expression, _ in rules])
    return PatternTable(file_name, patterns, tuple(value for _, value in rules))


def load_vocabularies(config_dir: Path) -> Vocabularies:
    """The vocabularies of `config_dir` (the project's `config/` folder).

    Raises ConfigurationError with every fault of every file.
    """
    folder = config_dir / "vocabularies"
    return _read_folder(folder, content_version(*sorted(folder.glob("*.csv"))))


@lru_cache(maxsize=4)
def _read_folder(path: Path, contents: str) -> Vocabularies:
    """Read once per `contents`: a warm process meets the same vocabularies in every run."""
    folder = _Folder(path)
    placeholders = folder.rows("placeholders.csv", PlaceholderRow)
    regions = folder.rows("regions.csv", RegionRow)
    zones = folder.rows("region_time_zones.csv", RegionTimeZoneRow)
    countries = folder.rows("countries.csv", CountryRow)
    country_names = folder.mapping("countries.csv", ((fold(r.alias), r.value) for r in countries))
    mailboxes = folder.rows("role_mailboxes.csv", RoleMailboxRow)
    free_domains = folder.rows("free_mail_domains.csv", DomainRow)
    shared_domains = folder.rows("shared_domains.csv", DomainRow)
    vocabularies = partial(
        Vocabularies,
        industries=folder.aliases("industries.csv", IndustryRow),
        sources=folder.aliases("sources.csv", SourceRow),
        purchase_timeframes=folder.aliases("purchase_timeframes.csv", PurchaseTimeframeRow),
        preferred_channels=folder.aliases("preferred_channels.csv", PreferredChannelRow),
        consents=folder.aliases("consents.csv", ConsentRow),
        seniorities=folder.patterns("seniorities.csv", SeniorityRow),
        job_functions=folder.patterns("job_functions.csv", JobFunctionRow),
        pages=folder.patterns("pages.csv", PageRow),
    )
    if folder.faults:
        raise ConfigurationError(folder.faults)
    return vocabularies(
        version=_version(folder.paths),
        countries=country_names,
        regions={(row.country, fold(row.alias)): row.value for row in regions},
        region_time_zones={(row.country, row.region): row.time_zone for row in zones},
        placeholders={
            field: frozenset(fold(row.value) for row in placeholders if row.field == field)
            for field in get_args(PlaceholderField)
        },
        role_mailboxes=frozenset(fold(row.mailbox).replace(" ", "") for row in mailboxes),
        free_mail_domains=frozenset(row.domain.casefold() for row in free_domains),
        shared_domains=frozenset(row.domain.casefold() for row in shared_domains),
    )


def _version(paths: list[Path]) -> str:
    libraries = ",".join(f"{name}={library_version(name)}" for name in _LIBRARIES)
    return f"{CODE_VERSION}-{content_version(*sorted(paths))}-{_digest(libraries)}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:6]


def _folded_parts(alias: str) -> list[str]:
    """What stands between the asterisks, folded, with the spaces beside them."""
    return [_fold_part(part) for part in alias.split("*")]


def _fold_part(part: str) -> str:
    folded = fold(part)
    left = " " if part.startswith(" ") and folded else ""
    right = " " if part.endswith(" ") and folded else ""
    return f"{left}{folded}{right}"
