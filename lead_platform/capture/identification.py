"""Whether what a submission gives can tell who somebody is: a mailbox, a number, a name.

Mailboxes are read as identity reads them. A number is judged by what any must have: which it is
depends on countries, which identity knows. That a person id is enough is `mapping`'s.
"""

import re
from collections.abc import Mapping

from lead_platform.capture.values import show
from lead_platform.vocabularies.mailboxes import read_mailbox
from lead_platform.vocabularies.phone_forms import exponent_in, holds_letters_of_the_dial
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import clean_text, fold

FEWEST_DIGITS = 5
"""Of a number. Shorter ones exist in Niue alone, and nobody outside reaches them without +683."""

REACHES = ("email", "phone")
NAMES = ("full_name", "first_name", "last_name")

# Read as it is written, as nearly all are.
_PLAIN_MAIL = re.compile(
    r"[A-Za-z0-9](?:[._+-]?[A-Za-z0-9]){0,30}@(?:[A-Za-z0-9](?:-?[A-Za-z0-9]){0,30}\.){1,3}"
    r"(?!(?i:arpa|invalid|local|localhost|onion|test)$)[A-Za-z]{2,24}"
)


def identity_fault(fields: Mapping[str, str | None], lists: IntakeLists) -> str | None:
    """Why a submission of these `fields` (email, phone, names, company) is nobody's; None where one
    of them can tell whose it is."""
    email, phone, company = fields["email"], fields["phone"], fields["company_name"]
    if email and is_mailbox(email, lists):
        return None
    if phone and may_be_number(phone):
        return None
    named = any(may_be_name(text, lists) for name in NAMES if (text := fields[name]))
    if named and company and may_be_company(company, lists):
        return None
    told = [
        *([f"email {show(email)} is no mailbox"] if email else []),
        *([f"phone {show(phone)} is no number"] if phone else []),
        *(["name and company are placeholders"] if company and not email and not phone else []),
    ]
    return (
        f"no identity: {', '.join(told)}; needed is a mailbox, a phone number, a person id or a "
        "name with a company that can be read; correct it at the source"
    )


def is_mailbox(raw: str, lists: IntakeLists) -> bool:
    """Whether a mailbox can be read from the text; one that only fills the field is none."""
    if _PLAIN_MAIL.fullmatch(raw):
        return not _only_fills(raw, "email", lists)
    found = read_mailbox(raw, lambda text: _only_fills(text, "email", lists))
    return found.address is not None


def may_be_number(raw: str) -> bool:
    """Whether a phone number may be read from the text."""
    text = _cleaned(raw.strip())
    if (figure := exponent_in(text)) is not None:
        return figure.digits is not None
    digits = [char for char in text if char.isdecimal()]
    if holds_letters_of_the_dial(text):
        return True
    return len(digits) >= FEWEST_DIGITS and len(set(digits)) > 1


def may_be_name(text: str, lists: IntakeLists) -> bool:
    """Whether a name may be read from the text."""
    text = _cleaned(text)
    return any(map(str.isalpha, text)) and not _only_fills(text, "any", lists)


def may_be_company(text: str, lists: IntakeLists) -> bool:
    """Whether a company's name may be read from the text."""
    text = _cleaned(text)
    return any(map(str.isalnum, text)) and not _only_fills(text, "company", lists)


def _cleaned(text: str) -> str:
    """Control signs may be letters of another encoding."""
    return text if text.isascii() else clean_text(text) or ""


def _only_fills(text: str, field: str, lists: IntakeLists) -> bool:
    key = fold(text)
    return key in lists.placeholders["any"] or key in lists.placeholders[field]
