"""Reads `config/vocabularies/`, once per content and checked as a whole.

Owns which files there are and what names their state. How a raw value is prepared before it is
looked up belongs to the module of its kind.
"""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache, partial
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path
from typing import TypeVar, get_args

from lead_platform.configuration import ConfigurationError, content_version, load_csv
from lead_platform.patterns import OrderedPatterns, wildcard
from lead_platform.settings import PROJECT_ROOT
from lead_platform.vocabularies.currencies import Currencies
from lead_platform.vocabularies.macros import Macros
from lead_platform.vocabularies.non_persons import NonPersonSigns
from lead_platform.vocabularies.quantities import Meaning, QuantityWords
from lead_platform.vocabularies.rows import (
    CONTACT_CHANNELS,
    AliasRow,
    BlankRow,
    ConsentRow,
    ContactPermissionRow,
    CountryRow,
    CurrencyRow,
    DealStageRow,
    DomainRow,
    IndustryRow,
    JobFunctionRow,
    MacroRow,
    NonPersonRow,
    OptOutChannel,
    OptOutRow,
    PageRow,
    PageSiteRow,
    PatternRow,
    PlaceholderField,
    PlaceholderRow,
    PreferredChannelRow,
    PurchaseTimeframeRow,
    QuantityRow,
    RegionRow,
    RegionTimeZoneRow,
    RepeatRow,
    RoleMailboxRow,
    Row,
    SecretRow,
    SeniorityRow,
    SourceRow,
    TruthRow,
)
from lead_platform.vocabularies.secrets import SecretNames
from lead_platform.vocabularies.tables import (
    AliasTable,
    ChannelWord,
    IntakeLists,
    PatternTable,
    Vocabularies,
)
from lead_platform.vocabularies.text import fold

# Raise this whenever a rule of normalisation changes what a value becomes.
CODE_VERSION = "14"
# Their data decides results too: numbering plans, country lists, disposable domains.
_LIBRARIES = (
    "phonenumbers", "pycountry", "babel", "email-validator", "disposable-email-domains",
    "tldextract", "cleanco", "nameparser", "ftfy",
)  # fmt: skip


SHIPPED = PROJECT_ROOT / "config" / "vocabularies"

# What columns and questions are called; read by `capture.guessing.names`.
FIELD_NAMES = "field_names.csv"
CONSENT_WORDS = "consents.csv"
# Words of opt-outs; what columns of opt-outs are called too.
OPT_OUT_WORDS = "opt_outs.csv"
# Words of leave to reach somebody, in names that no list knows whole.
CONTACT_PERMISSIONS = "contact_permissions.csv"
# A folder that was set up before these came has none of them: those that ship count there.
_LATER_LISTS = frozenset({
    "blanks.csv", "repeats.csv", "macros.csv", "secrets.csv", "non_persons.csv", "quantities.csv",
    "currencies.csv", OPT_OUT_WORDS, CONTACT_PERMISSIONS, "deal_stages.csv", "truths.csv",
})  # fmt: skip

R = TypeVar("R", bound=Row)
P = TypeVar("P", bound=PatternRow)
V = TypeVar("V", str, Meaning)


