"""Which column fills which field: names and values judged together, each choice with its reason.

Owns the rules of precedence. A field that decides who somebody is (mail, phone, name, person id) is
left empty rather than guessed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.guessing.billed import THE_ONLY_PARTY, ask_about_billed, find_billed
from lead_platform.capture.guessing.choices import (
    A_FURTHER_ONE,
    A_NUMBER,
    A_RECORD_KIND,
    A_STATUS,
    ABOUT_OTHERS,
    BESIDE_PERSONS,
    BY_VALUES,
    EXACT,
    NEARLY,
    NOT_EMITTED,
    OF_A_COMPANY,
    OF_STAFF,
    OWNER,
    THE_SAME,
    UNSEEN,
    VAGUE,
    Assignment,
    Choice,
)
from lead_platform.capture.guessing.dates import (
    ALWAYS,
    DateForm,
    find_clock,
    find_date_form,
    ordered_as,
    read_dates,
)
from lead_platform.capture.guessing.draft import without_unemitted
from lead_platform.capture.guessing.further_persons import (
    ask_about_further_persons,
    find_further_persons,
)
from lead_platform.capture.guessing.last_names import with_whole_last_name
from lead_platform.capture.guessing.left_parts import ask_about_parts, holds_persons
from lead_platform.capture.guessing.leftovers import (
    are_job_titles,
    ask_about_company_phones,
    ask_about_dates,
    ask_about_lines,
    ask_about_names,
    ask_about_parties,
    ask_about_record_kinds,
    ask_about_statuses,
    ask_about_titles,
    ask_about_unclaimed,
    half_converted_question,
    is_of_deals,
)
from lead_platform.capture.guessing.mail_and_phone import cut_apart
from lead_platform.capture.guessing.mailbox_names import without_mailboxes_of_others
from lead_platform.capture.guessing.names import (
    AMBIGUOUS_NAME,
    CRM_RECORD_ID,
    DENIED_AT,
    FIRST_NAME_BESIDE_LAST,
    MIDDLE_NAME,
    NAME_PARTICLE,
    OPT_OUTS,
    WITHDRAWN_AT,
    FieldNames,
    NameMatch,
)
from lead_platform.capture.guessing.notation import quoted, where
from lead_platform.capture.guessing.parties import ENOUGH_ROWS, Parties
from lead_platform.capture.guessing.phone_codes import (
    ask_region,
    find_phone_codes,
    with_codes_beside,
)
from lead_platform.capture.guessing.refusals import (
    Rest,
    ask_about_consents,
    ask_about_deals,
    denying_label,
    without_choice,
    without_consents,
    without_withdrawals_of_nothing,
)
from lead_platform.capture.guessing.samples import Sample
from lead_platform.capture.guessing.seconds import second_columns, with_further_mailbox
from lead_platform.capture.guessing.shapes import (
    MOST_READ,
    Column,
    Countries,
    are_truths,
    consent_words,
    contradicts,
    is_company_name,
    is_id_of_record,
    is_mail,
    is_person_name,
    is_status,
)
from lead_platform.capture.guessing.units import (
    FIGURES,
    is_by_region,
    is_unit_cell,
    may_be_zone,
    stated,
    stated_scale,
    stated_zone,
    unclear_unit,
)
from lead_platform.capture.guessing.versions import Versions, find_versions
from lead_platform.capture.guessing.zones import with_zone_beside
from lead_platform.capture.values import SPREADSHEET_DAYS, read_days, show
from lead_platform.vocabularies.particles import are_particles
from lead_platform.vocabularies.record_kinds import are_record_kinds
from lead_platform.vocabularies.tables import IntakeLists, Vocabularies

# A mailbox that a tenth of the rows share is an owner's or a team's, not the leads'.
_OWN_MAILBOXES = 0.8
_TOLD_STAGES = 5
_MOST_STATUSES = 10
# Of values of `State`: no region is called Open, and a status has few words beside those known.
_STATUSES = 0.5
# Of one record, the operator's id looks like the person's; as an exact key it would make one
# lead of all that come.
_LEAST_PERSONS = 2
_TITLE = re.compile(r"[^-.:]*?\s*(?: - |[.:])\s*(?=\S)")
_BARE_IDS = frozenset({"id", "uuid", "guid", "token", "event_id", "eventid"})
_CONTAINERS = frozenset(
    (name,) for name in ("data", "payload", "record", "form_response", "submission", "response")
)
_IN_ADDRESS = {
    **{name: rf"[?&]utm_{name}=([^&#]+)" for name in ("source", "medium", "campaign", "term")},
    "content": r"[?&]utm_content=([^&#]+)",
    "click_id": r"[?&](?:gclid|fbclid|msclkid)=([^&#]+)",
}
# Of values below a name that persons have too: one of some may be called Guest.
_NO_NAMES = 0.5
_PERSONAL = frozenset({"email", "phone", "full_name", "first_name", "last_name", "company_name"})
"""Without any of them a `title` is that of a page or a task."""
_COMPANY_FACTS = frozenset({"company_website", "industry", "employee_count", "annual_revenue"})
_COMPANIES, _HARDLY_COMPANIES = 0.3, 0.1
_WHO = _PERSONAL - {"company_name"} | {"person_id", AMBIGUOUS_NAME, FIRST_NAME_BESIDE_LAST}
"""Fields that decide who somebody is."""
_JUDGED_AS = {AMBIGUOUS_NAME: "full_name", FIRST_NAME_BESIDE_LAST: "first_name"}
_DELETIONS = frozenset({"d", "del", "delete", "deleted", "remove", "removed"})
"""Codes of Debezium (d), DMS (D, delete), Delta's change feed (delete) and those like them."""
_IDS = ("record_id", "person_id", CRM_RECORD_ID)
_RECORD_IDS = ("record_id", "person_id", "opportunity_id")
_DATES = ("submitted_at", "modified_at", "closed_at", "consent_at", "first_touch_at", *DENIED_AT)
_CONSENTS = (*CONSENTS, *OPT_OUTS)
_WHEN_DENIED = "consent_at"
_ABOUT_CONSENTS = (*_CONSENTS, *DENIED_AT)
_SEVERAL = {
    **{"phone": 4, "email": 2, "full_name": 2, "first_name": 2, "last_name": 2},
    **dict.fromkeys(_ABOUT_CONSENTS, 20),
}
"""Fields that take another column where the first is empty; of consents, any denial counts."""


