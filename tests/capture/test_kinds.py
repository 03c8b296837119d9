import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.kinds import SIGN_FIELDS, KindReader
from lead_platform.configuration import load_csv
from lead_platform.identity.engine.specification import read_shares
from lead_platform.vocabularies.folder import SHIPPED, shipped_intake_lists
from lead_platform.vocabularies.rows import NonPersonRow

SIGNS = shipped_intake_lists().non_persons
READER = KindReader(SIGNS)
FIRST_NAMES = sorted(set(read_shares("first_names")["value"].to_pylist()))
LAST_NAMES = sorted(set(read_shares("last_names")["value"].to_pylist()))
WEAK_WORDS = sorted(
    word
    for word, sign in SIGNS["name_word"].values.items()
    if word.isalpha() and not sign.is_strong
)
# Of machines: words that one may begin with, and which end like a person's name may go on.
ATTENDEES = sorted(
    row.value.replace("*", " ").strip()
    for row in load_csv(SHIPPED / "non_persons.csv", NonPersonRow)
    if row.sign == "attendee" and row.kind == "machine" and row.value.endswith("*")
)
NAME_CASES = [str.title, str.lower, str.upper]
TOLD_YES: list[object] = [True, 1, "1", 1.0, " Yes ", "TRUE"]
TOLD_NO: list[object] = [False, 0, "no", None, "", [], {}]
CASES = st.sampled_from(NAME_CASES)
FAKE_PHONES = st.sampled_from([None, "1111111", "1234567890", "+49 123456789", "1"])
DOMAINS = st.sampled_from(["gmail.com", "test.de", "acme.example", "example.com", "web.de"])
Row = tuple[str | None, str | None, str | None]


def kind(row: Row, content: object = None, **others: str | None) -> str:
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
        (("Gong Recorder", "recorder@mail.gong.io", None), "machine"),
        (("Brian Halligan (Sample Contact)", "bh@hubspot.com", None), "test"),
        (("Jamie AI's notes", "jamie@acme.example", None), "machine"),
        (("teste teste", "teste@teste.com.br", None), "test"),
        (("Prueba Prueba", "prueba@prueba.com", None), "test"),
        (("тест тест", "test@mail.ru", None), "test"),
        (("测试", "test@qq.com", None), "test"),
        (("Demo Demo", "demo@demo.com", None), "test"),
        (("Test 123", "test123@gmail.com", None), "test"),
        (("Test1 Test2", "test3@test.com", None), "test"),
        (("Webhook Test", "test@typeform.com", None), "test"),
        (("asdasd asdasd", "asd@asd.asd", None), "junk"),
        (("Free Bitcoins www.win.example", "anna@acme.com", None), "junk"),
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
        ("Jamie Aird", None, None),
        ("Jamie Ai", None, "+442079460958"),
        ("Jamie Ai", "jamie.ai@acme.cn", None),
        ("Gong Botao", "gong.botao@huawei.com", None),
        ("Anna (sample)", "anna@acme.com", None),
        ("DFG", "dfg@dfg.de", "1"),
        ("Anna Casino Deposit www.casino-berlin.de", "anna@casino-berlin.de", None),
        ("Bitcoin Suisse AG www.bitcoinsuisse.com", "info@bitcoinsuisse.com", None),
        ("Kontakt www.casino-berlin.de", "jonas@gmail.com", None),
        ("Pornchai Essex www.facebook.com/pornchai", "pornchai@gmail.com", None),
    ],
)
def test_a_person_with_an_odd_name_is_a_person(row: Row) -> None:
    assert kind(row) == "person"


@pytest.mark.parametrize(
    ("row", "company"),
    [
        (("QA Lead", None, "+49305894810"), "ABC"),
        (("Contact Person", "xyz@acme.com", None), "ABC"),
        (("ABC", "abc@acme.com", None), "ABC"),
        ((None, "qa@acme.com", None), "ABC"),
        ((None, "12345@qq.com", None), "ABC"),
        (("Bar", "bar@bar.de", "1111111"), "Bar"),
    ],
)
def test_words_that_people_and_companies_have_too_are_no_dummies(row: Row, company: str) -> None:
    assert kind(row, company_name=company) == "person"


@given(st.sampled_from(WEAK_WORDS), CASES, st.sampled_from(["", "1", "+49 30 5894810"]))
def test_one_word_in_every_field_is_one_fact(word: str, case: object, phone: str) -> None:
    name = case(word)  # type: ignore[operator]
    assert kind((name, f"{word}@{word}.de", phone), company_name=name) == "person"


@given(st.sampled_from(ATTENDEES), CASES, st.text("aehikmnorstuzáи", min_size=1, max_size=6))
def test_a_longer_word_is_no_machines(words: str, case: object, more: str) -> None:
    assert kind((case(words + more), None, None)) == "person"  # type: ignore[operator]


@given(st.sampled_from(ATTENDEES), CASES, st.sampled_from(LAST_NAMES))
def test_whoever_has_a_mailbox_of_his_own_is_no_machine(
    words: str, case: object, last: str
) -> None:
    mailbox = f"{last.replace(' ', '')}@acme-pumps.com"
    assert kind((case(words), mailbox, None)) == "person"  # type: ignore[operator]
    assert kind((case(words), None, None)) != "person"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"is_test": True}, "test"),
        ({"is_test": "true"}, "test"),
        ({"is_test": False}, "person"),
        ({"lead": {"testLead": True}}, "test"),
        ({"elements": [{"testLead": True}]}, "test"),
        ({"is_test": 1}, "test"),
        ({"is_test": "yes"}, "test"),
        ({"isTestLead": True}, "test"),
        ({"leadType": "TEST"}, "test"),
        ({"mode": "test"}, "test"),
        ({"test": True}, "test"),
        ({"test": 1}, "person"),
        ({"answers": {"test": True, "mode": "test"}}, "person"),
        ({"Mode": "test"}, "person"),
        *(({name: True}, "test") for name in ("Is Test", "IsTest", "IS-TEST", "test_lead")),
        *(({"is_test": value}, "test") for value in TOLD_YES),
        *(({"is_test": value}, "person") for value in TOLD_NO),
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


WORDS = st.sampled_from(
    ["Tést", "Test", "Notetaker", "Asdf", "Max", "Mustermann", "Йцукен", "Bo", "Vorname"]
)
COMPANIES = st.sampled_from([None, "Test", "<test lead: dummy data for company_name>"])


@given(
    st.lists(WORDS | st.sampled_from(FIRST_NAMES) | st.sampled_from(LAST_NAMES), max_size=3),
    st.sampled_from([None, "test@test.com", "test@fb.com", "anna.berg@acme.example"]),
    FAKE_PHONES,
    COMPANIES,
)
def test_what_a_submission_is_does_not_depend_on_the_case_of_the_name(
    words: list[str], email: str | None, phone: str | None, company: str | None
) -> None:
    """Names in capitals and small letters once were not asked what the company said."""
    name, others = " ".join(words), {"company_name": company}
    found = {kind((case(name), email, phone), None, **others) for case in NAME_CASES}
    assert len(found) == 1, found


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_answered(name: str, email: str, phone: str) -> None:
    kind((name, email, phone))
