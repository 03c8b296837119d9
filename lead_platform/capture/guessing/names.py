"""What a column's name says: the canonical field it stands for, in the languages people export in.

Reads config/vocabularies/field_names.csv, the one list of names, and the names of opt-outs in
opt_outs.csv, where their words are. What the values say is `shapes`'.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from lead_platform.capture.columns import CONSENTS, FIELD_TYPES
from lead_platform.configuration import ConfigurationError, content_version, load_csv
from lead_platform.fields import LeadField, load_fields
from lead_platform.vocabularies.contact_permissions import (
    ContactPermissions,
    Leave,
    contact_permissions,
)
from lead_platform.vocabularies.folder import (
    CONTACT_PERMISSIONS,
    FIELD_NAMES,
    OPT_OUT_WORDS,
    SHIPPED,
)
from lead_platform.vocabularies.rows import ContactPermissionRow, OptOutRow
from lead_platform.vocabularies.text import fold

AMBIGUOUS_NAME = "name"
FIRST_NAME_BESIDE_LAST = "first_name_beside_last"
"""Names that are those of first ones beside a last name only: Turkish `Ad` may be an advert's."""
OTHER_PARTY = "other_party"
ONE_PERSON, LATER_ORDINAL = "one_person", "later_ordinal"
"""Words for one of several persons, and for which of them other than the first."""
FILLER = "filler"
SENSITIVE = "sensitive"
ASKER = "asker"
POSSIBLE_STAFF = "possible_staff"
"""Words for a lead, or for one of our own: who wrote a ticket, who made a call."""
YOU, YOUR = "you", "your"
"""Words of questions: for whoever answers, and for what is theirs."""
LEAD_PARTY = "lead_party"
"""Words for nobody but a lead, where a file speaks of several persons."""
CRM_RECORD_ID = "crm_record_id"
"""The id that a CRM gives to each of its records: where these are persons, a person's."""
ABOUT_CONSENT = "about_consent"
ABOUT_PRIVACY = "about_privacy"
"""Words of policies and terms: who accepts them agrees to no mail."""
ABOUT_DELETION = "about_deletion"
CHANGE_OPERATION = "change_operation"
"""Names of what a feed of changes says of a record: inserted, updated, deleted."""
NEGATION = "negation"
NAME_PARTICLE, MIDDLE_NAME, SECOND_LAST_NAME = "name_particle", "middle_name", "second_last_name"
"""Parts of a last name in columns of their own; of a middle name, where its values are such."""
COMPANY_PHONE = "phone_of_company"
"""The number of a company, which all of its people would share: nobody's own."""
CALLING_CODE, AREA_CODE = "calling_code", "area_code"
"""What is dialled before a number and stands in a column of its own."""
CALL_TIMES = "call_times"
"""When somebody likes to be called; `never` refuses the calls."""
REMARK = "remark"
"""What people write beside a call, a meeting or a deal, where they note a denial too."""
CONTACT_STATE = "contact_state"
"""In which state somebody is, on a list or to be reached: `Status`, `Tags`; `Unsubscribed` there
denies."""
VAGUE_TITLE = "vague_title"
"""Names of job titles that deals, tickets and pages have too."""
DENIED_LIST = "denied_list"
"""What lists of people are called who may not be reached, beside words of opt-outs."""
BILLED, SHIPPED_TO = "billed", "shipped_to"
"""What stands before the columns of who pays for an order, and of whom the goods go to."""
MAILING = "mailing"
"""What is sent to many: `News`, `NL`, `Publicité`. Of yes and no, it may be who wants it."""
LEAVE_BY_VALUES = "leave_by_values"
"""Names that say who may be reached where yes and no stand below, else often something of their
own: `Subscriber`, `Excluded`, `AVG` (the Dutch law, or an average)."""
FURTHER = "further"
"""Words for another mailbox or number, be it the same person's: `Secondary Email`."""
ADDRESS_KIND = "address_kind"
"""What stands before the parts of an address: `Billing City`, `HQ Country`."""
OPT_OUTS: Mapping[str, tuple[str, ...]] = {
    **{f"opt_out_{name.removeprefix('consent_')}": (name,) for name in CONSENTS},
    "opt_out_all": CONSENTS,
}
"""Columns whose yes means no, and the consents that it denies."""
WITHDRAWN_AT = "withdrawn_at"
"""`Withdrawn on`: of consents where the file has any, else nobody knows of what."""
DENIED_AT: Mapping[str, tuple[str, ...]] = {
    "opt_out_at": ("consent_email",),
    "opt_out_all_at": CONSENTS,
    WITHDRAWN_AT: CONSENTS,
}
"""When somebody opted out, objected, took a consent back: whatever stands there denies these; a
withdrawal those of them that the file states."""

