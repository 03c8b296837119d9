"""Job titles: as shown, and what they say of seniority and function.

The rules are ordered patterns in `seniorities.csv` and `job_functions.csv`, matched against the
folded title; the first match wins, so exceptions ("assistant to the CEO") stand above rules.
"""

from typing import NamedTuple

from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text, fold, recase

_LONGEST = 200
_ACRONYMS = {
    word.lower(): word
    for word in (
        "CEO", "CFO", "CTO", "COO", "CMO", "CIO", "CRO", "CPO", "CHRO", "CISO", "CDO", "CCO",
        "VP", "SVP", "EVP", "AVP", "IT", "HR", "PR", "QA", "UX", "UI", "AI", "ML", "BI", "SEO",
        "CRM", "ERP", "SaaS", "B2B", "R&D", "EMEA", "APAC", "DACH", "LATAM", "NA", "UK", "USA",
        "DevOps", "SRE", "SDR", "BDR", "PhD", "MD", "GM",
    )
}  # fmt: skip
_SMALL_WORDS = frozenset(
    [
        "of",
        "the",
        "and",
        "for",
        "in",
        "on",
        "at",
        "to",
        "a",
        "an",
        "de",
        "la",
        "du",
        "des",
        "et",
        "y",
        "und",
        "der",
        "für",
    ]
)


class JobTitle(NamedTuple):
    """A title; seniority and function are None where no rule matches."""

    title: str | None = None
    seniority: str | None = None
    job_function: str | None = None
    reasons: tuple[tuple[str, str], ...] = ()


NO_TITLE = JobTitle()


def normalize_job_title(raw: str, vocabularies: Vocabularies) -> JobTitle:
    """The title with what it says, or the reasons why it says nothing."""
    text = clean_text(raw)
    if text is None:
        return NO_TITLE
    if len(text) > _LONGEST:
        return JobTitle(reasons=(("job_title", f"longer than {_LONGEST} characters"),))
    if vocabularies.is_placeholder("title", text) or not any(char.isalpha() for char in text):
        return JobTitle(reasons=(("job_title", "placeholder"),))
    key = fold(text)
    seniority = vocabularies.seniorities.find(key)
    job_function = vocabularies.job_functions.find(key)
    missing = (
        ("seniority", seniority, vocabularies.seniorities.file_name),
        ("job_function", job_function, vocabularies.job_functions.file_name),
    )
    reasons = tuple((field, f"no rule in {file}") for field, value, file in missing if not value)
    return JobTitle(recase(text, _cased), seniority, job_function, reasons)


def _cased(title: str) -> str:
    if not (title.islower() or (title.isupper() and len(title) > 5)):
        return title
    words = title.lower().split()
    return " ".join(_cased_word(word, position) for position, word in enumerate(words))


def _cased_word(word: str, position: int) -> str:
    if position and word in _SMALL_WORDS:
        return word
    pieces = word.split("/")
    return "/".join(_cased_piece(piece) for piece in pieces)


def _cased_piece(piece: str) -> str:
    bare = piece.strip(",.()&-")
    if bare in _ACRONYMS:
        return piece.replace(bare, _ACRONYMS[bare])
    upper = piece[:1].upper()
    return (upper if len(upper) == 1 else piece[:1]) + piece[1:]
