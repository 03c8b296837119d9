"""What a column's values look like, whatever its name says.

Owns the tests for mails, numbers, names and the rest, and which shapes contradict a field. A name
that its values contradict is not believed: a wrong guess is worse than none.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import pycountry
from babel import Locale

from lead_platform.capture.guessing.names import NAME_PARTICLE
from lead_platform.capture.values import show
from lead_platform.vocabularies.legal_forms import sign_of_a_company
from lead_platform.vocabularies.particles import are_particles
from lead_platform.vocabularies.repeats import spellings
from lead_platform.vocabularies.statuses import statuses
from lead_platform.vocabularies.tables import AliasTable, IntakeLists, Vocabularies, truth_of
from lead_platform.vocabularies.text import fold

_MAIL = re.compile(r"[^@\s,;|/<>()]+@[^@\s,;|/<>()]+\.[^@\s,;|/<>()]{2,}")
_PHONE = re.compile(r"(?:[a-z]+:)?\+?[\d\s().\-/–]{6,24}(?:(?:x|ext\.?|#)\s*\d{1,6})?", re.I)
_URL = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.I)
_NUMBER = re.compile(r"[^\w+-]{0,3}[+-]?\d[\d.,'\s]*(?:e[+-]?\d+)?\s*(?:%|\W|[A-Z]{3})?", re.I)
_COUNT = re.compile(
    r"[<>~]?\s*\d[\d.,\s']*\s*(?:[+k]|(?:[-–]|to|bis|à|a)\s*\d[\d.,\s'k]*)?.{0,20}", re.I
)
# A hash or token that stands for a value: pseudonymised exports keep their names.
_OPAQUE = re.compile(r"(?:[0-9a-f]{32,128}|[A-Za-z0-9+/_-]{20,}={0,2})")
_PERSON = re.compile(r"[^\W\d_][^\d@_:/]*")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_RECORD_IDS = re.compile(
    r"\W*(?:(?:rec[A-Za-z0-9]{14}|00[13Q][A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)(?:\W+|\Z))+"
)
_TOKEN = re.compile(r"\S+")
_SPREADSHEET_NUMBER = re.compile(r"\d(?:\.\d+)?[eE]\+\d{1,2}|\d{6,16}\.0")
_VENDOR_PREFIX = re.compile(r"[a-z]{1,2}:(?=\S)")
SEPARATOR = " ::: "
"""What Google Contacts sets between several values of one column."""
_MOST_VALUES = 1_000
_MOST_WORDS = 10
MOST_READ = 0.8
"""Share of a column's values from which it is what its name says: the others are told."""
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da")


