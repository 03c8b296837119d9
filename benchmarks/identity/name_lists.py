"""How the lists of name shares that ship were made; run again only to renew them.

    pip install names==0.3.0 faker==40.63.0
    python -m benchmarks.identity.name_lists lead_platform/identity/shares

`names` (MIT) packs the lists of the United States Census of 1990, which are in the public domain;
`faker` (MIT) packs national lists, some with shares. Neither is needed to run the platform.
"""

import argparse
import csv
import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from lead_platform.vocabularies.text import fold

# Below this share a name is not listed; lower than any specification counts.
_LEAST = 5e-5
# What a list of a few hundred names covers, where it does not say. Those that do say cover 40 % of
# last names (Great Britain), 47 % (Taiwan), 66 % (Kenya), and 76 % of first names (Kenya).
_COVERED = {"first_names": 0.75, "last_names": 0.5}
# A list without shares that is longer than this holds rare names too, and does not say which.
_MOST_WITHOUT_SHARES = 1_200
Names = list[Any]
"""Of one country: a mapping of names to shares, or names alone, for men and for women."""
# National lists in Latin letters; lists of a handful are left out.
_LOCALES = (
    "cs_CZ", "da_DK", "de_AT", "de_CH", "de_DE", "en_GB", "en_IN", "en_KE", "en_NZ", "en_US",
    "es_AR", "es_CL", "es_CO", "es_ES", "es_MX", "fi_FI", "fr_BE", "fr_CA", "fr_CH", "fr_FR",
    "hu_HU", "it_IT", "nl_BE", "nl_NL", "no_NO", "pt_BR", "pt_PT", "sl_SI", "sv_SE", "tr_TR",
)  # fmt: skip
_ROMANIZED = ("ja_JP", "zh_CN", "zh_TW")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for kind, census in (("first_names", census_first_names), ("last_names", census_last_names)):
        write(folder / f"{kind}.csv", {"us_census_1990": census()} | national(kind))
    write(folder / "long_first_names.csv", national("first_names", of_long_lists))


def census_last_names() -> dict[str, float]:
    return _census("all.last")


def census_first_names() -> dict[str, float]:
    """Of all people: men and women in equal numbers."""
    shares: dict[str, float] = {}
    for kind in ("male.first", "female.first"):
        for name, share in _census(kind).items():
            shares[name] = shares.get(name, 0.0) + share / 2
    return shares


def _census(kind: str) -> dict[str, float]:
    import names

    path = Path(names.__file__).parent / f"dist.{kind}"
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: float(row[1]) / 100 for row in rows}


def of_long_lists(held: Names) -> bool:
    """Whether they hold rare names too, and no shares: enough to tell a name for a given one."""
    plain = [given for given in held if not isinstance(given, Mapping)]
    return sum(len(given or ()) for given in plain) > _MOST_WITHOUT_SHARES


def of_short_lists(held: Names) -> bool:
    """Whether they say how common a name is, about."""
    return not of_long_lists(held)


def national(
    kind: str, is_chosen: Callable[[Names], bool] = of_short_lists
) -> dict[str, dict[str, float]]:
    """One list per country; without shares all of its names are taken as equally common."""
    lists = {}
    for locale in (*_LOCALES, *_ROMANIZED):
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        parts = [kind]
        if kind == "first_names" and hasattr(provider, "first_names_male"):
            parts = ["first_names_male", "first_names_female"]
        if locale in _ROMANIZED:
            parts = [part.replace("names", "romanized_names") for part in parts]
        held = [getattr(provider, part, None) for part in parts]
        if not is_chosen(held):
            continue
        shares: dict[str, float] = {}
        for given in held:
            for name, share in _shares(given or {}, _COVERED[kind]).items():
                shares[name] = shares.get(name, 0.0) + share / len(held)
        lists[locale.lower()] = shares
    return lists


def _shares(given: Mapping[str, float] | Iterable[str], covered: float) -> dict[str, float]:
    """Shares of all people: as given, where they add up to less than all; or of the `covered`."""
    weights = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given, 1.0)
    total = sum(weights.values())
    if isinstance(given, Mapping) and 0.1 < total < 0.9:
        return weights
    if isinstance(given, Mapping) and 10 < total < 90:
        return {name: weight / 100 for name, weight in weights.items()}
    return {name: covered * weight / total for name, weight in weights.items()}


def write(path: Path, lists: Mapping[str, Mapping[str, float]]) -> None:
    """One row per list and value, as matching spells it, the commonest first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["list", "value", "share"])
        for name, shares in lists.items():
            folded: dict[str, float] = {}
            for given, share in shares.items():
                value = "".join(fold(given).split())
                folded[value] = folded.get(value, 0.0) + share
            for value, share in sorted(folded.items(), key=lambda entry: (-entry[1], entry[0])):
                if len(value) > 1 and share >= _LEAST:
                    rows.writerow([name, value, f"{share:.3g}"])


if __name__ == "__main__":
    main()