def assign_columns(
    sample: Sample,
    names: FieldNames,
    vocabularies: Vocabularies,
    lists: IntakeLists,
    now: datetime,
) -> Assignment:
    """A column for each field the sample has one for."""
    names = names.below(_title(sample.columns, names))
    judge = _Judge(names, lists, vocabularies, now, sample.columns)
    judge.is_beside_deals = is_of_deals(
        frozenset(m.field for c in sample.columns if c.values for m in names.matches(c.path))
    )
    billed = judge.billed
    judge.near.update({column.path: THE_SAME for column in billed.same if billed.is_lead})
    if not billed.is_lead:
        judge.near.update({column.path: ABOUT_OTHERS for column in billed.told(names)})
    codes = find_phone_codes(sample.columns, names)
    of_codes = {code.column.path for code in codes}
    further = find_further_persons(sample.columns, names)
    of_others = {column.path for own in further.values() for column in own.values()}
    judge.near.update(dict.fromkeys(of_others, ABOUT_OTHERS))
    columns = [each for each in sample.columns if each.path not in of_codes | of_others]
    candidates = [choice for column in columns for choice in judge.candidates(column)]
    versions = find_versions(candidates)
    candidates = list(judge.without_companys_mailboxes(candidates))
    candidates = judge.without_staff(candidates)
    candidates = _of_records(map(versions.told, candidates), judge.near)
    candidates = _own(candidates, versions, judge.near)
    candidates += _by_values(sample.columns, candidates, names)
    settled = _own(_settled(candidates, judge.is_no_name), versions, judge.near)
    settled = without_withdrawals_of_nothing(settled)
    if any(holds_persons(part, names) for part in sample.left):
        settled = judge.without_names_of_companies(settled)
    settled, whose = without_mailboxes_of_others(settled, sample.columns, names, judge.near)
    chosen = with_campaign(with_clock(with_whole_last_name(_best(settled))))
    chosen = with_further_mailbox(chosen)
    zones = [column for column in sample.columns if names.is_time_zone(column.path)]
    chosen, zone_questions = with_zone_beside(chosen, sample.columns, zones)
    chosen, code_questions = with_codes_beside(chosen, sample.columns, codes, judge.near)
    emitted = without_unemitted(Assignment(chosen, (), custom=names.custom))
    for path in _used(chosen) - _used(emitted):
        judge.near[path] = NOT_EMITTED
    used = _used(emitted)
    rest: Rest = tuple(
        (column, judge.near.get(column.path))
        for column in sample.columns
        if column.path not in used
    )
    rest = without_consents(rest, names, lists)
    is_of_outcomes = Assignment(chosen, ()).is_of_deals
    ask_of_leave = ask_about_deals if is_of_outcomes else ask_about_consents
    questions = (
        *judge.questions,
        *whose,
        *ask_about_billed(billed, names),
        *ask_about_further_persons(further, chosen),
        *zone_questions,
        *code_questions,
        *ask_region(emitted),
        *ask_about_unclaimed(rest, chosen, names),
        *ask_about_parties(rest, chosen, names),
        *_versions_left(chosen, judge.ids),
        *_deletions(sample.columns, names),
        *_deleting_operations(sample.columns, rest, names),
        *ask_of_leave(rest, names, lists),
        *ask_about_parts(sample.left, names, lists),
        *ask_about_company_phones(rest, chosen),
        *ask_about_lines(rest, chosen, names),
        *ask_about_names(rest, chosen, names),
        *ask_about_statuses(rest),
        *ask_about_record_kinds(rest),
        *(ask_about_titles(rest) if chosen.keys() & _PERSONAL else ()),
        *ask_about_dates(rest, chosen, now),
    )
    found = Assignment(emitted, rest, questions, names.custom, second_columns(emitted))
    return replace(found, questions=(*questions, *_unknown_stages(found, lists)))


