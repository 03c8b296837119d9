import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.emails import (
    Email,
    normalize_email,
    registrable_domain,
)
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        ("  Anna.Schmidt@ACME.com ", "anna.schmidt@acme.com"),
        ("mailto:Anna@Acme.com?subject=x", "anna@acme.com"),
        ("Anna Schmidt <ANNA@acme.co.uk>,", "anna@acme.co.uk"),
        ("john.doe@gmail.com.", "john.doe@gmail.com"),
        ("john [at] acme [dot] com", "john@acme.com"),
        ("a@x.com; b@y.com", "a@x.com"),
        ("x@acme.test", "x@acme.test"),
        ("x@acme.example", "x@acme.example"),
        ("x@foo.invalid", "x@foo.invalid"),
        ("jürgen@müller.de", "jürgen@müller.de"),
        ("JOHN@XN--MLLER-KVA.DE", "john@müller.de"),
        ("john+fair@acme.com", "john+fair@acme.com"),
    ],
)
def test_one_spelling_per_mailbox(raw: str, email: str, vocabularies: Vocabularies) -> None:
    assert normalize_email(raw, vocabularies).email == email


SIGNS = "".join(chr(code) for code in range(33, 127) if not chr(code).isalnum()) + " 7²ªⓐ™"


@given(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.from_regex(r"[a-z]{1,6}\.(com|de|example)", fullmatch=True),
    st.text(SIGNS, min_size=1, max_size=3),
    st.integers(0, 20),
)
def test_a_broken_address_is_none_or_as_it_is_written(
    vocabularies: Vocabularies, local: str, domain: str, signs: str, place: int
) -> None:
    """No sign within an address is left out to make another one of it; around it, only such as no
    address has there."""
    address = f"{local}@{domain}"
    place = min(place, len(address))
    raw = address[:place] + signs + address[place:]
    found = normalize_email(raw, vocabularies)
    as_written = raw.lower().strip(" \"'<>()[],;:.").replace(" @", "@").replace("@ ", "@")
    if found.email not in (None, raw.lower(), as_written):
        assert found.email == address
        assert place in (0, len(address), len(local), len(local) + 1), raw
    assert set(found.others) <= {address}


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        ("su@@x.com", None),
        ("12 berg@acme.com", None),
        ("2025,berg@acme.com", None),
        ("7/berg@acme.com", None),
        ("berg²@acme.com", None),
        ("berg@acme.com¹", None),
        ("'berg'@acme.com", "'berg'@acme.com"),
        ("'berg@acme.com", "berg@acme.com"),
        ("'o'neil@acme.com'", "o'neil@acme.com"),
        ("o'neil@acme.com", "o'neil@acme.com"),
        ("1. berg@acme.com", "berg@acme.com"),
        ("2) berg@acme.com", "berg@acme.com"),
        ("+49 30 5550123 berg@acme.com", "berg@acme.com"),
        ("berg@acme.com 030 5550", "berg@acme.com"),
    ],
)
def test_only_what_cannot_be_misread_is_repaired(
    raw: str, email: str | None, vocabularies: Vocabularies
) -> None:
    found = normalize_email(raw, vocabularies)
    assert found.email == email
    assert (found.reason is None) == (email is not None)


@given(
    st.from_regex(r"[1-9][0-9]{5,10}", fullmatch=True),
    st.sets(st.integers(1, 10), min_size=1, max_size=3),
    st.sampled_from(" ,.-/"),
    st.booleans(),
)
def test_digits_of_a_mailbox_are_no_phone_beside_it(
    vocabularies: Vocabularies, digits: str, places: set[int], sign: str, has_another: bool
) -> None:
    """ "138 0013 8000@qq.com" was 8000@qq.com, another person's."""
    written = "".join(f"{sign * (place in places)}{char}" for place, char in enumerate(digits))
    raw = f"{'anna@acme.com; ' * has_another}{written}@qq.com"
    found = normalize_email(raw, vocabularies)
    whole = {f"{digits}@qq.com", f"{written}@qq.com", "anna@acme.com"}
    assert {found.email, *found.others} <= {None, *whole}, raw


@given(
    st.from_regex(r"[a-z]{1,6}@[a-z]{1,6}\.(com|co\.uk|de)", fullmatch=True),
    st.integers(0, 4),
    st.sampled_from(["…", "...", "..", " …", " ...", "[...]", "(…)", "…>", "..; x@gmx.de"]),
)
def test_an_address_that_is_cut_is_none(
    vocabularies: Vocabularies, address: str, cut: int, sign: str
) -> None:
    """ "carla@gamma.co…" was read at gamma.co, another company's domain."""
    raw = f"{address[: len(address) - cut]}{sign}"
    found = normalize_email(raw, vocabularies)
    assert found.email in (None, "x@gmx.de"), raw
    assert found.reason or found.email


@given(
    st.sampled_from(["sean.o'brien", "o'neil", "anna", "d'a.o'b", "anna_o'b"]),
    st.sampled_from(["{}", "'{}", '"{}', "'{}'", '"{}"', "' {}", "'<{}>", "('{})", "'{},", "‘{}’"]),
)
def test_an_apostrophe_before_an_address_is_none_of_it(
    vocabularies: Vocabularies, local: str, place: str
) -> None:
    """ "'sean.o'brien@acme.com", as a spreadsheet keeps a text, was a mailbox of its own."""
    address = f"{local}@acme.com"
    assert normalize_email(place.format(address), vocabularies).email == address


