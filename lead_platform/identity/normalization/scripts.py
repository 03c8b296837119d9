"""Names in Latin letters, whatever script they are written in.

A name is spelled sign by sign, as anyascii (ISC licence) reads them: Сергей is Sergey, 小明 is
XiaoMing. Scripts that write no vowels (Arabic, Hebrew) come out without them; `COMPARABLE` tells
where the letters are all there, so that another spelling means another name.
"""

from anyascii import anyascii

# From here on no letter is Latin.
_FIRST_OTHER = 0x370
# Latin beyond its first blocks: Vietnamese and others.
_LATIN_AGAIN = range(0x1E00, 0x1F00)

# First and last code point of the scripts that spell every sound: Greek, Cyrillic, Armenian,
# Georgian, and Greek with its old accents.
COMPARABLE = ((0x370, 0x58F), (0x10A0, 0x10FF), (0x1F00, 0x1FFF))


def is_other_script(name: str) -> bool:
    """Whether a letter of `name` is no Latin one."""
    return any(_is_other(sign) for sign in name)


def latin(name: str) -> str:
    """`name` in Latin letters, word by word; what no letter is known for stays as it is.

    Signs that are words by themselves stand together: 小明 is one word, XiaoMing.
    """
    return " ".join(_spelled(word, anyascii(word)) for word in name.split())


def _spelled(word: str, found: str) -> str:
    letters = "".join(sign for sign in found if sign.isalnum() or sign in "-'")
    return letters or word


def _is_other(sign: str) -> bool:
    code = ord(sign)
    return code >= _FIRST_OTHER and code not in _LATIN_AGAIN and sign.isalpha()