def _used(chosen: Mapping[str, tuple[Choice, ...]]) -> set[tuple[str, ...]]:
    """The columns that fill a field; of leads, the owner is none."""
    choices = [choice for each in chosen.values() for choice in each if choice.field != OWNER]
    return {column.path for choice in choices for column in choice.columns}


def _versions_left(
    chosen: Mapping[str, tuple[Choice, ...]], ids: Sequence[Column]
) -> Iterator[str]:
    """A time of change that nothing can be told of: which record is it that changed?"""
    changed = [choice for choice in chosen.get("modified_at", ()) if choice.column.values]
    found = [choice for name in _RECORD_IDS for choice in chosen.get(name, ())[:1]]
    if not changed or any(choice.is_of_records for choice in found):
        return
    name = changed[0].column.name
    named = " or ".join(dict.fromkeys(column.name for column in ids)) or "one"
    yield (
        f"{name}: which column is the id of the record that changed, {named}? None tells the "
        "records apart for sure, so every row counts as a record of its own. Where one is, write "
        "it as `record_id`, with `on_conflict: update` and this column as `modified_at`"
    )


def _deletions(columns: Sequence[Column], names: FieldNames) -> Iterator[str]:
    """No field holds that a source deleted a record. Of several marks, each is read by itself and
    any counts."""
    marks = [each for each in columns if each.values and names.is_about_deletion(each.path)]
    keys = ["is_deleted", *(f"is_deleted_{number}" for number in range(2, len(marks) + 1))]
    any_mark = " || ".join(f"_derived.{key}" for key in keys)
    for column, key in zip(marks, keys, strict=False):
        yield (
            f"{column.name}: does it mark records that the source has deleted, or people who "
            "have died? No field holds that: they come in as all others do. Leave them out of "
            "the export; or, where it "
            f"says yes and no, add `derive: {{{key}: {{column: {column.name!r}, "
            "vocabulary: truths}}` and, beside `kind: submission`, "
            f"`when: '!({any_mark})'`"
        )


def _deleting_operations(columns: Sequence[Column], rest: Rest, names: FieldNames) -> Iterator[str]:
    """What a feed of changes says of records that are gone, and a status that no field takes."""
    left = {column.path for column, _ in rest}
    for column in columns:
        states = set(column.tried)
        if names.is_operation(column.path):
            gone = sorted(each for each in states if each.casefold() in _DELETIONS)
        else:
            is_status = column.path in left and len(states) <= _MOST_STATUSES
            gone = sorted(each for each in states if is_status and names.is_about_deletion((each,)))
        if not gone:
            continue
        path = where(column)
        when = " && ".join(f"{path} != '{each}'" for each in gone)
        yield (
            f"{column.name}: does {' or '.join(map(show, gone))} mark records that the source has "
            "deleted? No field holds that: they come in as all others do. Leave them out of the "
            f"export; or write, beside `kind: submission`, `when: {quoted(when)}`"
        )


def _unknown_stages(found: Assignment, lists: IntakeLists) -> Iterator[str]:
    """Stages of deals that no list has: one of them may mean that a deal is won or lost."""
    stage = found.first("stage") if found.is_of_deals else None
    if stage is None:
        return
    stages = dict.fromkeys(stage.column.tried)
    unknown = [show(each) for each in stages if lists.deal_stages.find(each) is None]
    if unknown:
        told = ", ".join(unknown[:_TOLD_STAGES])
        more = f" and {len(unknown) - _TOLD_STAGES} more" if unknown[_TOLD_STAGES:] else ""
        yield (
            f"{stage.column.name}: does one of {told}{more} mean that a deal is won or lost? Each "
            "counts as under way (stage_change), which `issues` tell until it is in "
            f"config/vocabularies/{lists.deal_stages.file_name}"
        )


