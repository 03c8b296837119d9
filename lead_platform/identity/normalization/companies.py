"""Companies: the name as shown, the key under which spellings meet, and the domain.

Legal forms stay in the shown name and are left out of the key.
"""

import re
from functools import cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from cleanco import prepare_default_terms
from cleanco.clean import custom_basename, normalized, strip_punct, strip_tail

from lead_platform.identity.normalization.emails import (
    is_below_a_shared_suffix,
    is_disposable_domain,
    is_free_mail_domain,
    registrable_domain,
)
from lead_platform.vocabularies.legal_forms import shown_forms
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import (
    BLANK,
    MARKS,
    NormalText,
    clean_text,
    fold,
    recase,
    stream_safe,
)

_LONGEST = 250
_HASH = re.compile(r"(?=.*\d)[0-9a-f]{24,128}")
_HOST = re.compile(rf"^(?=.{{3,253}}$)[\w{MARKS}-]{{1,63}}(?:\.[\w{MARKS}-]{{1,63}})+$")
_SIGNS_BEHIND = re.compile(rf"[^\w{MARKS}.]+\Z")
_AROUND = " \t,;:|*"
_COUNTRIES = frozenset({"usa", "uk"})
_SMALL_WORDS = frozenset(
    [
        "of",
        "the",
        "and",
        "for",
        "in",
        "on",
        "de",
        "la",
        "du",
        "des",
        "et",
        "y",
        "und",
        "für",
        "van",
        "der",
        "von",
    ]
)


class Company(NamedTuple):
    """A company's name as shown and the key for comparing."""

    name: str | None = None
    key: str | None = None
    reason: str | None = None


NO_COMPANY = Company()


def normalize_company(raw: str, vocabularies: Vocabularies) -> Company:
    """Name and key, or the reason why `raw` names no company."""
    text = clean_text(raw)
    if text is None:
        return NO_COMPANY
    name = text.strip(_AROUND).strip('"“”').strip(_AROUND)
    if len(name) > _LONGEST:
        return Company(reason=f"longer than {_LONGEST} characters")
    if not name or vocabularies.is_placeholder("company", name):
        return Company(reason="placeholder")
    if _HASH.fullmatch(name.lower()):
        return Company(reason="a hash, not a name")
    if "@" in name and "." in name.rpartition("@")[2] and " " not in name:
        return Company(reason="an email address, not a company")
    key = company_key(name)
    if key is None:
        return Company(reason="nothing but a legal form")
    return Company(recase(name, _cased), key)


def company_key(name: str) -> str | None:
    """ "The Coca-Cola Company, Inc." -> "coca cola"; None if nothing but legal forms is left."""
    plain = _IN_PARENTHESES.sub(" ", name) if name[:1] != "(" else name
    bare = _without_legal_forms(plain)
    key = fold(bare)
    if key.startswith("the ") and len(key) > 4:
        key = key[4:]
    return key.removesuffix(" and") or None


_IN_PARENTHESES = re.compile(r"\s*\((?:[^()]*)\)\s*")


