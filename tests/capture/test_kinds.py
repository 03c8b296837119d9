import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.kinds import SIGN_FIELDS, KindReader
from lead_platform.identity.specification import read_shares
from lead_platform.vocabularies.folder import shipped_intake_lists

READER = KindReader(shipped_intake_lists().non_persons)
FIRST_NAMES = sorted(set(read_shares("first_names")["value"].to_pylist()))
LAST_NAMES = sorted(set(read_shares("last_names")["value"].to_pylist()))
CASES = st.sampled_from([str.title, str.lower, str.upper])
FAKE_PHONES = st.sampled_from([None, "1111111", "1234567890", "+49 123456789", "1"])
DOMAINS = st.sampled_from(["gmail.com", "test.de", "acme.example", "example.com", "web.de"])
Row = tuple[str | None, str | None, str | None]


def kind(row: Row, content: object = None, **others: str) -> str:
    name, email, phone = row
    given = {"full_name": name, "email": email, "phone": phone, **others}
    mark = READER.read(dict.fromkeys(SIGN_FIELDS) | given, content)
    return "person" if mark is None else mark.kind


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("Test Test", "test@test.com", None), "test"),
        (("FirstName LastName", "test@example.com", "+16505550123"), "test"),
        (("QA Test", "leads+test@acme.example", "+12025550147"), "test"),
        (("Test", None, "0000000000"), "test"),
        (("asdf asdf", "asdf@asdf.com", "123"), "junk"),
        (("qweqwe", "qwe@qwe.com", None), "junk"),
        (("Crypto prize https://t.me/x1", "anna@acme.example", None), "junk"),
        (("OtterPilot", "x@acme.example", None), "machine"),
        (("Anna's Notetaker (Fathom)", None, None), "machine"),
        (("Fireflies.ai Notetaker Omar", "fred@fireflies.ai", None), "machine"),
        (("Yvonne McKay (sample)", "someone_a@example.com", "555-0100"), "test"),
        (("[Sample] Moe Feldman", "moe@feldman.example", None), "test"),
        (("<test lead: dummy data for full_name>", None, None), "test"),
    ],
)
def test_marks(row: Row, expected: str) -> None:
    assert kind(row) == expected


@pytest.mark.parametrize(
    "row",
    [
        ("Testa Rossi", "real.person@acme-pumps.example", "+12025550145"),
        ("Sven Asdfson", "sven.asdfson@acme-pumps.example", None),
        ("Mike  Seo", "seo@rankhero.example", "+12025550144"),
        ("Zoltan Test", "zoltan@test.de", "1234567"),
        ("Bar Foo", "bar.foo@gmail.com", "1111111"),
        ("Test User", "jane.roe@acme-pumps.com", "1111111"),
        ("Jane Roe", "test@test.com", "1111111"),
        ("Lead Person", "anna@acme.example", None),
        ("McDonaldMacLeod", "mm@acme.example", None),
        ("Krzysztof Brzęczyszczykiewicz", "brzcz@gmail.com", "1234567"),
        ("Jane Doe (Otter)", "jane@otter.ai", None),
        ("www.acme.com", "anna@acme.example", None),
        ("Nguyễn Văn A", None, None),
        (None, None, None),
    ],
)
def test_a_person_with_an_odd_name_is_a_person(row: Row) -> None:
    assert kind(row) == "person"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"is_test": True}, "test"),
        ({"is_test": "true"}, "test"),
        ({"is_test": False}, "person"),
        ({"lead": {"testLead": True}}, "test"),
        ({"elements": [{"testLead": True}]}, "test"),
        ({"test": True}, "person"),
    ],
)
def test_the_vendors_own_key_is_enough(content: object, expected: str) -> None:
    assert kind(("Noor Haddad", "noor@cedarline.example", None), content) == expected


@given(
    st.sampled_from(FIRST_NAMES),
    st.sampled_from(LAST_NAMES),
    CASES,
    st.sampled_from(["{first}.{last}", "{last}", "{last}7", "test"]),
    DOMAINS,
    FAKE_PHONES,
)
def test_names_that_people_have_are_never_marked(
    first: str, last: str, case: object, mailbox: str, domain: str, phone: str | None
) -> None:
    """Whatever else they type to get past a form."""
    name = case(f"{first} {last}")  # type: ignore[operator]
    local = mailbox.format(first=first, last=last).replace(" ", "")
    assert kind((name, f"{local}@{domain}", phone), company_name="test") == "person"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_answered(name: str, email: str, phone: str) -> None:
    kind((name, email, phone))
