"""Questions and answers of a form, as names and texts that a mapping can address.

Owns how answers get their names and which of them fill canonical fields by pattern; by the names
people give to fields, `questions` finds them. Fields that take an answer by its name are declared
in the channel and read in `fields`.
"""

import re
from typing import Any

from lead_platform.capture.channels import AnswersRule
from lead_platform.capture.documents import is_no_number, told_no_number
from lead_platform.capture.fields import RuleCompiler, no_value
from lead_platform.capture.paths import compile_path
from lead_platform.capture.questions import Asked
from lead_platform.capture.values import ValueFault, read_text, readable_text, told_repeat
from lead_platform.patterns import Pattern


class Answers(dict[str, str]):
    """Answers by name, with what `match` and `by_name` make of them and which names are used up.

    `refused`: field, name and reason of those that cannot be the field that is asked for;
    `unread`: name and reason of those that cannot be read at all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.matched: dict[str, str] = {}
        self.used: set[str] = set()
        self.refused: list[tuple[str, str, str]] = []
        self.unread: list[tuple[str, str]] = []

    def rest(self) -> dict[str, str]:
        return {name: value for name, value in self.items() if name not in self.used}


class AnswerReader:
    """A channel's `answers`, compiled: pairs of question and answer into names and texts."""

    def __init__(self, rule: AnswersRule, compiler: RuleCompiler) -> None:
        self._each = compile_path(rule.each)
        self._name = compiler.value(rule.name) if rule.name else no_value
        self._value = compile_path(rule.value)
        self._without_value, self._repeats = compiler.without_value, compiler.repeats
        self._is_macro = compiler.is_macro
        self._labels = rule.labels
        self._label_of = compile_path(rule.labels.of) if rule.labels else no_value
        self._match = [(name, Pattern(p, ignore_case=True)) for name, p in rule.match.items()]
        self._matches: dict[str, str | None] = {}
        self._mapped = _mapped_answers(compiler)
        self._source_field = compile_path(rule.field) if rule.field else no_value
        self._questions = compiler.questions()

    def read(self, content: dict[str, Any], derived: dict[str, Any]) -> "Answers":
        """The record's answers; a name that occurs twice keeps both values."""
        answers = Answers()
        given: dict[str, list[str]] = {}
        asked: list[Asked] = []
        elements = self._each(content)
        labels = self._label_table(content)
        for position, element in enumerate(elements if isinstance(elements, list) else (), start=1):
            scope = {"item": element, "record": content, "_derived": derived}
            try:
                value = read_text(self._value(scope))
            except ValueFault as fault:
                answers.unread.append((self._name_of(scope, labels, position), str(fault)))
                continue
            if value in self._repeats:
                name = self._name_of(scope, labels, position)
                answers.unread.append((name, told_repeat(value)))
            if value is None or value in self._without_value or self._is_macro(value):
                continue
            name = self._name_of(scope, labels, position)
            given.setdefault(name, []).append(value)
            if not self._use(answers, name, value):
                asked.append(Asked(name, value, readable_text(self._source_field(scope))))
        self._fill(answers, asked, given)
        # Joined at the end: one by one, a name given 50,000 times takes time by the square.
        answers.update((name, ", ".join(values)) for name, values in given.items())
        return answers

    def _name_of(self, scope: dict[str, Any], labels: dict[str, str], position: int) -> str:
        name = readable_text(self._name(scope)) or labels.get(str(self._label_of(scope)))
        return name or f"answer {position}"

    def _use(self, answers: Answers, name: str, value: str) -> bool:
        """Whether a field of the channel, or a pattern, takes the answer."""
        target = self._target(name)
        if name in self._mapped:
            answers.used.add(name)
        elif target is not None and target not in answers.matched:
            answers.matched[target] = value
            answers.used.add(name)
        else:
            return False
        return True

    def _fill(self, answers: Answers, asked: list[Asked], given: dict[str, list[str]]) -> None:
        """Fields that no pattern filled, from questions that are known by name."""
        if self._questions is None or not asked:
            return
        filled = self._questions.read(asked)
        for field, one in filled.answers.items():
            if field not in answers.matched:
                answers.matched[field] = one.answer
                # What else was answered under that name is kept as an answer.
                answers.used.update((one.question,) if len(given[one.question]) == 1 else ())
        answers.refused += filled.refused

    def _target(self, name: str) -> str | None:
        if name not in self._matches:
            if len(self._matches) > 10_000:
                self._matches.clear()
            found = (field for field, pattern in self._match if pattern.found_in(name))
            self._matches[name] = next(found, None)
        return self._matches[name]

    def _label_table(self, content: dict[str, Any]) -> dict[str, str]:
        if self._labels is None:
            return {}
        key, value = compile_path(self._labels.key), compile_path(self._labels.value)
        elements = compile_path(self._labels.each)(content)
        pairs = [(key(part), readable_text(value(part))) for part in elements or ()]
        return {str(name): label for name, label in pairs if name is not None and label}


class UnmappedAnswers:
    """What a record says under names that the channel does not mention, as answers."""

    def __init__(self, compiler: RuleCompiler) -> None:
        self._mentioned = frozenset((*compiler.channel_rules.mentioned_names(), *_NO_ANSWERS))
        self._without_value, self._repeats = compiler.without_value, compiler.repeats
        self._is_macro = compiler.is_macro

    def answers(self, record: dict[str, Any]) -> dict[str, Any]:
        """Name to text of each such value that is filled; lists and objects stay in the payload."""
        return {
            name: text
            for name, value in record.items()
            if name not in self._mentioned
            and not isinstance(value, list | dict)
            and (text := readable_text(value))
            and text not in self._without_value
            and not self._is_macro(text)
        }

    def unread(self, record: dict[str, Any]) -> list[tuple[str, str]]:
        """Name of each such value that stands for a number or for another record's, and is none,
        and why."""
        return [
            (name, told_repeat(value.strip()) if type(value) is str else told_no_number(value))
            for name, value in record.items()
            if name not in self._mentioned
            and (value.strip() in self._repeats if type(value) is str else is_no_number(value))
        ]


# What intake itself puts beside a record's own values.
_NO_ANSWERS = ("_derived", "_answers", "report")


def _mapped_answers(compiler: RuleCompiler) -> frozenset[str]:
    """Names of answers that some field takes as `_answers.<name>`, alone or as a choice."""
    rules = compiler.channel_rules
    fields = [rule for emit in rules.emits for rule in emit.fields.values()]
    found = (_ANSWER_NAME.findall(path) for rule in fields for path in rule.paths())
    return frozenset(quoted or plain for names in found for quoted, plain in names)


_ANSWER_NAME = re.compile(r'_answers\.(?:"([^"]+)"|(\w+))')
