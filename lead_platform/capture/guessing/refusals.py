"""Columns that may say who may be written to, though nothing reads them: a person is asked.

An answer that nobody reads is no opt-out, so such a column never becomes one unasked.
"""

import re
from collections.abc import Iterable, Iterator

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.guessing.choices import HEARD, NOT_EMITTED, Choice
from lead_platform.capture.guessing.names import WITHDRAWN_AT, FieldNames
from lead_platform.capture.guessing.notation import quoted
from lead_platform.capture.guessing.shapes import SEPARATOR, Column, are_truths, consent_words
from lead_platform.capture.values import read_list, show
from lead_platform.vocabularies.tables import AliasTable, IntakeLists
from lead_platform.vocabularies.text import fold

UNREAD_CONSENT = "it may say who may be written to or called"
TURNED = (
    " Its name denies, so a yes may mean `denied`: then add `consent: opt_out`, to a date "
    "`consent: opt_out_at`."
)
_MOST_STATES = 10
"""Of a consent: more, in sentences, are what people wrote."""
_SENTENCE = 4
_LEAST_STATES = 0.5
_AROUND = " []{}()\"'#*"
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}\b")
_CHOICE = re.compile(r"[\s:(\[_-]+(\w+)\s*[/|,\\-]\s*(\w+)[)\]?]*\s*$")
Rest = tuple[tuple[Column, str | None], ...]


def without_consents(rest: Rest, names: FieldNames, lists: IntakeLists) -> Rest:
    """The columns left over, those that may be about consent marked as such."""
    return tuple(
        (column, HEARD if _are_texts(column, names) else UNREAD_CONSENT)
        if near in (None, NOT_EMITTED) and may_be_consent(column, names, lists)
        else (column, near)
        for column, near in rest
    )


def ask_about_deals(rest: Rest, names: FieldNames, lists: IntakeLists) -> Iterator[str]:
    """The same of records that are deals, which have no consents to fill."""
    told = [column.name for column, _ in rest if may_be_consent(column, names, lists)]
    if told:
        verb = "does it say" if len(told) == 1 else "do they say"
        yield (
            f"{', '.join(told)}: {verb} who may be written to or called? A deal has no field for "
            "that, and whoever denied there is reached all the same: where so, deliver it with the "
            "persons too"
        )


def ask_about_consents(rest: Rest, names: FieldNames, lists: IntakeLists) -> Iterator[str]:
    """A question for each column left over that may be about consent."""
    for column, near in rest:
        if not may_be_consent(column, names, lists):
            continue
        if near == HEARD:
            said = show(denying_label(column, names, lists) or column.tried[0])
            yield (
                f"{column.name}: does it say who may be written to or called? {said} stands among "
                "its texts. It is kept as an answer, and denials in answers are heard as far as "
                "the lists know them: look at what else it says"
            )
            continue
        is_turned = names.is_negated(column.path)
        turned = TURNED if is_turned else ""
        if names.is_about_privacy(column.path):
            turned = " Who accepts a policy or terms agrees to nothing else." + turned
        turned += _told_label(denying_label(column, names, lists), column)
        yield (
            f"{column.name}: does it say who may be written to or called?{turned} No field is "
            "filled from it; where it does, map it to `consent_email`, `consent_phone`, "
            "`consent_sms` or `consent_whatsapp`, and its words with `values`"
        )


def _told_label(label: str | None, column: Column) -> str:
    """How a list of labels is mapped of which one denies."""
    if label is None or label in column.tried:
        return ""
    pattern = quoted(f"(?i)({re.escape(label)})")
    return (
        f" {show(label)} stands in its lists: where it denies, map it by itself, `{{column: "
        f"{quoted(column.name)}, extract: {pattern}, values: {{{quoted(label.lower())}: denied}}, "
        "consent: opt_out}`."
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
    if len(states) <= _MOST_STATES and any(_says(state, names, lists) for state in states):
        return True
    if denying_label(column, names, lists) is not None:
        return True
    # `{"preferences": {"email": false}}`: no mailbox, and no number, says yes or no.
    if names.is_channel(column.path) and are_truths(column, lists):
        return True
    # `{"optOut": {"mail": true}}`: what holds it says what it is about.
    whole = (" ".join(column.path),)
    is_near = names.is_about_privacy(whole) or names.is_about_consent(whole)
    if is_near and consent_words(column, lists, is_opt_out=True):
        return True
    if _denies_what_it_names(column, states, names, lists):
        return True
    is_prose = len(states) > _MOST_STATES and column.share(_is_sentence) >= 0.5
    if names.is_about_consent(column.path):
        return not is_prose
    return names.speaks_of_leave(column.path) and _may_tell(column, states, lists)


def _are_texts(column: Column, names: FieldNames) -> bool:
    """Whether people wrote there at length, and its name speaks of no consent."""
    if len(set(column.tried)) <= _MOST_STATES or names.is_about_consent(column.path):
        return False
    is_written = names.is_remark(column.name) or column.share(_is_sentence) >= _LEAST_STATES
    return is_written and not names.speaks_of_leave(column.path)


def _denies_what_it_names(
    column: Column, states: set[str], names: FieldNames, lists: IntakeLists
) -> bool:
    """`News`: yes; `Marketing`: excluded; `Kontaktart`: keine. `Contacted`: no denies nothing."""
    is_mailing = names.is_mailing(column.path)
    is_read = is_mailing or names.is_leave_by_values(column.path)
    if is_read and column.values and consent_words(column, lists, is_opt_out=True):
        return True
    is_of_contact = is_mailing or names.leave(column.path[-1]).channels is not None
    few = states if is_of_contact and len(states) <= _MOST_STATES else ()
    return any(_refuses(state, names, lists) for state in few)


def _refuses(state: str, names: FieldNames, lists: IntakeLists) -> bool:
    if lists.truths.find(state) is not None:
        return False
    leave = names.leave(state)
    is_refusal = leave.is_whole and leave.refusals > 0 and not leave.is_absent
    return is_refusal or lists.prefers_no_channel(state)


def _says(state: str, names: FieldNames, lists: IntakeLists) -> bool:
    return lists.says_consent(state) is not None and names.is_about_consent((state,))


def denying_label(column: Column, names: FieldNames, lists: IntakeLists) -> str | None:
    """The first label that denies, of cells that hold one or a list of them: `lead, unsubscribed`.

    Where each of many cells is a text of its own, only what is no name either: Robinson is one.
    """
    split = {cell: _labels(cell) for cell in dict.fromkeys(column.tried)}
    are_labels = len(split) <= _MOST_STATES or any(len(labels) > 1 for labels in split.values())
    phrases = lists.denials_in_names.channels
    for label in dict.fromkeys(label for labels in split.values() for label in labels):
        if are_labels and lists.says_consent(label) == "denied" and _says(label, names, lists):
            return label
        is_short = len(label.split()) <= _SENTENCE
        if is_short and (
            (are_labels and (names.tells_opt_out(label) or names.is_denied_list(label)))
            or fold(label) in phrases
        ):
            return label
    return None


def _labels(cell: str) -> list[str]:
    """As lists are split, without what arrays and tags put around each: `["a", "b"]`, `#dnc`."""
    parts = (part.strip(_AROUND) for part in read_list(cell.replace(SEPARATOR, ";")))
    return [part for part in parts if part]


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
