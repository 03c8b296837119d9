"""A condition on one field of a lead: what it accepts, why it does not, and how it reads aloud.

Owns the operators. Which fields exist belongs to `fields`, how conditions combine to `rules`.
"""

from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
    model_validator,
)

from lead_platform.fields import fields_of
from lead_platform.routing.fields import Column, known_values, routing_fields

Operator = Literal["equals", "in", "not_in", "at_least", "at_most", "is_present", "is_missing"]

# Matched conditions that read better than "<field> is <value>".
PHRASES: dict[tuple[str, Any], str] = {
    ("is_score_missing", True): "the score is missing",
    ("is_disposable_email", True): "the email address is disposable",
    ("is_role_email", True): "the email address is a shared mailbox",
    ("is_named_account", True): "the company is a named account",
    ("has_account_owner", True): "the company has an owner",
}


class Condition(BaseModel):
    """`field operator value`; `in` and `not_in` take `values`.

    A field that is not known meets no condition but `is_missing`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    operator: Operator
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None = None
    values: tuple[StrictStr, ...] = ()

    @model_validator(mode="after")
    def _fits_its_field(self, info: ValidationInfo) -> Self:
        fields = fields_of(info)
        kinds = routing_fields(fields)
        kind = kinds.get(self.field)
        if kind is None:
            raise ValueError(f"unknown field {self.field!r}; known: {', '.join(kinds)}")
        fault = self._operand_fault(kind)
        if fault:
            raise ValueError(f"{self.field} {self.operator}: {fault}")
        if known := known_values(self.field, fields):
            unknown = [value for value in self.named_values if value not in known]
            if unknown:
                raise ValueError(
                    f"{self.field} can never be {', '.join(unknown)}; allowed: {', '.join(known)}"
                )
        return self

    @property
    def named_values(self) -> tuple[str, ...]:
        """The texts the condition names."""
        return (*self.values, *((self.value,) if isinstance(self.value, str) else ()))

    def accepts(self, value: Any) -> bool:
        """Whether a field with this value meets the condition."""
        return _ACCEPTS[self.operator](self, value)

    def refusal(self, value: Any) -> str:
        """Why a field with this value does not meet the condition."""
        if value is None:
            return f"{self.field} is not known"
        if self.operator == "is_missing":
            return f"{self.field} is known"
        return f"{self.field} is {_shown(value)}, not {self._wanted()}"

    def phrase(self, value: Any) -> str:
        """How the met condition reads in an explanation."""
        if (self.field, value) in PHRASES:
            return PHRASES[(self.field, value)]
        label = self.field.replace("_", " ")
        if value is None:
            return f"{label} is missing"
        if self.field == "band":
            return f"score band {value}"
        return f"{label} is {_shown(value)}"

    def _wanted(self) -> str:
        if self.operator == "in":
            return " or ".join(self.values)
        if self.operator == "not_in":
            return "other than " + " or ".join(self.values)
        word = {"at_least": "at least ", "at_most": "at most "}.get(self.operator, "")
        return word + _shown(self.value)

    def _operand_fault(self, kind: str) -> str | None:
        takes_value = self.operator in ("equals", "at_least", "at_most")
        takes_values = self.operator in ("in", "not_in")
        if takes_value != (self.value is not None) or takes_values != bool(self.values):
            given = "`value`" if takes_value else "`values`" if takes_values else "neither value"
            return f"needs {given} and nothing else"
        if self.operator in ("at_least", "at_most") and kind != "number":
            return f"works on numbers, {self.field} is a {kind}"
        if takes_values and kind != "text":
            return f"works on texts, {self.field} is a {kind}"
        if takes_value and not isinstance(self.value, _OPERAND_TYPES[kind]):
            return f"value {self.value!r} is not a {kind}"
        if kind == "number" and isinstance(self.value, bool):
            return f"value {self.value!r} is not a number"
        return None


_OPERAND_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "number": (int, float),
    "truth": bool,
}
_ACCEPTS: dict[Operator, Callable[[Condition, Any], bool]] = {
    "equals": lambda condition, value: value is not None and value == condition.value,
    "in": lambda condition, value: value in condition.values,
    "not_in": lambda condition, value: value is not None and value not in condition.values,
    "at_least": lambda condition, value: value is not None and value >= condition.value,
    "at_most": lambda condition, value: value is not None and value <= condition.value,
    "is_present": lambda condition, value: value is not None,
    "is_missing": lambda condition, value: value is None,
}


def implies(narrow: Condition, wide: Condition) -> bool:
    """Whether everything `narrow` accepts is accepted by `wide` too."""
    if narrow.field != wide.field:
        return False
    if narrow == wide:
        return True
    if wide.operator == "is_present":
        return narrow.operator != "is_missing"
    if narrow.operator == "equals":
        return wide.accepts(narrow.value)
    if narrow.operator == "in":
        return all(wide.accepts(value) for value in narrow.values)
    if narrow.operator == "not_in" and wide.operator == "not_in":
        return set(wide.values) <= set(narrow.values)
    if narrow.operator == wide.operator and narrow.operator in ("at_least", "at_most"):
        return wide.accepts(narrow.value)
    return False


def segment_phrases(segments: Column, employees: Column) -> list[str]:
    """How each distinct value of the segment reads; both columns share their codes."""
    return [
        f"the company is {segment} ({_shown(count)} employees)"
        for segment, count in zip(segments.values, employees.values, strict=True)
    ]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:,}"
    return str(value)
