"""Numbers and money as people and spreadsheets write them: signs, thousands, either decimal mark.

"1.250" is a thousand and a quarter to one and one and a quarter to another. What has two readings
is read only where the channel says which marks it uses (`numbers`), else it is none: a silently
different number is worse than a missing one.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from lead_platform.capture.values import ValueFault, read_text, show
from lead_platform.vocabularies.currencies import Currencies
from lead_platform.vocabularies.quantities import QuantityWords

_LONGEST_NUMBER = 400
_AMOUNT_LIMIT = Decimal("1e16")
_INTEGER_LIMIT = 2_147_483_647
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " ") | {"’": "'", "−": "-"})
# Read alike by everybody, whatever the marks; nearly all that systems write.
_SIMPLE = re.compile(r"-?\d+\Z")
_POINT_AMOUNT = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,2})?\Z")
_POINT_DECIMALS = re.compile(r"-?\d*\.(?:\d{1,2}|\d{4,})\Z|-?(?:0|\d{4,})\.\d+\Z")
_EXPONENT = re.compile(r"([+-]?\d*(?:[.,]\d+)?)[eE]([+-]?\d{1,3})\Z")
_FIGURE = re.compile(r"[\d.,' ]*\d[\d.,' ]*")
_WITH_DASH = re.compile(r"(?<=\d)[.,](?:-{1,2}|–|—)$")
# A fils or baisa is a thousandth (ISO 4217: three decimals), so three digits may be decimals.
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


@dataclass(frozen=True)
class NumberMarks:
    """The marks a source sets in numbers. `thousands`: "" where it sets none."""

    decimal: str
    thousands: str = ""


def read_number(value: Any, marks: NumberMarks | None = None) -> float:
    """A finite number. Raises ValueFault."""
    return float(_decimal(value, marks))


def read_integer(value: Any, marks: NumberMarks | None = None) -> int:
    """A whole number that fits 32 bits. Raises ValueFault."""
    number = _decimal(value, marks, is_whole=True)
    if number != number.to_integral_value() or abs(number) > _INTEGER_LIMIT:
        raise ValueFault(f"{show(value)} is not a whole number up to {_INTEGER_LIMIT:,}")
    return int(number)


def read_amount(value: Any, currencies: Currencies, marks: NumberMarks | None = None) -> Decimal:
    """Money rounded to cents, below 10^16; the sign or code of a currency may stand with it.
    Raises ValueFault."""
    has_point = marks is None or marks.decimal == "."
    if type(value) is str and has_point and _POINT_AMOUNT.match(value):
        return _cents(Decimal(value), value)
    if type(value) is str:
        return _cents(_money(value, currencies, marks), value)
    return _cents(_decimal(value, marks), value)


def read_currency(value: Any, currencies: Currencies) -> str:
    """An ISO 4217 code in capitals, alone or beside an amount; signs that only one currency has.
    Raises ValueFault."""
    text = (read_text(value) or "").translate(_SPACES)
    if len(text) <= _LONGEST_NUMBER:
        codes = {currencies.code_of(sign) for sign in currencies.signs_in(text)} - {None}
        rest = currencies.without_signs(text)
        if len(codes) == 1 and not any(char.isalpha() for char in rest):
            return str(codes.pop())
    raise ValueFault(
        f"{show(value)} is not a currency of ISO 4217; allowed: EUR, USD, … and the signs of one "
        "currency in config/vocabularies/currencies.csv; map it with `values`"
    )


def read_money(value: Any, currencies: Currencies, marks: NumberMarks | None = None) -> Decimal:
    """Money that is not rounded yet, read as `read_amount` does. Raises ValueFault."""
    if type(value) is str:
        return _money(value, currencies, marks)
    return _decimal(value, marks)


@dataclass(frozen=True)
class UnitOfFigures:
    """What the figures of a text are multiplied by, unless a word beside them does so already, and
    what is known of how they are written."""

    factor: float
    currencies: Currencies
    quantities: QuantityWords
    marks: NumberMarks | None = None

    def applied(self, text: str) -> str:
        """`10-50` in thousands is `10000-50000`, `$25M` is what it says. Raises ValueFault where a
        figure has two readings."""
        if len(text) > _LONGEST_NUMBER:
            raise ValueFault(_no_number(text))
        words = _FIGURE.sub(" ", self.currencies.without_signs(text))
        if self.quantities.multipliers_in(words):
            return text if self.marks is None else plain_figures(text, self.marks)
        return _FIGURE.sub(lambda found: self._times(found.group(), text), text.translate(_SPACES))

    def _times(self, figure: str, shown: str) -> str:
        stripped = figure.strip(" .,'")
        if self.marks is None:
            codes = {self.currencies.code_of(sign) for sign in self.currencies.signs_in(shown)}
            has_cents = bool(codes) and not codes & _THREE_DECIMALS
            number = _undeclared(stripped, shown, is_whole=False, has_cents=has_cents)
        else:
            number = _declared(stripped, self.marks, shown)
        times = (number * Decimal(str(self.factor))).normalize()
        return figure.replace(stripped, _plainly(times), 1)


def plain_figures(text: str, marks: NumberMarks) -> str:
    """`text` with its figures written without thousands and with a decimal point, for what is
    read later by those who do not know the source's marks. Figures of other marks stay."""
    if len(text) > _LONGEST_NUMBER:
        return text
    return _FIGURE.sub(lambda found: _plain_figure(found.group(), marks), text.translate(_SPACES))