@dataclass(frozen=True)
class Column:
    """A column of a sample: its `path` (a name, or names within JSON) and its `cells` as text, one
    per row looked at, empty where there is no value. `unit`: what a row of units below the header
    says of it. `group`: the title of the group it stands in and its name there, where two rows of
    the table name it; the name is empty where another group has it too. `at`: where its values are,
    as jmespath, where the names of `path` do not say it."""

    path: tuple[str, ...]
    cells: tuple[str, ...]
    unit: str = ""
    group: tuple[str, str] | None = None
    at: str | None = None

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The cells that say something."""
        return tuple(cell for cell in self.cells if cell)

    @property
    def rows(self) -> int:
        """The number of rows looked at."""
        return len(self.cells)

    @property
    def name(self) -> str:
        """As a person reads it."""
        return ".".join(self.path)

    @property
    def filled(self) -> float:
        """Share of rows with a value."""
        return len(self.values) / self.rows if self.rows else 0.0

    @cached_property
    def tried(self) -> tuple[str, ...]:
        """The values that are looked at."""
        return self.values[:_MOST_VALUES]

    @cached_property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return bool(self.values) and len(set(self.values)) == self.rows

    @cached_property
    def variety(self) -> float:
        """Share of distinct values."""
        return len(set(self.values)) / len(self.values) if self.values else 0.0

    def share(self, fits: Callable[[str], object]) -> float:
        """Share of the values that fit; 0 where there is none."""
        return (
            sum(1 for value in self.tried if fits(value)) / len(self.tried) if self.tried else 0.0
        )

    @cached_property
    def is_opaque(self) -> bool:
        """Whether the values are hashes: they say nothing for or against a field."""
        return self.share(lambda v: _OPAQUE.fullmatch(v) and any(c.isdigit() for c in v)) >= 0.5

    @cached_property
    def has_several(self) -> bool:
        """Whether a value is several, as Google Contacts writes them."""
        return any(SEPARATOR in value for value in self.values)

    @cached_property
    def vendor_prefix(self) -> str | None:
        """What a vendor put in front of every value (`p:+49…`, `ag:5501`), to be taken off."""
        found = [match.group() if (match := _VENDOR_PREFIX.match(v)) else None for v in self.tried]
        return found[0] if found and found[0] and len(set(found)) == 1 else None


def is_mail(value: str) -> bool:
    """Whether the whole value is a mailbox."""
    return _MAIL.fullmatch(value) is not None


def is_phone(value: str) -> bool:
    """Whether the whole value can be a telephone number."""
    digits = sum(sign.isdigit() for sign in value)
    return _PHONE.fullmatch(value.strip()) is not None and 6 <= digits <= 17


def _is_reformatted_phone(value: str) -> bool:
    """A telephone number, or what a spreadsheet made of one; of several the first counts."""
    value = value.partition(SEPARATOR)[0]
    return is_phone(value) or _SPREADSHEET_NUMBER.fullmatch(value) is not None


def _is_mail_or_encoded(value: str) -> bool:
    """One mailbox or a list of them, of which the first counts."""
    decoded = value.replace("%40", "@").replace("%2B", "+")
    return all(is_mail(part) for part in re.split(r"\s*(?:[;,]|:::)\s*", decoded.strip(" ;,")))


def _are_ids(value: str) -> bool:
    """Ids, one or several: none of them has a space within."""
    parts = re.split(r"\s*[;,|]\s*", value.strip(" ;,|"))
    return all(part and not re.search(r"[\s@]", part) for part in parts)


def is_person_name(value: str) -> bool:
    """Whether the value can be a person's name (two to five words) and is no company's."""
    words = _TOKEN.findall(value)
    # Of a family name the particle is no word of its own: de Weck.
    parts = [word for word in words if not are_particles(word)]
    return (
        len(parts) >= 2
        and len(words) <= 5
        and _PERSON.fullmatch(value) is not None
        and sign_of_a_company().search(value) is None
    )


def is_company_name(value: str) -> bool:
    """Whether the value says that it is a company's name."""
    return sign_of_a_company().search(value) is not None


def is_status(value: str, stages: AliasTable) -> bool:
    """Whether the value says how far a lead or deal is: open, won, working."""
    return stages.find(value) is not None or fold(value) in statuses()


def is_url(value: str) -> bool:
    """Whether the value is an address or domain of the web."""
    return "@" not in value and _URL.fullmatch(value) is not None


def is_number(value: str) -> bool:
    """Whether the value is a number or amount."""
    return _NUMBER.fullmatch(value) is not None


class Countries:
    """Whether a value names a country: ISO codes and names, and the spellings RevOps lists."""

    def __init__(self, vocabularies: Vocabularies) -> None:
        iso = pycountry.countries
        names = {getattr(c, n, "") for c in iso for n in ("name", "official_name", "common_name")}
        codes = {code for c in iso for code in (c.alpha_2, c.alpha_3)}
        for language in _LANGUAGES:
            territories = Locale(language).territories
            names |= {name for code, name in territories.items() if len(code) == 2}
        self._known = {fold(name) for name in names | codes if name} | set(vocabularies.countries)

    def has(self, value: str) -> bool:
        """Whether `value` is one."""
        return fold(value) in self._known


def contradicts(column: Column, field: str, countries: Countries) -> str | None:
    """Why the column's values cannot be the field; None where they can, or where none is given."""
    if not column.values or column.is_opaque:
        return None
    test, least, what = _NEEDED.get(field, (None, 0.0, ""))
    if test is not None and column.share(test) < least:
        return f"few of its values {what}"
    if field == "country" and column.share(countries.has) < 0.3 and column.share(_is_code) < 0.5:
        return "few of its values are countries"
    refused, what = _REFUSED.get(field, (None, ""))
    if refused is not None and column.share(refused) > 0.3:
        return f"too many of its values {what}"
    return None


def consent_words(
    column: Column, lists: IntakeLists, *, is_opt_out: bool = False, channel: str = ""
) -> frozenset[str] | None:
    """Each distinct value that the lists know; None where few of the values are, many differ, or
    none says yes or no."""
    says = lists.says_opt_out if is_opt_out else partial(lists.says_consent, channel=channel)
    words = Counter(value.strip().lower() for value in column.tried)
    stated = frozenset(word for word in words if says(word) is not None)
    known = stated | {word for word in words if lists.states_no_consent(word)}
    is_read = sum(words[word] for word in known) >= MOST_READ * words.total()
    return known if stated and len(words) <= _MOST_WORDS and is_read else None


