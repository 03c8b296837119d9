"""Which sign separates the cells, where other signs split more rows alike."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.tabular.dialects import find_dialect
from lead_platform.capture.tabular.encodings import TextEncoding
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.tabular.wanted import Wanted
from tests.capture.guessing.test_exports import NAMES

UTF8 = TextEncoding("utf-8", None, "utf-8")
UNKNOWN_TO_CHANNELS = Wanted(is_name=NAMES.has)
SIGNS = {",": "2,500.00", ";": "sales; west", "|": "a|b", "\t": "one\ttwo"}


def report(delimiter: str, inner: str, people: int, sessions: int) -> bytes:
    """A report of a meeting: facts, who was there, and when; each row holds another sign, too."""
    text = io.StringIO()
    rows = [
        ["1. Summary"],
        ["Meeting title", f"Demo {inner}"],
        ["2. Participants"],
        ["Name", "Arrived", "Email", "Company", "Remark"],
        *(
            [f"Ann {n}", f"11/{n}/26, 2:00 PM", f"a{n}@x.example", f"Firm {n}", inner]
            for n in range(1, people + 1)
        ),
        ["3. Activities"],
        ["Name", "Arrived", "Left", "Remark"],
        *(
            [f"Ann {n}", f"11/{n}/26, 2:00 PM", f"11/{n}/26, 3:00 PM", inner]
            for n in range(1, sessions + 1)
        ),
    ]
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_NONE, escapechar="\\")
    if delimiter == ",":
        writer = csv.writer(text, delimiter=delimiter)
    writer.writerows(rows)
    return text.getvalue().encode()


@given(
    delimiter=st.sampled_from(sorted(SIGNS)),
    inner=st.sampled_from(sorted(SIGNS)),
    people=st.integers(1, 12),
    sessions=st.integers(1, 12),
)
def test_the_sign_that_gives_names_people_use_separates(
    delimiter: str, inner: str, people: int, sessions: int
) -> None:
    """A report of a meeting was read as separated by the commas of its dates."""
    if inner == delimiter:
        return
    data = report(delimiter, SIGNS[inner], people, sessions)
    found = find_dialect(io.BytesIO(data), UTF8, TableRule(), UNKNOWN_TO_CHANNELS)
    assert found.delimiter == delimiter
