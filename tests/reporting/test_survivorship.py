from dataclasses import replace
from datetime import datetime
from typing import get_args

from lead_platform.cli.pages.survivorship import tell_why
from lead_platform.fields import CustomRule, LeadField, platform_fields

SUBMITTED = {"submitted_at": datetime(2026, 2, 1), "modified_at": None}
FIELDS = platform_fields()


def test_each_value_says_why_it_won() -> None:
    changed = SUBMITTED | {"modified_at": datetime(2026, 11, 20)}
    assert tell_why("job_title", SUBMITTED, FIELDS) == "stated last, 2026-02-01"
    assert tell_why("job_title", changed, FIELDS) == "stated last, 2026-11-20"
    assert tell_why("full_name", SUBMITTED, FIELDS) == "from who said most of it"
    assert tell_why("message", SUBMITTED, FIELDS) == "with the last inquiry, 2026-02-01"
    assert tell_why("first_channel", SUBMITTED, FIELDS) == ""
    assert tell_why("employee_count", None, FIELDS) == ""


def test_every_rule_a_field_may_have_has_words() -> None:
    custom = [
        LeadField(name=rule, type="text", kind="profile", wins=rule, label=rule)
        for rule in get_args(CustomRule)
    ]
    fields = replace(FIELDS, custom=tuple(custom))
    assert all(tell_why(field.name, SUBMITTED, fields) for field in custom)
