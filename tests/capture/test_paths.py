import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_platform.capture.paths import PathError, compile_path, is_true, names_of

EXPRESSIONS = [
    "a", "a.b", '"a b"', "a[0]", "a[-1].b", "a[5]", "a.b[1].c", "@", "a || b", "a && b",
    "a || b || c", "(a == 'x' && b) || c", "!a", "a == b", "a != `1`", "a == `true`",
    "{one: a, two: b.c}", "a[?b=='x']", "a[?b].c", "length(a || '')", "a[].b", "to_string(a)",
    "`1` || a", "[a, b]", "a[*].b | [0]", "a > `0`",
]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, 2, "", "x", "y"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "a b"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@settings(deadline=None)
@given(scope=st.dictionaries(st.sampled_from(["a", "b", "c", "a b"]), values))
def test_compiled_paths_agree_with_jmespath(expression: str, scope: dict) -> None:
    try:
        expected = jmespath.search(expression, scope)
    except (jmespath.exceptions.JMESPathError, TypeError):
        with pytest.raises(PathError):
            compile_path(expression)(scope)
        return
    found = compile_path(expression)(scope)
    is_choice = jmespath.compile(expression).parsed["type"] in ("or_expression", "and_expression")
    if is_choice and expected is False:
        assert found is None
    else:
        assert found == expected
        assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize("word", ["inbound", "Inbound", "INBOUND", " inbound "])
def test_the_case_of_a_word_makes_no_difference(word: str) -> None:
    """A call marked `Inbound` was no inquiry, and nobody was told."""
    scope = {"a": word, "b": [{"a": word}, {"a": 1}, {"a": None}], "c": [word.strip(), 1]}
    assert compile_path("a == 'inbound'")(scope) is True
    assert compile_path("a != 'Inbound'")(scope) is False
    assert compile_path("b[?a=='inbound'] | length(@)")(scope) == 1
    assert compile_path("b[?a!='inbound'] | length(@)")(scope) == 2
    assert compile_path("contains(c, 'inbound')")(scope) is True
    assert compile_path("starts_with(c[0], 'Inb') && ends_with(c[0], 'OUND')")(scope) is True
    # Two values of a record are compared as they are.
    assert compile_path("a == c[0]")(scope) is (word == word.strip())


def test_a_choice_that_does_not_apply_is_no_value() -> None:
    assert compile_path("opted_out == 'TRUE' && 'denied'")({"opted_out": "FALSE"}) is None


def test_a_path_that_does_not_compile_names_itself_and_the_way_out() -> None:
    with pytest.raises(PathError, match=r"'Lead Source' is not a path.*column: <name>"):
        compile_path("Lead Source")


def test_a_record_that_does_not_fit_names_the_path() -> None:
    with pytest.raises(PathError, match=r"join.*does not fit"):
        compile_path("join(', ', a)")({"a": 1})


def test_names_of_finds_every_name() -> None:
    assert names_of("a.b || c[?d=='x'].\"e f\"") == {"a", "b", "c", "d", "e f"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, True), ("x", True), ([0], True), (None, False), ("", False), ([], False), (False, False)],
)
def test_truth_is_that_of_jmespath(value: object, expected: bool) -> None:
    assert is_true(value) is expected


@pytest.mark.parametrize(
    "expression",
    [
        " | ".join(["[@, @, @, @, @, @, @, @, @, @]"] * 9),
        " | ".join(["{a: @, b: @, c: @, d: @}"] * 6),
        "to_string([@, @, @, @, @, @, @, @] | [@, @, @, @, @, @, @, @] | [@, @, @, @, @, @, @, @]"
        " | [@, @, @, @])",
    ],
)
def test_lists_within_lists_are_refused_before_they_stand_for_a_billion_values(
    expression: str,
) -> None:
    with pytest.raises(PathError, match="at most 1,000"):
        compile_path(expression)


def test_a_path_that_gives_too_much_fails_on_its_record() -> None:
    find = compile_path("[many, many, many]")
    assert find({"many": [1, 2]}) == [[1, 2]] * 3
    with pytest.raises(PathError, match="gives more than 200,000 values"):
        find({"many": list(range(100_000))})
