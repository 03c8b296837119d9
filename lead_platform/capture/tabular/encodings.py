"""In which encoding a text is written that does not say so.

Owns the judgement between encodings by the words they would give: each byte is some letter in all
of them, but few of the words are ones that people write, or that are known. Where two readings make
sense, none is taken. Marks, UTF-16 and what a channel sets come first.
(charset-normalizer took a wrong one for 27 of 88 lists of names in eleven languages.)
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from lead_platform.capture.lines import is_narrow, open_text, read_head, wide_encoding
from lead_platform.capture.tabular.code_pages import (
    LATIN,
    ONCE_CHOSEN,
    SEVERAL_BYTES,
    SINGLE_BYTES,
    is_sign,
    plain_words,
    writers,
)
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.lake.brake import check_brake
from lead_platform.vocabularies.accented_words import is_accented_word

# Bytes that in no encoding are the second half of a letter. What stands between them is decoded
# alone; of its words, those of letters count.
_CHUNKS = re.compile(rb"[\x40-\xff]*[\x80-\xff][\x40-\xff]*")
_WORDS = re.compile(r"[A-Za-z\x80-\U0010ffff]+")
_PLAIN = re.compile(r"[A-Za-z]")
_SLIPS = 0.05
"""Of the words in which two encodings differ, those that may be odd in the right one."""
_TELLING = 0.2
"""Those that are odd in a wrong one, once it is sure."""
_KNOWN = 0.1
"""Those that are known in the right one where none is odd in the other: of names, most lists have
a third, and a word of the wrong reading is known by chance only."""
_CANDIDATES_TOLD = 12
_MOST_WORDS = 20_000
_LONGEST_LINE = 65_536


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How the lines of a text are decoded.

    `name` first, `otherwise` for lines it does not fit. `told`: the file's encoding for people;
    `remark`: what they should know where it was found by its words. `candidates`: what lines that
    are not in `name` may be in, where that is not certain: those that differ in them are refused.
    """

    name: str
    otherwise: str | None
    told: str
    remark: str | None = None
    candidates: tuple[str, ...] = ()

    def doubt(self, line: bytes) -> str | None:
        """How a line reads in the candidates, where these make different texts of it."""
        texts = {line.decode(name, "replace") for name in self.candidates}
        return told_apart([line], self.candidates) if len(texts) > 1 else None


def find_encoding(path: Path, rule: TableRule) -> TextEncoding:
    """What the file says of itself, else what the channel sets, else what its words tell."""
    head = read_head(path)
    if (wide := wide_encoding(head)) is not None:
        return TextEncoding("utf-8", None, wide)
    if head.startswith(codecs.BOM_UTF8):
        return TextEncoding("utf-8", rule.fallback_encoding, "utf-8 with mark")
    if rule.encoding is not None:
        name = rule.encoding if is_narrow(rule.encoding) else "utf-8"
        return TextEncoding(name, None, rule.encoding)
    if rule.fallback_encoding is not None:
        told = f"utf-8, else {rule.fallback_encoding}"
        return TextEncoding("utf-8", rule.fallback_encoding, told)
    return _by_its_bytes(path)


def _by_its_bytes(path: Path) -> TextEncoding:
    if _is_utf8(path):
        return TextEncoding("utf-8", None, "utf-8")
    lines = _strange_lines(path)
    found = judge(lines) if lines else Judgement(None, ())
    if found.encoding is not None and not found.candidates:
        remark = f"It is not UTF-8; {found.encoding} is what its words make sense in."
        return TextEncoding("utf-8", found.encoding, found.encoding, remark)
    told = "Some lines are not UTF-8, and what they are is not certain"
    if found.candidates:
        told += f": {told_apart(lines, found.candidates)}"
    remark = f"{told}; write the file's own as `encoding` under `table` of the channel."
    return TextEncoding("utf-8", found.encoding, "utf-8", remark, found.candidates)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_text(path) as stream:
            while chunk := stream.read(1_048_576):
                check_brake()
                decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _strange_lines(path: Path) -> list[bytes]:
    """Lines that are no UTF-8; none where others hold more than ASCII and are: it is damaged."""
    strange: list[bytes] = []
    count = 0
    with open_text(path) as stream:
        while line := stream.readline(_LONGEST_LINE):
            if line.isascii():
                continue
            check_brake()
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                if len(line) < _LONGEST_LINE and count < _MOST_WORDS:
                    strange.append(line)
                    count += 1 + len(line) // 100
            else:
                return []
    return strange


@dataclass(frozen=True)
class Judgement:
    """`encoding`: what the lines make sense in, if anything. `candidates`: where it is not certain,
    all the encodings they may be in, the likelier first."""

    encoding: str | None
    candidates: tuple[str, ...]


def judge_encoding(lines: Iterable[bytes]) -> str | None:
    """The encoding whose words people write; None where several tell different ones alike."""
    found = judge(lines)
    return None if found.candidates else found.encoding