@given(
    st.sampled_from(
        ["Mª José García", "Acme™ Sales", "1ª Planta", "Anna²", "½ Acme", "Ⓐ Acme", "Acme®"]
    ),
    st.sampled_from(["{} <mjose@acme.es>", '"{}" <mjose@acme.es>', "<mjose@acme.es> {}"]),
)
def test_raised_signs_beside_an_address(vocabularies: Vocabularies, name: str, place: str) -> None:
    """The name of a Spanish Mª kept her address out."""
    assert normalize_email(place.format(name), vocabularies).email == "mjose@acme.es"


@pytest.mark.parametrize(
    "raw",
    ["Mª <berg²@acme.com>", "Anna <berg@acme.com¹>", "berg²＠acme.com", "berg² [at] acme.com",
     "berg @ acme² [dot] com", "²berg@acme.com", "² berg@acme.com"],
)  # fmt: skip
def test_raised_signs_of_an_address(raw: str, vocabularies: Vocabularies) -> None:
    assert normalize_email(raw, vocabularies).email is None


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    ["*", "•@", "<", "<@", "@", "' ", "a@b.co,", "[at]", " [dot] ", "(1) ", "é²@", "%40", "'"],
)
def test_a_cell_of_any_length_is_read_in_its_time(unit: str, vocabularies: Vocabularies) -> None:
    for signs in (100, 319, 20_000):
        normalize_email((unit * signs)[:signs], vocabularies)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("not-an-email", "not an email address: An email address must have an @-sign"),
        ("a b@c.com", "not an email address"),
        ("a@b@c.com", "not an email address"),
        ("a@acme..com", "not an email address"),
        ("x@localhost", "not an email address"),
        ("x@acme.local", "not an email address"),
        ("test@test.com", "placeholder"),
        ("n/a", "placeholder"),
        ("Info Requested", "placeholder"),
        ("j***@gmail.com", "masked"),
        ("jane@a**.com", "masked"),
        ("fcb67ef339b691956cc85fa12be6490c", "a hash, not an address"),
        ("a" * 400 + "@b.com", "longer than 320 characters"),
    ],
)
def test_what_is_no_address_says_why(raw: str, reason: str, vocabularies: Vocabularies) -> None:
    found = normalize_email(raw, vocabularies)
    assert found.email is None
    assert found.reason is not None
    assert found.reason.startswith(reason)
    assert raw not in found.reason


@pytest.mark.parametrize(
    ("email", "is_role", "is_disposable", "is_free"),
    [
        ("info@acme.com", True, False, False),
        ("sales-de@acme.com", True, False, False),
        ("sales2@acme.com", True, False, False),
        ("customer.service@acme.com", True, False, False),
        ("anna@acme.com", False, False, False),
        ("infogami@acme.com", False, False, False),
        ("a@mailinator.com", False, True, False),
        ("anna@gmail.com", False, False, True),
        ("anna@sub.gmx.de", False, False, True),
    ],
)
def test_flags(
    email: str, is_role: bool, is_disposable: bool, is_free: bool, vocabularies: Vocabularies
) -> None:
    found = normalize_email(email, vocabularies)
    assert (found.is_role, found.is_disposable, found.is_free) == (is_role, is_disposable, is_free)


def test_nothing_given_is_no_issue(vocabularies: Vocabularies) -> None:
    assert normalize_email(" \u200b", vocabularies) == Email()


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.acme.co.uk", "acme.co.uk"),
        ("acme.com", "acme.com"),
        ("shop.acme.example", "acme.example"),
        ("co.uk", None),
        ("localhost", None),
        ("192.168.0.1", None),
    ],
)
def test_registrable_domain(host: str, domain: str | None) -> None:
    assert registrable_domain(host) == domain


@given(st.text() | st.emails() | st.emails().map(lambda email: f"X <{email.upper()}>;"))
def test_twice_is_once_and_nothing_raises(vocabularies: Vocabularies, raw: str) -> None:
    once = normalize_email(raw, vocabularies)
    if once.email is not None:
        assert normalize_email(once.email, vocabularies) == once


@pytest.mark.parametrize(
    "raw",
    [
        "anna@acme.com; berg@gmx.de", "anna@acme.com, berg@gmx.de", "anna@acme.com|berg@gmx.de",
        "anna@acme.com\nberg@gmx.de", "Anna <anna@acme.com>, Berg <mailto:berg@gmx.de>",
        "anna (at) acme.com; berg (at) gmx.de", "anna@acme.com; ANNA@acme.com; berg@gmx.de",
    ],
)  # fmt: skip
def test_further_addresses_are_told(raw: str, vocabularies: Vocabularies) -> None:
    found = normalize_email(raw, vocabularies)
    assert (found.email, found.others) == ("anna@acme.com", ("berg@gmx.de",))


@pytest.mark.parametrize("raw", ["anna@acme.com", "a@b.com; a@b.com", "anna@acme.com / 030 1234"])
def test_one_address_has_no_others(raw: str, vocabularies: Vocabularies) -> None:
    assert normalize_email(raw, vocabularies).others == ()


@pytest.mark.parametrize(
    ("raw", "email"),
    [("rosa@vidal.es (privat)", "rosa@vidal.es"), ("rosa@vidal.es (work)", "rosa@vidal.es"),
     ("rosa@vidal.es (Anna)", None), ("rosa@vidal.es (…)", None)],
)  # fmt: skip
def test_a_line_behind_an_address_is_none_of_it(
    raw: str, email: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_email(raw, vocabularies).email == email
