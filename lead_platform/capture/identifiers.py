"""Ids: those given to what is taken in, and the forms in which sources write their own."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Literal

IdForm = Literal["salesforce", "as_given"]

_SALESFORCE_ID = re.compile(r"[0-9A-Za-z]{15}")
# What pandas writes of a column of ids with a gap, and how Windows shows a GUID.
_WITH_FRACTION = re.compile(r"(?:\A|(?<=\|))(\d+)\.0+(?=\||\Z)", re.ASCII)
_BRACED_GUID = re.compile(r"\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}", re.IGNORECASE)
_CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def hashed_id(prefix: str, *parts: str) -> str:
    """prefix plus 24 hexadecimal digits of the SHA-256 of the parts."""
    return prefix + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def version_key(
    channel: str, source_system: str | None, person: str | None, record_id: str, *item: str
) -> str:
    """What all versions of one submission share; `item` tells a record's submissions apart.

    A record whose id is the person's own at the source is the same record through every channel of
    that source.
    """
    is_person = source_system is not None and record_id == person
    place = ("source", str(source_system).casefold()) if is_person else ("channel", channel)
    return hashed_id("ver_", *place, record_id, *item)


def salesforce_id(text: str) -> str:
    """The 18 characters of a Salesforce id that reports and screens write with 15.

    Upper and lower case tell ids of 15 apart; the three letters added say which of each five
    characters are upper case, so that ids survive what ignores case. Everything else, such as 18
    characters, stays as it is.
    """
    if not _SALESFORCE_ID.fullmatch(text):
        return text
    fives = (text[0:5], text[5:10], text[10:15])
    added = (
        _CHECK_LETTERS[sum(1 << place for place, sign in enumerate(five) if "A" <= sign <= "Z")]
        for five in fives
    )
    return text + "".join(added)


def plain_id(text: str) -> str:
    """An id without what programs write around it: `1234567.0`, `{GUID}`."""
    if text[-1:] == "0" and "." in text:
        return _WITH_FRACTION.sub(r"\1", text)
    return _BRACED_GUID.sub(r"\1", text) if "{" in text else text


def id_form(stated: IdForm | None, source_system: str | None) -> Callable[[str], str]:
    """How a source's ids are brought into one form: as stated, else as the source is known for."""
    if stated == "as_given":
        return str
    of_source = _FORMS.get(stated or str(source_system).casefold())
    return plain_id if of_source is None else lambda text: of_source(plain_id(text))


_FORMS: Mapping[str, Callable[[str], str]] = {"salesforce": salesforce_id}
