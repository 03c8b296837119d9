"""Email addresses: one spelling per mailbox, and what kind of mailbox it is.

Plus tags and dots stay: they are part of the address mail is sent to.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import tldextract
from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text, undo_percent_encoding

# The snapshot inside the wheel; nothing is fetched and nothing cached on disk.
_PUBLIC_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
_IN_BRACKETS = re.compile(r"<\s*([^<>]*@[^<>]*?)\s*>")
_AT = re.compile(r"\s*(?:@|[\[({]\s*at\s*[\])}])\s*", re.IGNORECASE)
_DOT = re.compile(r"\s*[\[({]\s*dot\s*[\])}]\s*", re.IGNORECASE)
_AROUND = " \t'\"<>()[],;:"
_SEVERAL = re.compile(r"[;,|\s]+|(?<=\d)/+(?=[^\d])")
_SPACE_BEFORE_AT = re.compile(r"[^\s@]+ [^\s@]+@[^\s@]+")
_LOST_PLUS = "not an email address: a space before the @, where a plus may be lost"
_LONGEST = 320
# Reserved for examples and tests (RFC 2606): no person has one, but samples and tests use them.
_EXAMPLE_TLDS = frozenset({"example", "invalid", "test"})
_ROLE_TAIL = re.compile(r"^(.+?)(?:[._-][a-z]{2}|[._-]?\d{1,3})$")
# j***@gmail.com is a valid address, of everybody whose name begins so.
_MASKED = re.compile(r"[*•●]{2,}[^@]*@|@[^@]*[*•●]{2,}")
_HASH = re.compile(r"[0-9a-f]{32,128}")


class Email(NamedTuple):
    """A mailbox; the flags are None where there is no address.

    `others`: further addresses that stand in the same field, whosever they are.
    """

    email: str | None = None
    domain: str | None = None
    is_role: bool | None = None
    is_disposable: bool | None = None
    is_free: bool | None = None
    reason: str | None = None
    others: tuple[str, ...] = ()


NO_EMAIL = Email()


def normalize_email(raw: str, vocabularies: Vocabularies) -> Email:
    """The address in lower case with its domain and flags, or no address and the reason."""
    text = clean_text(raw)
    if text is None:
        return NO_EMAIL
    text = undo_percent_encoding(text)
    if len(text) > _LONGEST:
        return Email(reason=f"longer than {_LONGEST} characters")
    if vocabularies.is_placeholder("email", text):
        return Email(reason="placeholder")
    if _HASH.fullmatch(text.lower()):
        return Email(reason="a hash, not an address")
    candidate = _bare_address(text)
    if _MASKED.search(candidate):
        return Email(reason="masked, not an address")
    address, reason = _validate(candidate)
    if address is None:
        return Email(reason=_LOST_PLUS if _SPACE_BEFORE_AT.fullmatch(candidate) else reason)
    local, _, domain = address.rpartition("@")
    if vocabularies.is_placeholder("email", address):
        return Email(reason="placeholder")
    return Email(
        address,
        domain,
        is_role_mailbox(local, vocabularies),
        is_disposable_domain(domain),
        is_free_mail_domain(domain, vocabularies),
        others=_others(text, address),
    )


def is_role_mailbox(local: str, vocabularies: Vocabularies) -> bool:
    """Whether the part before the @ names a role: sales@, sales-de@, sales2@, sales+fair@."""
    name = local.partition("+")[0].lower()
    tail = _ROLE_TAIL.match(name)
    candidates = {name} | ({tail.group(1)} if tail else set())
    return any(re.sub(r"[._-]", "", c) in vocabularies.role_mailboxes for c in candidates)


def is_disposable_domain(domain: str) -> bool:
    """Whether mailboxes there are thrown away after use."""
    return domain in blocklist or registrable_domain(domain) in blocklist


def is_free_mail_domain(domain: str, vocabularies: Vocabularies) -> bool:
    """Whether anybody can have a mailbox there, so that the domain says nothing of a company."""
    known = vocabularies.free_mail_domains
    return domain in known or registrable_domain(domain) in known


@lru_cache(maxsize=100_000)
def registrable_domain(host: str) -> str | None:
    """The part of a host name that somebody registered: mail.acme.co.uk -> acme.co.uk.

    None for an address, a single label or a bare public suffix.
    """
    found = _PUBLIC_SUFFIXES(host)
    if found.suffix:
        return found.top_domain_under_public_suffix or None
    labels = host.split(".")
    if labels[-1] in _EXAMPLE_TLDS and len(labels) > 1:
        return ".".join(labels[-2:])
    return None


def _bare_address(text: str) -> str:
    """What is left of `Anna <mailto:anna@acme.com>,` or of the first of several addresses."""
    bracketed = _IN_BRACKETS.search(text)
    address = bracketed.group(1) if bracketed else text
    address = _DOT.sub(".", _AT.sub("@", address)).strip(_AROUND)
    if address[:7].lower() == "mailto:":
        address = address[7:].partition("?")[0].strip(_AROUND)
    parts = [part for part in _SEVERAL.split(address) if part]
    mailboxes = [part for part in parts if "@" in part]
    others = "".join(part for part in parts if "@" not in part)
    # A phone beside it is nothing of the address; letters may be ("anna.berg news@acme.com").
    if len(parts) > 1 and mailboxes and not any(char.isalpha() for char in others):
        address = mailboxes[0]
    return address.strip(_AROUND).rstrip(".").lower()


def _others(text: str, first: str) -> tuple[str, ...]:
    """The addresses in `text` but the first."""
    if len(_AT.findall(text)) < 2:
        return ()
    parts = _SEVERAL.split(_DOT.sub(".", _AT.sub("@", text)))
    found = (_validate(_bare_address(part))[0] for part in parts if "@" in part)
    return tuple(dict.fromkeys(address for address in found if address and address != first))


def _validate(address: str) -> tuple[str | None, str]:
    head, _, tld = address.rpartition(".")
    is_example = tld in _EXAMPLE_TLDS
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
