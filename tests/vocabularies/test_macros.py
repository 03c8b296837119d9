import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.vocabularies.folder import shipped_intake_lists

MACROS = shipped_intake_lists().macros
NAMES = st.from_regex(r"\A[a-z_]{1,12}(\.[a-z_]{1,12})?\Z")
BRACKETS = st.sampled_from([("{{", "}}"), ("{", "}"), ("%%", "%%"), ("${", "}"), ("[[", "]]")])


@pytest.mark.parametrize(
    "text",
    [
        "{{campaign.name}}", "{{ contact.first_name }}", "{placement}", "%%first_name%%",
        "${campaign}", "[[utm_source]]", "*|FNAME|*", "__CAMPAIGN_ID__", "$$publisher_id$$",
        "{{campaign.name}}_{{adset.name}}", "{{site_source_name}} | {{placement}}",
        "{{first_name | default: friend}}",
    ],
)  # fmt: skip
def test_a_macro_alone_is_known(text: str) -> None:
    assert MACROS.find(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "facebook", "50%", "%", "{}", "{{}}", "__", '{"a": 1}', "{not a name}", "Q4 {{x}}",
        "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "{00000000-0000-0000-0000-00000000000a}",
        "{{greeting}} we use Liquid templates", "$500", "[Acme] Ltd", "#1 in pumps", "100% Pure",
        "%a% and more",
    ],
)  # fmt: skip
def test_what_people_write_is_none(text: str) -> None:
    assert MACROS.find(text) is None


@given(st.lists(st.tuples(BRACKETS, NAMES), min_size=1, max_size=4), st.sampled_from("_|- "))
def test_macros_joined_by_separators_are_macros(
    parts: list[tuple[tuple[str, str], str]], separator: str
) -> None:
    text = separator.join(f"{left}{name}{right}" for (left, right), name in parts)
    assert MACROS.find(text) is not None


@given(st.text(max_size=600))
def test_any_text_is_answered(text: str) -> None:
    MACROS.find(text)
