"""Vocabularies as they are looked up in: spellings and patterns to canonical values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, cast

from lead_platform.patterns import OrderedPatterns
from lead_platform.vocabularies.currencies import Currencies
from lead_platform.vocabularies.dating import without_dates
from lead_platform.vocabularies.macros import Macros
from lead_platform.vocabularies.non_persons import NonPersonSigns
from lead_platform.vocabularies.particles import are_particles
from lead_platform.vocabularies.quantities import QuantityWords
from lead_platform.vocabularies.rows import (
    CONTACT_CHANNELS,
    Consent,
    ContactChannel,
    OptOut,
    OptOutChannel,
    PlaceholderField,
)
from lead_platform.vocabularies.secrets import SecretNames
from lead_platform.vocabularies.signs import read_sign
from lead_platform.vocabularies.text import fold

_LEAST_LETTERS = 9
_PAIR = 2
# ISO 639-2, for words that are the same in many: SMS, WhatsApp.
_ANY_LANGUAGE = "mul"
# What lists to pick from set around the word for "nothing picked".
_FRAMES = frozenset("-‐‑‒–—―−_=~*#|<>()[]{}«»‹›＜＞（）［］｛｝【】「」〈〉《》")
_IN_PARTS = re.compile(r"\s*[,;()\[\]|]\s*|\s+[-–—]\s+|\.\s+")
_OF_ITS_COLUMN: tuple[OptOutChannel, ...] = ("", "list")
# From here on scripts write several words without a space between them.
FIRST_IDEOGRAPH = "\u2e80"


@dataclass(frozen=True)
class AliasTable:
    """Spellings of controlled values: exact ones first, then those with `*`, in file order."""

    file_name: str
    exact: Mapping[str, str]
    wildcards: "PatternTable"

    def find(self, text: str) -> str | None:
        """The canonical value of `text`, or None."""
        key = fold(text)
        if key in self.exact:
            return self.exact[key]
        return self.wildcards.find(key)


@dataclass(frozen=True)
class PatternTable:
    """Ordered rules: the first pattern found in a text decides."""

    file_name: str
    patterns: OrderedPatterns
    values: tuple[str, ...]

    def find(self, text: str) -> str | None:
        """The value of the first rule that matches in `text`, or None."""
        position = self.patterns.first_in(text)
        return None if position is None else self.values[position]


@dataclass(frozen=True, repr=False)
class Vocabularies:
    """Everything normalisation looks up, and `version`, which names it."""

    version: str
    industries: AliasTable
    sources: AliasTable
    purchase_timeframes: AliasTable
    preferred_channels: AliasTable
    consents: AliasTable
    seniorities: PatternTable
    job_functions: PatternTable
    pages: PatternTable
    countries: Mapping[str, str]
    regions: Mapping[tuple[str, str], str]
    region_time_zones: Mapping[tuple[str, str], str]
    placeholders: Mapping[str, frozenset[str]]
    macros: Macros
    currencies: Currencies
    quantities: QuantityWords
    role_mailboxes: frozenset[str]
    free_mail_domains: frozenset[str]
    shared_domains: frozenset[str]
    page_sites: frozenset[str]

    def __repr__(self) -> str:
        return f"Vocabularies({self.version})"

    def is_placeholder(self, field: PlaceholderField, text: str) -> bool:
        """Whether `text` only fills the field ("n/a", "test")."""
        key = fold(text)
        return key in self.placeholders["any"] or key in self.placeholders[field]

    def is_placeholder_beside_a_name(self, key: str) -> bool:
        """Whether `key`, folded, is no name even where another part of the name is given: "n/a" is
        none, but Guest and Blank are surnames too."""
        if key in self.placeholders["whole_name"]:
            return False
        return key in self.placeholders["any"] or key in self.placeholders["name"]


@dataclass(frozen=True, repr=False)
class IntakeLists:
    """What capture looks up while it maps: few and small, for they travel with each channel.

    `version` names the lists that decide what a value becomes. `placeholders` are not among them:
    they decide what is let in, and nothing that is in. `refusals`: the words of `opt_outs` that
    deny, by what their row names: a channel, `all` of them, a `list` or nothing, which is for the
    column to say. `channel_words`: what is one channel and says no more; `fillers`: what stands
    beside such words; `absences`: what says of one that there is none, or that it did not come.
    `without_consent`: folded states by which nobody agreed and nobody refused. `repeats`: the marks
    for the value of the row above, as they are listed (`spellings`).
    """

    consents: AliasTable
    opt_outs: AliasTable
    refusals: Mapping[OptOutChannel, AliasTable]
    channel_words: Mapping[str, "ChannelWord"]
    fillers: frozenset[str]
    absences: frozenset[str]
    without_consent: frozenset[str]
    deal_stages: AliasTable
    truths: AliasTable
    blanks: frozenset[str]
    repeats: frozenset[str]
    macros: Macros
    secrets: SecretNames
    non_persons: NonPersonSigns
    currencies: Currencies
    quantities: QuantityWords
    placeholders: Mapping[str, frozenset[str]]
    version: str

    def __repr__(self) -> str:
        return "IntakeLists"

    def says_consent(self, text: str, channel: str = "") -> Consent | None:
        """What a word says in a column of consents to `channel`, such as phone; None where nobody
        knows, or it speaks of another channel.

        A grant is one only where no other sign than a tick stands beside it; an empty box and a
        cross deny.
        """
        words, sign = read_sign(text)
        found = self.consents.find(words)
        if found == "granted" and sign != "none":
            return None if sign == "unclear" else "denied"
        if found is None:
            named = self._named_by(words)
            is_meant = channel in named if channel else bool(named)
            is_denied = is_meant or self._names_none(words) or self._refuses_in_part(text)
            found = "denied" if is_denied else None
        return cast(Consent | None, found)

    def _refuses_in_part(self, text: str) -> bool:
        """Whether one part of a text refuses and none agrees: `No (verbal)`, `No, e-mail only`,
        `Opted out on 2024-01-01`."""
        # A long row of blanks would be gone through again from each of them.
        text = " ".join(text.split())
        undated = without_dates(text)
        parts = [
            part for part in _IN_PARTS.split(undated.text if undated else text) if part.strip()
        ]
        if parts == [text]:
            return False
        said = {self.consents.find(part) for part in parts}
        denies = "denied" in said or any(map(self._names_none, parts))
        return denies and "granted" not in said

    def states_no_consent(self, text: str) -> bool:
        """Whether a word in a column of consents or opt-outs says neither: `Bounced`, `Pending`."""
        return fold(text) in self.without_consent

    def denied_channels(self, text: str) -> tuple[ContactChannel, ...]:
        """The channels that a word of the opt-outs denies by itself: each where it names none."""
        words, sign = read_sign(text)
        if sign not in ("none", "crossed"):
            return ()
        return CONTACT_CHANNELS if self._names_none(words) else self._named_by(words)

    def named_channels(self, text: str) -> tuple[ContactChannel, ...]:
        """Those that it denies whatever column of consents it stands in; none of a word of the
        consents, which speaks of its column alone."""
        words, sign = read_sign(text)
        if sign not in ("none", "crossed") or self.consents.find(words) is not None:
            return ()
        return self._named_by(words)

    def prefers_no_channel(self, text: str) -> bool:
        """Whether a word says `not at all`, where somebody says by which channel to be reached.

        Only bare: `-Keine-` is what lists to pick from show where nothing is picked.
        """
        bare = text.strip()
        if not bare or bare[0] in _FRAMES or bare[-1] in _FRAMES:
            return False
        return self.refusals["preference"].find(bare) is not None

    def is_courtesy(self, text: str) -> bool:
        """Whether a text beside a wish says nothing: `please`."""
        key = fold(text)
        return key in self.fillers and key not in self.channel_words

    @cached_property
    def denials_in_names(self) -> "DenialPhrases":
        """Those denials of the opt-outs that are no names themselves."""
        denials = self._denials()
        phrases = {p: of for p, of in denials.items() if not _may_be_name(p.split())}
        return _denial_phrases(phrases, self.fillers)

    @cached_property
    def composed_denials(self) -> "DenialPhrases":
        """What denies a channel in one listed phrase (`no calls`), before the other words of
        channels in that language (`no phone`)."""
        phrases = self.denials_in_names.channels
        denials = self._denials()
        languages: dict[str, frozenset[str]] = {}
        for phrase, channels in phrases.items():
            words = phrase.split()
            for start in range(1, len(words)):
                word = self.channel_words.get(" ".join(words[start:]))
                if word is not None and word.channels == channels:
                    head = " ".join(words[:start])
                    spoken = frozenset() if _ANY_LANGUAGE in word.languages else word.languages
                    languages[head] = languages.get(head, frozenset({_ANY_LANGUAGE})) | spoken
                    break
        composed = {
            phrase: word.channels
            for head, spoken in languages.items()
            # What denies by itself (Baja, Stop, Nix) may be a surname before another.
            if head not in denials
            for text, word in self.channel_words.items()
            if not spoken.isdisjoint(word.languages)
            and (phrase := f"{head} {text}") not in phrases
            and not _may_be_name(phrase.split())
        }
        return _denial_phrases(composed, self.fillers)

    @cached_property
    def denying_notes(self) -> Mapping[str, tuple[str, ...]]:
        """The single words among those denials that may be names themselves."""
        denials = self._denials()
        return {p: of for p, of in denials.items() if " " not in p and _may_be_name((p,))}

    def _denials(self) -> dict[str, tuple[str, ...]]:
        """Each phrase of the opt-outs that denies, folded, with the channels that it denies."""
        return {
            phrase: (channel,) if channel in CONTACT_CHANNELS else CONTACT_CHANNELS
            for channel, table in self.refusals.items()
            if channel != "preference"
            for phrase in table.exact
        }

    def _names_none(self, words: str) -> bool:
        """Whether it denies, and leaves to its column what."""
        return any(self.refusals[of].find(words) is not None for of in _OF_ITS_COLUMN)

    def _named_by(self, words: str) -> tuple[ContactChannel, ...]:
        if self.refusals["all"].find(words) is not None:
            return CONTACT_CHANNELS
        return tuple(
            channel
            for channel in CONTACT_CHANNELS
            if self.refusals[channel].find(words) is not None
        )

    def says_opt_out(self, text: str) -> OptOut | None:
        """What a word says in a column of opt-outs, where a yes denies and a no says nothing;
        None where nobody knows.

        The word for an opt-out beside an empty box is none, beside any other sign it counts; that
        for no opt-out counts where no sign but a tick stands beside it, or a cross beside a no.
        """
        words, sign = read_sign(text)
        found = self._opt_out_of(words)
        if found == "denied":
            return "not_denied" if sign == "unticked" else found
        is_crossed_no = sign == "crossed" and self.truths.find(words) == "no"
        return found if sign == "none" or is_crossed_no else None

    def _opt_out_of(self, words: str) -> OptOut | None:
        found = self.opt_outs.find(words)
        if found is None and self.refusals["preference"].find(words) is not None:
            # `Never` to be reached, or never opted out?
            return None
        if found is None and self.consents.find(words) is not None:
            return "denied"
        if found is None and (truth := self.truths.find(words)) is not None:
            return "denied" if truth == "yes" else "not_denied"
        return cast(OptOut | None, found)


class ChannelWord(NamedTuple):
    """What a word of one channel means, and in which languages."""

    channels: tuple[str, ...]
    languages: frozenset[str]


class DenialPhrases(NamedTuple):
    """Folded phrases with the channels they deny; `signs`: words of which each phrase has one;
    `longest`: the most words of a phrase."""

    channels: Mapping[str, tuple[str, ...]]
    signs: frozenset[str]
    longest: int


def _denial_phrases(
    channels: Mapping[str, tuple[str, ...]], fillers: frozenset[str]
) -> DenialPhrases:
    def telling(word: str) -> tuple[bool, int]:
        # `please` and `information` stand in every second text.
        return word not in fillers, len(word)

    signs = frozenset(max(phrase.split(), key=telling) for phrase in channels)
    longest = max((len(phrase.split()) for phrase in channels), default=0)
    return DenialPhrases(channels, signs, longest)


def _may_be_name(words: Sequence[str]) -> bool:
    """A single short word may be a surname (Robinson, Baja, Nix), one behind a particle too."""
    if len(words) == 1:
        return len(words[0]) < _LEAST_LETTERS and words[0] < FIRST_IDEOGRAPH
    return len(words) == _PAIR and are_particles(words[0])


def truth_of(truths: AliasTable, text: str) -> Literal["yes", "no"] | None:
    """Whether a text says yes or no; None where nobody knows, or where a sign makes it doubtful.

    An empty box beside a yes is a no, a cross beside a no leaves it one.
    """
    words, sign = read_sign(text)
    found = cast(Literal["yes", "no"] | None, truths.find(words))
    if sign == "none" or (found == "no" and sign == "crossed"):
        return found
    return "no" if found == "yes" and sign == "unticked" else None
