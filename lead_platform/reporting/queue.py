"""Working through the review queue with the keyboard."""

from collections.abc import Callable, Sequence

from lead_platform.identity.verdicts import DIFFERENT, SAME, UNSURE

_KEYS = {"s": SAME, "d": DIFFERENT, "u": UNSURE}
_PROMPT = "[s]ame  [d]ifferent  [u]nsure  [n]ext  [b]ack  [q]uit"


def work_through(
    reviews: Sequence[str],
    *,
    show: Callable[[str], None],
    read_key: Callable[[], str],
    say: Callable[[str], None],
) -> list[tuple[str, str]]:
    """Shows review by review and reads a key for each; (review, verdict) in the queue's order.

    `n` leaves a review as it is, `b` goes back to the one before, `q` or an interrupt ends; what
    was said until then counts.
    """
    said: dict[str, str] = {}
    place = 0
    while place < len(reviews):
        review = reviews[place]
        show(review)
        say(f"{place + 1} of {len(reviews)}, {review}   {_PROMPT}")
        key = _next_key(read_key, say)
        if key == "q":
            break
        if key == "b":
            place = max(0, place - 1)
            continue
        said.pop(review, None)
        if key in _KEYS:
            said[review] = _KEYS[key]
            say(_KEYS[key])
        place += 1
    say(f"{len(said)} verdicts on {len(reviews)} pairs.")
    return [(review, said[review]) for review in reviews if review in said]


def _next_key(read_key: Callable[[], str], say: Callable[[str], None]) -> str:
    """The first key that means something; the end of input and interrupts mean quit."""
    while True:
        try:
            key = read_key().lower()
        except (EOFError, KeyboardInterrupt):
            return "q"
        if key in ("", "\x03", "\x04"):
            return "q"
        if key in (*_KEYS, "n", "b", "q"):
            return key
        say(_PROMPT)