class _Judge:
    """Looks at one column after the other."""

    def __init__(
        self,
        names: FieldNames,
        lists: IntakeLists,
        vocabularies: Vocabularies,
        now: datetime,
        columns: Sequence[Column],
    ) -> None:
        self._names = names
        self._columns = columns
        self._lists = lists
        self._countries = Countries(vocabularies)
        self.billed = find_billed(columns, names, self._countries)
        self._stages = lists.deal_stages
        self._tables = (vocabularies.sources, vocabularies.preferred_channels)
        self._seniorities = vocabularies.seniorities
        self._now = now
        self.is_beside_deals = False
        self.near: dict[tuple[str, ...], str] = {}
        self.questions: list[str] = []
        self.ids: list[Column] = []

    def candidates(self, column: Column) -> list[Choice]:
        """What the column may be; why it is none of what its name says goes to `near`."""
        if self.billed.is_lead and column.path in self.billed.names:
            return [
                replace(choice, confidence=NEARLY, reason=f"{choice.reason}; {THE_ONLY_PARTY}")
                for choice in self._named(column, (self.billed.names[column.path],))
            ]
        return self._named(column, column.path)

    def _named(self, column: Column, path: tuple[str, ...]) -> list[Choice]:
        path = path[1:] if path[0] == "_answers" else path
        path = self._names.opened(path)
        if len(path) > 1 and any(map(str.isdecimal, path)):
            # Of a list, or of records by their numbers: nobody knows whose.
            self.near[column.path] = A_NUMBER
            return []
        # `{"page_url": {"title": …, "value": …}}` is named by what holds it.
        path = path[:-1] if len(path) > 1 and path[-1] == "value" else path
        if len(path) == 1 and (cut := cut_apart(column, self._names.parts(path[-1]))):
            return cut
        if column.group is not None and not self._names.matches(path):
            path = self._within_group(column.group, path)
        if self._names.is_sensitive(path):
            self.near[column.path] = "sensitive"
            return []
        if self._names.is_company_phone(path) or self._names.is_companys(path):
            self.near[column.path] = OF_A_COMPANY
            return []
        matches = self._names.matches(path)
        if not matches and self._names.is_further(path):
            self.near[column.path] = A_FURTHER_ONE
            return []
        if not matches and self._names.is_other_party(path):
            self.near[column.path] = ABOUT_OTHERS
            return [Choice(column, OWNER, NEARLY, "its name")] if self._names.is_owner(path) else []
        if not _is_of_record(path):
            matches = tuple(match for match in matches if match.field != "record_id")
        if self._names.is_negated(path) or self._names.is_about_privacy(path):
            # `No newsletter` has a word that says much, and so has `Newsletter (privacy policy)`.
            matches = tuple(m for m in matches if m.is_exact or m.field not in _CONSENTS)
        found = [choice for match in matches if (choice := self._judged(column, match)) is not None]
        if not matches and (granted := self._granted(column, path)) is not None:
            found = [granted]
        if found:
            self.near.pop(column.path, None)
        return found

    def is_no_name(self, value: str) -> bool:
        """Whether it says where somebody comes from, or how they are reached."""
        is_listed = any(table.find(value) is not None for table in self._tables)
        return is_listed or self._names.says_how_or_what(value)

    def without_companys_mailboxes(self, choices: Sequence[Choice]) -> Iterator[Choice]:
        """`Company Email` beside another mailbox is the person's only where it holds their names:
        as a second one it would make one lead of colleagues."""
        mails = [each for each in choices if each.field == "email" and each.column.values]
        companys = [c for c in mails if self._names.is_mailbox_of_company(c.column.path)]
        parties = Parties(choices)
        for choice in choices:
            path = choice.column.path
            is_left = choice in companys and len(companys) < len(mails)
            if is_left and not parties.agree(choice.column.cells):
                self.near[path] = OF_A_COMPANY
                self.questions.append(
                    f"{choice.column.name}: is it the person's own mailbox at work, or the "
                    "company's, which all of its people share? It is kept as an answer; where it "
                    "is their own, map it to `further_emails`"
                )
            else:
                yield choice

    def without_staff(self, choices: list[Choice]) -> list[Choice]:
        """Without those of a submitter or a caller, where other columns say who the lead is."""
        who = [choice for choice in choices if choice.field in _WHO and choice.column.values]
        staff = {c.column.path: c for c in choices if self._names.may_be_staff(c.column.path)}
        fields = {choice.field for choice in who if choice.column.path in staff}
        others = [choice for choice in who if choice.column.path not in staff]
        if not any(c.field in fields or self._names.says_lead(c.column.path) for c in others):
            return choices
        for path, choice in staff.items():
            self.near[path] = OF_STAFF
            if choice in who:
                self.questions.append(
                    f"{choice.column.name}: is it the lead's, or that of one of your own people? "
                    f"Other columns, such as {others[0].column.name}, say who the lead is, and no "
                    "field is filled from it. Where it is the lead's, map it in their place"
                )
        return [choice for choice in choices if choice.column.path not in staff]

    def without_names_of_companies(self, choices: list[Choice]) -> list[Choice]:
        """Of records that hold a list of persons, and say of nobody else how to reach them: the
        name beside the list may be that of where they work, as in Close's leads."""
        if any(choice.field in ("email", "phone") for choice in choices):
            return choices
        names = [each for each in choices if each.field == "full_name" and each.column.values]
        for choice in names:
            self.near[choice.column.path] = BESIDE_PERSONS
            self.questions.append(
                f"{choice.column.name}: is it the person's name, or that of the company whose "
                f"people the list beside it holds? No field is filled from values such as "
                f"{show(choice.column.values[0])}. Where it is the person's, map it to "
                "`full_name`, else to `company_name`"
            )
        return [choice for choice in choices if choice not in names]

    def _granted(self, column: Column, path: tuple[str, ...]) -> Choice | None:
        """A consent of which each word of the name is known, and each value a plain yes or no."""
        bare = without_choice(path[-1], self._lists.truths)
        field = self._names.granted_consent((*path[:-1], bare))
        if field is None and bare != path[-1] and not self._names.is_about_privacy(path):
            named = [match.field for match in self._names.matches((*path[:-1], bare))]
            field = named[0] if len(named) == 1 and named[0] in CONSENTS else None
        if field is None or not are_truths(column, self._lists):
            return None
        reason = "its words: leave to one channel; its values: yes and no"
        return Choice(column, field, NEARLY, reason)

    def _within_group(self, group: tuple[str, str], path: tuple[str, ...]) -> tuple[str, ...]:
        """The column's own name, where no other group has it and its group is not somebody else.

        Who somebody is, only groups of the lead's say: nobody knows whose `Referrer - Email` is.
        """
        title, own = group
        if not own or self._names.is_other_party((title,)):
            return path
        fields = {match.field for match in self._names.matches((own,))}
        titles = {match.field for match in self._names.matches((title,))}
        if AMBIGUOUS_NAME in fields and "company_name" in titles:
            return (title,)
        if fields & _WHO and not self._names.is_of_leads(title):
            self.questions.append(
                f"{path[-1]}: are the columns below {title!r} about the lead? Then map this one; "
                "no field is filled from it"
            )
            return path
        return (own,)

    def _judged(self, column: Column, match: NameMatch) -> Choice | None:
        if match.field == MIDDLE_NAME:
            if column.share(are_particles) < MOST_READ:
                return None
            reason = "its values: particles of last names"
            return Choice(column, NAME_PARTICLE, BY_VALUES, reason, match.rank)
        name = _JUDGED_AS.get(match.field, match.field)
        if match.field == AMBIGUOUS_NAME and _are_companies(column):
            name = "company_name"
        fault = self._fault(column, name)
        if fault is not None:
            self.near[column.path] = f"named like {name}, but {fault}"
            if column.share(is_id_of_record) >= _STATUSES and name == "company_name":
                self.questions.append(
                    f"{column.name}: what is the company called? Its values, such as "
                    f"{show(column.values[0])}, are ids of records of another table, and no field "
                    "is filled from them: export the name of the company beside them"
                )
            return None
        if name == "region" and column.share(partial(is_status, stages=self._stages)) >= _STATUSES:
            self.near[column.path] = A_STATUS
            return None
        if name == "job_title" and are_record_kinds(column.values):
            self.near[column.path] = A_RECORD_KIND
            return None
        if name == "job_title" and self._is_no_job_title(column):
            self.near[column.path] = VAGUE
            return None
        if name == "consent_source" and denying_label(column, self._names, self._lists) is not None:
            # `Legal basis`: `Withdrawn` is no source of a consent.
            return None
        if name == "person_id" and 0 < len(column.values) < _LEAST_PERSONS:
            self.near[column.path] = "named like person_id, but of one record nothing shows whose"
            self.questions.append(
                f"{column.name}: is it the id of the person that the record is about, and not of "
                "who entered it? One record does not tell, and no field is filled from it. Where "
                "it is, write it as `person_id`, with `source_system`"
            )
            return None
        confidence = EXACT if match.is_exact else NEARLY
        reason = "its name" if match.is_exact else "its name without words that add nothing"
        if not column.values or column.is_opaque:
            confidence -= UNSEEN
            reason += "; no value was seen" if not column.values else "; its values are hashes"
        choice = Choice(column, match.field, round(confidence, 2), reason, match.rank)
        if name in _RECORD_IDS and column.values:
            self.ids.append(column)
        if name in _CONSENTS:
            return self._consent(choice)
        if name in DENIED_AT:
            return self._denied_at(choice)
        if name in _DATES:
            return self._dated(self._zoned(choice))
        return self._scaled(choice) if name in FIGURES else choice

    def _fault(self, column: Column, name: str) -> str | None:
        if name in _IDS and not column.values:
            return "it is empty"
        vague = column.share(is_person_name) if name in ("first_name", "last_name") else 0.0
        if vague >= 0.6 and column.share(lambda value: "," in value) >= 0.5:
            return "its values are whole names"
        return contradicts(column, name, self._countries)

    def _is_no_job_title(self, column: Column) -> bool:
        """Whether a name that deals have too stands over values that are no job titles."""
        if not column.values or column.is_opaque or not self._names.is_vague_title(column.path):
            return False
        return not are_job_titles(column, self._seniorities, beside_deals=self.is_beside_deals)

    def _scaled(self, choice: Choice) -> Choice:
        """Figures in thousands or millions, by the name or by a row of units below the header."""
        column = choice.column
        scale = stated_scale(stated(column.path[-1]), self._lists)
        units = [
            value for value in (column.unit, *column.tried) if is_unit_cell(value, self._lists)
        ]
        if scale is None and (scale := stated_scale(units, self._lists)) is not None:
            is_record = not column.unit
            advice = "; a row of units is no record: delete it from the export" if is_record else ""
            self.questions.append(
                f"{column.name}: is {units[0]!r} the unit of all its figures? They are multiplied "
                f"by {scale}{advice}"
            )
        if scale is None:
            if (word := unclear_unit(column.path[-1], self._lists)) is not None:
                self.questions.append(
                    f"{column.name}: is {word!r} a thousand or a million, or what else? Write it "
                    f"as `scale` at `{choice.field}`, such as `scale: 1000`"
                )
            return choice
        return replace(choice, scale=scale, reason=f"its name; its figures times {scale}")

    def _zoned(self, choice: Choice) -> Choice:
        """Dates in the zone that the name states."""
        column = choice.column
        name, zone = column.path[-1], stated_zone(column.path[-1])
        if may_be_zone(name):
            self.questions.append(
                f"{column.name}: which zone are its dates in? Write it as `time_zone` of the "
                "field, such as Europe/Berlin; without it they are UTC"
            )
        if zone is None:
            return choice
        if is_by_region(name):
            self.questions.append(
                f"{column.name}: are its dates of {zone}, with its summer time? Else write another "
                "`time_zone`"
            )
        return replace(choice, zone=zone, reason=f"its name; in the zone {zone}")

    def _consent(self, choice: Choice) -> Choice | None:
        if not choice.column.values:
            return choice
        lists = self._lists
        channel = choice.field.removeprefix("consent_") if choice.field in CONSENTS else ""
        is_opt_out = choice.field in OPT_OUTS
        words = consent_words(choice.column, lists, is_opt_out=is_opt_out, channel=channel)
        if words is None:
            tables = (lists.consents, lists.opt_outs)
            files = " and ".join(f"config/vocabularies/{each.file_name}" for each in tables)
            self.near[choice.column.path] = (
                f"named like {choice.field}, but too few of its values are in {files}"
            )
            return None
        cells = choice.column.tried
        self._tell_unread(choice, [cell for cell in cells if cell.strip().lower() not in words])
        return choice

    def _denied_at(self, choice: Choice) -> Choice | None:
        """When somebody opted out, or whether. Of dates that may be read in two ways each denies,
        and none says when."""
        column = choice.column
        if choice.field == WITHDRAWN_AT and not choice.is_exact:
            return None
        if consent_words(column, self._lists, is_opt_out=True) is not None:
            reason = f"{choice.reason}; its values: yes and no"
            return replace(choice, reason=reason, is_flag=True)
        if (dated := self._dated(self._zoned(choice))) is not None:
            return dated
        if (
            find_date_form(column.values, self._now) is None
            and half_converted_question(column, _WHEN_DENIED) is None
        ):
            return None
        self.near.pop(column.path, None)
        return replace(choice, reason=f"{choice.reason}; when is not clear")

    def _tell_unread(self, choice: Choice, unread: Sequence[str]) -> None:
        """Asks what the few values mean that do not read as the field."""
        if unread:
            column, field = choice.column, choice.field
            what = "the record is rejected" if field == "submitted_at" else "it stays empty"
            if field in DENIED_AT:
                field, what = _WHEN_DENIED, "it stays empty, while the consent is denied"
            self.questions.append(
                f"{column.name}: {len(unread)} of {len(column.tried)} values do not read as "
                f"{field}, such as {show(unread[0])}; there {what}, unless you say what "
                "they mean with `values`"
            )

    def _dated(self, choice: Choice) -> Choice | None:
        column = choice.column
        field = _WHEN_DENIED if choice.field in DENIED_AT else choice.field
        if (question := half_converted_question(column, field)) is not None:
            self.near[column.path] = f"named like {choice.field}, but half of it may be swapped"
            self.questions.append(question)
            return None
        form = find_date_form(column.values, self._now) if column.values else DateForm()
        if form is None:
            self.near[column.path] = f"named like {choice.field}, but its values are no dates"
            if (known := find_date_form(column.values, ALWAYS)) is not None:
                self.near[column.path] = f"named like {choice.field}, but dates are still to come"
                self._ask_about_time_to_come(choice, known)
            elif choice.field in ("submitted_at", "modified_at"):
                self.questions.append(
                    f"{column.name}: in which form are its dates? None was found that fits; "
                    "read are numbers and names of months (3 May 2026). Export it as 2026-11-30, "
                    "or add `formats`"
                )
            return None
        if form.ambiguous and (ordered := ordered_as(form, self._date_forms)) is not None:
            form, reason = ordered, f"{choice.reason}; in the order of the file's other dates"
            choice = replace(choice, reason=reason)
        if form.ambiguous:
            forms = " or ".join(f"`formats: ['{each}']`" for each in form.ambiguous)
            first = (
                "day, month or year" if any("%y-" in f for f in form.ambiguous) else "day or month"
            )
            question = f"{column.name}: {first} first? Add {forms}, and `{field}` with this column"
            self.near[column.path] = f"named like {choice.field}; {first} first is not clear"
            self.questions.append(question)
            return None
        self._ask_about_days(column, form)
        self._tell_unread(choice, [cell for cell in column.tried if cell in form.unread])
        return replace(choice, dates=form)

    def _ask_about_time_to_come(self, choice: Choice, form: DateForm) -> None:
        """A record is not of a day after the one on which it is read."""
        column = choice.column
        read = zip(column.cells, read_dates(column.cells, form), strict=True)
        late = [cell for cell, at in read if at is not None and at > self._now]
        if choice.field in ("submitted_at", "modified_at"):
            self.questions.append(
                f"{column.name}: are its dates right? Some are still to come, such as "
                f"{show((late or column.tried)[0])}, and no field takes it: where it is "
                f"`{choice.field}`, correct them in the file"
            )

    @cached_property
    def _date_forms(self) -> list[DateForm]:
        """Of the columns that the system fills by its own clock: people write as they like."""
        named = [
            column
            for column in self._columns
            if any(match.field in _DATES for match in self._names.matches(column.path))
        ]
        forms = (find_date_form(column.values, self._now) for column in named)
        return [form for form in forms if form is not None]

    def _ask_about_days(self, column: Column, form: DateForm) -> None:
        """Numbers among dates are a spreadsheet's count of days, as far as anybody sees."""
        if SPREADSHEET_DAYS in form.formats:
            seen = next(cell for cell in column.tried if read_days(cell) is not None)
            self.questions.append(
                f"{column.name}: are its numbers a spreadsheet's count of days, {seen} being "
                f"{read_days(seen)}? They are read so; else take `{SPREADSHEET_DAYS}` out of its "
                "`formats`"
            )


