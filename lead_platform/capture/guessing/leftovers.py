"""Columns that no field took though they may matter: each is told, so that a person can say.

Owns mailboxes and numbers that no name claims, numbers of companies, titles that may be those of
deals, and dates of which nobody can say what they date. What may be about consent is `refusals`'.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from lead_platform.capture.guessing.choices import (
    A_FURTHER_ONE,
    A_RECORD_KIND,
    A_STATUS,
    ABOUT_OTHERS,
    OF_A_COMPANY,
    VAGUE,
    Choice,
)
from lead_platform.capture.guessing.dates import (
    DateForm,
    are_mixed_dates,
    find_date_form,
    read_dates,
)
from lead_platform.capture.guessing.names import (
    AMBIGUOUS_NAME,
    FIRST_NAME_BESIDE_LAST,
    FieldNames,
)
from lead_platform.capture.guessing.notation import quoted, raw, reference, where, where_both
from lead_platform.capture.guessing.refusals import Rest
from lead_platform.capture.guessing.shapes import MOST_READ, Column, is_mail, is_phone
from lead_platform.capture.half_converted import half_converted
from lead_platform.capture.values import show
from lead_platform.vocabularies.phone_words import is_against_numbers, is_label_against_number
from lead_platform.vocabularies.tables import PatternTable
from lead_platform.vocabularies.text import fold

_CREATED, _MODIFIED = "submitted_at", "modified_at"
Chosen = Mapping[str, tuple[Choice, ...]]
# Of titles that stand alone, and beside what deals have. Of job titles in the languages of the
# lists nearly all are known there, of titles of deals few.
_TITLES = 0.5
_TITLES_BESIDE_DEALS = 0.9
_OF_DEALS = frozenset({"stage", "amount", "opportunity_id", "opportunity_name", "closed_at"})
_ENDS_OF_A_ROLE = (" of ", " for ", " at ", " de ", " fur ", " van ", " di ", " da ")
_NO_RANK = "individual"
_DATE = re.compile(r"\d{4}([-./])\d\d?\1\d\d?(?!\d)|\d\d?([-./])\d\d?\2(?:19|20)\d\d(?!\d)")
_DIALLED = re.compile(r"(?:tel:|p:)?\s*(?:\+|00|\(|0\d+[\s/-]|\d{3}[-.]\d{3}[-.]\d{4})")
_MOSTLY = 0.95
_FILLED = 0.5
_TOLD_LABELS = 5
_DAY = timedelta(days=1)
_LONGEST_EPOCH = 13


def ask_about_unclaimed(rest: Rest, chosen: Chosen, names: FieldNames) -> Iterator[str]:
    """Mailboxes and phones that may be the lead's, though no name says so, or another fills the
    field."""
    for field, what, is_such in (("email", "mailboxes", is_mail), ("phone", "phones", _is_phone)):
        others = chosen.get(field, ())
        for column, near in rest:
            if near not in (None, A_FURTHER_ONE) or column.share(is_such) < MOST_READ:
                continue
            if not others:
                yield (
                    f"{column.name}: are its {what} the lead's? No column of the file is named so: "
                    f"where they are, map it to `{field}`"
                )
            elif field == "email" or names.speaks_of_phones(column.path) or _are_dialled(column):
                yield _asked_of_another(column, field, what, [other.column for other in others])


def ask_about_parties(rest: Rest, chosen: Chosen, names: FieldNames) -> Iterator[str]:
    """Mailboxes of parties that are named, in a file that names no lead: of a list of referrals,
    the friend is one."""
    if chosen.keys() & {"email", "phone", "person_id"}:
        return
    parties = [
        column.name
        for column, near in rest
        if near == ABOUT_OTHERS
        and names.is_other_party(column.path)
        and column.share(is_mail) >= MOST_READ
    ]
    if len(parties) > 1:
        yield (
            f"{', '.join(parties)}: whose mailboxes are the leads'? Each is named after somebody "
            "beside a lead, and no field is filled from them. Who was referred is the lead, not "
            "who refers: map the column of those to `email`, and their name to `full_name`"
        )


def _asked_of_another(column: Column, field: str, what: str, others: list[Column]) -> str:
    cells = zip(column.cells, *(other.cells for other in others), strict=True)
    alone = sum(bool(own) and not any(filled) for own, *filled in cells)
    told = f", though in {alone} of {column.rows} rows no other is filled" if alone else ""
    instead = reference((*others, column))
    both = quoted(where_both(tuple(others), column))
    further = f", and `further_emails: {both}`" if field == "email" else ""
    return (
        f"{column.name}: are its {what} the lead's too? No field takes them{told}: they are kept "
        f"as an answer. Where they are, write `{field}: {instead}`{further}"
    )


def _are_dialled(column: Column) -> bool:
    """Whether the values are written as numbers of phones are, and as few others."""
    return column.share(lambda value: _DIALLED.match(value) is not None) >= MOST_READ


def _is_phone(value: str) -> bool:
    return is_phone(value) and _DATE.match(value) is None


def ask_about_lines(rest: Rest, chosen: Chosen, names: FieldNames) -> Iterator[str]:
    """Columns that say of the number or mailbox beside them that it is wrong, cut off, a fax, or
    somebody else's."""
    phones = [choice.column for choice in chosen.get("phone", ())]
    reached = [*phones, *(choice.column for choice in chosen.get("email", ()))]
    for column, _ in rest:
        labelled = [each for each in reached if _is_label_of(column, each, names)]
        is_against = is_label_against_number if labelled else is_against_numbers
        said = list(dict.fromkeys(filter(is_against, column.tried)))
        if said and (labelled or phones):
            without = _paths_without(column, labelled, said)
            yield _asked_of_lines(column, labelled or phones, said, without)