def _plain_figure(figure: str, marks: NumberMarks) -> str:
    stripped = figure.strip(" .,'")
    try:
        number = _declared(stripped, marks)
    except (ValueFault, InvalidOperation):
        return figure
    return figure.replace(stripped, _plainly(number), 1)


def _plainly(number: Decimal) -> str:
    """Three decimals would look like thousands again."""
    return f"{number:f}" + ("0" if number.as_tuple().exponent == -3 else "")


def _money(value: str, currencies: Currencies, marks: NumberMarks | None) -> Decimal:
    if len(value) > _LONGEST_NUMBER:
        raise ValueFault(_no_number(value))
    text = value.translate(_SPACES).strip()
    signs = currencies.signs_in(text)
    bare = currencies.without_signs(text).strip() if len(signs) == 1 else text
    bare, dashes = _WITH_DASH.subn("", bare)
    codes = {currencies.code_of(sign) for sign in signs}
    has_cents = bool(signs or dashes) and not codes & _THREE_DECIMALS
    return _decimal(bare, marks, shown=value, has_cents=has_cents)


def _cents(number: Decimal, value: Any) -> Decimal:
    if abs(number) >= _AMOUNT_LIMIT:
        raise ValueFault(f"{show(value)} is too large for an amount; the limit is 10^16")
    return number.quantize(Decimal("0.01"))


def _decimal(
    value: Any,
    marks: NumberMarks | None,
    *,
    shown: Any = None,
    is_whole: bool = False,
    has_cents: bool = False,
) -> Decimal:
    """`is_whole`: only a whole number is wanted; `has_cents`: three digits are no decimals."""
    if isinstance(value, bool):
        raise ValueFault(_no_number(value))
    if not isinstance(value, str):
        return _bounded(Decimal(str(value)) if _is_number(value) else None, value)
    if (marks is None or marks.decimal == ".") and _POINT_AMOUNT.match(value):
        return Decimal(value)
    given = value if shown is None else shown
    text = value.translate(_SPACES).strip()
    if len(text) > _LONGEST_NUMBER:
        raise ValueFault(_no_number(given))
    if _SIMPLE.match(text) and text.isascii():
        return _bounded(Decimal(text), given)
    text, dashes = _WITH_DASH.subn("", text)
    sign, text = _signed(text)
    has_cents = has_cents or bool(dashes)
    exponent = _EXPONENT.match(text)
    if exponent is not None:
        return _bounded(_scientific(exponent, marks), given) * sign
    if not _FIGURE.fullmatch(text) or not text.isascii():
        raise ValueFault(_no_number(given))
    if marks is not None:
        return _bounded(_declared(text, marks, given), given) * sign
    return _bounded(_undeclared(text, given, is_whole=is_whole, has_cents=has_cents), given) * sign


