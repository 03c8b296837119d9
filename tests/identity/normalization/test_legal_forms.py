"""One list says what names companies, for columns and for names alike."""

import pytest

from lead_platform.capture.guessing.shapes import is_company_name, is_person_name
from lead_platform.identity.normalization.companies import normalize_company
from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.legal_forms import shown_forms, words_of
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize("form", sorted(words_of("form") | words_of("form_or_initials")))
def test_a_form_of_the_list_is_known_everywhere(form: str, vocabularies: Vocabularies) -> None:
    shown = shown_forms().get(form, form.upper())
    assert is_company_name(f"Zyxwerk {shown}")
    assert not is_person_name(f"Zyxwerk Blorb {shown}")
    assert normalize_name(f"zyxwerk {form}", None, None, vocabularies).first is None
    if form in shown_forms():
        assert normalize_company(f"zyxwerk {form}", vocabularies).name == f"Zyxwerk {shown}"


@pytest.mark.parametrize("name", ["Ana Silva", "Sara Lee", "A. G. Bell", "Nova Berg", "Li Ong"])
def test_names_that_only_hold_the_letters_of_a_form_are_persons(name: str) -> None:
    assert is_person_name(name)
