"""Whether a short word beside somebody's name is a note about the person: `Jane Doe (DNC)`.

Owns how notes are set off. Which words may be notes is for whoever asks; most of them are
somebody's name too (Robinson, Nix, Stop), and people write maiden names in brackets, surnames in
capitals and surnames first, so that a word counts only where none of that explains it.
"""

import re

_LETTERS = re.compile(r"[^\W\d_]+")
_VOWELS = frozenset("aeiouy")
_FEWEST_LETTERS = 3
_OPENING, _CLOSING = frozenset("([{<*（［【"), frozenset(")]}>*）］】")
# No comma: it stands behind surnames. A dash counts with a space, or it joins two names.
_DIVIDING = re.compile(r"(?:[/|:;#–—]|\s[-‐])\s*$")
_DIVIDED = re.compile(r"\s*(?:[/|:;–—]|[-‐]\s)")
# A date may stand behind the word, and is of the note.
_NO_WORDS = "!. 0123456789"
_PAIR = 2


def is_note(text: str, start: int, end: int, *, counts_bare: bool) -> bool:
    """Whether the word at `start` to `end` of `text` is a note beside the name there.

    An abbreviation, which has no vowel, is one wherever a sign sets it off, and with `counts_bare`
    in capitals too, at an end of a name that has small letters. A word that may be pronounced needs
    a sign, and another casing than names have.
    """
    word, head, tail = text[start:end], text[:start], text[end:].lstrip(_NO_WORDS)
    name = _LETTERS.findall(head) + _LETTERS.findall(text[end:])
    if not name:
        return False
    is_bracketed = head.rstrip()[-1:] in _OPENING and tail[:1] in _CLOSING
    leads = not _LETTERS.search(head) and _DIVIDED.match(text[end:]) is not None
    is_set_off = is_bracketed or leads or (not tail and _DIVIDING.search(head) is not None)
    has_capitals = any(part.isupper() and len(part) > 1 for part in name)
    if _is_abbreviation(word):
        is_at_an_end = not tail or (not _LETTERS.search(head) and len(name) >= _PAIR)
        is_plain = word.isupper() and not has_capitals and not "".join(name).islower()
        return is_set_off or (counts_bare and is_at_an_end and is_plain)
    if not is_set_off or (leads and not is_bracketed and len(name) < _PAIR):
        return False
    if word.isupper():
        return not has_capitals and not "".join(name).islower()
    return word.islower() and not "".join(name).islower()


def _is_abbreviation(word: str) -> bool:
    letters = word.lower()
    return len(word) >= _FEWEST_LETTERS and letters.isascii() and _VOWELS.isdisjoint(letters)