def _title(columns: Sequence[Column], names: FieldNames) -> str:
    """What every column is named after, with the sign behind it, where that is the lead; else
    nothing."""
    own = [column.path[0] for column in columns if len(column.path) == 1]
    found = {match.group() if (match := _TITLE.match(name)) else "" for name in own}
    (title, *others) = found or {""}
    return title if not others and title and names.is_of_leads(title) else ""


def _is_of_record(path: Sequence[str]) -> bool:
    """Whether an `id` within an object can be the record's: not that of a webinar or a form."""
    return len(path) == 1 or path[-1].lower() not in _BARE_IDS or path[:-1] in _CONTAINERS


def _by_values(
    columns: Sequence[Column], candidates: Sequence[Choice], names: FieldNames
) -> list[Choice]:
    """The only column of mailboxes of a file none of whose columns is named like one."""
    if any(choice.field == "email" for choice in candidates):
        return []
    mails = [column for column in columns if column.share(is_mail) >= 0.9]
    if len(mails) != 1 or names.is_other_party(mails[0].path):
        return []
    (column,) = mails
    if column.rows < ENOUGH_ROWS or column.variety < _OWN_MAILBOXES:
        return []
    parties = Parties(candidates)
    if parties.agree(column.cells):
        reason = "its values: the only mailboxes, with the names beside them"
        return [Choice(column, "email", BY_VALUES, reason)]
    if parties.is_anybody_known:
        return []
    return [Choice(column, "email", BY_VALUES, "its values: the only mailboxes, one per row")]


