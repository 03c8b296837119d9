"""Captured submissions to `identity.normalized_submissions`: set-wise, one row in, one row out.

Each distinct value is normalised once and mapped back. A row's result depends on that row and the
vocabularies only, so ten batches and one give the same rows.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, TypeVar

import pandas as pd

from lead_platform.identity.normalization.categories import (
    normalize_category,
    normalize_linkedin_url,
    page_category,
)
from lead_platform.identity.normalization.companies import (
    NO_COMPANY,
    Company,
    company_domain_of_email,
    company_domain_of_website,
    normalize_company,
)
from lead_platform.identity.normalization.country_hints import (
    country_told_by_language,
    country_told_by_postal_code,
    country_told_by_state_code,
    country_told_by_tag,
)
from lead_platform.identity.normalization.emails import NO_EMAIL, Email, normalize_email
from lead_platform.identity.normalization.known_names import read_lists
from lead_platform.identity.normalization.names import NO_NAME, normalize_name
from lead_platform.identity.normalization.phones import NO_PHONE, Phone, normalize_phone
from lead_platform.identity.normalization.places import (
    country_told_by_region,
    country_told_by_time_zone,
    normalize_city,
    normalize_country,
    normalize_language,
    normalize_postal_code,
    normalize_region,
    normalize_time_zone,
)
from lead_platform.identity.normalization.quantities import (
    NO_QUANTITY,
    normalize_annual_revenue,
    normalize_employee_count,
)
from lead_platform.identity.normalization.titles import NO_TITLE, normalize_job_title
from lead_platform.vocabularies.phone_words import has_other_words
from lead_platform.vocabularies.tables import AliasTable, Vocabularies
from lead_platform.vocabularies.text import (
    BLANK,
    NormalText,
    clean_message,
    normalize_text,
    recase,
    undo_percent_encoding,
)

__all__ = [
    "COLUMNS",
    "INSTANTS",
    "MATCHING_FIELDS",
    "RAW_COLUMNS",
    "normalize_keys",
    "normalize_submissions",
    "page_category",
]

COLUMNS = (
    "submission_id", "match_record_id", "company_record_id", "channel", "source_system",
    "source_person_id", "received_seq", "submitted_at", "version_key", "modified_at",
    "inquiry_minutes",
    "email", "email_domain", "is_role_email", "is_disposable_email", "is_free_email",
    "phone", "phone_kind", "phone_country", "full_name", "first_name", "last_name",
    "name_suffix", "job_title", "seniority", "job_function", "linkedin_url",
    "company_name", "company_key", "company_domain", "industry", "employee_count",
    "annual_revenue", "street", "city", "region", "postal_code", "country", "language",
    "time_zone", "message", "preferred_channel", "purchase_timeframe", "product_interest",
    "consent_email", "consent_phone", "consent_sms", "consent_whatsapp", "consent_at",
    "consent_source", "source", "medium", "campaign", "term", "content", "click_id",
    "landing_page", "referrer", "form_id", "first_touch_source", "first_touch_medium",
    "first_touch_campaign", "first_touch_at", "merged_person_ids", "further_emails",
    "custom_fields", "issues", "normalization_version",
)  # fmt: skip
INSTANTS = ("submitted_at", "modified_at", "consent_at", "first_touch_at")
_FLAGS = ("is_role_email", "is_disposable_email", "is_free_email")
_AS_CAPTURED = (
    "submission_id", "channel", "source_system", "source_person_id", "version_key",
    "merged_person_ids",
)  # fmt: skip
_WHOLE_NUMBERS = ("received_seq", "inquiry_minutes")
_PLAIN_TEXTS = (
    "street", "product_interest", "consent_source", "campaign", "term", "content", "click_id",
    "landing_page", "referrer", "form_id", "first_touch_campaign",
)  # fmt: skip
_DECODED = frozenset({"campaign", "term", "content", "first_touch_campaign"})
_LABELS = ("medium", "first_touch_medium")
# What the columns are called on the way in where the name differs.
_RAW_NAMES = {
    "company_domain": "company_website",
    "seniority": "job_title",
    "job_function": "job_title",
}
RAW_COLUMNS = (
    *_AS_CAPTURED, *_PLAIN_TEXTS, *_LABELS, *INSTANTS, *_WHOLE_NUMBERS, "full_name", "first_name",
    "last_name", "email", "phone", "job_title", "linkedin_url", "language", "time_zone",
    "company_name", "company_website", "industry", "employee_count", "annual_revenue", "city",
    "region", "postal_code", "country", "message", "preferred_channel", "purchase_timeframe",
    "consent_email", "consent_phone", "consent_sms", "consent_whatsapp", "source",
    "first_touch_source", "further_emails", "custom_fields",
)  # fmt: skip
MATCHING_FIELDS = (
    "source_system", "source_person_id", "email", "phone", "first_name", "last_name", "full_name",
    "company_key", "company_domain", "job_title", "city", "country", "linkedin_url",
)  # fmt: skip
_FURTHER_KEYS = ("merged_person_ids", "further_emails")
_NO_FURTHER_KEYS: tuple[str | None, ...] = (None, None)

_COMPANY_FIELDS = (
    "company_domain", "company_key", "country", "city", "postal_code", "street",
)  # fmt: skip
# In the Americas no number tells whether it is one.
_FIXED_LINES = ("fixed_line", "fixed_line_or_mobile")

Texts = list[str | None]
V = TypeVar("V")


def normalize_submissions(
    frame: pd.DataFrame, vocabularies: Vocabularies, own_fields: Sequence[str] = ()
) -> pd.DataFrame:
    """One row per row of `frame` (columns of capture.submissions), in its order. `own_fields`:
    those of `custom_fields` that people are matched by.

    Columns and order are those of identity.normalized_submissions. What could not be normalised
    is null, with field, raw value and reason in `issues` (a JSON list, `[]` where all is well).
    Raises ValueError if columns are missing.
    """
    batch = _Batch(frame, vocabularies, own_fields)
    _normalize_places(batch)
    _normalize_email(batch)
    _normalize_further_emails(batch)
    _normalize_phone(batch)
    _normalize_names(batch)
    _normalize_company(batch)
    _normalize_job_title(batch)
    _normalize_answers(batch)
    _copy_texts(batch)
    return batch.result()


def normalize_keys(frame: pd.DataFrame, vocabularies: Vocabularies) -> pd.DataFrame:
    """The `email` and `phone` of events or outcomes as `normalize_submissions` writes them.

    `frame` has `email` and `phone` and may have `country` (any spelling) and `phone_region`, which
    help to read phones: the country first. The result has these two columns, the same rows and
    the same index.
    """
    emails = _each(_texts(frame["email"]), lambda raw: normalize_email(raw, vocabularies), NO_EMAIL)
    countries: Texts = [None] * len(frame)
    if "country" in frame:
        raw_countries = _texts(frame["country"])
        found = _each(raw_countries, lambda raw: normalize_country(raw, vocabularies), BLANK)
        countries = [country.value for country in found]
    stated = _stated_regions(frame, vocabularies)
    countries = [given or region for given, region in zip(countries, stated, strict=True)]
    phones = _phones(_texts(frame["phone"]), countries, vocabularies)
    return pd.DataFrame(
        {
            "email": pd.array([email.email for email in emails], dtype="str"),
            "phone": pd.array([phone.phone for phone in phones], dtype="str"),
        },
        index=frame.index,
    )


# A made-up submission that asks for every reference there is.
_EXAMPLE = {
    "full_name": "Dr. Ada Lovelace", "email": "ada.lovelace@example.com",
    "phone": "+44 20 7946 0018", "job_title": "Head of Engines", "company_name": "Engines Ltd",
    "company_website": "www.example.com", "city": "London", "region": "Greater London",
    "country": "Vereinigtes Königreich Großbritannien", "language": "English", "time_zone": "GMT",
    "industry": "Software", "employee_count": "11-50", "annual_revenue": "1m GBP",
    "source": "Google",
}  # fmt: skip


def read_references(vocabularies: Vocabularies) -> None:
    """Read what normalising reads on first use, above a second: names of places, phone plans."""
    row: dict[str, Any] = dict.fromkeys(RAW_COLUMNS) | dict.fromkeys(INSTANTS, pd.NaT) | _EXAMPLE
    normalize_submissions(pd.DataFrame([row | {"received_seq": 1}]), vocabularies)
    read_lists()


class _Batch:
    """The raw columns, the normalised ones so far, and the issues by row."""

    def __init__(
        self, frame: pd.DataFrame, vocabularies: Vocabularies, own_fields: Sequence[str] = ()
    ) -> None:
        missing = [name for name in RAW_COLUMNS if name not in frame]
        if missing:
            raise ValueError(
                f"Submissions lack the columns {', '.join(missing)}; "
                "pass all columns of capture.submissions"
            )
        self.frame = frame
        self.vocabularies = vocabularies
        self.own_fields = own_fields
        self.columns: dict[str, Sequence[Any]] = {}
        self.issues: list[list[dict[str, str]] | None] = [None] * len(frame)
        self._raw: dict[str, Texts] = {}

    def raw(self, field: str) -> Texts:
        """The raw texts of a field, None where nothing was given."""
        column = _RAW_NAMES.get(field, field)
        if column not in self._raw:
            self._raw[column] = self._without_macros(column, _texts(self.frame[column]))
        return self._raw[column]

    def _without_macros(self, column: str, texts: Texts) -> Texts:
        """What some system was to fill in and did not is no value, in whatever field it stands."""
        find = self.vocabularies.macros.find
        macros = {text for text in set(texts) if text is not None and find(text) is not None}
        if not macros:
            return texts
        for row, text in enumerate(texts):
            if text in macros:
                self._keep_issue(row, {"field": column, "raw": text or "", "reason": "macro"})
        return [None if text in macros else text for text in texts]

    def note(self, row: int, field: str, reason: str) -> None:
        """Keeps why `field` is null in `row`, with what was given."""
        raw = self.raw(field)[row] or ""
        self._keep_issue(row, {"field": field, "raw": raw, "reason": reason})

    def _keep_issue(self, row: int, issue: dict[str, str]) -> None:
        known = self.issues[row]
        if known is None:
            self.issues[row] = [issue]
        else:
            known.append(issue)

    def normalize(self, field: str, normalise: Callable[[str], NormalText]) -> Texts:
        """Normalises a field that depends on nothing else, and keeps its issues."""
        found = _each(self.raw(field), normalise, BLANK)
        return self.keep(field, found)

    def keep(self, field: str, found: Sequence[NormalText]) -> Texts:
        """Takes the results of a field as its column."""
        for row, (_, reason) in enumerate(found):
            if reason is not None:
                self.note(row, field, reason)
        values = [value for value, _ in found]
        self.columns[field] = values
        return values

    def result(self) -> pd.DataFrame:
        """The table, every column in the type of the contract."""
        size = len(self.frame)
        self.columns["match_record_id"] = _match_record_ids(self.columns, self.own_fields)
        self.columns["company_record_id"] = _company_record_ids(self.columns)
        self.columns["issues"] = [
            "[]" if found is None else json.dumps(found, ensure_ascii=False)
            for found in self.issues
        ]
        self.columns["normalization_version"] = [self.vocabularies.version] * size
        typed = {
            name: self._instant(name) if name in INSTANTS else self._typed(name) for name in COLUMNS
        }
        return pd.DataFrame(typed, columns=list(COLUMNS))

    def _typed(self, name: str) -> Any:
        if name in _WHOLE_NUMBERS:
            return self.frame[name].astype("Int64").array
        if name == "employee_count":
            return pd.array(self.columns[name], dtype="Int64")
        if name == "annual_revenue":
            return pd.array(self.columns[name], dtype="Float64").to_numpy(
                float, na_value=float("nan")
            )
        return pd.array(self.columns[name], dtype="boolean" if name in _FLAGS else "str")

    def _instant(self, name: str) -> Any:
        return self.frame[name].astype("datetime64[us]").array


def _normalize_places(batch: _Batch) -> None:
    vocabularies = batch.vocabularies
    countries = batch.normalize("country", lambda raw: normalize_country(raw, vocabularies))
    batch.normalize("city", lambda raw: normalize_city(raw, vocabularies))
    batch.normalize("language", lambda raw: normalize_language(raw, vocabularies))
    batch.normalize("time_zone", lambda raw: normalize_time_zone(raw, vocabularies))
    for field, normalise in (("region", normalize_region), ("postal_code", normalize_postal_code)):
        known: dict[tuple[str, str | None], NormalText] = {}
        found = [BLANK] * len(countries)
        for row, key in enumerate(zip(batch.raw(field), countries, strict=True)):
            raw, country = key
            if raw is None:
                continue
            if (raw, country) not in known:
                known[raw, country] = normalise(raw, country, vocabularies)
            found[row] = known[raw, country]
        batch.keep(field, found)


def _normalize_email(batch: _Batch) -> None:
    found: list[Email] = _each(
        batch.raw("email"), lambda raw: normalize_email(raw, batch.vocabularies), NO_EMAIL
    )
    batch.keep("email", [NormalText(email.email, email.reason) for email in found])
    batch.columns["email_domain"] = [email.domain for email in found]
    batch.columns["is_role_email"] = [email.is_role for email in found]
    batch.columns["is_disposable_email"] = [email.is_disposable for email in found]
    batch.columns["is_free_email"] = [email.is_free for email in found]
    for row, email in enumerate(found):
        if email.others:
            # They may be another person's: only `further_emails` says they are one's own.
            batch.note(row, "email", f"further addresses in it: {', '.join(email.others)}")


def _normalize_further_emails(batch: _Batch) -> None:
    """The further mailboxes of one's own, as a JSON list; what is none is noted."""
    found: Texts = []
    for row, raw in enumerate(batch.raw("further_emails")):
        emails = [normalize_email(one, batch.vocabularies) for one in json.loads(raw or "[]")]
        own = [one.email for one in emails if one.email and not (one.is_role or one.is_disposable)]
        found.append(json.dumps(own) if own else None)
        for reason in dict.fromkeys(one.reason for one in emails if one.reason):
            batch.note(row, "further_emails", reason)
    batch.columns["further_emails"] = found


