import pytest

from lead_platform.reporting.queue import work_through


def worked(keys, reviews=("rev_1", "rev_2", "rev_3")):
    """What was said with these keys, and which reviews were shown in which order."""
    pressed = iter(keys)
    shown = []

    def read_key():
        key = next(pressed, None)
        if key is None:
            raise EOFError
        if key == "^C":
            raise KeyboardInterrupt
        return key

    said = work_through(reviews, show=shown.append, read_key=read_key, say=lambda text: None)
    return said, shown


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("sdu", [("rev_1", "same"), ("rev_2", "different"), ("rev_3", "unsure")]),
        ("Sq", [("rev_1", "same")]),
        ("nd", [("rev_2", "different")]),
        ("xs\r d", [("rev_1", "same"), ("rev_2", "different")]),
        ("sbd", [("rev_1", "different")]),
        ("sbn", []),
        ("q", []),
        (["s", "^C"], [("rev_1", "same")]),
        ("s\x03", [("rev_1", "same")]),
        ("", []),
    ],
)
def test_keys(keys, said):
    assert worked(keys)[0] == said


def test_back_shows_the_review_before_again_and_stops_at_the_first():
    assert worked("bsbq")[1] == ["rev_1", "rev_1", "rev_2", "rev_1"]


def test_an_empty_queue_asks_nothing():
    assert worked("s", reviews=()) == ([], [])