def _signed(text: str) -> tuple[int, str]:
    """-5, 5- and (5) are negative."""
    if text.startswith("(") and text.endswith(")"):
        return -1, text[1:-1].strip()
    if text.startswith(("-", "+")):
        return (-1 if text[0] == "-" else 1), text[1:].strip()
    if text.endswith("-"):
        return -1, text[:-1].strip()
    return 1, text


def _scientific(found: re.Match[str], marks: NumberMarks | None) -> Decimal | None:
    mantissa = found[1]
    if marks is not None:
        mantissa = mantissa.replace(marks.decimal, ".")
    try:
        return Decimal(f"{mantissa.replace(',', '.')}e{found[2]}")
    except InvalidOperation:
        return None


def _declared(text: str, marks: NumberMarks, shown: Any = None) -> Decimal:
    """By the marks the channel names, and no others."""
    whole, _, decimals = text.partition(marks.decimal)
    if marks.thousands and marks.thousands in whole:
        if not _is_grouped(whole, marks.thousands):
            raise ValueFault(_other_marks(shown or text, marks))
        whole = whole.replace(marks.thousands, "")
    if not (whole.isdecimal() or not whole) or not (decimals.isdecimal() or not decimals):
        raise ValueFault(_other_marks(shown or text, marks))
    return Decimal(f"{whole or 0}.{decimals or 0}") if decimals else Decimal(whole)


def _undeclared(text: str, shown: Any, *, is_whole: bool, has_cents: bool) -> Decimal:
    """By whichever marks leave one reading."""
    if _POINT_DECIMALS.match(text):
        return Decimal(text)
    marks = [char for char in text if not char.isdigit()]
    if not marks:
        return Decimal(text)
    last = marks[-1]
    whole, _, tail = text.rpartition(last)
    if len(set(marks)) > 1:
        is_decimal = last in ".,"
        separators = set(marks) - {last}
        if not is_decimal or marks.count(last) > 1 or len(separators) > 1:
            raise ValueFault(_no_number(shown))
        return _joined(whole, separators.pop(), tail, shown)
    if len(marks) > 1 or last in "' ":
        return _joined(text, last, "", shown)
    if len(tail) != 3 or len(whole) > 3 or whole in ("", "0"):
        return Decimal(f"{whole or 0}.{tail or 0}")
    if has_cents or (is_whole and tail != "000"):
        return Decimal(whole + tail)
    raise ValueFault(
        f"{show(shown)} may be {whole}{tail} or {whole}.{tail}; say which marks the source sets "
        "with `numbers` of the channel"
    )


def _joined(whole: str, thousands: str, decimals: str, shown: Any) -> Decimal:
    if not _is_grouped(whole, thousands):
        raise ValueFault(_no_number(shown))
    return Decimal(f"{whole.replace(thousands, '')}.{decimals or 0}")


@cache
def _grouping(thousands: str) -> re.Pattern[str]:
    """Groups of three, or as India sets them."""
    indian = r"|\d{1,2}(?:,\d{2})+,\d{3}" if thousands == "," else ""
    return re.compile(rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+{indian}")


def _is_grouped(whole: str, thousands: str) -> bool:
    return _grouping(thousands).fullmatch(whole) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _bounded(number: Decimal | None, shown: Any) -> Decimal:
    if number is None or not number.is_finite():
        raise ValueFault(_no_number(shown))
    if abs(number) > Decimal("1e100"):
        raise ValueFault(f"{show(shown)} is too large")
    return number


def _no_number(value: Any) -> str:
    return f"{show(value)} is not a number; allowed: 1234, 1,234.50, 1.234,50, 1e3"


def _other_marks(value: Any, marks: NumberMarks) -> str:
    example = f"1{marks.thousands}234{marks.decimal}50"
    return f"{show(value)} is not a number as `numbers` of the channel has them ({example})"
