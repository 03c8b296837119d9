"""Secrets that sources send along (keys, tokens, signatures): known by name, never stored.

What a channel itself reads is no secret: Typeform's `token` is the id of a response.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

from lead_platform.patterns import OrderedPatterns, wildcard
from lead_platform.vocabularies.keys import Spellings

REDACTED = "[redacted]"
# Of a text that could not be parsed: a name, what sets it off, a value.
_PAIR = re.compile(
    r"""(?P<name>[\w.-]{3,60})(?P<between>"{0,2}'?\s{0,3}[:=]\s{0,3}"{0,2}'?)(?P<value>[^"',;&\s}]+)"""
)
# Webhooks nest some ten levels deep.
_DEEPEST = 100


class SecretNames:
    """The names under which secrets are sent, in any spelling: `google_key`, `accessToken`."""

    def __init__(self, names: Iterable[str]) -> None:
        """`*` in a name stands for any letters."""
        plain = [re.sub(r"[^\w*]|_", "", name.casefold()) for name in names]
        self._exact = frozenset(name for name in plain if "*" not in name)
        self._wildcards = OrderedPatterns(
            [wildcard(name.split("*")) for name in plain if "*" in name]
        )
        self._spellings = Spellings(self._is_listed)

    def __contains__(self, name: str) -> bool:
        return self._spellings.of(name)

    def _is_listed(self, plain: str) -> bool:
        return plain in self._exact or self._wildcards.first_in(plain) is not None

    def redact(self, content: Any, spared: Collection[str] = (), depth: int = 0) -> Any:
        """`content` without the values of secrets; itself where it holds none.

        `spared`: names whose values stay. `depth`: levels above `content`.
        """
        if depth > _DEEPEST:
            return content
        if isinstance(content, dict):
            return self._redact_object(content, spared, depth)
        if isinstance(content, list):
            parts = [self.redact(part, spared, depth + 1) for part in content]
            is_same = all(new is old for new, old in zip(parts, content, strict=True))
            return content if is_same else parts
        return content

    def _redact_object(
        self, content: dict[Any, Any], spared: Collection[str], depth: int
    ) -> dict[Any, Any]:
        changed: dict[Any, Any] = {
            name: REDACTED
            for name in content
            if name in self and name not in spared and _may_be_secret(content[name])
        }
        for name, value in content.items():
            if (type(value) is dict or type(value) is list) and name not in changed:
                new = self.redact(value, spared, depth + 1)
                if new is not value:
                    changed[name] = new
        return {**content, **changed} if changed else content

    def redact_text(self, text: str) -> str:
        """The same of a text whose parts are not known: `name=value` and `"name": "value"`."""

        def replace(pair: re.Match[str]) -> str:
            if pair["name"] not in self:
                return pair.group()
            return f"{pair['name']}{pair['between']}{REDACTED}"

        return _PAIR.sub(replace, text)


def _may_be_secret(value: Any) -> bool:
    """`is_token: true` tells nothing, and an empty value neither."""
    return bool(value) and value is not True
