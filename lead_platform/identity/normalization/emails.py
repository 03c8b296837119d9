"""Email addresses: one spelling per mailbox, and what kind of mailbox it is.

Plus tags and dots stay: they are part of the address mail is sent to.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import tldextract
from disposable_email_domains import blocklist

from lead_platform.vocabularies.mailboxes import EXAMPLE_TLDS, read_mailbox
from lead_platform.vocabularies.tables import Vocabularies

# The snapshot inside the wheel; nothing is fetched and nothing cached on disk.
_PUBLIC_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
_ROLE_TAIL = re.compile(r"^(.+?)(?:[._-][a-z]{2}|[._-]?\d{1,3})$")


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
    found = read_mailbox(raw, lambda text: vocabularies.is_placeholder("email", text))
    if found.address is None:
        return Email(reason=found.reason) if found.reason is not None else NO_EMAIL
    local, _, domain = found.address.rpartition("@")
    return Email(
        found.address,
        domain,
        is_role_mailbox(local, vocabularies),
        is_disposable_domain(domain),
        is_free_mail_domain(domain, vocabularies),
        others=found.others,
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
def is_below_a_shared_suffix(host: str) -> bool:
    """Whether a company lets anybody have the names there: acme.github.io, acme.uk.com. The private
    part of the Public Suffix List knows."""
    return _PUBLIC_SUFFIXES(host, include_psl_private_domains=True).is_private


@lru_cache(maxsize=100_000)
def registrable_domain(host: str) -> str | None:
    """The part of a host name that somebody registered: mail.acme.co.uk -> acme.co.uk.

    None for an address, a single label or a bare public suffix.
    """
    found = _PUBLIC_SUFFIXES(host)
    if found.suffix:
        return found.top_domain_under_public_suffix or None
    labels = host.split(".")
    if labels[-1] in EXAMPLE_TLDS and len(labels) > 1:
        return ".".join(labels[-2:])
    return None