class _Folder:
    """Reads the files of one folder and keeps every fault, so that all are told at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[str] = []
        self.paths: list[Path] = []

    def rows(self, file_name: str, row_model: type[R]) -> list[R]:
        path = self.folder / file_name
        if file_name in _LATER_LISTS and not path.exists():
            path = SHIPPED / file_name
        self.paths.append(path)
        try:
            return load_csv(path, row_model)
        except ConfigurationError as error:
            self.faults += error.faults
            return []

    def mapping(self, file_name: str, pairs: Iterable[tuple[str, V]]) -> dict[str, V]:
        """One value per key; the same key with two values is a fault."""
        known: dict[str, V] = {}
        for key, value in pairs:
            if known.setdefault(key, value) != value:
                self.faults.append(
                    f"{self.folder / file_name}: {key!r} stands for {known[key]!r} and {value!r}; "
                    "keep one"
                )
        return known

    def aliases(self, file_name: str, row_model: type[AliasRow]) -> AliasTable:
        return self.table(file_name, self.rows(file_name, row_model))

    def table(self, file_name: str, rows: Sequence[AliasRow]) -> AliasTable:
        exact = self.mapping(
            file_name, ((fold(row.alias), row.value) for row in rows if "*" not in row.alias)
        )
        wildcards = [
            (wildcard(_folded_parts(row.alias)), row.value) for row in rows if "*" in row.alias
        ]
        return AliasTable(file_name, exact, _pattern_table(file_name, wildcards))

    def channel_words(self, rows: Sequence[ContactPermissionRow]) -> dict[str, ChannelWord]:
        """The words of one channel, each folded."""
        found: dict[str, ChannelWord] = {}
        for row in rows:
            if row.channel not in CONTACT_CHANNELS or "*" in row.word:
                continue
            key = fold(row.word)
            channels, languages = found.get(key, ChannelWord((), frozenset()))
            channels = channels if row.channel in channels else (*channels, row.channel)
            found[key] = ChannelWord(channels, languages | {row.language})
        return {key: word for key, word in found.items() if len(word.channels) == 1}

    def consents(self, rows: Sequence[ConsentRow]) -> AliasTable:
        """Those that say yes or no. A word that also says neither is a fault."""
        self.table(CONSENT_WORDS, rows)
        return self.table(CONSENT_WORDS, [row for row in rows if row.value != "not_stated"])

    def macros(self) -> Macros:
        rows = self.rows("macros.csv", MacroRow)
        return Macros((row.opening, row.closing, row.system) for row in rows)

    def currencies(self) -> Currencies:
        rows = self.rows("currencies.csv", CurrencyRow)
        # Signs of currencies are all that tells one from another: nothing to fold but case.
        signs = ((row.sign.casefold(), row.code) for row in rows)
        return Currencies(self.mapping("currencies.csv", signs))

    def quantities(self) -> QuantityWords:
        rows = self.rows("quantities.csv", QuantityRow)
        words = ((fold(row.word), row.value) for row in rows)
        return QuantityWords(self.mapping("quantities.csv", words))

    def placeholders(self) -> dict[str, frozenset[str]]:
        rows = self.rows("placeholders.csv", PlaceholderRow)
        return {
            field: frozenset(fold(row.value) for row in rows if row.field == field)
            for field in get_args(PlaceholderField)
        }

    def non_persons(self) -> NonPersonSigns:
        rows = self.rows("non_persons.csv", NonPersonRow)
        return NonPersonSigns(
            ((row.sign, row.value, row.kind, row.reason) for row in rows),
            content_version(self.paths[-1]),
        )

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


def load_intake_lists(config_dir: Path) -> IntakeLists:
    """What capture looks up, of the vocabularies of `config_dir`; those that ship where it has
    none. Raises ConfigurationError with every fault of every file."""
    folder = config_dir / "vocabularies"
    folder = folder if folder.is_dir() else SHIPPED
    return _read_intake_lists(folder, content_version(*sorted(folder.glob("*.csv"))))


def shipped_intake_lists() -> IntakeLists:
    """Those of the configuration that ships."""
    return load_intake_lists(SHIPPED.parent)


@lru_cache(maxsize=4)
def _read_intake_lists(path: Path, contents: str) -> IntakeLists:
    """Read once per `contents`."""
    folder = _Folder(path)
    blanks = folder.rows("blanks.csv", BlankRow)
    secrets = folder.rows("secrets.csv", SecretRow)
    opt_outs = folder.rows(OPT_OUT_WORDS, OptOutRow)
    consents = folder.rows(CONSENT_WORDS, ConsentRow)
    permissions = folder.rows(CONTACT_PERMISSIONS, ContactPermissionRow)
    lists = partial(
        IntakeLists,
        consents=folder.consents(consents),
        without_consent=frozenset(fold(r.alias) for r in consents if r.value == "not_stated"),
        opt_outs=folder.table(OPT_OUT_WORDS, [r for r in opt_outs if r.channel != "preference"]),
        refusals=_refusals(folder, opt_outs),
        channel_words=folder.channel_words(permissions),
        fillers=frozenset(fold(row.word) for row in permissions if row.part == "filler"),
        absences=frozenset(fold(row.word) for row in permissions if row.part == "absence"),
        deal_stages=folder.aliases("deal_stages.csv", DealStageRow),
        truths=folder.aliases("truths.csv", TruthRow),
        blanks=frozenset({"", *(row.value for row in blanks)}),
        repeats=frozenset(row.mark for row in folder.rows("repeats.csv", RepeatRow)),
        macros=folder.macros(),
        secrets=SecretNames(row.name for row in secrets),
        non_persons=folder.non_persons(),
        currencies=folder.currencies(),
        quantities=folder.quantities(),
    )
    # Questions are asked by it (`capture.questions`), which the channels that do so read.
    asked = [path / FIELD_NAMES] if (path / FIELD_NAMES).exists() else []
    version = content_version(*sorted([*folder.paths, *asked]))
    placeholders = folder.placeholders()
    if folder.faults:
        raise ConfigurationError(folder.faults)
    return lists(version=version, placeholders=placeholders)


def _refusals(folder: _Folder, words: Sequence[OptOutRow]) -> dict[OptOutChannel, AliasTable]:
    """The words that deny, by what their row names."""
    denials = [row for row in words if row.value == "denied"]
    channels: tuple[OptOutChannel, ...] = get_args(OptOutChannel)
    return {
        channel: folder.table(OPT_OUT_WORDS, [row for row in denials if row.channel == channel])
        for channel in channels
    }


@lru_cache(maxsize=4)
def _read_folder(path: Path, contents: str) -> Vocabularies:
    """Read once per `contents`: a warm process meets the same vocabularies in every run."""
    folder = _Folder(path)
    placeholders = folder.placeholders()
    regions = folder.rows("regions.csv", RegionRow)
    zones = folder.rows("region_time_zones.csv", RegionTimeZoneRow)
    countries = folder.rows("countries.csv", CountryRow)
    country_names = folder.mapping("countries.csv", ((fold(r.alias), r.value) for r in countries))
    mailboxes = folder.rows("role_mailboxes.csv", RoleMailboxRow)
    free_domains = folder.rows("free_mail_domains.csv", DomainRow)
    shared_domains = folder.rows("shared_domains.csv", DomainRow)
    page_sites = folder.rows("page_sites.csv", PageSiteRow)
    currencies, quantities = folder.currencies(), folder.quantities()
    vocabularies = partial(
        Vocabularies,
        industries=folder.aliases("industries.csv", IndustryRow),
        sources=folder.aliases("sources.csv", SourceRow),
        purchase_timeframes=folder.aliases("purchase_timeframes.csv", PurchaseTimeframeRow),
        preferred_channels=folder.aliases("preferred_channels.csv", PreferredChannelRow),
        consents=folder.consents(folder.rows(CONSENT_WORDS, ConsentRow)),
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
        placeholders=placeholders,
        role_mailboxes=frozenset(fold(row.mailbox).replace(" ", "") for row in mailboxes),
        macros=folder.macros(),
        currencies=currencies,
        quantities=quantities,
        free_mail_domains=frozenset(row.domain.casefold() for row in free_domains),
        shared_domains=frozenset(row.domain.casefold() for row in shared_domains),
        page_sites=frozenset(row.site.casefold() for row in page_sites),
    )


def _version(paths: list[Path]) -> str:
    return f"{CODE_VERSION}-{content_version(*sorted(paths))}-{_built_in()}"


@cache
def _built_in() -> str:
    """The libraries' versions and the lists that nobody edits, which decide results too."""
    libraries = ",".join(f"{name}={library_version(name)}" for name in _LIBRARIES)
    package = Path(__file__).parents[1]
    lists = content_version(
        *sorted(package.glob("vocabularies/*.csv")), *sorted(package.glob("identity/shares/*.csv"))
    )
    return _digest(f"{libraries},lists={lists}")


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
