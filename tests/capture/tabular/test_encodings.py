"""The encoding of a text that names none, told by the words it would give."""

from pathlib import Path

import pytest

from lead_platform.capture.lines import open_text, wide_encoding
from lead_platform.capture.tabular.encodings import find_encoding, judge_encoding
from lead_platform.capture.tabular.rules import TableRule


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Müller", "cp1252"), ("Lefèvre;Maëlle", "cp1252"), ("René", "cp1252"),
        ("Muñoz, Peña", "cp1252"), ("São Paulo João", "cp1252"), ("Bjørn Ødegård", "cp1252"),
        ("Jörg Groß 850.000,00 €", "cp1252"), ("O’Shea", "cp1252"), ("GARCÍA", "cp1252"),
        ("Größe 20°C «Société»", "cp1252"), ("Škoda Müller García", "cp1252"),
        ("Żaneta Wójcik", "cp1250"), ("Michał Łukasiewicz", "cp1250"), ("Dvořák Černý", "cp1250"),
        ("Doğan Şahin Yılmaz İstanbul", "cp1254"), ("Jānis Bērziņš", "cp1257"),
        ("José García", "mac_roman"), ("Größe Äpfel", "cp850"), ("Иван Петров", "cp1251"),
    ],
)  # fmt: skip
def test_words_tell_their_encoding(text: str, encoding: str) -> None:
    found = judge_encoding([text.encode(encoding)])
    assert found is not None
    assert text.encode(encoding).decode(found) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Jörg", "mac_roman"), ("Yılmaz", "cp1254"), ("François", "mac_roman"),
        ("山田太郎", "shift_jis"), ("王小明", "gbk"), ("Иван Петров", "koi8-r"),
    ],
)  # fmt: skip
def test_words_that_others_write_too_tell_none(text: str, encoding: str) -> None:
    assert judge_encoding([text.encode(encoding)]) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_wide_characters_become_utf8(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(f"id,n{end}1,Zoë 李{end}".encode(encoding))
    with open_text(path) as stream:
        assert stream.read().decode().replace("\r\n", "\n") == "id,n\n1,Zoë 李\n"
    assert "utf" in find_encoding(path, TableRule()).told


@pytest.mark.parametrize("data", [b"id,n\n1,A\0nn\n", b"\0" * 100, b"a,b\0c\0d\n" * 3])
def test_stray_nul_bytes_are_no_wide_characters(data: bytes) -> None:
    assert wide_encoding(data) is None


def test_what_is_set_beats_what_the_words_tell(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes("id,n\n1,Jörg\n".encode("mac_roman"))
    found = find_encoding(path, TableRule(encoding="mac_roman"))
    assert (found.name, found.otherwise) == ("mac_roman", None)


def test_a_damaged_utf8_file_is_no_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes("id,n\n1,Zoë\n2,Zo".encode() + b"\xeb\n")
    assert find_encoding(path, TableRule()).otherwise is None
