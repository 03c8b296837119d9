from datetime import datetime

from lead_platform.cli.pages.survivorship import tell_why, winning_rules

SUBMITTED = {"submitted_at": datetime(2026, 2, 1), "modified_at": None}


def test_each_value_says_why_it_won() -> None:
    changed = SUBMITTED | {"modified_at": datetime(2026, 11, 20)}
    assert tell_why("job_title", SUBMITTED) == "stated last, 2026-02-01"
    assert tell_why("job_title", changed) == "stated last, 2026-11-20"
    assert tell_why("full_name", SUBMITTED) == "from who said most of it"
    assert tell_why("message", SUBMITTED) == "with the last inquiry, 2026-02-01"
    assert tell_why("first_channel", SUBMITTED) == ""
    assert tell_why("employee_count", None) == ""


def test_every_rule_has_words() -> None:
    assert all(tell_why(field, SUBMITTED) for field in winning_rules())