_OTHER_TARGETS = frozenset(
    [
        *(
            AMBIGUOUS_NAME,
            FIRST_NAME_BESIDE_LAST,
            OTHER_PARTY,
            ONE_PERSON,
            LATER_ORDINAL,
            FILLER,
            SENSITIVE,
            ASKER,
            YOU,
            YOUR,
            POSSIBLE_STAFF,
            LEAD_PARTY,
            CRM_RECORD_ID,
            ABOUT_CONSENT,
            ABOUT_PRIVACY,
            ABOUT_DELETION,
            CHANGE_OPERATION,
            NEGATION,
            COMPANY_PHONE,
            CALL_TIMES,
            REMARK,
            CONTACT_STATE,
            VAGUE_TITLE,
            CALLING_CODE,
            AREA_CODE,
            ADDRESS_KIND,
            FURTHER,
            MAILING,
            LEAVE_BY_VALUES,
            BILLED,
            SHIPPED_TO,
            DENIED_LIST,
            NAME_PARTICLE,
            MIDDLE_NAME,
            SECOND_LAST_NAME,
            *OPT_OUTS,
            *DENIED_AT,
        ),
        *("modified_at", "closed_at", "record_id", "person_id", "row_number", "clock"),
    ]
)
_NO_FIELDS = (
    *(OTHER_PARTY, FILLER, SENSITIVE, ASKER, POSSIBLE_STAFF, LEAD_PARTY),
    *(ONE_PERSON, LATER_ORDINAL),
    *(ABOUT_CONSENT, ABOUT_PRIVACY, ABOUT_DELETION, NEGATION, COMPANY_PHONE, VAGUE_TITLE),
    *(CALL_TIMES, REMARK, CONTACT_STATE, MAILING, LEAVE_BY_VALUES, BILLED, SHIPPED_TO),
    *(DENIED_LIST, ADDRESS_KIND, FURTHER, CALLING_CODE, AREA_CODE, CHANGE_OPERATION, YOU, YOUR),
)
_OF_ADDRESSES = frozenset({"street", "city", "region", "postal_code", "country"})
_OF_COMPANIES = _OF_ADDRESSES | {"company_website", "industry", "employee_count", "annual_revenue"}
# Behind whatever says it of the person: `Contact Country` before `Account Country`.
_LAST_RANKS = 10_000
# Of whoever fills a form in, `Additional email addresses` are those of others to be invited.
_KEYS_OF_CRMS = frozenset({"further_emails", "merged_person_ids"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_POSSESSIVE = re.compile(r"(?<=\w)['’‘`´ʼ′]s\b", re.I)
# What French and Italian leave the vowel of: d'appel, l'envoi, qu'on, dell'invio.
_ELISION = re.compile(r"\b([cdjlmnst]|qu|d?all|dell|nell|sull|un)['’](?=\w)", re.I)
# `+1 Name` is whom the lead brings along.
_PLUS = re.compile(r"\+\s*(?=\d)")
# Zero-width signs and marks of direction, which exports leave within words.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_EITHER = re.compile(r"\s+(?:or|and|und|oder|et|ou|y|o|e|en|of)\s+|\s*[/&+|]\s*")
# What JSON nests, in the names of a table: `company.email`, `company[email]`, `Account: Email`.
_BELOW = re.compile(r"\s*(?:\.|:|\[|__|->)\s*")
REACHES_SOMEBODY = frozenset(
    ["email", "phone", "full_name", "first_name", "last_name", "person_id", AMBIGUOUS_NAME]
)
_REACHED = frozenset(["email", "phone", "further_emails"])
_NUMBER_BEHIND = re.compile(r"(?<=[^\W\d_])(?=\d+\Z)")
# More persons than a form asks for; `Customer 2024` is a year's.
_LAST_PLACE, _LONGEST_PLACE = 20, 3
_LONGEST_PHRASE = 3
# The longest question of a form, a consent's with its law, has below 1,000 characters.
_LONGEST_COLUMN = 2_000
_PAIR = 2
_DIRECTION = "to"
# `2`, `2nd`, `3te`
_PLACE = re.compile(r"[2-9]")
_LATER = re.compile(r"[2-9]\w{0,3}")
# What is short for a name, and before a person says which of several.
_ORDINALS = frozenset({"first", "last"})
# `ne pas envoyer d e mails`
_LONGEST_OPT_OUT = 7
# `our sales team`: of whoever asks, so not somebody else to be asked for.
_OWN_PEOPLE = 2
# Before the first of the list.
_FIRST = -1
_NESTED = re.compile(r"\w+(?:\[[\w-]+\])+")
_ID_ENDINGS = frozenset({"id", "ids", "uuid", "guid"})


class FieldNameRow(BaseModel):
    """One name a column may have, and what such a column holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    language: str
    name: str

    @field_validator("field")
    @classmethod
    def _known(cls, value: str) -> str:
        known = {*FIELD_TYPES["submission"], *FIELD_TYPES["outcome"], *_OTHER_TARGETS}
        if value not in known:
            raise ValueError(f"{value!r} is no field; allowed: {', '.join(sorted(known))}")
        return value


_NO_PERMISSIONS = contact_permissions(())


@dataclass(frozen=True)
class NameMatch:
    """A field a name may stand for. `rank`: place of the name among those of the field, which is
    their order of preference; `is_exact`: the whole name is in the list."""

    field: str
    rank: int
    is_exact: bool


@dataclass(frozen=True)
class FieldNames:
    """The list of names, by their letters and digits only; `custom`: the fields without a column
    of their own; `title`: what stands before each name of a file and adds nothing; `permissions`:
    the words by which a name that is not listed speaks of leave to reach somebody."""

    fields: Mapping[str, tuple[NameMatch, ...]]
    custom: tuple[LeadField, ...] = ()
    title: str = ""
    permissions: ContactPermissions = _NO_PERMISSIONS

    def below(self, title: str) -> "FieldNames":
        """For a file whose columns all are named after the lead: `Person - Phone`, `lead.email`."""
        return replace(self, title=title)

    def with_fields(self, custom: tuple[LeadField, ...]) -> "FieldNames":
        """With fields that have no column of their own, before what else their names stand for."""
        fields = dict(self.fields)
        for field in custom:
            for key in {_compact(_words(text)) for text in (field.label, field.name)}:
                fields[key] = (NameMatch(field.name, _FIRST, True), *fields.get(key, ()))
        return replace(self, fields=fields, custom=custom)

    def matches(self, path: Sequence[str]) -> tuple[NameMatch, ...]:
        """The fields the column at `path` (one name; several within JSON objects) may stand for.

        None where it is about somebody else than the lead (owner, referrer, manager), or where its
        name says more than the list knows.
        """
        if len(path[-1]) > _LONGEST_COLUMN:
            return ()
        # What connectors of HubSpot put before each field of a contact.
        path = [*path[:-1], path[-1].removeprefix("property_")]
        whole = _compact(self._words(path[-1]))
        parents = [word for name in path[:-1] for word in self._words(name)]
        if not parents and (found := self._listed(whole, is_exact=True)):
            return found
        if self.is_other_party(path):
            return ()
        if parents:
            joined = _compact([*self._words(path[-2]), *self._words(path[-1])])
            if found := self._listed(joined, is_exact=True):
                return found
            # `email.email`
            says_no_more = set(parents) <= set(self._words(path[-1]))
            if not says_no_more and not self._are_fillers(parents):
                return ()
            if found := self._listed(whole, is_exact=True):
                return found
        return self._without_fillers(path[-1]) or self._of_company(path[-1])

    def fields_of(self, name: str) -> frozenset[str]:
        """The fields that a column of this name may stand for."""
        return frozenset(match.field for match in self.matches((name,)))

    def without_words(self, name: str, kind: str) -> str | None:
        """The name without its words of a kind, of one or two each; None where it has none."""
        words = self._words(name)
        for size in (_PAIR, 1):
            for start in range(len(words) - size + 1):
                if self._is(_compact(words[start : start + size]), kind):
                    return " ".join((*words[:start], *words[start + size :])) or None
        return None

    def opened(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """`data[merges][FNAME]` of an urlencoded body as the path that it is, where nothing but the
        last name says anything."""
        if len(path) > 1 or _NESTED.fullmatch(path[0]) is None:
            return path
        keys = path[0].rstrip("]").replace("][", "[").split("[")
        outer = map(self._words, keys[:-1])
        says_nothing = all(self._is_filler(_compact(w)) or self._are_fillers(w) for w in outer)
        return tuple(keys) if says_nothing else path

    def has(self, name: str) -> bool:
        """Whether the whole name is in the list, whatever it stands for; words that say only which
        of several persons are no names of columns."""
        found = self.fields.get(_compact(_words(name)), ())
        return any(
            match.field not in (ONE_PERSON, LATER_ORDINAL, FURTHER, DENIED_LIST, CONTACT_STATE)
            for match in found
        )

    def parts(self, name: str) -> tuple[NameMatch, ...]:
        """The fields of a name that says two things: `Email / Phone`."""
        parts = _EITHER.split(name)
        if len(parts) < 2 or self.is_other_party([name]):
            return ()
        found = [self._listed(_compact(self._words(part)), is_exact=False) for part in parts]
        return tuple(match for matches in found for match in matches[:1]) if all(found) else ()

    def is_other_party(self, path: Sequence[str]) -> bool:
        """Whether the name is about another than the lead, be it a second of several persons."""
        named = [self._words(name) for name in path]
        return any(self._has_phrase(words, OTHER_PARTY) for words in named) or any(
            map(self._is_of_later_person, named)
        )

    def is_further(self, path: Sequence[str]) -> bool:
        """Whether the name is that of a mailbox or number, but for a word or number that says that
        it is another one: `Secondary Email`, `Email 2`."""
        words = _split_numbers(self._words(path[-1]))
        kept = [word for word in words if not (self._is(word, FURTHER) or _PLACE.fullmatch(word))]
        is_reached = any(self._names_only(kept, field) for field in ("email", "phone"))
        return len(path) == 1 and 0 < len(kept) < len(words) and is_reached

    def speaks_of_phones(self, path: Sequence[str]) -> bool:
        """Whether a phrase of the name is that of a number: `Direct Phone (new)`, `SMS`."""
        words = self._words(path[-1])
        return self.is_channel(path) or self._has_phrase(words, "phone")

    def is_titled_after_others(self, title: str) -> bool:
        """Whether the title of a file says so; `customer (2)` is how a browser counts downloads."""
        return self._has_phrase(self._words(title), OTHER_PARTY)

    def _is_of_later_person(self, words: list[str]) -> bool:
        """`Visitor 2 phone`, `Phone (2nd participant)`; `Phone 2` may be the same person's."""
        return any(
            (self._is(one, ONE_PERSON) and self._is_later(other))
            or (self._is_later(one) and self._is(other, ONE_PERSON))
            for one, other in pairwise(_split_numbers(words))
        )

    def _is_later(self, word: str) -> bool:
        is_number = word.isdecimal() and 1 < int(word[:_LONGEST_PLACE]) <= _LAST_PLACE
        return (is_number and len(word) < _LONGEST_PLACE) or self._is(word, LATER_ORDINAL)

    def asks_about_another(self, question: str) -> bool:
        """Whether a question is about somebody else than who answers it: `Your manager's email` is,
        `Where can our team reach you?` is not."""
        words = self._words(question)
        found = self._listed(_compact(words), is_exact=True)
        if any(match.field not in _KEYS_OF_CRMS for match in found):
            return False
        kept: list[str] = []
        skipped = 0
        for word in words:
            skipped = _OWN_PEOPLE + 1 if self._is(word, ASKER) else skipped - 1
            kept.append(word if skipped < 0 else "")
        # `Email to` is whom something is sent to, `Best email to reach you` is not.
        while kept and kept[-1] == "":
            kept.pop()
        for place, word in enumerate(kept[:-1]):
            if word == _DIRECTION:
                kept[place] = ""
        return self._has_phrase(kept, OTHER_PARTY)

    def speaks_to_reader(self, question: str) -> bool:
        """Whether it asks whoever reads it about themselves, in so many words: `your number`."""
        return any(self._is(word, YOU) or self._is(word, YOUR) for word in self._words(question))

    def is_of_reader(self, question: str) -> bool:
        """Whether it speaks of whoever reads it, and of nothing of theirs but a field: `How shall
        we reach you?` and `Leave your mobile number` do, `How do we reach your plumber?` does not.
        """
        words = self._words(question)
        own = [at for at, word in enumerate(words) if self._is_only_your(word)]
        is_told = bool(own) or any(self._is(word, YOU) for word in words)
        return is_told and all(self._begins_with_field(words[at + 1 :]) for at in own)

    def _is_only_your(self, word: str) -> bool:
        return self._is(word, YOUR) and not self._is(word, YOU)

    def _begins_with_field(self, words: list[str]) -> bool:
        sizes = range(1, _LONGEST_PHRASE + 1)
        return any(self._listed(_compact(words[:size]), is_exact=False) for size in sizes)

    def says_nothing(self, text: str) -> bool:
        """Whether the text has no word but such as add nothing, or name a field: `Contact details`.
        `Participant 2` says that it is another."""
        words = self._words(text)
        if any(map(_LATER.fullmatch, words)) and any(map(str.isalpha, words)):
            return False
        return all(
            self._is_filler(word)
            or not word.isalpha()
            or self._is(word, YOUR)
            or self._listed(word, is_exact=False)
            for word in words
        )

    def says_how_or_what(self, text: str) -> bool:
        """Whether a word of a text is a way to reach somebody, or what a record is, as no name has
        it: `by phone`, `in person`, `Website Lead`."""
        return any(
            self._is(word, ONE_PERSON) or self.permissions.is_channel((word,))
            for word in _words(text)
        )

    def is_owner(self, path: Sequence[str]) -> bool:
        """Whether the whole name is another's: `Owner`, `Sales Agent`."""
        found = self.fields.get(_compact(self._words(path[-1])), ())
        return any(match.field == OTHER_PARTY for match in found)

    def is_of_leads(self, title: str) -> bool:
        """Whether the title of a group of columns says that they are the lead's: `Contact`."""
        found = self._listed(_compact(self._words(title)), is_exact=True)
        names_persons = any(match.field in (AMBIGUOUS_NAME, "full_name") for match in found)
        return names_persons or self._are_fillers(self._words(title))

    def may_be_staff(self, path: Sequence[str]) -> bool:
        """Whether the name is about who may be one of our own: `Submitter email`."""
        return any(self._has_phrase(self._words(name), POSSIBLE_STAFF) for name in path)

    def says_lead(self, path: Sequence[str]) -> bool:
        """Whether the name says that it is about the lead, and about nobody else."""
        return any(self._has_phrase(self._words(name), LEAD_PARTY) for name in path)

    def is_sensitive(self, path: Sequence[str]) -> bool:
        """Whether what the column holds has no place in an answer."""
        return self._has_phrase(self._words(path[-1]), SENSITIVE)

    def is_about_consent(self, path: Sequence[str]) -> bool:
        """Whether the column may say whether the lead may be written to or called."""
        return self._has_words(path[-1], frozenset({ABOUT_CONSENT, *OPT_OUTS, *DENIED_AT}))

    def tells_opt_out(self, text: str) -> bool:
        """Whether words of a text are what opt-outs are called: `dnc_2024`, `tag: unsubscribed`."""
        return self._has_words(text, frozenset(OPT_OUTS))

    def lists_denials(self, title: str) -> bool:
        """Whether the title of a file or sheet says that it lists who may not be reached:
        `unsubscribes_2026`, `Abgemeldet`, `bounces`."""
        return self.tells_opt_out(title) or self._has_phrase(self._words(title), DENIED_LIST)

    def is_denied_list(self, label: str) -> bool:
        """Whether the whole label is what lists of denials are called: `Opt-outs`, `Blocked`."""
        return self._is(_compact(self._words(label)), DENIED_LIST)

    def _has_words(self, text: str, kinds: frozenset[str]) -> bool:
        return any(
            match.field in kinds
            for phrase in _phrases(self._words(text), _LONGEST_OPT_OUT)
            for match in self.fields.get(_compact(phrase), ())
        )

    def speaks_of_leave(self, path: Sequence[str]) -> bool:
        """Whether the words of the name say that somebody may be reached, or may not; `Tel` and
        `Handy` are a phone there too."""
        words = self._words_of_leave(path[-1])
        spelled_out = ["phone" if self._is(word, "phone") else word for word in words]
        return any(map(self.permissions.speaks_of_leave, (words, spelled_out)))

    def leave(self, text: str) -> Leave:
        """What the words of a sentence say of leave to reach somebody."""
        return self.permissions.leave(self._words_of_leave(text))

    def is_channel(self, path: Sequence[str]) -> bool:
        """Whether the whole name is a way to reach somebody: `Email`, `SMS`."""
        return self.permissions.is_channel(self._words(path[-1]))

    def is_mailing(self, path: Sequence[str]) -> bool:
        """Whether the whole name is what is sent to many: `News`, `Publicité`, by a channel too:
        `Phone marketing`."""
        words = self._words(path[-1])
        kept = [word for word in words if self._is(word, MAILING) or not self._is_way(word)]
        return self._says(path[-1], MAILING) or self._is(_compact(kept), MAILING)

    def _is_way(self, word: str) -> bool:
        return self.permissions.is_channel((word,)) or self._is(word, "phone")

    def is_leave_by_values(self, path: Sequence[str]) -> bool:
        """Whether the whole name is one of leave where yes and no stand below: `Subscriber`."""
        return self._says(path[-1], LEAVE_BY_VALUES)

    def granted_consent(self, path: Sequence[str]) -> str | None:
        """The one consent that the words of the name grant, where nothing in it may deny."""
        channel = self.permissions.granted_channel(self._words_of_leave(path[-1]))
        is_clear = not (self.is_negated(path) or self.is_about_privacy(path))
        return f"consent_{channel}" if channel is not None and is_clear else None

    def is_about_privacy(self, path: Sequence[str]) -> bool:
        """Whether the column may say that a policy or terms were accepted."""
        return self._has_phrase(self._words(path[-1]), ABOUT_PRIVACY)

    def asks_call_time(self, text: str) -> bool:
        """Whether a question as a whole asks when somebody likes to be called."""
        found = self.fields.get(_compact(self._words(text)), ())
        return any(match.field == CALL_TIMES for match in found)

    def is_remark(self, name: str) -> bool:
        """Whether people write there what they heard or why: `Call Notes`, `cancel_reason`."""
        return self._has_phrase(self._words(name), REMARK)

    def is_contact_state(self, name: str) -> bool:
        """Whether the whole name is of a state in which somebody may be: `Status`, `Tags`."""
        return self._is(_compact(self._words(name)), CONTACT_STATE)

    def is_negated(self, path: Sequence[str]) -> bool:
        """Whether the name says `not`, or refuses: of a consent, its yes may be a no."""
        is_refused = self.permissions.refuses(self._words_of_leave(path[-1]))
        return is_refused or self._has_phrase(self._words(path[-1]), NEGATION)

    def _words_of_leave(self, name: str) -> list[str]:
        """`d'appel` and `all'invio` are two words each."""
        return self._words(_ELISION.sub(r"\1 ", name))

    def is_about_deletion(self, path: Sequence[str]) -> bool:
        """Whether the whole name says that the source has deleted the record."""
        found = self.fields.get(_compact(self._words(path[-1])), ())
        return any(match.field == ABOUT_DELETION for match in found)

    def is_operation(self, path: Sequence[str]) -> bool:
        """Whether the whole name is that of a change: `Op`, `__op`, `Change type`."""
        return self._is(_compact(self._words(path[-1])), CHANGE_OPERATION)

    def is_time_zone(self, path: Sequence[str]) -> bool:
        """Whether the whole name is that of a time zone."""
        return any(match.field == "time_zone" and match.is_exact for match in self.matches(path))

    def is_company_phone(self, path: Sequence[str]) -> bool:
        """Whether the name says that the number is the company's."""
        return self._says(path[-1], COMPANY_PHONE)

    def phone_codes(self, path: Sequence[str]) -> frozenset[str]:
        """Which codes that are dialled before a number the column may hold (`CALLING_CODE`,
        `AREA_CODE`), by its whole name or what is left of it without words of phones."""
        if self.is_other_party(path):
            return frozenset()
        words = [word for name in path for word in self._words(name)]
        kept = [word for word in words if not (self._is_filler(word) or self._is(word, "phone"))]
        found = self.fields.get(_compact(words)) or self.fields.get(_compact(kept), ())
        return frozenset(m.field for m in found if m.field in (CALLING_CODE, AREA_CODE))

    def is_companys(self, path: Sequence[str]) -> bool:
        """Whether the column says where a company is reached: what stands below `company`,
        `account`, `organization`, as in `company.email`."""
        *above, own = path if len(path) > 1 else _BELOW.split(path[0].rstrip("]"))
        if not above or not self.names_company(above[-1]):
            return False
        found = self._listed(_compact(self._words(own)), is_exact=True)
        return any(match.field in _REACHED for match in found)

    def names_company(self, name: str) -> bool:
        """Whether the name is what companies are called by, but for words that add nothing."""
        words = [word for word in self._words(name) if not self._is_filler(word)]
        return any(m.field == "company_name" for m in self.fields.get(_compact(words), ()))

    def is_mailbox_of_company(self, path: Sequence[str]) -> bool:
        """Whether the name of a mailbox has a company's before it: `Company Email` may be the
        person's at work, or the company's."""
        words = self._words(path[-1])
        return any(self.names_company(" ".join(words[:size])) for size in range(1, len(words)))

    def is_vague_title(self, path: Sequence[str]) -> bool:
        """Whether the name is that of a job title, and as well that of a deal or a ticket."""
        return self._says(path[-1], VAGUE_TITLE)

    def _says(self, name: str, kind: str) -> bool:
        """Whether the name is of the kind, as a whole or without words that add nothing."""
        words = self._words(name)
        kept = [word for word in words if not self._is_filler(word)]
        return self._is(_compact(words), kind) or self._is(_compact(kept), kind)

    def _has_phrase(self, words: list[str], kind: str) -> bool:
        return any(
            any(match.field == kind for match in self.fields.get(_compact(phrase), ()))
            for phrase in _phrases(words)
        )

    def _are_fillers(self, words: list[str]) -> bool:
        return all(self._is_filler(word) for word in words)

    def _is_filler(self, word: str) -> bool:
        return self._is(word, FILLER)

    def _is(self, word: str, kind: str) -> bool:
        return any(match.field == kind for match in self.fields.get(word, ()))

    def _listed(self, compact: str, *, is_exact: bool) -> tuple[NameMatch, ...]:
        found = self.fields.get(compact, ())
        wanted = [m for m in found if m.field not in _NO_FIELDS]
        if len(wanted) < len(found) and any(m.field == OTHER_PARTY for m in found):
            return ()
        return tuple(NameMatch(m.field, m.rank, is_exact) for m in wanted)

    def _of_group(self, name: str) -> str:
        """`Name - First Name`: a part of what stands before it."""
        group, _, part = name.partition(" - ")
        of_name = {AMBIGUOUS_NAME, "full_name"}
        found = self.fields.get(_compact(self._words(group)), ())
        return part if part and any(match.field in of_name for match in found) else name

    def _without_fillers(self, name: str) -> tuple[NameMatch, ...]:
        """`Your e-mail address *`, `Lead Phone`: what is left without words that add nothing."""
        for text in dict.fromkeys((name, self._of_group(name))):
            if found := self._left(text, is_exact=text == name):
                return found
        bare = _BRACKETS.sub(" ", name)
        found = self._left(bare, is_exact=False) if bare != name else ()
        # `Phone (trainer)`: nobody knows whether that is the lead.
        says_whose = not all(map(self.says_nothing, _BRACKETS.findall(name)))
        return tuple(m for m in found if not (says_whose and m.field in REACHES_SOMEBODY))

    def _left(self, text: str, *, is_exact: bool) -> tuple[NameMatch, ...]:
        words = self._words(text)
        if found := self._listed(_compact(words), is_exact=is_exact):
            return found
        # `Last Contact Person` is the one before now, and nobody's last name.
        if _ORDINALS.intersection(words[:1]) and any(
            self._is(word, ONE_PERSON) for word in words[1:2]
        ):
            return ()
        # `Prospect Contact`: where every word could be left out, the last one says what it is.
        kept = [word for word in words if not self._is_filler(word)] or words[-1:]
        # An id without the word that says whose is nobody's.
        says_whose = _compact(kept) not in _ID_ENDINGS and len(kept) < len(words)
        if kept and says_whose and (found := self._listed(_compact(kept), is_exact=False)):
            return found
        # `Mobile Phone Number`: each part names the same.
        for parts, field in product((words, kept), ("phone", "email")):
            if len(parts) > 1 and self._names_only(parts, field):
                return (NameMatch(field, self._rank(parts, field), is_exact and parts == words),)
        # `Phone - Mobile`, `E-mail (work)`: the kind behind what it is.
        if len(kept) == _PAIR:
            return self._listed(_compact(kept[::-1]), is_exact=False)
        return ()

    def _names_only(self, words: list[str], field: str) -> bool:
        """Whether the words are names of the field, one behind the other."""
        reached = {0}
        for start in range(len(words)):
            if start in reached:
                ends = range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1)
                reached |= {end for end in ends if self._is(_compact(words[start:end]), field)}
        return len(words) in reached

    def _rank(self, words: list[str], field: str) -> int:
        """Place of the name that comes first in the words."""
        sizes = range(1, _LONGEST_PHRASE + 1)
        found = (m for size in sizes for m in self.fields.get(_compact(words[:size]), ()))
        return next(m.rank for m in found if m.field == field)

    def _of_company(self, name: str) -> tuple[NameMatch, ...]:
        """`Account Industry`, `Billing City`, `address_1_country`: what a company or address has,
        behind words that say which."""
        words = self._words(name)
        for size in range(len(words) - 1, 0, -1):
            group = [word for word in words[:size] if not self._is_filler(word)]
            kinds = [m for word in group if (m := self._group_word(word)) is not None]
            if not kinds or len(kinds) < len(group):
                continue
            is_companys = any(kind.field == "company_name" for kind in kinds)
            allowed = _OF_COMPANIES if is_companys else _OF_ADDRESSES
            found = self._listed(_compact(words[size:]), is_exact=False)
            if own := tuple(m for m in found if m.field in allowed):
                return tuple(replace(m, rank=_LAST_RANKS + kinds[0].rank) for m in own)
        return ()

    def _group_word(self, word: str) -> NameMatch | None:
        """What the word is called a company or an address by."""
        groups = (ADDRESS_KIND, "company_name")
        return next((m for m in self.fields.get(word, ()) if m.field in groups), None)

    def _words(self, name: str) -> list[str]:
        """The words of a name, without what every column of the file is named after."""
        is_titled = bool(self.title) and name.startswith(self.title) and not self.has(name)
        return _words(name[len(self.title) :] if is_titled else name)


def load_field_names(config_dir: Path) -> FieldNames:
    """The names of config/vocabularies/field_names.csv; of the list that ships where a folder that
    was set up before has none. Fields of config/fields.yaml go by their name and their label too.
    Raises ConfigurationError."""
    lists = (OPT_OUT_WORDS, CONTACT_PERMISSIONS)
    paths = (field_names_file(config_dir), *(_list_of(config_dir, name) for name in lists))
    return _read_field_names(*paths, content_version(*paths)).with_fields(
        load_fields(config_dir).custom
    )


def field_names_file(config_dir: Path) -> Path:
    """The file that counts for `config_dir`."""
    return _list_of(config_dir, FIELD_NAMES)


def _list_of(config_dir: Path, name: str) -> Path:
    path = config_dir / "vocabularies" / name
    return path if path.exists() else SHIPPED / name


@lru_cache(maxsize=4)
def _read_field_names(path: Path, opt_outs: Path, permissions: Path, contents: str) -> FieldNames:
    """Read once per `contents`: several channels ask."""
    fields: dict[str, list[NameMatch]] = {}
    ranks: dict[str, int] = {}
    faults = []
    named = [(path, row.field, row.name) for row in _with_codes(load_csv(path, FieldNameRow))]
    named += _names_of_opt_outs(opt_outs)
    for file, field, name in named:
        key = _compact(_words(name))
        if not key:
            faults.append(f"{file}: {name!r} has no letters; remove it")
        rank = ranks[field] = ranks.get(field, -1) + 1
        known = fields.setdefault(key, [])
        if all(match.field != field for match in known):
            known.append(NameMatch(field, rank, True))
    if faults:
        raise ConfigurationError(faults)
    return FieldNames(
        {key: tuple(found) for key, found in fields.items()},
        permissions=_read_permissions(permissions),
    )


def _with_codes(rows: Sequence[FieldNameRow]) -> list[FieldNameRow]:
    """The names, with those of codes that ship where a list from before has none: a number without
    its code would be another's."""
    codes = (CALLING_CODE, AREA_CODE)
    if any(row.field in codes for row in rows):
        return list(rows)
    shipped = load_csv(SHIPPED / FIELD_NAMES, FieldNameRow)
    return [*rows, *(row for row in shipped if row.field in codes)]


def _read_permissions(path: Path) -> ContactPermissions:
    return contact_permissions(
        ("*".join(_compact(_words(part)) for part in row.word.split("*")), (row.part, row.channel))
        for row in load_csv(path, ContactPermissionRow)
    )


def _names_of_opt_outs(path: Path) -> list[tuple[Path, str, str]]:
    """What columns of opt-outs are called. A list from before channels were told names none: those
    that ship do, or `Do Not Email` would be an answer."""
    rows = load_csv(path, OptOutRow)
    if not any(row.channel for row in rows):
        path = SHIPPED / OPT_OUT_WORDS
        rows = load_csv(path, OptOutRow)
    return [
        (path, f"opt_out_{'email' if row.channel == 'list' else row.channel}", row.alias)
        for row in rows
        if row.channel and row.channel != "preference"
    ]


def _words(name: str) -> list[str]:
    """`firstName`, `First_Name*` and `first name` are one name."""
    name = _INVISIBLE.sub("", name)
    spaced = _PLUS.sub("plus ", _CAMEL.sub(" ", _POSSESSIVE.sub("", name)))
    return fold(spaced).split() or (["numbersign"] if "#" in name else [])


def _split_numbers(words: Sequence[str]) -> list[str]:
    """`visitor2` as the two words that it is."""
    return [part for word in words for part in _NUMBER_BEHIND.split(word)]


def _compact(words: Sequence[str]) -> str:
    return "".join(words)


def _phrases(words: list[str], longest: int = _LONGEST_PHRASE) -> Iterator[list[str]]:
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            yield words[start:end]
