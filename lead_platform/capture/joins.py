"""Party data by its key: the element of a list that says whom or what another element is about.

A batch of messages carries its senders in a list beside the messages, a form its questions beside
the answers, an order its customers. Which belongs to which is told by a key, never by position.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lead_platform.capture.paths import Getter, PartPath, PartPathText, PathText, compile_path
from lead_platform.capture.values import ValueFault, read_text, readable_text, show


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class JoinKey(BaseModel):
    """`key`: where an element of the list has its key; `of`: where that key stands around it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: PartPathText
    of: PathText


class JoinRule(BaseModel):
    """The element of `list` whose key equals a key of the record, or the value of it.

    `on`: pairs of keys, tried in this order; the first that finds an element decides. `value` is a
    path into the element; without it the element is the value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    list: PathText
    on: Annotated[tuple[JoinKey, ...], BeforeValidator(_as_list), Field(min_length=1)]
    value: PartPathText = PartPath("@")

    def paths(self) -> tuple[str, ...]:
        """The paths that see the record (those of the elements see an element only)."""
        return (self.list, *(pair.of for pair in self.on))


def compile_join(rule: JoinRule) -> Getter:
    """A function from a scope to the joined value, None where nothing has the key.

    It raises ValueFault where elements of one key differ in the value: which is meant, is not said.
    """
    elements, value = compile_path(rule.list), compile_path(rule.value)
    pairs = [(compile_path(pair.of), compile_path(pair.key), pair.key) for pair in rule.on]

    def find(scope: Any) -> Any:
        found = elements(scope)
        if not isinstance(found, list):
            return None
        for wanted_at, key_at, name in pairs:
            wanted = read_text(wanted_at(scope))
            if wanted and (matches := _with_key(found, key_at, wanted)):
                return _only([value(element) for element in matches], rule.list, name)
        return None

    return find


def _with_key(elements: list[Any], key_at: Callable[[Any], Any], wanted: str) -> list[Any]:
    return [element for element in elements if readable_text(key_at(element)) == wanted]


def _only(values: list[Any], where: str, key: str) -> Any:
    stated = [value for value in values if value is not None]
    if any(value != stated[0] for value in stated[1:]):
        raise ValueFault(
            f"{len(stated)} elements of {where} have the same {key} and say different things: "
            f"{', '.join(show(value) for value in stated[:3])}; name a key that tells them apart"
        )
    return stated[0] if stated else None
