import pytest

from lead_platform.cli.pages.queue import Work


def worked(keys, reviews=("rev_1", "rev_2", "rev_3")):
    """What was said with these keys, which reviews were shown, and what was told."""
    pressed = iter(keys)
    shown, told = [], []

    def read_key():
        key = next(pressed, None)
        if key is None:
            raise EOFError
        if key == "^C":
            raise KeyboardInterrupt
        return key

    work = Work(
        reviews,
        show=shown.append,
        explain=lambda review: told.append(f"why {review}"),
        say=told.append,
        read_key=read_key,
    )
    said = work.through()
    # Each of these questions is one review.
    return [(review, verdict) for (review,), verdict in said], shown, told


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("sduw", [("rev_1", "same"), ("rev_2", "different"), ("rev_3", "unsure")]),
        ("Sqw", [("rev_1", "same")]),
        ("ndqw", [("rev_2", "different")]),
        ("xs\r dqw", [("rev_1", "same"), ("rev_2", "different")]),
        ("sbdqw", [("rev_1", "different")]),
        ("sbnqw", [("rev_1", "same")]),
        ("sbcq", []),
        (["s", "\x1b[D", "d", "\x1b[C", "q", "w"], [("rev_1", "different")]),
        ("q", []),
        (["s", "^C", "w"], [("rev_1", "same")]),
        ("s\x03w", [("rev_1", "same")]),
        (["s", "^C", "^C"], []),
        ("sqt", []),
        ("sqbdqw", [("rev_1", "same"), ("rev_2", "different")]),
        ("sdubsw", [("rev_1", "same"), ("rev_2", "different"), ("rev_3", "same")]),
        ("s", [("rev_1", "same")]),
        ("", []),
    ],
)
def test_keys(keys, said):
    assert worked(keys)[0] == said


def test_back_shows_the_review_before_again_and_stops_at_the_first():
    assert worked("bsbq")[1] == ["rev_1", "rev_1", "rev_2", "rev_1"]


def test_what_was_said_is_told_when_one_comes_back_and_before_it_is_written():
    told = "\n".join(worked("sbqw")[2])
    assert "You said same: [n]ext keeps that" in told
    assert "You said: 1 same." in told


def test_why_and_help_stay_at_the_review():
    said, shown, told = worked("w?dq")
    assert said == [("rev_1", "different")]
    assert shown == ["rev_1", "rev_2"]
    assert "why rev_1" in told
    assert any("nobody can tell" in line for line in told)


def test_an_empty_queue_asks_nothing():
    assert worked("s", reviews=()) == ([], [], [])
