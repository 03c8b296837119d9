import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.vocabularies.folder import shipped_intake_lists
from lead_platform.vocabularies.secrets import REDACTED

SECRETS = shipped_intake_lists().secrets
SECRET_NAMES = st.sampled_from(
    ["google_key", "accessToken", "X-Hub-Signature-256", "client_secret", "API-KEY", "password"]
)
CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=6) | SECRET_NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "name", ["key", "company_key", "idempotency_key", "issue_key", "tokens", "secretary", "turkey"]
)
def test_other_names_are_no_secrets(name: str) -> None:
    assert name not in SECRETS


@given(CONTENTS, SECRET_NAMES)
def test_a_secret_is_gone_wherever_it_stands(content: Any, name: str) -> None:
    secret = "s3cr3t-value"
    placed = {"outer": [content, {"inner": {name: secret, "kept": "v"}}]}
    redacted = SECRETS.redact(placed)
    assert secret not in json.dumps(redacted)
    assert redacted["outer"][1]["inner"] == {name: REDACTED, "kept": "v"}
    assert placed["outer"][1]["inner"][name] == secret
    assert SECRETS.redact(redacted) == redacted


def test_what_the_channel_reads_stays() -> None:
    assert SECRETS.redact({"token": "a1", "secret": "b2"}, {"token"}) == {
        "token": "a1",
        "secret": REDACTED,
    }


def test_a_flag_and_an_empty_value_tell_nothing() -> None:
    content = {"token": True, "secret": "", "signature": None}
    assert SECRETS.redact(content) is content


@pytest.mark.parametrize(
    "text",
    ['{"google_key": "s3cr3t", "name": "A', "google_key=s3cr3t&name=A", "{'google_key': 's3cr3t'}"],
)
def test_a_record_that_cannot_be_parsed_keeps_none(text: str) -> None:
    assert "s3cr3t" not in SECRETS.redact_text(text)
    assert "name" not in text or "name" in SECRETS.redact_text(text)
