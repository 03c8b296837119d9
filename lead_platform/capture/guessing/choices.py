"""What was chosen: a column for a field, how sure that is and why."""

from dataclasses import dataclass, field

from lead_platform.capture.guessing.dates import DateForm
from lead_platform.capture.guessing.shapes import Column
from lead_platform.fields import LeadField

# How sure a choice is: the whole name is known; what is left of it without words that add nothing;
# nothing but the values says so. Shares of right choices over exports were not below these.
EXACT, NEARLY, BY_VALUES = 0.95, 0.8, 0.6
OWNER = "owner"
"""Who has a deal; of leads, the owner is no field."""
ABOUT_OTHERS = "about somebody else than the lead"
A_FURTHER_ONE = "a further one, of the lead or of somebody else"
OF_STAFF = "who it is about may be one of your own people"
OF_A_COMPANY = "a company's, which all of its people share"
BESIDE_PERSONS = "a name beside a list of persons, which may be their company's"
VAGUE = "a title of persons, or of deals and pages"
A_STATUS = "the status of a lead or a deal, and no region"
A_RECORD_KIND = "what kind of record it is, and no job title"
HEARD = "texts, in which denials are heard as in any answer"
THE_SAME = "the same as of who is billed"
NOT_EMITTED = "no field of the records that the channel makes"
DIALLED_OTHERWISE = "a number without its code, which stands in another column"
KEPT = frozenset(
    {
        None,
        ABOUT_OTHERS,
        A_FURTHER_ONE,
        OF_STAFF,
        OF_A_COMPANY,
        BESIDE_PERSONS,
        VAGUE,
        A_STATUS,
        A_RECORD_KIND,
        NOT_EMITTED,
        THE_SAME,
        HEARD,
        DIALLED_OTHERWISE,
    }
)
"""Why a column fills no field though nothing speaks against keeping it as an answer."""
A_NUMBER = "a number is no name"
UNSEEN = 0.1
"""Taken off where no value was seen, or only hashes of them."""


@dataclass(frozen=True)
class Choice:
    """A column for a field. `confidence` from 0 to 1, `reason` in words.

    `dates`: the form of a date column. `extract`: the pattern that cuts the field out of a column
    that holds more. `beside`: a second column that is joined to it (a date and its time of day).
    `joined`: all columns whose values make up the field, in their order (van der, Berg).
    `is_versioned`: an id that comes again with each version of its record. `scale`: what its
    figures are to be multiplied with. `zone`: that of its dates, where its name states one.
    `where`: a column that has to be filled too. `zoned_by`: the column that states the zone of its
    dates, record by record. `calling_code` and `area_code`: the columns of what is dialled before
    its numbers. `is_flag`: the name is that of a date, the values say yes and no.
    """

    column: Column
    field: str
    confidence: float
    reason: str
    rank: int = 0
    dates: DateForm | None = None
    extract: str | None = None
    beside: Column | None = None
    joined: tuple[Column, ...] = ()
    is_versioned: bool = False
    scale: int | None = None
    zone: str | None = None
    where: Column | None = None
    zoned_by: Column | None = None
    calling_code: Column | None = None
    area_code: Column | None = None
    is_flag: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the whole name of the column is known."""
        return self.confidence >= EXACT - UNSEEN

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column it takes, the first one first."""
        beside = (self.beside, self.zoned_by, self.calling_code, self.area_code)
        others = (*self.joined, *(column for column in beside if column is not None))
        return (self.column, *(each for each in others if each.path != self.column.path))

    @property
    def is_of_records(self) -> bool:
        """Whether the values tell one record from another."""
        column = self.column
        return column.filled >= 0.95 and (column.variety >= 0.9 or self.is_versioned)


@dataclass(frozen=True)
class Assignment:
    """`choices` by field, best first; `rest` are columns nothing was found for, with the reason
    where one was near; `questions` what a person has to answer; `custom` are the fields without a
    column of their own that a choice may be for; `second` are the columns that no field takes where
    another is filled, each behind those others."""

    choices: dict[str, tuple[Choice, ...]]
    rest: tuple[tuple[Column, str | None], ...]
    questions: tuple[str, ...] = field(default=())
    custom: tuple[LeadField, ...] = ()
    second: tuple[tuple[tuple[Column, ...], Column], ...] = ()

    def first(self, name: str) -> Choice | None:
        """The best column of a field."""
        found = self.choices.get(name, ())
        return found[0] if found else None

    @property
    def is_of_deals(self) -> bool:
        """Whether the records are deals, and no persons stand in them."""
        who = ("email", "phone", "full_name", "last_name")
        is_about_persons = any(self.first(name) for name in who)
        deal = self.first("opportunity_id") or (self.first("stage") and self.first("amount"))
        return not is_about_persons and deal is not None