def _of_records(choices: Iterable[Choice], near: dict[tuple[str, ...], str]) -> list[Choice]:
    """Without ids of records that tell no record from another; why goes to `near`."""
    kept = []
    for choice in choices:
        if choice.field != "record_id" or choice.is_of_records:
            kept.append(choice)
        else:
            told = "named like record_id, but not every record has a value of its own"
            near.setdefault(choice.column.path, told)
    for choice in kept:
        if choice.field != OWNER:
            near.pop(choice.column.path, None)
    return kept


def _own(
    choices: Sequence[Choice], versions: Versions, near: dict[tuple[str, ...], str]
) -> list[Choice]:
    """Without the columns that others have beside the leads; why goes to `near`."""
    once = [versions.once(choice) for choice in choices]
    parties, kept = Parties(once), []
    for choice, seen in zip(choices, once, strict=True):
        told = parties.objection(seen)
        if told is None:
            kept.append(choice)
        else:
            near[choice.column.path] = f"named like {choice.field}, but {told}"
    return kept


def _settled(candidates: Sequence[Choice], is_no_name: Callable[[str], bool]) -> list[Choice]:
    """Whose names the names are: a person's, a company's, or nobody can say."""
    mails = [choice.column.cells for choice in candidates if choice.field == "email"]
    settled = [choice for choice in candidates if choice.field not in _JUDGED_AS]
    halves = [choice for choice in candidates if choice.field == FIRST_NAME_BESIDE_LAST]
    vague = [choice for choice in candidates if choice.field == AMBIGUOUS_NAME]
    fields = {choice.field for choice in settled if choice.column.values}
    if "last_name" in fields and not fields & {"first_name", "full_name"}:
        settled += [
            replace(choice, field="first_name", reason=f"{choice.reason}; beside the last name")
            for choice in halves[:1]
        ]
        fields.add("first_name")
    for choice in vague:
        column = choice.column
        are_names = column.share(is_no_name) < _NO_NAMES and (
            column.share(_is_lower) < _NO_NAMES or any(map(Parties([choice]).agree, mails))
        )
        looks_whole = are_names and column.share(is_person_name) >= 0.5
        reason = f"{choice.reason}; values like persons'"
        is_companies = _are_companies(column) and not is_of_deals(frozenset(fields))
        is_persons = looks_whole and _stands_beside_persons(column, fields)
        if is_persons and not fields & {"last_name", "full_name"}:
            settled.append(replace(choice, field="full_name", reason=reason))
        elif are_names and _is_surname(column, fields):
            settled.append(replace(choice, field="last_name", reason=f"{reason}; beside the first"))
        elif is_companies and not looks_whole and "company_name" not in fields:
            settled.append(
                replace(choice, field="company_name", reason=f"{choice.reason}; legal forms")
            )
    if not fields & _PERSONAL:
        settled = [choice for choice in settled if choice.field != "job_title"]
    return _whole_names(settled)


