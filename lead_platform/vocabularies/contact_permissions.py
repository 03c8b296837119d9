"""Words by which a name speaks of leave to reach somebody: `Never call`, `Darf kontaktiert werden`.

Owns the list `contact_permissions.csv` as it is looked up in. Names that are known whole belong to
`field_names.csv` and `opt_outs.csv`; what becomes of a column is for `capture.guessing`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

Part = Literal[
    "contact", "agreement", "permission", "refusal", "permitted", "refused", "filler", "wish",
    "absence", "person", "means", "trade", "erasure", "paperwork", "granting",
]  # fmt: skip
"""`contact` reaches somebody, by a channel or any; `agreement` grants it, as `permission` may;
`refusal` denies or negates; `permitted` and `refused` need no word of contact beside them; a
`filler` joins the others; a `wish` says what somebody wants, or asks for; an `absence` that
there is nothing, or that it did not come: `no email provided`; a `person` is of whom somebody else
writes: `customer`; `means` say by what: `by`, `telefonisch`; a `trade` is what businesses do, and
may say that they do not: `marketing`; an `erasure` is of a record, for whatever reason: `delete`;
`paperwork` says what became of the asking: `emailed`; `granting` says that somebody may, and
nothing else: `allowed`."""
Channel = Literal["", "email", "phone", "sms", "whatsapp", "marketing"]
"""Of a word of contact. `marketing` is by mail where no channel stands beside it."""

_LONGEST_PHRASE = 3
_MOST_REMEMBERED = 20_000
_LEAVE = frozenset({"agreement", "permission", "refusal"})
_ASKS = frozenset({"agreement", "permission", "permitted"})
_REFUSES = frozenset({"refusal", "refused"})
_DOUBTS = _REFUSES | {"erasure", "paperwork"}
# Hebrew, and whatever stands behind it in Unicode: their words are listed with what joins them.
_FIRST_WITHOUT_CASE = "\u0590"
_STATES = frozenset({"refused", "erasure"})
# Whose consent is wished for has not given it: `E-mail consent requested`.
_BESIDE = frozenset({"filler", "wish", "person"})
_WAYS = frozenset({"means", "paperwork"})
_NO_GRANT = frozenset({"wish", "absence", "person"})
Meaning = tuple[Part, Channel]


@dataclass(frozen=True)
class Leave:
    """What words say of leave to reach somebody. `is_whole`: each of them is known; `channels`:
    those named, none where they are about any, None where they speak of reaching nobody;
    `refusals`: how many refuse or negate; `is_asked`: whether one agrees, permits or asks to;
    `is_wish`: whether one says what somebody wants; `is_state`: whether one refuses by itself, or
    is of an erasure; `is_absent`: whether one says that there is nothing, or that it did not come;
    `is_granting`: whether one says that somebody may.
    """

    is_whole: bool
    channels: frozenset[str] | None
    refusals: int
    is_asked: bool
    is_wish: bool
    is_state: bool
    is_absent: bool
    is_granting: bool


@dataclass(frozen=True)
class ContactPermissions:
    """The words by their letters only; of those with `*` for any letters, by what they mean, what
    a word begins with, ends with or holds."""

    exact: Mapping[str, frozenset[Meaning]]
    beginnings: Mapping[Meaning, tuple[str, ...]]
    ends: Mapping[Meaning, tuple[str, ...]]
    parts: Mapping[Meaning, tuple[str, ...]]

    @cached_property
    def refusing_words(self) -> frozenset[str]:
        """A word, folded, of each listed one that refuses, negates or is of an erasure."""
        parts = _REFUSES | _STATES
        return frozenset(
            word for word, said in self.exact.items() if any(part in parts for part, _ in said)
        )

    def speaks_of_leave(self, words: Sequence[str]) -> bool:
        """Whether the words say that somebody may be reached, or may not."""
        parts = {part for part, _ in self._all(words)}
        says_how = "contact" in parts and not parts.isdisjoint(_LEAVE)
        return says_how or not parts.isdisjoint({"permitted", "refused"})

    def are_fillers(self, words: Sequence[str]) -> bool:
        """Whether all words only join others, or are polite."""
        return all(any(part == "filler" for part, _ in said) for said in self._covered(words))

    def add_nothing(self, words: Sequence[str]) -> bool:
        """Whether all words beside a denial only join others, are polite, or say who wishes it."""
        return all(any(part in _BESIDE for part, _ in said) for said in self._covered(words))

    def leave(self, words: Sequence[str]) -> Leave:
        """What the words say, one after the other, the longest phrase first."""
        meant = list(self._covered(words))
        parts = [{part for part, _ in meanings} for meanings in meant]
        return Leave(
            is_whole=all(meant),
            channels=_channels(chain.from_iterable(meant)),
            refusals=sum(not found.isdisjoint(_REFUSES) for found in parts),
            is_asked=any(not found.isdisjoint(_ASKS) for found in parts),
            is_wish=any("wish" in found for found in parts),
            is_state=any(not found.isdisjoint(_STATES) for found in parts),
            is_absent=any("absence" in found for found in parts),
            is_granting=any("granting" in found for found in parts),
        )

    def negates(self, words: Sequence[str]) -> bool:
        """Whether a word negates: `not`, `no`, and not `unsubscribed`, which refuses by itself."""
        said = ({part for part, _ in self._of((word,))} for word in words)
        return any("refusal" in parts and "refused" not in parts for parts in said)

    def refuses_by_stem(self, words: Sequence[str]) -> bool:
        """Whether a single word refuses, in whatever form of it: `Löschantrag`."""
        return any(part in _REFUSES for word in words for part, _ in self._of((word,)))

    def says_paperwork(self, words: Sequence[str]) -> bool:
        """Whether a word says what became of the asking: `consent form sent`."""
        return any(part == "paperwork" for part, _ in self._all(words))

    def says_by_what(self, words: Sequence[str]) -> bool:
        """Whether a word says by which way something was said: `by phone`, `called`."""
        return any(part in _WAYS for part, _ in self._all(words))

    def may_be_trade(self, words: Sequence[str]) -> bool:
        """Whether two words may say what a business does not do: `No marketing`."""
        first, last = words[:1], words[1:]
        return self.refuses(first) and any(part == "trade" for part, _ in self._of(last))

    def is_channel(self, words: Sequence[str]) -> bool:
        """Whether the words are one channel, and say no more."""
        return any(part == "contact" and channel for part, channel in self._of(words))

    def refuses(self, words: Sequence[str]) -> bool:
        """Whether one of the words refuses or negates."""
        return any(part in _REFUSES for part, _ in self._all(words))

    def granted_channel(self, words: Sequence[str]) -> str | None:
        """The one channel that the words grant, where each of them is known and none refuses.

        `Consent by email` may say how it was given, and so may another form of the channel's word
        (`Zgoda mailem`); `Consent to contact by email` does not.
        """
        covered = list(self._covered(words))
        by_word = [{part for part, _ in meanings} for meanings in covered]
        if any(parts <= _NO_GRANT or not parts.isdisjoint(_DOUBTS) for parts in by_word):
            return None
        contacts = [
            meanings for meanings in covered if any(part == "contact" for part, _ in meanings)
        ]
        is_of_marketing = all(("contact", "marketing") in meanings for meanings in contacts)
        says_by_what = any("means" in parts for parts in by_word) or self._has_case(words)
        if says_by_what and len(contacts) == 1 and not is_of_marketing:
            return None
        meant = set(chain.from_iterable(covered))
        named = _channels(meant) or frozenset()
        is_granted = any(part == "agreement" for part, _ in meant) and len(named) == 1
        return next(iter(named)) if is_granted else None

    def _has_case(self, words: Sequence[str]) -> bool:
        """Whether the word of a channel has another form than the list, in a script whose languages
        say so by which way: `mailem`, `sähköpostilla`."""
        channels = {("contact", name) for name in ("email", "phone", "sms", "whatsapp")}
        plain = set(
            chain.from_iterable(
                words[start:end]
                for start in range(len(words))
                for end in range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1)
                if not channels.isdisjoint(self.exact.get("".join(words[start:end]), ()))
            )
        )
        return any(
            word not in plain and word < _FIRST_WITHOUT_CASE and not channels.isdisjoint(said)
            for word in words
            for said in [self._of((word,))]
        )

    def _all(self, words: Sequence[str]) -> Iterator[Meaning]:
        """What each word and each phrase of the words means."""
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST_PHRASE, len(words)) + 1):
                yield from self._of(words[start:end])

    def _covered(self, words: Sequence[str]) -> Iterator[frozenset[Meaning]]:
        """What the words mean one after the other, the longest phrase first; empty for a word that
        nobody knows."""
        start = 0
        while start < len(words):
            longest = min(_LONGEST_PHRASE, len(words) - start)
            for length in range(longest, 0, -1):
                meanings = self._of(words[start : start + length])
                if meanings or length == 1:
                    yield meanings
                    start += length
                    break

    @cached_property
    def _known(self) -> dict[tuple[str, ...], frozenset[Meaning]]:
        return {}

    def _of(self, phrase: Sequence[str]) -> frozenset[Meaning]:
        """What a phrase means; to look through all beginnings, ends and parts takes long."""
        key = tuple(phrase)
        if key not in self._known:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = frozenset(self._looked_up(key))
        return self._known[key]

    def _looked_up(self, phrase: tuple[str, ...]) -> set[Meaning]:
        found = set(self.exact.get("".join(phrase), ()))
        if len(phrase) == 1:
            (word,) = phrase
            found |= {means for means, stems in self.beginnings.items() if word.startswith(stems)}
            found |= {means for means, stems in self.ends.items() if word.endswith(stems)}
            found |= {
                means for means, stems in self.parts.items() if any(stem in word for stem in stems)
            }
        return found


def _channels(meanings: Iterable[Meaning]) -> frozenset[str] | None:
    found = {channel for part, channel in meanings if part == "contact"}
    named = found - {"", "marketing"} or ({"email"} if "marketing" in found else set())
    return frozenset(named) if found else None


def contact_permissions(rows: Iterable[tuple[str, Meaning]]) -> ContactPermissions:
    """The words of a list, each folded and without spaces, with what it means. `*` stands at the
    beginning, at the end, or at both."""
    exact: dict[str, frozenset[Meaning]] = {}
    beginnings: dict[Meaning, tuple[str, ...]] = {}
    ends: dict[Meaning, tuple[str, ...]] = {}
    parts: dict[Meaning, tuple[str, ...]] = {}
    for word, meaning in rows:
        stem = word.strip("*")
        if stem == word:
            exact[word] = exact.get(word, frozenset()) | {meaning}
            continue
        stems = parts if word[0] == word[-1] else ends if word[0] == "*" else beginnings
        stems[meaning] = (*stems.get(meaning, ()), stem)
    return ContactPermissions(exact, beginnings, ends, parts)