def _normalize_phone(batch: _Batch) -> None:
    raw = batch.raw("phone")
    found = _phones(raw, _phone_countries(batch), batch.vocabularies)
    batch.keep("phone", [NormalText(phone.phone, phone.reason) for phone in found])
    batch.columns["phone_kind"] = [phone.kind for phone in found]
    batch.columns["phone_country"] = [phone.country for phone in found]
    for row, phone in enumerate(found):
        if phone.others:
            batch.note(row, "phone", f"further numbers in it: {', '.join(phone.others)}")
        if phone.phone is not None and phone.phone != raw[row] and has_other_words(raw[row] or ""):
            batch.note(row, "phone", "words beside the number: a person has to read them")


def _phone_countries(batch: _Batch) -> Texts:
    """The country to read a phone with: as given, else as channel, time zone or address tell, or as
    the language does where nothing else tells.

    Where the channel tells another than time zone or address, or region and postal code differ,
    none: either may be wrong.
    """
    by_zone = _each(list(batch.columns["time_zone"]), country_told_by_time_zone, None)
    by_tag = _each(batch.raw("language"), country_told_by_tag, None)
    by_name = _each(list(batch.columns["language"]), country_told_by_language, None)
    by_language = [tag or name for tag, name in zip(by_tag, by_name, strict=True)]
    hinted = [
        zone or place for zone, place in zip(by_zone, _countries_of_addresses(batch), strict=True)
    ]
    stated = _stated_regions(batch.frame, batch.vocabularies)
    told = [
        hint if region is None or hint == region else (None if hint else region)
        for hint, region in zip(hinted, stated, strict=True)
    ]
    is_told = [bool(hint or region) for hint, region in zip(hinted, stated, strict=True)]
    told = [
        country if known else spoken
        for country, known, spoken in zip(told, is_told, by_language, strict=True)
    ]
    return [given or other for given, other in zip(batch.columns["country"], told, strict=True)]