def judge(lines: Iterable[bytes]) -> Judgement:
    """The encoding whose words people write, or those that make sense alike."""
    chunks = Counter(_CHUNKS.findall(b"\n".join(lines)))
    readings = [
        reading
        for name in (*SINGLE_BYTES, *SEVERAL_BYTES)
        if (reading := _read(chunks, name)) is not None
    ]
    sure = [one for one in readings if all(_beats(one, other) for other in readings)]
    if sure and sure[0].is_credible():
        return Judgement(sure[0].encoding, ())
    rivals = [
        one
        for one in readings
        if not any(_beats(other, one) and not _beats(one, other) for other in readings)
    ]
    rivals = _told_once(_by_sense(rivals))
    if len(rivals) > 1 and rivals[0].is_credible():
        return Judgement(rivals[0].encoding, tuple(one.encoding for one in rivals))
    likely = [one for one in readings if 2 * one.misfits(chunks) <= chunks.total()]
    told = _told_once(_by_sense(likely if len(likely) > 1 else readings))
    return Judgement(None, tuple(one.encoding for one in told))


def _by_sense(readings: Iterable["_Reading"]) -> list["_Reading"]:
    return sorted(readings, key=lambda one: (-one.known(one.texts), one.misfits(one.texts)))


def told_apart(lines: Iterable[bytes], encodings: Sequence[str]) -> str:
    """One word of the lines as it reads in each encoding: where most of them differ."""
    chunks = list(dict.fromkeys(_CHUNKS.findall(b"\n".join(lines))))[:_MOST_WORDS]
    shown = encodings[:_CANDIDATES_TOLD]
    if not chunks:
        return ", ".join(shown)
    best = max(chunks, key=lambda chunk: len({_decoded(chunk, name) for name in shown}))
    return ", ".join(f"{_decoded(best, name)!r} in {name}" for name in shown)


@dataclass(frozen=True)
class _Reading:
    """What an encoding makes of the chunks: their text, how often each comes, whether a language
    of the encoding would write it and whether it is a known word."""

    encoding: str
    texts: dict[bytes, str]
    counts: Counter[bytes]
    _fitting: dict[bytes, bool] = field(default_factory=dict)
    _known: dict[bytes, bool] = field(default_factory=dict)

    def fits(self, chunk: bytes) -> bool:
        """Whether some language of the encoding would write it."""
        if chunk not in self._fitting:
            words = [w for w in _WORDS.findall(self.texts[chunk]) if not w.isascii()]
            self._fitting[chunk] = all(writers(word, self.encoding) for word in words)
        return self._fitting[chunk]

    def is_known(self, chunk: bytes) -> bool:
        """Whether it holds a word that the list of such has, or a sign."""
        if chunk not in self._known:
            text = self.texts[chunk]
            signs = map(is_sign, _WORDS.findall(text))
            self._known[chunk] = any(signs) or any(map(is_accented_word, plain_words(text)))
        return self._known[chunk]

    def misfits(self, chunks: Iterable[bytes]) -> int:
        """How often chunks come that nobody would write."""
        return sum(self.counts[chunk] for chunk in chunks if not self.fits(chunk))

    def known(self, chunks: Iterable[bytes]) -> int:
        """How many of the chunks are known words."""
        return sum(map(self.is_known, chunks))

    def is_credible(self) -> bool:
        """Whether nearly all is what people write, with the letters of rarer languages. Signs of
        other scripts always seem to be words, and these make some of few Latin letters: some must
        be known, or have more of the letters that ASCII has."""
        words = chain.from_iterable(map(plain_words, self.texts.values()))
        if not any(map(is_accented_word, words)):
            plain = sum(2 * len(_PLAIN.findall(text)) > len(text) for text in self.texts.values())
            if self.encoding not in LATIN or 2 * plain <= len(self.texts):
                return False
        odd = sum(
            self.counts[chunk]
            for chunk, text in self.texts.items()
            if not self.fits(chunk)
            and not all(
                writers(word, self.encoding, ONCE_CHOSEN)
                for word in _WORDS.findall(text)
                if not word.isascii()
            )
        )
        return odd <= self.counts.total() * _SLIPS


def _read(chunks: Counter[bytes], encoding: str) -> _Reading | None:
    """None where the encoding has no letter for some byte."""
    try:
        return _Reading(encoding, {chunk: chunk.decode(encoding) for chunk in chunks}, chunks)
    except UnicodeDecodeError:
        return None


def _beats(ours: _Reading, theirs: _Reading) -> bool:
    """Whether the first is right where the two differ, for reasons that lie in the text: the other
    makes of it what nobody writes, or only the first makes words that are known."""
    differing = [
        chunk
        for chunk, text in ours.texts.items()
        if text != theirs.texts[chunk] and (ours.fits(chunk) or theirs.fits(chunk))
    ]
    if not differing:
        return True
    total = sum(ours.counts[chunk] for chunk in differing)
    if ours.misfits(differing) > _SLIPS * total:
        return False
    known, known_otherwise = ours.known(differing), theirs.known(differing)
    if known >= max(1, _KNOWN * len(differing)) and 10 * known_otherwise <= known:
        return True
    odd = [chunk for chunk in differing if not theirs.fits(chunk)]
    is_odd = len(odd) >= _TELLING * len(differing) and theirs.misfits(odd) >= _TELLING * total
    return is_odd and known >= known_otherwise


def _told_once(readings: Iterable[_Reading]) -> list[_Reading]:
    """Without those that make the same of the text as one before."""
    told: list[_Reading] = []
    for reading in readings:
        if all(reading.texts != other.texts for other in told):
            told.append(reading)
    return told


def _decoded(chunk: bytes, encoding: str) -> str:
    return chunk.decode(encoding, "replace")