def are_truths(column: Column, lists: IntakeLists) -> bool:
    """Whether each value says yes or no and nothing else, both as a truth and as a consent."""
    agreed = {("yes", "granted"), ("no", "denied")}
    said = {(truth_of(lists.truths, v), lists.says_consent(v)) for v in set(column.tried)}
    return bool(said) and said <= agreed


def _is_code(value: str) -> bool:
    return len(value) in (2, 3) and value.isalpha()


def _is_postal_code(value: str) -> bool:
    return len(value) <= 14 and any(sign.isdigit() for sign in value)


def _is_short(value: str) -> bool:
    return len(value) <= 20


def _is_id(value: str) -> bool:
    return len(value) <= 200 and "@" not in value and value.count(" ") <= 2


def _is_wordy(value: str) -> bool:
    return any(sign.isalpha() for sign in value) and "@" not in value


def _is_undated(value: str) -> bool:
    return _is_wordy(value) and _YEAR.search(value) is None


def is_id_of_record(value: str) -> bool:
    """Whether it is nothing but ids of records of Airtable or Salesforce, as lists or not."""
    return _RECORD_IDS.fullmatch(value) is not None and any(map(str.isdigit, value))


def _is_no_word(value: str) -> bool:
    return (
        is_id_of_record(value)
        or "@" in value
        or is_number(value)
        or value.lower().startswith("http")
    )


Test = Callable[[str], object]
_NEEDED: Mapping[str, tuple[Test, float, str]] = {
    "email": (_is_mail_or_encoded, 0.5, "are mailboxes"),
    "further_emails": (_is_mail_or_encoded, 0.8, "are mailboxes"),
    "merged_person_ids": (_are_ids, 0.95, "are ids"),
    "phone": (_is_reformatted_phone, 0.5, "are telephone numbers"),
    "linkedin_url": (lambda v: "linkedin." in v.lower(), 0.5, "are addresses of LinkedIn"),
    "company_website": (is_url, 0.5, "are web addresses"),
    "landing_page": (lambda v: "/" in v, 0.5, "are pages"),
    "referrer": (is_url, 0.5, "are web addresses"),
    "employee_count": (_COUNT.fullmatch, 0.5, "are counts"),
    "annual_revenue": (lambda v: any(map(str.isdigit, v)), 0.5, "are amounts"),
    "postal_code": (_is_postal_code, 0.5, "are postal codes"),
    "language": (_is_short, 0.9, "are languages"),
    "time_zone": (_is_wordy, 0.5, "are time zones"),
    "amount": (is_number, 0.8, "are amounts"),
    "currency": (lambda v: len(v) <= 3, 0.8, "are currencies"),
    "record_id": (_is_id, 0.95, "are ids"),
    "person_id": (_is_id, 0.95, "are ids"),
    "opportunity_id": (_is_id, 0.95, "are ids"),
    NAME_PARTICLE: (are_particles, 0.8, "are particles of last names"),
    **dict.fromkeys(("first_name", "last_name", "full_name"), (_is_undated, 0.7, "are names")),
}  # fmt: skip
_REFUSED: Mapping[str, tuple[Test, str]] = {
    "full_name": (is_company_name, "are companies"),
    "company_name": (_is_no_word, "are no names"),
    "job_title": (_is_no_word, "are no titles"),
    "industry": (_is_no_word, "are no industries"),
    "city": (_is_no_word, "are no places"),
    "region": (_is_no_word, "are no regions"),
    "message": (is_mail, "are mailboxes"),
}


def sample_cells(values: Sequence[str], lists: IntakeLists) -> tuple[str, ...]:
    """The values, trimmed; empty for blanks, marks for the value above and vendors' dummies
    (`<test lead: …>`)."""
    dummies, without_value = lists.non_persons["text"], lists.blanks | spellings(lists.repeats)
    stripped = (value.strip() for value in values)
    return tuple(
        "" if value in without_value or dummies.find(value.casefold()) is not None else value
        for value in stripped
    )


def repeat_question(name: str, values: Sequence[str], lists: IntakeLists) -> str | None:
    """What to do about marks for the value of the row above; None where the column has none."""
    repeats = spellings(lists.repeats)
    marks = [value for each in values if (value := each.strip()) in repeats]
    if not marks:
        return None
    return (
        f"{name}: {len(marks)} of {len(values)} cells stand for the value of another row, such as "
        f"{show(marks[0])}. They stay empty, with the reason: fill them down in the file first"
    )