def _countries_of_addresses(batch: _Batch) -> Texts:
    """By row, the one country that region and postal code tell."""
    by_name = _each(batch.raw("region"), country_told_by_region, None)
    by_code = _each(batch.raw("postal_code"), country_told_by_postal_code, None)
    found: Texts = []
    for region, postal_code, name, code in zip(
        batch.raw("region"), batch.raw("postal_code"), by_name, by_code, strict=True
    ):
        state = country_told_by_state_code(region, postal_code) if region and not code else None
        told = {country for country in (name, code, state) if country}
        found.append(told.pop() if len(told) == 1 else None)
    return found


def _stated_regions(frame: pd.DataFrame, vocabularies: Vocabularies) -> Texts:
    """By row, the country its channel says phones are from, where no record says otherwise."""
    if "phone_region" not in frame or frame["phone_region"].isna().all():
        return [None] * len(frame)
    raws = _texts(frame["phone_region"])
    found = _each(raws, lambda raw: normalize_country(raw, vocabularies), BLANK)
    return [region.value for region in found]


def _phones(raws: Texts, countries: Texts, vocabularies: Vocabularies) -> list[Phone]:
    known: dict[tuple[str, str | None], Phone] = {}
    found = [NO_PHONE] * len(raws)
    for row, (raw, country) in enumerate(zip(raws, countries, strict=True)):
        if raw is None:
            continue
        if (raw, country) not in known:
            known[raw, country] = normalize_phone(raw, country, vocabularies)
        found[row] = known[raw, country]
    return found


