"""What the reader of a format gives, record by record: a content, or why there is none.

Owns these values alone. Formats belong to `readers` and `tabular`, the mapping to `mapping`.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

EXCERPT_LENGTH = 10_000
"""Characters kept of what cannot be read."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that cannot be read: 'what: detail', and the beginning of its text."""

    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """Why the file as a whole, or the rest of it, cannot be read."""

    reason: str
    excerpt: str = ""


Content: TypeAlias = dict[str, Any] | Unreadable | RefusedFile


def excerpt_of(text: str) -> str:
    """The beginning of a text, of bounded length."""
    return text[:EXCERPT_LENGTH]
