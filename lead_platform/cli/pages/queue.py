"""Working through the review queue with the keyboard."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from lead_platform.identity.judgement.verdicts import DIFFERENT, SAME, UNSURE

_VERDICTS = {"s": SAME, "d": DIFFERENT, "u": UNSURE}
_ARROWS = {"\x1b[C": "n", "\x1b[D": "b", "\x1bOC": "n", "\x1bOD": "b"}
_PROMPT = "[s]ame  [d]ifferent  [u]nsure  [n]ext  [b]ack  [w]hy  [q]uit  [?]"
_TOGETHER = (
    "all [s]ame  all [d]ifferent  [u]nsure  [e]ach by itself  [n]ext  [b]ack  [w]hy  [q]uit  [?]"
)
_SAID = "You said {}: [n]ext keeps that, [c]lear takes it back."
_HELP = """\
s  same: one person; the two leads become one
d  different: two people; they are kept apart from now on
u  unsure: nobody can tell; the pair leaves the queue, nothing changes
n  next: leave this one as it is (or →)
b  back: the one before (or ←)
w  why: every part of the evidence
e  each by itself: of a question about several leads, one pair after the other
c  clear: take back what you said of this one
q  quit: to the end; nothing is written before you say so"""
_LAST = "[w]rite them down  [b]ack to the queue  [t]hrow them away"


class Work:
    """A person's way through some reviews; `said` is the verdict on each so far.

    `show` prints a review, `explain` all the evidence on it, `say` a line; `read_key` waits for a
    key. `parts`: by the review that names it, all reviews of a question about several leads;
    what is said of the question is said of all of them.
    """

    def __init__(
        self,
        reviews: Sequence[str],
        *,
        show: Callable[[str], None],
        explain: Callable[[str], None],
        say: Callable[[str], None],
        read_key: Callable[[], str],
        parts: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.said: dict[str, str] = {}
        self._reviews = list(reviews)
        self._parts = dict(parts or {})
        self._show = show
        self._explain = explain
        self._say = say
        self._read_key = read_key
        self._place = 0

    def through(self) -> list[tuple[tuple[str, ...], str]]:
        """What was said, the reviews it is about and the verdict, in the queue's order, once the
        person says to write it down.

        An interrupt leads to that question, another one throws everything away. A terminal that
        is gone keeps what was said.
        """
        while True:
            with suppress(KeyboardInterrupt):
                self._walk()
            if not self.said:
                return []
            counts = Counter(self.said.values())
            told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
            try:
                self._say(f"You said: {told}.   {_LAST}")
                key = self._next_key("wbt")
            except KeyboardInterrupt:
                key = "t"
            if key == "t":
                return []
            if key in ("w", ""):
                return self.verdicts()

    def verdicts(self) -> list[tuple[tuple[str, ...], str]]:
        """What is said so far: all reviews of a question, and the verdict on it."""
        return [
            (tuple(self._parts.get(one, (one,))), self.said[one])
            for one in self._reviews
            if one in self.said
        ]

    def is_together(self, review: str) -> bool:
        """Whether the review stands for a question about several leads."""
        return review in self._parts

    def _walk(self) -> None:
        """From review to review until the end, or until the person has had enough."""
        self._place = max(0, min(self._place, len(self._reviews) - 1))
        while self._place < len(self._reviews):
            review = self._reviews[self._place]
            self._show(review)
            self._say(
                f"{self._place + 1} of {len(self._reviews)}, {review}   {self._prompt(review)}"
            )
            if review in self.said:
                self._say(_SAID.format(self.said[review]))
            step = self._judge(review)
            if step is None:
                return
            self._place = max(0, self._place + step)

    def _prompt(self, review: str) -> str:
        return _TOGETHER if self.is_together(review) else _PROMPT

    def _judge(self, review: str) -> int | None:
        """How many reviews to go on after the keys of the person; None to end."""
        while True:
            key = self._next_key("sdunbwcq?" + "e" * self.is_together(review))
            if key in _VERDICTS:
                self.said[review] = _VERDICTS[key]
                self._say(f"{self.said[review]}\n")
                return 1
            if key in ("n", "b"):
                return 1 if key == "n" else -1
            if key in ("q", ""):
                return None
            if key == "e":
                self._reviews[self._place : self._place + 1] = self._parts.pop(review)
                self.said.pop(review, None)
                return 0
            if key == "w":
                self._explain(review)
                self._say(self._prompt(review))
            elif key == "c":
                self.said.pop(review, None)
                self._say(f"Nothing is said of this one.   {self._prompt(review)}")
            else:
                self._say(_HELP)

    def _next_key(self, known: str) -> str:
        """The first key that means something here; nothing where the input has ended."""
        while True:
            try:
                key = self._read_key()
            except EOFError:
                return ""
            key = _ARROWS.get(key, key).lower()
            if key == "\x03":
                raise KeyboardInterrupt
            if key in ("", "\x04"):
                return ""
            if key in known:
                return key
            self._say(_PROMPT if "s" in known else _LAST)
