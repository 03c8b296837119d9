import pytest
from pydantic import ValidationError

from lead_platform.routing.conditions import Condition, implies


def condition(field, operator, **operand):
    return Condition(field=field, operator=operator, **operand)


@pytest.mark.parametrize(
    ("given", "accepted", "refused"),
    [
        (condition("band", "equals", value="high"), ["high"], ["low", None]),
        (condition("country", "in", values=("NL", "BE")), ["NL", "BE"], ["DE", None]),
        (condition("country", "not_in", values=("NL",)), ["DE"], ["NL", None]),
        (condition("employee_count", "at_least", value=1000), [1000, 4200], [999, None]),
        (condition("employee_count", "at_most", value=10), [0, 10], [11, None]),
        (condition("industry", "is_present"), ["software"], [None]),
        (condition("industry", "is_missing"), [None], ["software"]),
        (condition("is_disposable_email", "equals", value=True), [True], [False, None]),
        (condition("is_disposable_email", "equals", value=False), [False], [True, None]),
    ],
)
def test_operators_at_their_boundaries(given, accepted, refused):
    assert [value for value in accepted if not given.accepts(value)] == []
    assert [value for value in refused if given.accepts(value)] == []


@pytest.mark.parametrize(
    ("given", "value", "reason"),
    [
        (condition("band", "equals", value="high"), "low", "band is low, not high"),
        (condition("country", "in", values=("NL", "BE")), "DE", "country is DE, not NL or BE"),
        (condition("country", "not_in", values=("NL",)), "NL", "country is NL, not other than NL"),
        (
            condition("employee_count", "at_least", value=1000),
            12,
            "employee_count is 12, not at least 1,000",
        ),
        (condition("employee_count", "at_least", value=1000), None, "employee_count is not known"),
        (condition("industry", "is_missing"), "software", "industry is known"),
    ],
)
def test_a_refusal_names_the_value_and_what_was_wanted(given, value, reason):
    assert given.refusal(value) == reason


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"field": "shoe_size", "operator": "is_present"}, "unknown field 'shoe_size'; known: "),
        ({"field": "total", "operator": "at_least", "value": 50}, "unknown field 'total'"),
        ({"field": "band", "operator": "equals", "value": "hot"}, "allowed: high, medium, low"),
        ({"field": "country", "operator": "equals"}, "needs `value` and nothing else"),
        ({"field": "country", "operator": "in", "value": "NL"}, "needs `values` and nothing else"),
        ({"field": "country", "operator": "is_present", "value": "NL"}, "needs neither value"),
        ({"field": "country", "operator": "at_least", "value": 3}, "works on numbers"),
        ({"field": "employee_count", "operator": "in", "values": ["5"]}, "works on texts"),
        ({"field": "employee_count", "operator": "at_least", "value": "5"}, "is not a number"),
        ({"field": "employee_count", "operator": "equals", "value": True}, "is not a number"),
        ({"field": "is_role_email", "operator": "equals", "value": "yes"}, "is not a truth"),
        ({"field": "country", "operator": "like", "value": "N%"}, "Input should be"),
    ],
)
def test_a_condition_that_cannot_work_is_refused_with_what_is_allowed(definition, message):
    with pytest.raises(ValidationError, match=message):
        Condition.model_validate(definition)


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        (("band", "equals", {"value": "high"}), ("band", "in", {"values": ("high", "low")}), True),
        (("band", "in", {"values": ("high", "low")}), ("band", "equals", {"value": "high"}), False),
        (("country", "equals", {"value": "NL"}), ("country", "is_present", {}), True),
        (("country", "is_missing", {}), ("country", "is_present", {}), False),
        (("country", "equals", {"value": "NL"}), ("region", "is_present", {}), False),
        (
            ("employee_count", "at_least", {"value": 1000}),
            ("employee_count", "at_least", {"value": 100}),
            True,
        ),
        (
            ("employee_count", "at_least", {"value": 100}),
            ("employee_count", "at_least", {"value": 1000}),
            False,
        ),
        (
            ("country", "not_in", {"values": ("NL", "BE")}),
            ("country", "not_in", {"values": ("NL",)}),
            True,
        ),
    ],
)
def test_one_condition_implies_another(narrow, wide, expected):
    first = condition(narrow[0], narrow[1], **narrow[2])
    second = condition(wide[0], wide[1], **wide[2])
    assert implies(first, second) is expected
