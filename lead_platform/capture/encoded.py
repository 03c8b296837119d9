"""Cells that hold a record of their own: texts that the channel reads as JSON or urlencoded.

Their secrets are removed and their keys looked at like the record's, whoever wrote them in a text.
"""

import json
from collections.abc import Collection
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from lead_platform.capture.cells import read_urlencoded
from lead_platform.capture.channels import ChannelRules
from lead_platform.capture.paths import PartPath, RecordPath, names_of, paths_of
from lead_platform.capture.values import ValueFault, canonical_json
from lead_platform.vocabularies.secrets import REDACTED, SecretNames

# Webhooks nest some ten levels deep, texts in texts two.
_DEEPEST = 20


class EncodedCells:
    """The cells of a channel's records that are read by `parse`, known by their names."""

    def __init__(
        self, names: Collection[str], secrets: SecretNames, spared: Collection[str]
    ) -> None:
        """`spared`: names whose values are no secrets, for the channel reads them."""
        self._names = frozenset(names)
        self._secrets = secrets
        self._spared = spared

    def __bool__(self) -> bool:
        return bool(self._names)

    def redact(self, content: Any, found: list[Any], depth: int = 0) -> Any:
        """`content` without the secrets in such cells, itself where they hold none.

        What the cells hold is added to `found`, as it was.
        """
        if depth > _DEEPEST or not isinstance(content, dict | list):
            return content
        if isinstance(content, list):
            parts = [self.redact(part, found, depth + 1) for part in content]
            is_same = all(new is old for new, old in zip(parts, content, strict=True))
            return content if is_same else parts
        changed = {}
        for name, value in content.items():
            if name in self._names:
                value = self._redact_texts(value, found, depth)
            new = self.redact(value, found, depth + 1)
            if new is not content[name]:
                changed[name] = new
        return {**content, **changed} if changed else content

    def _redact_texts(self, value: Any, found: list[Any], depth: int) -> Any:
        if isinstance(value, list):
            parts = [self._redact_texts(part, found, depth) for part in value]
            is_same = all(new is old for new, old in zip(parts, value, strict=True))
            return value if is_same else parts
        if not isinstance(value, str) or depth > _DEEPEST:
            return value
        if value.lstrip()[:1] in ("{", "["):
            return self._redact_json(value, found, depth)
        return self._redact_pairs(value, found, depth) if "=" in value else value

    def _redact_json(self, text: str, found: list[Any], depth: int) -> str:
        has_twins = False

        def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            nonlocal has_twins
            content = dict(pairs)
            has_twins |= len(content) < len(pairs)
            return content

        try:
            content = json.loads(text, object_pairs_hook=collect)
        except (ValueError, RecursionError):
            return self._secrets.redact_text(text)
        found.append(content)
        redacted = self._secrets.redact(self.redact(content, found, depth + 1), self._spared)
        # Of two values of one key the first is in the text only.
        return canonical_json(redacted) if has_twins or redacted is not content else text

    def _redact_pairs(self, text: str, found: list[Any], depth: int) -> str:
        try:
            found.append(read_urlencoded(text.strip()))
        except ValueFault:
            return self._secrets.redact_text(text)
        return "&".join(self._redact_pair(pair, found, depth) for pair in text.split("&"))

    def _redact_pair(self, pair: str, found: list[Any], depth: int) -> str:
        name, _, value = pair.partition("=")
        keys = unquote_plus(name).replace("]", "").split("[")
        if value and any(key in self._secrets and key not in self._spared for key in keys):
            return f"{name}={REDACTED}"
        if not self._names.isdisjoint(keys):
            text = unquote_plus(value)
            redacted = self._redact_texts(text, found, depth + 1)
            return pair if redacted == text else f"{name}={quote_plus(redacted, errors='replace')}"
        return pair


def names_of_encoded(rules: ChannelRules) -> set[str]:
    """The names of all cells that a channel reads by `parse`, also where they come by `derive`, as
    an answer, or out of another such cell."""
    names: set[str] = set()
    waiting = [rule for rule in rules.rules() if rule.parse is not None]
    seen: set[str] = set()
    while waiting:
        rule = waiting.pop()
        mentioned = set(rule.column).union(*map(names_of, paths_of(rule, RecordPath, PartPath)))
        if rules.answers is not None and "_answers" in mentioned:
            mentioned |= names_of(rules.answers.value)
        names |= mentioned
        further = (mentioned & rules.derive.keys()) - seen
        seen |= further
        waiting += [rules.derive[name] for name in further]
    return names
