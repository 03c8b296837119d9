"""Names of files are bytes: any of them can be handed on, shown and archived."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.names import path_as_text, path_of_text, shortened, shown, writable

NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: not {0, 47} & set(name))


@given(NAMES)
def test_any_path_is_handed_on_as_text(name: bytes) -> None:
    """A name in Latin-1 broke the run's configuration, its storage and the sensor's cursor."""
    path = Path("/inbox/web_form") / os.fsdecode(name)
    text = path_as_text(path)
    assert path_of_text(json.loads(json.dumps(text).encode())) == path
    assert text.encode().decode() == text
    shown(path).encode()
    assert shown(path).isprintable()


@given(st.text(st.characters(codec=None, categories=("L", "N", "P", "S", "Z", "C"))))
def test_any_text_is_written(text: str) -> None:
    """Half a sign of two in a reason raised, and nothing was noted."""
    written = writable(text)
    assert written.encode().decode() == written
    assert not text.isascii() or written == text
    shown(text).encode()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\ud800", "\\ud800"),
        ("a\udfff", "a\\udfff"),
        ("Gr\udcf6\udcdfe", "Gr\\xf6\\xdfe"),
        ("ö", "ö"),
    ],
)
def test_what_is_no_text_is_written_as_its_number(text: str, written: str) -> None:
    assert writable(text) == written


@given(NAMES)
def test_archived_names_fit_keep_their_prefix_and_their_suffix(name: bytes) -> None:
    """A name of 230 bytes grew past the file system's 255 and refused the run."""
    given_name = os.fsdecode(name)
    short = shortened(given_name, "del_0123__")
    assert len(os.fsencode(short)) <= 255
    assert short.startswith("del_0123__")
    if len(os.fsencode(Path(given_name).suffix)) <= 20:
        assert short.endswith(Path(given_name).suffix)


@pytest.mark.parametrize("name", ["a.csv", "Größe 1.csv", "100% sure.jsonl", "file:x"])
def test_ordinary_paths_are_themselves(name: str) -> None:
    path = Path("/inbox") / name
    assert path_as_text(path) == str(path)
    assert path_of_text(str(path)) == path
    assert shortened(name, "p_") == f"p_{name}"
