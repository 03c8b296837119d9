"""Which mailbox a text is: the one reading of addresses, for capture and identity alike.

Repaired is only what can mean no other address: what is set around it (spaces, brackets, `mailto:`,
punctuation), percent-encoding, at and dot in brackets. What kind of mailbox it is, identity says.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from lead_platform.vocabularies.phone_words import has_other_words
from lead_platform.vocabularies.text import clean_text, undo_percent_encoding

# Reserved for examples and tests (RFC 2606): no person has one, but samples and tests use them.
EXAMPLE_TLDS = frozenset({"example", "invalid", "test"})
PLACEHOLDER = "placeholder"
_IN_BRACKETS = re.compile(r"<\s*([^<>]*@[^<>]*?)\s*>")
_AT = re.compile(r"\s*(?:@|[\[({]\s*at\s*[\])}])\s*", re.IGNORECASE)
_DOT = re.compile(r"\s*[\[({]\s*dot\s*[\])}]\s*", re.IGNORECASE)
_AROUND = " \t'\"<>()[],;:‘’“”„«»"
_SEVERAL = re.compile(r"[;,|\s]+|(?<=\d)/+(?=[^\d])")
_LINE_BEHIND = re.compile(r"([^\s()@]+@[^\s()@]+)\s*\(([^()@]{1,40})\)")
_LIST_MARK = re.compile(r"\(?\d{1,2}[.):]+")
_FEWEST_DIGITS = 6
"""Of a phone beside an address: fewer before it may be its own ("berg 12@acme.com")."""
# "138 0013 8000@qq.com", "12,345,678@163.com": grouped digits, and the last group before the @.
_BEGINS_IN_DIGITS = re.compile(r"\+?\d+(?:[.-]\d+)*@")
# "anna@acme.co…" ("…" is three dots in a cleaned text): who cut it kept no more of the domain.
_CUT = re.compile(r"@\s*[^@\s]*\s*[\[({]?\.{2,}[\])}>'\"]*(?:$|[;,|\s])")
_SPACE_BEFORE_AT = re.compile(r"[^\s@]+ [^\s@]+@[^\s@]+")
_LOST_PLUS = "not an email address: a space before the @, where a plus may be lost"
_SLASH_AMONG_DIGITS = re.compile(r"\d/[^@]*@")
_LONGEST = 320
# j***@gmail.com is a valid address, of everybody whose name begins so.
_MASKED = re.compile(r"[*•●]{2}[^@]*@|@[^@]*[*•●]{2}")
_HASH = re.compile(r"[0-9a-f]{32,128}")
# NFKC makes digits and letters of them: the mark of a footnote is none of the address.
_RAISED = ("<super>", "<sub>", "<circle>", "<fraction>")
# The sign itself, and those NFKC makes it of.
_AT_SIGNS = frozenset("@＠﹫")
_BETWEEN_WORDS = re.compile(r"[\s<>＜＞﹤﹥]+")
# Not between two letters or digits, as in o'brien.
_CLOSING_APOSTROPHE = re.compile(r"'(?![^\W_])|(?<![^\W_])'")


class Mailbox(NamedTuple):
    """An address in lower case; without one the reason, unless nothing was given.

    `others`: further addresses in the same text, whosever they are.
    """

    address: str | None = None
    reason: str | None = None
    others: tuple[str, ...] = ()


def read_mailbox(raw: str, is_placeholder: Callable[[str], bool]) -> Mailbox:
    """The first address in `raw`; none where `is_placeholder` says that a text only fills the
    field, and none for what may be meant to be another address."""
    text = clean_text(raw)
    if text is None:
        return Mailbox()
    text = _without_line(undo_percent_encoding(text))
    if len(text) > _LONGEST:
        return Mailbox(reason=f"longer than {_LONGEST} characters")
    if is_placeholder(text):
        return Mailbox(reason=PLACEHOLDER)
    if _HASH.fullmatch(text.lower()):
        return Mailbox(reason="a hash, not an address")
    if not raw.isascii() and _is_raised(raw):
        return Mailbox(reason="not an email address: raised or circled signs")
    if _CUT.search(text):
        return Mailbox(reason="cut at its end, not an address")
    candidate = _bare_address(text)
    if _MASKED.search(candidate):
        return Mailbox(reason="masked, not an address")
    if _SLASH_AMONG_DIGITS.search(candidate):
        return Mailbox(reason="not an email address: a slash, which may set digits off")
    address, reason = _validate(candidate)
    if address is None:
        return Mailbox(reason=_LOST_PLUS if _SPACE_BEFORE_AT.fullmatch(candidate) else reason)
    if is_placeholder(address):
        return Mailbox(reason=PLACEHOLDER)
    return Mailbox(address, others=_others(text, address))


def _without_line(text: str) -> str:
    """An address without bracketed words that say what line it is: rosa@vidal.es (privat)."""
    found = _LINE_BEHIND.fullmatch(text)
    says_line = found is not None and any(map(str.isalpha, found[2]))
    return found[1] if found and says_line and not has_other_words(found[2]) else text


def _is_raised(raw: str) -> bool:
    """Whether a sign of an address in `raw` is a raised or circled one; the words beside it may
    have them: "Mª José García <mjose@acme.es>"."""
    words = _BETWEEN_WORDS.split(_DOT.sub(".", _AT.sub("@", " ".join(raw.split()))))
    addresses = [word for word in words if not _AT_SIGNS.isdisjoint(word)] or words
    return any(
        unicodedata.decomposition(sign).startswith(_RAISED) for word in addresses for sign in word
    )


def _bare_address(text: str) -> str:
    """What is left of `Anna <mailto:anna@acme.com>,` or of the first of several addresses."""
    bracketed = _IN_BRACKETS.search(text)
    address = bracketed.group(1) if bracketed else text
    address = _without_signs_around(_DOT.sub(".", _AT.sub("@", address)))
    if address[:7].lower() == "mailto:":
        address = _without_signs_around(address[7:].partition("?")[0])
    parts = [part for part in _SEVERAL.split(address) if part]
    first = next((number for number, part in enumerate(parts) if "@" in part), None)
    if len(parts) > 1 and first is not None and _are_apart(parts, first):
        address = parts[first]
    return _without_signs_around(address).rstrip(".").lower()


def _are_apart(parts: list[str], first: int) -> bool:
    """Whether the words around an address can be nothing of it: other addresses, a phone, the mark
    of a list. Letters may be ("anna.berg news@acme.com"), and few digits before it."""
    words = [part for part in parts if "@" not in part]
    if any(char.isalpha() for word in words for char in word):
        return False
    before = "".join(parts[:first])
    digits = sum(map(str.isdigit, before))
    if digits and _BEGINS_IN_DIGITS.match(parts[first]):
        return False
    return not digits or digits >= _FEWEST_DIGITS or _LIST_MARK.fullmatch(before) is not None


def _without_signs_around(text: str) -> str:
    """An apostrophe before it is a spreadsheet's, unless another one closes it within."""
    bare = text.strip(_AROUND)
    opens = text.lstrip(_AROUND.replace("'", "")).startswith("'")
    closes = text.rstrip(_AROUND.replace("'", "") + ".").endswith("'")
    is_closed_within = _CLOSING_APOSTROPHE.search(bare) is not None
    return f"'{bare}" if opens and not closes and is_closed_within else bare


def _others(text: str, first: str) -> tuple[str, ...]:
    """The addresses in `text` but the first."""
    if len(_AT.findall(text)) < 2:
        return ()
    parts = _SEVERAL.split(_DOT.sub(".", _AT.sub("@", text)))
    found = (
        _validate(_bare_address(part))[0]
        for before, part in zip(("", *parts), parts, strict=False)
        if "@" in part and not (before.isdigit() and _BEGINS_IN_DIGITS.match(part))
    )
    return tuple(dict.fromkeys(address for address in found if address and address != first))


def _validate(address: str) -> tuple[str | None, str]:
    head, _, tld = address.rpartition(".")
    is_example = tld in EXAMPLE_TLDS
    try:
        checked = validate_email(
            f"{head}.com" if is_example else address,
            check_deliverability=False,
            allow_smtputf8=True,
        ).normalized.lower()
    except EmailNotValidError as error:
        return None, f"not an email address: {_without_quotes(str(error))}"
    if is_example:
        return f"{checked.removesuffix('.com')}.{tld}", ""
    return checked, ""


def _without_quotes(message: str) -> str:
    """The validator's first sentence: it may go on to quote the address."""
    return message.split(". ")[0].split(":")[0].rstrip(".")
