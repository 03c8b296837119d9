"""What stands beside a word that says yes: a tick, an empty box, a cross, a stroke, a doubt.

`text.fold` drops all of them, which makes a grant of `☐ Yes`. What the word means is for `tables`.
"""

import re
import unicodedata
from typing import Literal

Sign = Literal["none", "unticked", "crossed", "unclear"]
"""`none`: a tick or harmless punctuation. `unclear`: any other sign, or two that contradict."""

# What forms and office programs draw. ☒ and ❎ stand for a choice as often as against one.
_TICKED = frozenset("☑✓✔✅🗸🗹👍◉⦿")
_UNTICKED = frozenset("☐□▢◻⬜◽❏❐❑❒🔲🔳○◯⚪")
_CROSSED = frozenset("❌✗✘✕✖×🗙🗴🗵🚫⛔⊘👎")
_HARMLESS = frozenset(".,;:!'’‘‚`´ʼ′\"“”„‟«»‹›()[]-‐‑‒–—―_/&+*=|·•…。、，！；：（）「」『』؛،¡")
# As people type them: [x] Yes, (•) Yes; [ ] Yes, ( ) Yes.
_TICKED_BOX = re.compile(r"^\W*?[\[(]\s*[xX*•●✓✔]\s*[\])]|[\[(]\s*[xX*•●✓✔]\s*[\])]\W*$")
_EMPTY_BOX = re.compile(r"[\[(（][\s_.]*[\])）]")
_NEGATION = re.compile(r"^\W*!")
# Marks that strike a letter out (`y̶e̶s̶`) have this class of combination; accents have others.
_OVERLAY = 1


def read_sign(text: str) -> tuple[str, Sign]:
    """`text` without a typed box, and what the signs in it say of its words.

    Signs without a word are words themselves: for them the text comes back as it is.
    """
    if text.isalnum():
        return text, "none"
    rest, boxes_ticked = _TICKED_BOX.subn(" ", text, count=1)
    rest, boxes_empty = _EMPTY_BOX.subn(" ", rest)
    if not any(character.isalnum() for character in rest):
        return text, "none"
    found: set[Sign] = {sign for character in rest if (sign := _sign_of(character)) != "none"}
    if boxes_empty:
        found.add("unticked")
    is_ticked = bool(boxes_ticked) or not _TICKED.isdisjoint(rest)
    if len(found) + is_ticked > 1 or _NEGATION.match(rest):
        return rest, "unclear"
    return rest, found.pop() if found else "none"


def _sign_of(character: str) -> Sign:
    if character.isascii() and (character.isalnum() or character.isspace()):
        return "none"
    if character in _UNTICKED:
        return "unticked"
    if character in _CROSSED:
        return "crossed"
    if character in _HARMLESS or character in _TICKED:
        return "none"
    category = unicodedata.category(character)
    is_struck = category == "Me" or unicodedata.combining(character) == _OVERLAY
    is_text = category[0] in "LMNZ" or category in ("Cf", "Cc")
    return "none" if is_text and not is_struck else "unclear"