def _is_lower(value: str) -> bool:
    """`left voicemail`: where letters come in capitals too, names have one."""
    return value == value.lower() != value.upper()


def _stands_beside_persons(column: Column, fields: set[str]) -> bool:
    """Whether the fields beside a name are those of persons. Companies have numbers too: in a list
    of them hardly a column says of which company somebody is, and many names say what they are."""
    if fields & {"email", "job_title", "linkedin_url"}:
        return not _are_companies(column)
    if "phone" not in fields or column.share(is_company_name) >= _HARDLY_COMPANIES:
        return False
    return "company_name" in fields or not fields & _COMPANY_FACTS


def _are_companies(column: Column) -> bool:
    return column.share(is_company_name) >= _COMPANIES


def _is_surname(column: Column, fields: set[str]) -> bool:
    """`Vorname` and `Name`: the second half of a name, where there is only the first."""
    has_half = "first_name" in fields and not fields & {"last_name", "full_name"}
    return has_half and bool(column.values) and column.share(is_company_name) < _HARDLY_COMPANIES


def _whole_names(choices: list[Choice]) -> list[Choice]:
    """`Nombre` and `Nome` alone hold the whole name; beside a surname they hold the first."""
    halves = {choice.field for choice in choices if choice.field in ("first_name", "last_name")}
    if len(halves) != 1:
        return choices
    return [
        replace(choice, field="full_name", reason=f"{choice.reason}; values of two words and more")
        if choice.field in halves and choice.column.share(is_person_name) >= 0.6
        else choice
        for choice in choices
    ]