def company_domain_of_website(raw: str, vocabularies: Vocabularies) -> NormalText:
    """The registered domain of a website, unless it is a platform everybody is on."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    if vocabularies.is_placeholder("company", text):
        return NormalText(None, "placeholder")
    url = _url(text)
    host = _host(url) if url is not None else None
    if url is None or host is None:
        return NormalText(None, "not a web address")
    domain = registrable_domain(host)
    if domain is None:
        return NormalText(None, "no registered domain in it")
    if is_below_a_shared_suffix(host) or _is_page(host, url.path, domain, vocabularies):
        return NormalText(None, f"a page at {domain}, where many have one")
    if not is_company_domain(domain, vocabularies):
        return NormalText(None, f"{domain} is shared by many companies")
    return NormalText(domain)


def company_domain_of_email(
    email_domain: str, is_free: bool, is_disposable: bool, vocabularies: Vocabularies
) -> str | None:
    """The registered domain of a work address; None for free and disposable mail."""
    is_shared = is_free or is_disposable or is_below_a_shared_suffix(email_domain)
    domain = None if is_shared else registrable_domain(email_domain)
    return domain if domain and is_company_domain(domain, vocabularies) else None


def is_company_domain(domain: str, vocabularies: Vocabularies) -> bool:
    """Whether a registered domain can stand for one company."""
    return (
        domain not in vocabularies.shared_domains
        and not is_free_mail_domain(domain, vocabularies)
        and not is_disposable_domain(domain)
    )


def _is_page(host: str, path: str, domain: str, vocabularies: Vocabularies) -> bool:
    """Whether a website is somebody's page on a site of many."""
    name = domain.partition(".")[0]
    labels = host.split(".")
    hosts = [".".join(labels[place:]) for place in range(len(labels) - 1)]
    hosts += [f"{each[: -len(domain)]}{name}.*" for each in hosts if each.endswith(domain)]
    first = path.strip("/").partition("/")[0]
    return any(
        each in vocabularies.page_sites or f"{each}/{first}" in vocabularies.page_sites
        for each in hosts
    )


def _url(text: str) -> SplitResult | None:
    url = stream_safe(text.strip(" ,;<>\"'").lower())
    if "@" in url and "/" not in url:
        url = url.rpartition("@")[2]
    try:
        return urlsplit(url if "://" in url else f"//{url.lstrip('/')}")
    except ValueError:
        return None


def _host(url: SplitResult) -> str | None:
    host = url.hostname or ""
    # "acme.co…": who cut it kept no more of the domain.
    host = "" if host.endswith("..") else host.rstrip(".")
    return host if _HOST.match(host) and not host.replace(".", "").isdigit() else None


def legal_form_behind(name: str) -> str:
    """The legal form at the end of a name as it is written there; empty where there is none."""
    bare = _without_legal_forms(name)
    return name[len(bare) :].strip(" ,") if bare and name.startswith(bare) else ""


def _without_legal_forms(name: str) -> str:
    """cleanco strips in one fixed order ("Co" before "Ltd"), so until nothing is left to strip."""
    bare = name
    while bare:
        terms = _legal_forms_by_last_word().get(_last_word(bare))
        stripped = _without(terms, bare) if terms else bare
        if stripped == bare:
            break
        bare = stripped
    return bare


def _without(terms: list[tuple[int, list[str]]], name: str) -> str:
    """What cleanco leaves of the words, each whole: it cuts off the vowel signs of the last one."""
    count = len(custom_basename(name, terms).split())
    return _SIGNS_BEHIND.sub("", " ".join(name.split()[:count]))


def _last_word(name: str) -> str:
    words = strip_tail(name).rsplit(maxsplit=1)
    return strip_punct(normalized(words[-1])) if words else ""


@cache
def _legal_forms_by_last_word() -> dict[str, list[tuple[int, list[str]]]]:
    """cleanco's legal forms; comparing all 800 with every name takes 40 µs, these take 3."""
    found: dict[str, list[tuple[int, list[str]]]] = {}
    for size, parts in prepare_default_terms():
        if parts:
            found.setdefault(parts[-1], []).append((size, parts))
    return found


def _cased(name: str) -> str:
    words = name.split()
    is_shouted = name.isupper() and len(words) > 1 and max(map(len, words)) > 4
    if not (name.islower() or is_shouted) or not any(char.isalpha() for char in name):
        return name
    return " ".join(_cased_word(word, position) for position, word in enumerate(words))


def _cased_word(word: str, position: int) -> str:
    lower = word.lower()
    bare = lower.strip(".,").replace(".", "")
    shown = bare.upper() if bare in _COUNTRIES else shown_forms().get(bare)
    if shown is not None and position:
        return word.upper() if "." in word.strip(".,") else lower.replace(bare, shown)
    if position and lower in _SMALL_WORDS:
        return lower
    if word.isupper() and 2 <= len(bare) <= 3 and bare not in {"inc", "ltd", "co", "new", "and"}:
        return word
    return "-".join(piece[:1].upper() + piece[1:] for piece in lower.split("-"))
