import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.companies import (
    company_domain_of_email,
    company_domain_of_website,
    normalize_company,
)
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text
from tests.marked_scripts import NAMES


@pytest.mark.parametrize("script", NAMES)
@pytest.mark.parametrize("form", ["", " Ltd", " Pvt. Ltd."])
def test_vowels_that_are_marks_tell_companies_apart(
    script: str, form: str, vocabularies: Vocabularies
) -> None:
    """`टाटा` and `टीटी` were one company; cleanco cuts off the last vowel of a name besides."""
    keys = {normalize_company(f"{name}{form}", vocabularies).key for name in NAMES[script]}
    assert keys == {clean_text(name) for name in NAMES[script]}


@pytest.mark.parametrize(
    ("raw", "name", "key"),
    [
        ("Apple Inc.", "Apple Inc.", "apple"),
        ("The Coca-Cola Company", "The Coca-Cola Company", "coca cola"),
        ("Müller Maschinenbau GmbH & Co. KG", "Müller Maschinenbau GmbH & Co. KG",
         "muller maschinenbau"),
        ("Acme Co Ltd", "Acme Co Ltd", "acme"),
        ("siemens ag", "Siemens AG", "siemens"),
        ("DEUTSCHE TELEKOM AG", "Deutsche Telekom AG", "deutsche telekom"),
        ("IBM", "IBM", "ibm"),
        ("Telefónica, S.A.", "Telefónica, S.A.", "telefonica"),
        ("Google L.L.C.", "Google L.L.C.", "google"),
        ("AT&amp;T Inc", "AT&T Inc", "at and t"),
        ("Ernst & Young LLP (EY)", "Ernst & Young LLP (EY)", "ernst and young"),
        ('"Acme"', "Acme", "acme"),
        ("Theranos", "Theranos", "theranos"),
    ],
)  # fmt: skip
def test_name_and_key(raw: str, name: str, key: str, vocabularies: Vocabularies) -> None:
    assert normalize_company(raw, vocabularies) == (name, key, None)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("self-employed", "placeholder"),
        ("N/A", "placeholder"),
        ("Student", "placeholder"),
        ("LLC", "nothing but a legal form"),
        ("anna@acme.com", "an email address, not a company"),
        ("db320f93ead463e1a2faee198cd9a122", "a hash, not a name"),
    ],
)
def test_what_is_no_company_says_why(raw: str, reason: str, vocabularies: Vocabularies) -> None:
    assert normalize_company(raw, vocabularies) == (None, None, reason)


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        ("https://www.acme.co.uk/contact?x=1", "acme.co.uk"),
        ("ACME.COM.", "acme.com"),
        ("http://blog.acme.io:8080", "acme.io"),
        ("acme.test", "acme.test"),
        ("info@acme.de", "acme.de"),
        ("linkedin.com/company/acme", None),
        ("acme", None),
        ("http://[", None),
        ("192.168.0.1", None),
        ("www.gmail.com", None),
    ],
)
def test_domain_of_website(raw: str, domain: str | None, vocabularies: Vocabularies) -> None:
    found = company_domain_of_website(raw, vocabularies)
    assert found.value == domain
    assert (found.reason is None) == (domain is not None)


@pytest.mark.parametrize(
    "raw",
    [
        "https://sites.google.com/view/bakery-roth", "https://www.google.com/maps/place/Said",
        "google.de/maps?cid=1", "maps.google.co.uk/x", "yelp.com/biz/roth", "de.yelp.ch/biz/roth",
        "web.archive.org/web/2020/http://roth.de", "etsy.com/shop/roth", "xing.com/pages/roth",
        "g.page/roth", "roth.square.site", "roth.web.app", "roth.pages.dev", "roth.github.io",
        "roth.s3.amazonaws.com", "roth.blogspot.de", "roth.uk.com", "www.gelbeseiten.de/roth",
        "AMAZON.co.uk/shops/roth", "bit.ly/roth", "linktr.ee/roth", "acme.co…", "acme.co...",
        "https://www.acme.co…",
    ],
)  # fmt: skip
def test_a_page_on_a_site_of_many_is_no_company_domain(
    raw: str, vocabularies: Vocabularies
) -> None:
    """Bakeries with a page at google.com were one account; so were those cut to acme.co."""
    found = company_domain_of_website(raw, vocabularies)
    assert found.value is None
    assert found.reason


def test_the_site_itself_is_a_company(vocabularies: Vocabularies) -> None:
    assert company_domain_of_website("https://google.com/about", vocabularies).value == "google.com"
    assert company_domain_of_email("yelp.com", False, False, vocabularies) == "yelp.com"
    assert company_domain_of_email("roth.uk.com", False, False, vocabularies) is None
    assert company_domain_of_website("https://acme.com/about…", vocabularies).value == "acme.com"


@pytest.mark.parametrize(
    ("domain", "is_free", "is_disposable", "expected"),
    [
        ("mail.acme.co.uk", False, False, "acme.co.uk"),
        ("gmail.com", True, False, None),
        ("mailinator.com", False, True, None),
    ],
)
def test_domain_of_work_mail(
    domain: str, is_free: bool, is_disposable: bool, expected: str | None,
    vocabularies: Vocabularies,
) -> None:  # fmt: skip
    assert company_domain_of_email(domain, is_free, is_disposable, vocabularies) == expected


@given(st.text() | st.from_regex(r"[\w.,&' -]{1,30}( GmbH| Inc\.| S\.A\.| Co)?", fullmatch=True))
def test_twice_is_once_and_nothing_raises(vocabularies: Vocabularies, raw: str) -> None:
    once = normalize_company(raw, vocabularies)
    if once.name is not None:
        assert normalize_company(once.name, vocabularies) == once
    website = company_domain_of_website(raw, vocabularies)
    if website.value is not None:
        assert company_domain_of_website(website.value, vocabularies) == website
