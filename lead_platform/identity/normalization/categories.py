"""Answers that must come from a controlled vocabulary: industry, source, timeframe, channel …

Also the kind of page behind a URL. A spelling no table lists becomes null, never `other`:
`other` is a statement, not a default.
"""

import re
from urllib.parse import unquote, urlsplit

import pandas as pd

from lead_platform.vocabularies.tables import AliasTable, Vocabularies
from lead_platform.vocabularies.text import (
    BLANK,
    NormalText,
    clean_text,
    stream_safe,
    undo_percent_encoding,
)

_LONGEST = 200
_LOCALE_PREFIX = re.compile(r"^/(?:[a-z]{2}|[a-z]{2}[-_][a-z]{2})(?=/|$)")
_PROFILE = re.compile(r"(?:^|linkedin\.com/)(?:in|pub)/([^/?#\s]+)", re.IGNORECASE)


def normalize_category(raw: str, table: AliasTable, vocabularies: Vocabularies) -> NormalText:
    """The canonical value `table` gives for `raw`."""
    text = clean_text(undo_percent_encoding(raw))
    if text is None:
        return BLANK
    found = table.find(text) if len(text) <= _LONGEST else None
    if found:
        return NormalText(found)
    if vocabularies.is_placeholder("any", text):
        return NormalText(None, "placeholder")
    return NormalText(None, f"not in {table.file_name}")


def normalize_linkedin_url(raw: str) -> NormalText:
    """https://www.linkedin.com/in/<profile>, whatever the country prefix or query."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    found = _PROFILE.search(unquote(text))
    profile = found.group(1).lower().rstrip(".,;") if found else ""
    if not profile or len(text) > 500:
        return NormalText(None, "not a personal profile (linkedin.com/in/…)")
    return NormalText(f"https://www.linkedin.com/in/{profile}")


def page_category(urls: pd.Series, vocabularies: Vocabularies) -> pd.Series:
    """The kind of page (see pages.csv) per URL or path; `other` where no rule matches, null stays.

    The result has the index of `urls`.
    """
    known = {url: _page_category(str(url), vocabularies) for url in urls.dropna().unique()}
    return urls.map(known).astype("str")


def _page_category(url: str, vocabularies: Vocabularies) -> str:
    try:
        path = urlsplit(stream_safe(url.strip().lower())).path
    except ValueError:
        return "other"
    trimmed = _LOCALE_PREFIX.sub("", "/" + path.strip("/")) or "/"
    return vocabularies.pages.find(trimmed) or "other"