def _best(candidates: Iterable[Choice]) -> dict[str, tuple[Choice, ...]]:
    """Per field the best columns; each column fills one field, ids and parts of cells apart."""
    chosen: dict[str, list[Choice]] = {}
    taken: set[tuple[str, ...]] = set()
    for choice in sorted(candidates, key=_order):
        found = chosen.setdefault(choice.field, [])
        path = choice.column.path
        if found and not _go_together(found[0], choice):
            continue
        if len(found) >= _SEVERAL.get(choice.field, 1):
            continue
        if path in taken and not (choice.extract is not None or choice.field in _IDS):
            continue
        if found and choice.field not in _ABOUT_CONSENTS and not _adds(choice):
            continue
        taken.add(path)
        found.append(choice)
    return {name: tuple(choices) for name, choices in chosen.items() if choices}


def _adds(choice: Choice) -> bool:
    """What is empty in the sample may be filled later: its whole name has to say what it is."""
    return choice.extract is None and (bool(choice.column.values) or choice.is_exact)


def _go_together(first: Choice, second: Choice) -> bool:
    """Whether a second column says the same of the same person: each known by its whole name, or
    filled only where the first is not. Two mailboxes named in part may be two persons'."""
    if first.field in _ABOUT_CONSENTS or first.column.filled + second.column.filled <= 1:
        return True
    return first.is_exact and second.is_exact and first.field in ("email", "phone")


def with_clock(chosen: dict[str, tuple[Choice, ...]]) -> dict[str, tuple[Choice, ...]]:
    """The date of the submission with its time of day, where that stands in a column beside it."""
    dates, clocks = chosen.get("submitted_at", ()), chosen.pop("clock", ())
    if not dates or not clocks or dates[0].dates is None:
        return chosen
    date, clock = dates[0], clocks[0].column
    form = find_clock(date.column.values, clock.values, date.dates or DateForm())
    if form is None or date.column.filled < 1:
        return chosen
    reason = f"{date.reason}, and the time of day beside it"
    both = replace(date, beside=clock, dates=DateForm((form,)), reason=reason)
    return chosen | {"submitted_at": (both,)}


def with_campaign(chosen: dict[str, tuple[Choice, ...]]) -> dict[str, tuple[Choice, ...]]:
    """Source, medium and the rest out of the page's address, where no column has them."""
    pages = chosen.get("landing_page", ())
    if not pages:
        return chosen
    found = {
        name: (Choice(pages[0].column, name, NEARLY, "in the page's address", extract=pattern),)
        for name, pattern in _IN_ADDRESS.items()
        if name not in chosen and pages[0].column.share(re.compile(pattern).search) > 0
    }
    return chosen | found


def _order(choice: Choice) -> tuple[bool, float, int]:
    return (not choice.column.values, -choice.confidence, choice.rank)