def _is_label_of(column: Column, reached: Column, names: FieldNames) -> bool:
    """Whether the names have the word for a number or mailbox in common, and the number behind it:
    `Phone 1 - Label` and `Phone 1 - Value`, `Email` and `Email Type`."""
    own, other = (fold(each.path[-1]).split() for each in (column, reached))
    if _number_of(own) != _number_of(other):
        return False
    common = [word for word in own if word in other and word.isalpha()]
    return any(m.field in ("email", "phone") for word in common for m in names.matches((word,)))


def _number_of(words: list[str]) -> str:
    return next(filter(str.isdecimal, words), "1")


def _paths_without(column: Column, labelled: list[Column], said: list[str]) -> str:
    """What reads the labelled columns but for the cells that the labels speak against."""
    if len(said) > _TOLD_LABELS:
        return ""
    tests = " && ".join(f"{where(column)} != {raw(value)}" for value in said)
    return "; ".join(quoted(f"[@][?{tests}] | [0].{where(each)}") for each in labelled)


def _asked_of_lines(column: Column, reached: list[Column], said: list[str], without: str) -> str:
    told = ", ".join(map(show, said[:_TOLD_LABELS]))
    what = " or ".join(each.name for each in reached)
    instead = f", or write as the `path` of the field {without}" if without else ""
    return (
        f"{column.name}: does {told} say that the person is not reached by {what}, being wrong, "
        "cut off, a fax or somebody else's? No field takes it, and the values are read all the "
        f"same: where it does, empty those cells of the file first{instead}"
    )


def ask_about_company_phones(rest: Rest, chosen: Chosen) -> Iterator[str]:
    """Where no number is a person's own, a person says whose the company's is."""
    if "phone" in chosen:
        return
    for column, near in rest:
        if near == OF_A_COMPANY and column.share(is_phone) >= _FILLED:
            yield (
                f"{column.name}: is it the person's own number? A company's number is no person's: "
                "as `phone` it would make one lead of colleagues of one name. Where it is their "
                "own, map it to `phone`; it is kept as an answer"
            )


def is_of_deals(fields: frozenset[str]) -> bool:
    """Whether columns of these fields say that deals stand beside the persons."""
    return bool(fields & _OF_DEALS)


def are_job_titles(column: Column, seniorities: PatternTable, *, beside_deals: bool) -> bool:
    """Whether so many values name what a person is (`Head of Sales`, not `Website relaunch`)."""
    least = _TITLES_BESIDE_DEALS if beside_deals else _TITLES
    return column.share(lambda value: _names_a_role(value, seniorities)) >= least


def _names_a_role(value: str, seniorities: PatternTable) -> bool:
    """Its last word before what it is of says so (`Sales Manager`), or a rank its first (`VP
    Sales`). What else stands first may be what a deal is about: `Sales training`."""
    text = f" {fold(value.split(',')[0].split(' - ')[0])} "
    for end in _ENDS_OF_A_ROLE:
        text = text.partition(end)[0] + " "
    words = text.split()
    if not words:
        return False
    is_ranked = seniorities.find(words[0]) not in (None, _NO_RANK)
    return is_ranked or seniorities.find(words[-1]) is not None


def ask_about_statuses(rest: Rest) -> Iterator[str]:
    """Columns called like regions that say how far somebody is."""
    for column, near in rest:
        if near == A_STATUS:
            yield (
                f"{column.name}: is it the status of the lead? Its values, such as "
                f"{show(column.values[0])}, are no regions. No field holds that: it is kept as an "
                "answer"
            )


def ask_about_record_kinds(rest: Rest) -> Iterator[str]:
    """Columns called like job titles that say whether a record is a lead, a user, a guest."""
    for column, near in rest:
        if near == A_RECORD_KIND:
            yield (
                f"{column.name}: is it the person's job title? Its values, such as "
                f"{show(column.values[0])}, are kinds of records. Where it is theirs, map it to "
                "`job_title`; it is kept as an answer"
            )


