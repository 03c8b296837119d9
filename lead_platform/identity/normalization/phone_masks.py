"""Signs that stand for digits which are not there: masks ("+43 664 22**"), cuts ("+49 89 1234…").

What is left of such a number is often another valid one, so `phone_texts` reads none in it. Signs
that only set off or stress words, end a sentence or begin a list are left as they are.
"""

import re

# Every run of such signs becomes this one, which no number has.
MISSING_DIGITS = "\ufffd"
_DASH = r"[‐-―−-]"
_MASK = rf"*?_¿†•●○◦■□▪▫∙⋅★☆░▒▓█⋯{MISSING_DIGITS}"
_LETTER = r"[^\W\d_]"
# Between digits and a sign that stands for more of them.
_GAP = r"[\s()\[\]/.+~=\"'‐-―−-]*"
_END = r"(?=[\s)\]]*(?:$|[;,|]))"
# "555-2671 x12", "5550 #12": `phone_texts` takes it off, and `phones` asks whether it may be more.
_NO_EXTENSION = rf"(?!\s*[.:=]?\s*\d{{1,7}}\s*\)?\s*(?:$|[;,|/&+(]|{_LETTER}))"
_SIGNS = rf"(?:[{_MASK}](?:\s?[{_MASK}#])*+|#(?:\s?[{_MASK}#])++|·(?:\s?·)++|~(?:\s?~)++)"
_HASH = rf"#{_NO_EXTENSION}"
_LETTERS = (
    rf"(?<!{_LETTER})(?:[xх×](?:\s?[xх×])++|n{{2,}}|o{{2,}}|[xх×]{_NO_EXTENSION})(?!{_LETTER})"
)
_DASHES = rf"{_DASH}(?:\s?{_DASH})++"
_DOTS = r"\.(?:\s?\.)++"
_BEFORE_DIGITS = (
    rf"(?<!{_LETTER}){_SIGNS}",
    # Not the sign of a number: "Tel. #030 5550".
    rf"(?<!{_LETTER})(?<!{_LETTER}[ .])(?<!{_LETTER}\.\s){_HASH}",
    _LETTERS,
    # Not a dash between words, nor a leader: "Mobil -- 0151", "Tel..... 030".
    rf"(?<!{_LETTER})(?<!{_LETTER}\s){_DASHES}",
    rf"(?<![\d.])(?<!\d\s)(?<!{_LETTER}){_DOTS}",
)
_BEHIND_DIGITS = (
    # Not one that stresses a word: "030 5550 *mobil*".
    rf"(?:{_SIGNS}|{_HASH})(?!{_LETTER})",
    _LETTERS,
    rf"{_DASHES}(?!\s?{_LETTER})",
    # Digits behind it are another ending, "5550-12...13": `phone_texts` looks at them.
    rf"{_DOTS}(?!\s?\d)",
)
_MASKED = re.compile(
    rf"(?:{'|'.join(_BEFORE_DIGITS)}){_GAP}(?=\d)|(?<=\d){_GAP}(?:{'|'.join(_BEHIND_DIGITS)})"
    rf"|(?<=\d)(?:[{_MASK}#]{{2,}}+|{_DASHES}(?!\s{_LETTER}))"
    # A single one: "-51 5550", not "- 0151 5550"; "5550-", "5550~".
    rf"|^(?:{_DASH}|[~·])(?=\(?\d)|(?<=\d)[\s)]*(?:{_DASH}|[~·]){_END}",
    re.IGNORECASE,
)
_EXTENSION_OR_DIGIT = re.compile(r"(?<=\d)([\s()./-]*)[x#](?=\d{1,7}\s*\)?$)", re.IGNORECASE)


def mark_missing_digits(text: str) -> str:
    """`text` with one sign for each run of signs that stands for digits."""
    return _MASKED.sub(MISSING_DIGITS, text)


def with_digits_for_a_sign(text: str) -> tuple[str, ...]:
    """What "030 58948x21" may be beside a number with an extension: ten numbers, one digit of
    which is masked."""
    if _EXTENSION_OR_DIGIT.search(text) is None:
        return ()
    return tuple(_EXTENSION_OR_DIGIT.sub(rf"\g<1>{digit}", text) for digit in "0123456789")
