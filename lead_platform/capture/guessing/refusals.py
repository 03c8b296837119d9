"""Columns that may say who may be written to, though nothing reads them: a person is asked.

An answer that nobody reads is no opt-out, so such a column never becomes one unasked.
"""

import re
from collections.abc import Iterable, Iterator

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.names import WITHDRAWN_AT, FieldNames
from lead_platform.capture.guessing.shapes import Column, are_truths, consent_words
from lead_platform.vocabularies.tables import AliasTable, IntakeLists

UNREAD_CONSENT = "it may say who may be written to or called"
_TURNED = (
    " Its name denies, so a yes may mean `denied`: then add `consent: opt_out`, to a date "
    "`consent: opt_out_at`."
)
_MOST_STATES = 10
"""Of a consent: more, in sentences, are what people wrote."""
_SENTENCE = 4
_LEAST_STATES = 0.5
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}\b")
_CHOICE = re.compile(r"[\s:(\[_-]+(\w+)\s*[/|,\\-]\s*(\w+)[)\]?]*\s*$")
Rest = tuple[tuple[Column, str | None], ...]


def without_consents(rest: Rest, names: FieldNames, lists: IntakeLists) -> Rest:
    """The columns left over, those that may be about consent marked as such."""
    return tuple(
        (column, near or UNREAD_CONSENT) if may_be_consent(column, names, lists) else (column, near)
        for column, near in rest
    )


def ask_about_consents(rest: Rest, names: FieldNames, lists: IntakeLists) -> Iterator[str]:
    """A question for each column left over that may be about consent."""
    for column, _ in rest:
        if not may_be_consent(column, names, lists):
            continue
        is_turned = names.is_negated(column.path)
        turned = _TURNED if is_turned else ""
        if names.is_about_privacy(column.path):
            turned = " Who accepts a policy or terms agrees to nothing else." + turned
        yield (
            f"{column.name}: does it say who may be written to or called?{turned} No field is "
            "filled from it; where it does, map it to `consent_email`, `consent_phone`, "
            "`consent_sms` or `consent_whatsapp`, and its words with `values`"
        )


def without_withdrawals_of_nothing(choices: Iterable[Choice]) -> list[Choice]:
    """`Withdrawn on` withdraws a consent where the file states one; else it may be an
    application's, and is asked about."""
    found = list(choices)
    has_consents = any(choice.field in CONSENTS for choice in found)
    return [choice for choice in found if has_consents or choice.field != WITHDRAWN_AT]


def without_choice(name: str, truths: AliasTable) -> str:
    """The name without the yes and no that it offers at its end: `Newsletter ja/nein`."""
    found = _CHOICE.search(name)
    if found is None or {truths.find(word) for word in found.groups()} != {"yes", "no"}:
        return name
    return name[: found.start()].strip() or name


def may_be_consent(column: Column, names: FieldNames, lists: IntakeLists) -> bool:
    """Whether the name or the values of the column may say who may be reached."""
    if names.is_sensitive(column.path):
        return False
    states = {value.strip() for value in column.tried}
    if len(states) <= _MOST_STATES and any(
        lists.says_consent(state) is not None and names.is_about_consent((state,))
        for state in states
    ):
        return True
    # `{"preferences": {"email": false}}`: no mailbox, and no number, says yes or no.
    if names.is_channel(column.path) and are_truths(column, lists):
        return True
    # `{"optOut": {"mail": true}}`: what holds it says what it is about.
    whole = (" ".join(column.path),)
    is_near = names.is_about_privacy(whole) or names.is_about_consent(whole)
    if is_near and consent_words(column, lists, is_opt_out=True):
        return True
    is_prose = len(states) > _MOST_STATES and column.share(_is_sentence) >= 0.5
    if names.is_about_consent(column.path):
        return not is_prose
    return names.speaks_of_leave(column.path) and _may_tell(column, states, lists)


def _may_tell(column: Column, states: set[str], lists: IntakeLists) -> bool:
    """Whether the values may say yes or no, or since when; of a name that only its words make one
    of consents, counts and texts speak against it."""
    if not states or consent_words(column, lists, is_opt_out=True):
        return True
    is_state = _is_state if len(states) <= _MOST_STATES else _holds_date
    return column.share(is_state) >= _LEAST_STATES


def _is_state(value: str) -> bool:
    is_word = len(value.split()) < _SENTENCE and not any(sign in "@/" for sign in value)
    return _holds_date(value) or (is_word and not any(sign.isdigit() for sign in value))


def _holds_date(value: str) -> bool:
    return _DATE.search(value) is not None


def _is_sentence(value: str) -> bool:
    return len(value.split()) >= _SENTENCE
