"""What is read anew after its lists were edited is what a fresh load with them gives.

Only what had an issue used to be read anew: a word that came to mean something else, or left a
list, changed nothing of what had been taken in, and a rebuild from the files gave other leads.
"""

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings
from tests.identity.test_rereading import World, make_world

ROWS = (
    "Nora Quist,nora@quist-marine.example,,Quist Marine,Norway,Software,yes,",
    "Nora Quist,nora@gmail.com,,Quist Marine,Norway,Shipping,perchance,/pricing",
    "N. Quist,nora@quist-marine.example,,Quist Marine AS,Absurdistan,,no,/docs",
    "Ada Okafor,ada@okafor-foods.example,,Okafor Foods,Kenya,Retail,granted,/careers",
    "Ada Okafor,info@okafor-foods.example,,Okafor Foods,Kenya,Barging,,",
    "Ben Adler,ben@adler.example,,Adler,USA,Software,yes,/blog",
    "Ben Adler,ben@adler.example,,n/k,USA,software,denied,/pricing/plans",
    "Ada Adler,ada@okafor-foods.example,,Okafor Foods,,Retail,,",
)

Edit = Callable[[str], str]


def _append(row: str) -> Edit:
    return lambda text: f"{text}{row}\n"


def _drop(beginning: str) -> Edit:
    """Without the lines that begin so, in any case of letters."""

    def drop(text: str) -> str:
        lines = text.splitlines(keepends=True)
        kept = [line for line in lines if not line.lower().startswith(beginning)]
        assert len(kept) < len(lines), f"no line begins with {beginning!r}"
        return "".join(kept)

    return drop


def _replace(old: str, new: str) -> Edit:
    def replace(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return replace


# A word more, less, or of another meaning, in lists of capture and of identity.
EDITS: dict[str, tuple[str, Edit]] = {
    "another industry": ("industries.csv", _replace("\nsoftware,software\n", "\nsoftware,media\n")),
    "an industry less": ("industries.csv", _drop("retail,")),
    "an industry more": ("industries.csv", _append("Barging,logistics")),
    "a country more": ("countries.csv", _append("Absurdistan,NO")),
    "another country": ("countries.csv", _replace("\nUSA,US\n", "\nUSA,CA\n")),
    "a consent more": ("consents.csv", _append("perchance,granted")),
    "a consent less": ("consents.csv", _drop("yes,")),
    "a free mail domain more": ("free_mail_domains.csv", _append("okafor-foods.example")),
    "a free mail domain less": ("free_mail_domains.csv", _drop("gmail.com")),
    "a role mailbox more": ("role_mailboxes.csv", _append("nora")),
    "a role mailbox less": ("role_mailboxes.csv", _drop("info")),
    "a shared domain": ("shared_domains.csv", _append("quist-marine.example")),
    "no company": ("placeholders.csv", _append("company,n/k")),
    "a blank": ("blanks.csv", _append("Okafor Foods")),
    "no person": ("non_persons.csv", _append("text,*okafor*,junk,a competitor")),
    "another page": ("pages.csv", _replace("*/pricing*,pricing", "*/pricing*,demo")),
}


def edit(world: World, name: str) -> None:
    """Make one of the EDITS, over what was edited before."""
    file_name, change = EDITS[name]
    path = world.config / "vocabularies" / file_name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


@dataclass(frozen=True)
class Homes:
    """Homes to start from, copied for each test: without a lead, and with all ROWS taken in."""

    folder: Path

    def copy(self, name: str) -> World:
        """A home of its own that begins as the `empty` one or the `full` one."""
        target = self.folder / f"{name}-{len(list(self.folder.iterdir()))}"
        shutil.copytree(self.folder / name, target)
        settings = Settings(home=target / "home", config_dir=target / "config")
        return World(Lake(settings))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    """The homes to start from."""
    made = Homes(tmp_path_factory.mktemp("homes"))
    folder = made.folder / "empty"
    make_world(Settings(home=folder / "home"), folder / "config")
    full = made.copy("empty")
    take_in(full, list(range(len(ROWS))))
    full.lake.settings.home.parent.rename(made.folder / "full")
    return made


def take_in(world: World, rows: list[int], first: int = 0) -> None:
    """A file of these rows, and what a run does with it."""
    numbered = [f"{first + place},{ROWS[row]}" for place, row in enumerate(rows)]
    world.receive(*numbered)
    world.run()


GROUPS = {
    "words": ("another industry", "an industry more", "a consent less", "another page"),
    "people": ("a role mailbox more", "a free mail domain less", "no person"),
    "companies": ("a shared domain", "a blank", "no company", "another country"),
    "mailboxes": ("a free mail domain more", "a role mailbox less", "a consent more"),
    "values": ("an industry less", "a country more"),
}


def test_every_edit_is_tried() -> None:
    assert {name for names in GROUPS.values() for name in names} == set(EDITS)


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_edited_lists_end_as_a_fresh_load(homes: Homes, group: str) -> None:
    rebuilt, fresh = homes.copy("full"), homes.copy("empty")
    begun = rebuilt.state()
    for name in GROUPS[group]:
        edit(rebuilt, name)
        edit(fresh, name)
    rebuilt.rebuild(rows=3)
    take_in(fresh, list(range(len(ROWS))))
    _same(rebuilt, fresh)
    assert rebuilt.state() != begun
    assert fresh.behind() == 0, "what is read for the first time is not behind"


@pytest.mark.slow
@examples(max_examples=3, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_edits_in_any_order_and_slices_of_any_size_end_as_a_fresh_load(
    homes: Homes, data: st.DataObject
) -> None:
    """New rows come in between, before all that is old has been read anew."""
    drawn = data.draw(st.permutations(range(len(ROWS))))
    files = [drawn[:4], drawn[4:6], drawn[6:]]
    edits = data.draw(st.permutations(sorted(EDITS)))[:3]
    sizes = itertools.cycle(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    rebuilt, fresh = homes.copy("empty"), homes.copy("empty")
    first = 0
    for rows, name in zip(files, edits, strict=True):
        take_in(rebuilt, rows, first)
        first += len(rows)
        edit(rebuilt, name)
        edit(fresh, name)
        rebuilt.catch_up(next(sizes))
    rebuilt.rebuild(4)
    first = 0
    for rows in files:
        take_in(fresh, rows, first)
        first += len(rows)
    _same(rebuilt, fresh)


@pytest.mark.slow
def test_a_list_put_back_gives_what_was(homes: Homes) -> None:
    """The undo of what was read anew: leads that merged part again, junk comes back."""
    world = homes.copy("full")
    begun = world.state()
    kept: dict[Path, str] = {}
    for name in ("no person", "a free mail domain more", "a blank"):
        path: Path = world.config / "vocabularies" / EDITS[name][0]
        kept[path] = path.read_text(encoding="utf-8")
        edit(world, name)
    world.rebuild(rows=3)
    assert world.state() != begun
    for path, text in kept.items():
        path.write_text(text, encoding="utf-8")
    world.rebuild(rows=3)
    assert world.state() == begun


def _same(rebuilt: World, fresh: World) -> None:
    was, should = rebuilt.state(), fresh.state()
    for table in was:
        gone = [row for row in should[table] if row not in was[table]]
        new = [row for row in was[table] if row not in should[table]]
        assert (gone, new) == ([], []), table