def _normalize_names(batch: _Batch) -> None:
    keys = list(
        zip(batch.raw("full_name"), batch.raw("first_name"), batch.raw("last_name"), strict=True)
    )
    known = {key: normalize_name(*key, batch.vocabularies) for key in set(keys)}
    known[None, None, None] = NO_NAME
    found = [known[key] for key in keys]
    for row, email in enumerate(batch.columns["email"]):
        if email and found[row].full is None and any(keys[row]):
            found[row] = normalize_name(*keys[row], batch.vocabularies, email)
    batch.columns["full_name"] = [name.full for name in found]
    batch.columns["first_name"] = [name.first for name in found]
    batch.columns["last_name"] = [name.last for name in found]
    batch.columns["name_suffix"] = [name.suffix for name in found]
    for row, name in enumerate(found):
        for field, reason in name.reasons:
            batch.note(row, field, reason)


def _normalize_company(batch: _Batch) -> None:
    vocabularies = batch.vocabularies
    found: list[Company] = _each(
        batch.raw("company_name"), lambda raw: normalize_company(raw, vocabularies), NO_COMPANY
    )
    batch.keep("company_name", [NormalText(company.name, company.reason) for company in found])
    batch.columns["company_key"] = [company.key for company in found]
    websites = batch.normalize(
        "company_domain", lambda raw: company_domain_of_website(raw, vocabularies)
    )
    by_mail: dict[str, str | None] = {}
    columns = ("email_domain", "is_free_email", "is_disposable_email")
    mails = zip(*(batch.columns[name] for name in columns), strict=True)
    domains = list(websites)
    for row, (domain, is_free, is_disposable) in enumerate(mails):
        if domains[row] is None and domain is not None:
            if domain not in by_mail:
                by_mail[domain] = company_domain_of_email(
                    domain, is_free, is_disposable, vocabularies
                )
            domains[row] = by_mail[domain]
    batch.columns["company_domain"] = domains


