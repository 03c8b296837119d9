import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.titles import normalize_job_title
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize(
    ("raw", "seniority", "job_function"),
    [
        ("CEO", "c_level", "executive"),
        ("Founder/CEO", "c_level", "executive"),
        ("co-founder & CTO", "c_level", "engineering"),
        ("Chief Revenue Officer", "c_level", "sales"),
        ("Geschäftsführerin", "c_level", "executive"),
        ("Directeur général", "c_level", "executive"),
        ("Managing Director", "c_level", "executive"),
        ("Assistant to the CEO", "individual", "operations"),
        ("Executive Assistant to CFO", "individual", "finance"),
        ("VP of Marketing", "vp", "marketing"),
        ("Vice President", "vp", "executive"),
        ("SVP, Global Sales", "vp", "sales"),
        ("Head of Data", "director", "data"),
        ("Leiter Einkauf", "director", "procurement"),
        ("Vertriebsleiter", "director", "sales"),
        ("Chief of Staff", "director", "operations"),
        ("Director, Student Life", "director", "education"),
        ("IT Manager", "manager", "it"),
        ("Gerente de ventas", "manager", "sales"),
        ("Product Marketing Manager", "manager", "marketing"),
        ("Head Chef", "manager", "other"),
        ("Sr. Software Engineer", "senior", "engineering"),
        ("Senior Data Engineer", "senior", "data"),
        ("Product Owner", "individual", "product"),
        ("Account Executive", "individual", "sales"),
        ("HR Business Partner", "individual", "hr"),
        ("Internal Auditor", "individual", "finance"),
        ("Werkstudent Marketing", "intern", "marketing"),
        ("Nurse", "individual", "healthcare"),
        ("Procurement Specialist", "individual", "procurement"),
        ("Customer Success Manager", "manager", "support"),
        ("Legal Counsel", "senior", "legal"),
    ],
)
def test_seniority_and_function(
    raw: str, seniority: str, job_function: str, vocabularies: Vocabularies
) -> None:
    found = normalize_job_title(raw, vocabularies)
    assert (found.seniority, found.job_function, found.reasons) == (seniority, job_function, ())


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("vp of marketing", "VP of Marketing"),
        ("DIRECTOR OF IT", "Director of IT"),
        ("founder/ceo", "Founder/CEO"),
        ("Sr. DevOps Engineer", "Sr. DevOps Engineer"),
    ],
)
def test_casing(raw: str, title: str, vocabularies: Vocabularies) -> None:
    assert normalize_job_title(raw, vocabularies).title == title


def test_a_title_no_rule_knows_keeps_its_text(vocabularies: Vocabularies) -> None:
    found = normalize_job_title("Wizard", vocabularies)
    assert (found.title, found.seniority, found.job_function) == ("Wizard", None, None)
    assert found.reasons == (
        ("seniority", "no rule in seniorities.csv"),
        ("job_function", "no rule in job_functions.csv"),
    )


@pytest.mark.parametrize("raw", ["n/a", "asdf", "---", "123"])
def test_placeholders(raw: str, vocabularies: Vocabularies) -> None:
    assert normalize_job_title(raw, vocabularies).reasons == (("job_title", "placeholder"),)


@given(st.text() | st.from_regex(r"[A-Za-z .,/&-]{1,40}", fullmatch=True))
def test_twice_is_once_and_nothing_raises(vocabularies: Vocabularies, raw: str) -> None:
    once = normalize_job_title(raw, vocabularies)
    if once.title is not None:
        assert normalize_job_title(once.title, vocabularies) == once