def ask_about_names(rest: Rest, chosen: Chosen, names: FieldNames) -> Iterator[str]:
    """Names where no other column names the lead: `Name` may be a company's, and Turkish `Ad` an
    advertisement's."""
    if chosen.keys() & {"full_name", "first_name"} or is_of_deals(frozenset(chosen)):
        return
    for column, near in rest:
        found = [match.field for match in names.matches(column.path)]
        if near is not None or not column.values:
            continue
        if FIRST_NAME_BESIDE_LAST in found:
            yield (
                f"{column.name}: is it the person's name, or that of an advertisement? Where it is "
                "the person's, map it to `full_name` or `first_name`; it is kept as an answer"
            )
        elif AMBIGUOUS_NAME in found:
            yield (
                f"{column.name}: is it the person's name, or that of a company? Nothing tells for "
                f"sure of values such as {show(column.values[0])}, and no field is filled from it. "
                "Where it is the person's, map it to `full_name` or `first_name`, else to "
                "`company_name`"
            )


def ask_about_titles(rest: Rest) -> Iterator[str]:
    """Titles that nobody can tell to be a person's."""
    for column, near in rest:
        if near == VAGUE:
            yield (
                f"{column.name}: is it the person's job title, or that of a deal, a ticket, a "
                f"page? Few of its values, such as {show(column.values[0])}, are job titles by "
                "config/vocabularies/seniorities.csv. Where it is theirs, map it to `job_title`; "
                "it is kept as an answer"
            )


def ask_about_dates(rest: Rest, chosen: Chosen, now: datetime) -> Iterator[str]:
    """Dates that may be those of the record, where none were found by name."""
    left = [column for column, near in rest if near is None]
    halves = {column.path: half_converted_question(column, _CREATED) for column in left}
    yield from (question for question in halves.values() if question is not None)
    found = [
        (column, form)
        for column in left
        if halves[column.path] is None and (form := _form(column, now)) is not None
    ]
    created = next(iter(chosen.get(_CREATED, ())), None)
    if created is None and found:
        names = ", ".join(column.name for column, _ in found)
        told = "one of " if len(found) > 1 else ""
        yield (
            f"{names}: is {told}this when the record was created? No field takes it: every record "
            "counts as submitted when it is received. Where it is, map it to `submitted_at`"
            f"{_told_orders([form for _, form in found])}"
        )
    if created is None:
        yield from (
            f"{column.name}: is this when the record was created? Its dates, such as "
            f"{show(column.values[0])}, stand in several forms, and no field takes it: every "
            "record counts as submitted when it is received. Where it is, export it in one form, "
            "such as 2026-11-30, or map it to `submitted_at` with each of its forms in `formats`"
            for column in left
            if halves[column.path] is None
            and column not in [each for each, _ in found]
            and are_mixed_dates(column.values, now)
        )
    if _MODIFIED in chosen:
        return
    for column, form in found:
        if created is None or _may_follow(column, form, created):
            yield (
                f"{column.name}: is it when the record last changed? No field takes it: of two "
                "versions of a record the one received last counts. Where it is, write it as "
                f"`modified_at`, with `on_conflict: update`{_told_orders([form])}"
            )


def half_converted_question(column: Column, field: str) -> str | None:
    """Of dates that a spreadsheet may have swapped in part; None where nothing says so."""
    told = half_converted(column.values)
    if told is None:
        return None
    return (
        f"{column.name}: are all its dates right? Of its cells {told}; where all are, map it to "
        f"`{field}`"
    )


def _form(column: Column, now: datetime) -> DateForm | None:
    """The form of its dates; figures may be anything, but for milliseconds since 1970."""
    figures = [value for value in column.tried if value.isdigit()]
    is_of_figures = len(figures) > len(column.tried) / 2
    if not column.values or (
        is_of_figures and any(len(value) != _LONGEST_EPOCH for value in figures)
    ):
        return None
    return find_date_form(column.values, now)


def _told_orders(forms: list[DateForm]) -> str:
    orders = dict.fromkeys(order for form in forms for order in form.ambiguous)
    if not orders:
        return ""
    return ", and add " + " or ".join(f"`formats: ['{order}']`" for order in orders)


def _may_follow(column: Column, form: DateForm, created: Choice) -> bool:
    """Whether nearly every value is as late as the record's creation, or later."""
    if column.filled < _FILLED:
        return False
    if created.dates is None or form.ambiguous:
        return True
    pairs = zip(
        read_dates(column.cells, form), read_dates(created.column.cells, created.dates), strict=True
    )
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    late = sum(one >= other - _DAY for one, other in both)
    return late >= _MOSTLY * len(both)