def _normalize_job_title(batch: _Batch) -> None:
    found = _each(
        batch.raw("job_title"), lambda raw: normalize_job_title(raw, batch.vocabularies), NO_TITLE
    )
    batch.columns["job_title"] = [title.title for title in found]
    batch.columns["seniority"] = [title.seniority for title in found]
    batch.columns["job_function"] = [title.job_function for title in found]
    for row, title in enumerate(found):
        for field, reason in title.reasons:
            batch.note(row, field, reason)


def _normalize_answers(batch: _Batch) -> None:
    vocabularies = batch.vocabularies
    tables: dict[str, AliasTable] = {
        "industry": vocabularies.industries,
        "source": vocabularies.sources,
        "first_touch_source": vocabularies.sources,
        "purchase_timeframe": vocabularies.purchase_timeframes,
        "preferred_channel": vocabularies.preferred_channels,
        "consent_email": vocabularies.consents,
        "consent_phone": vocabularies.consents,
        "consent_sms": vocabularies.consents,
        "consent_whatsapp": vocabularies.consents,
    }
    for field, table in tables.items():
        batch.normalize(field, _category_of(table, vocabularies))
    for field, normalise in (
        ("employee_count", normalize_employee_count),
        ("annual_revenue", normalize_annual_revenue),
    ):
        found = _each(batch.raw(field), _quantity_of(normalise, vocabularies), NO_QUANTITY)
        batch.columns[field] = [quantity.value for quantity in found]
        for row, quantity in enumerate(found):
            if quantity.reason is not None:
                batch.note(row, field, quantity.reason)
    batch.normalize("linkedin_url", normalize_linkedin_url)


def _category_of(table: AliasTable, vocabularies: Vocabularies) -> Callable[[str], NormalText]:
    return lambda raw: normalize_category(raw, table, vocabularies)


def _quantity_of(
    normalise: Callable[[str, Vocabularies], V], vocabularies: Vocabularies
) -> Callable[[str], V]:
    return lambda raw: normalise(raw, vocabularies)


def _copy_texts(batch: _Batch) -> None:
    for field in _AS_CAPTURED:
        batch.columns[field] = batch.raw(field)
    # Typed, cleaned and judged while it was mapped.
    batch.columns["custom_fields"] = _texts(batch.frame["custom_fields"])
    for field in _PLAIN_TEXTS:
        batch.normalize(field, _normalize_decoded if field in _DECODED else normalize_text)
    for field in _LABELS:
        batch.normalize(field, _normalize_label)
    batch.normalize("message", lambda raw: NormalText(clean_message(raw)))


def _normalize_decoded(raw: str) -> NormalText:
    """A text that a form may have cut out of an address."""
    return normalize_text(undo_percent_encoding(raw))


def _normalize_label(raw: str) -> NormalText:
    """A campaign medium in lower case; it has no closed list."""
    cleaned = _normalize_decoded(raw).value
    return NormalText(recase(cleaned, str.lower) if cleaned else None)


def _match_record_ids(columns: dict[str, Sequence[Any]], own_fields: Sequence[str]) -> Texts:
    """The same id for submissions that are the same to matching.

    A submission without anything that points to one person keeps an id of its own: two visitors
    who left nothing but info@acme.com, a throw-away address or a city, are not thereby one person.
    """
    rows = zip(*(columns[field] for field in MATCHING_FIELDS), strict=True)
    own = columns["submission_id"]
    further = zip(*(columns[field] for field in _FURTHER_KEYS), strict=True)
    suffixes = columns["name_suffix"]
    flags = zip(columns["is_role_email"], columns["is_disposable_email"], strict=True)
    is_shared = [bool(is_role or is_disposable) for is_role, is_disposable in flags]
    stated = _stated(columns["custom_fields"], own_fields)
    persons, versions = columns["source_person_id"], columns["version_key"]
    # Versions of one record are of one person, who else has no id at the source.
    versions = [None if person else key for person, key in zip(persons, versions, strict=True)]
    return [
        _match_record_id(
            # Without further keys, a suffix or versions, the id is what it was before there were
            # any.
            (
                *values,
                *(keys if keys != _NO_FURTHER_KEYS else ()),
                *((suffixes[row],) if suffixes[row] else ()),
                *((versions[row],) if versions[row] else ()),
                *stated[row],
            ),
            None if versions[row] or _points_to_a_person(values, is_shared[row]) else own[row],
        )
        for row, (values, keys) in enumerate(zip(rows, further, strict=True))
    ]


def _stated(custom_fields: Sequence[str | None], own_fields: Sequence[str]) -> list[Texts]:
    """Per row what it states of fields of one's own, each with its name; empty where it is none."""
    if not own_fields:
        return [[]] * len(custom_fields)
    return [
        [f"{name}={held[name]}" for name in own_fields if held.get(name) is not None]
        for held in (json.loads(text) if text else {} for text in custom_fields)
    ]


def _points_to_a_person(values: tuple[str | None, ...], is_shared_mailbox: bool) -> bool:
    given = dict(zip(MATCHING_FIELDS, values, strict=True))
    if given["source_person_id"] or given["linkedin_url"]:
        return True
    is_named = bool(given["first_name"] and given["last_name"])
    has_mailbox = given["email"] is not None
    return (has_mailbox and (not is_shared_mailbox or is_named)) or (
        given["phone"] is not None and is_named
    )


def _match_record_id(values: tuple[str | None, ...], own: str | None) -> str:
    return _record_id("mrec_", (*values, own))


def _company_record_ids(columns: dict[str, Sequence[Any]]) -> Texts:
    """The same id for submissions that state the same company; None where none is named.

    Of phones only a fixed line, or what may be one, is the company's: a mobile is carried from one
    employer to the next.
    """
    kinds = zip(columns["phone"], columns["phone_kind"], strict=True)
    lines = [phone if kind in _FIXED_LINES else None for phone, kind in kinds]
    rows = zip(*(columns[field] for field in _COMPANY_FIELDS), lines, strict=True)
    named = [values if values[0] or values[1] else None for values in rows]
    known = {values: _record_id("crec_", values) for values in set(named) if values is not None}
    return [known[values] if values is not None else None for values in named]


def _record_id(prefix: str, values: tuple[str | None, ...]) -> str:
    text = "\x1f".join(value or "" for value in values)
    return prefix + sha256(text.encode()).hexdigest()[:24]


def _each(raws: Texts, normalise: Callable[[str], V], blank: V) -> list[V]:
    """`normalise` of each text, called once per distinct text; `blank` where there is none."""
    known: dict[str | None, V] = {raw: normalise(raw) for raw in set(raws) if raw is not None}
    known[None] = blank
    return [known[raw] for raw in raws]


def _texts(column: pd.Series) -> Texts:
    """A column as Python texts: None for null, whole numbers without ".0"."""
    filled = column.astype(object).where(column.notna(), None)
    return [value if value is None or isinstance(value, str) else str(value) for value in filled]
