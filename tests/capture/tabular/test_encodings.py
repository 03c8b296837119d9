"""The encoding of a text that names none, told by the words it would give."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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


_NAMES = {
    "German": ("Jörg Groß", "Müller", "Änne Köhler"),
    "French": ("Lefèvre", "François", "Hélène Bérénger"),
    "Spanish": ("Muñoz", "Íñigo Peña", "José García", "Núñez"),
    "Portuguese": ("São João", "Conceição", "Simões"),
    "Italian": ("Nicolò", "Forlì", "Niccolò Città"),
    "Nordic": ("Bjørn Ødegård", "Ærø", "Åse Sørensen"),
    "Polish": ("Michał Łukasiewicz", "Żaneta Wójcik", "Wiśniewska", "Pawłowski"),
    "Czech": ("Dvořák", "Černý", "Růžička", "Jiří Němec"),
    "Romanian": ("Ionuţ Mureş", "Braşov", "Ştefănescu", "Târgu Mureş"),
    "Turkish": ("Doğan Şahin", "Yılmaz İstanbul", "Gökçe Çağlar"),
    "Latvian": ("Jānis Bērziņš", "Kalniņš", "Ģirts Ķēniņš"),
    "Cyrillic": ("Иван Петров", "Мария Смирнова"),
}
_WITH_SIGNS = (
    "Calle Sol nº 3, 2º A",
    "Mª Carmen",
    "3ª Vara",
    "Nº 7, 2ºDcha",
    "Profª Ana",
    "n.º 5",
    "5 µm",
    "½ Tag",
    "10 m² / 3 m³/h",
    "20 °C",
    "A × B",
    "± 5",
    "10 cm²",
    "¾",
    "«Sol»",
    "§ 3",
)


_USED = {
    "cp1252": ("German", "French", "Spanish", "Portuguese", "Italian", "Nordic"),
    "cp850": ("German", "French", "Spanish", "Portuguese", "Italian", "Nordic"),
    "cp1250": ("Polish", "Czech", "Romanian"), "iso8859-2": ("Polish", "Czech", "Romanian"),
    "cp1254": ("Turkish",), "cp1257": ("Latvian",), "cp1251": ("Cyrillic",),
}  # fmt: skip


def _written_in(encoding: str, texts: tuple[str, ...]) -> list[str]:
    return [text for text in texts if text.encode(encoding, "ignore").decode(encoding) == text]


@given(st.data())
def test_signs_beside_names_make_no_other_language_of_them(data: st.DataObject) -> None:
    """`Calle Sol nº 3` made `Muńoz` of every Muñoz of a file: the sign is a letter in cp1250."""
    encoding = data.draw(st.sampled_from([*_USED]))
    names = st.sampled_from(_NAMES[data.draw(st.sampled_from(_USED[encoding]))])
    signs = st.sampled_from(_written_in(encoding, _WITH_SIGNS))
    people = [line.encode(encoding) for line in data.draw(st.lists(names, min_size=1))]
    assume(_is_right(people, encoding) and judge_encoding(people))
    lines = people + [sign.encode(encoding) for sign in data.draw(st.lists(signs))]
    assert _is_right(lines, encoding)
    assert encoding != "cp1252" or judge_encoding(lines)


def _is_right(lines: list[bytes], encoding: str) -> bool:
    found = judge_encoding(lines) or encoding
    return all(line.decode(found) == line.decode(encoding) for line in lines)


@pytest.mark.parametrize("odd", ["Xººx", "Preis³", "Ab¹", "Š¾la"])
def test_one_odd_word_never_outvotes_a_file(odd: str) -> None:
    lines = [f"Muñoz {number}".encode("cp1252") for number in range(40)]
    assert judge_encoding([*lines, odd.encode("cp1252")]) in ("cp1252", None)


@pytest.mark.parametrize("odd", ["Xººx", "Š¾la", "Mº³s"])
def test_one_odd_word_hides_no_language(odd: str) -> None:
    lines = [f"Muñoz {number}".encode("cp1252") for number in range(40)]
    assert judge_encoding([*lines, odd.encode("cp1252")]) == "cp1252"


def test_one_name_is_no_odd_word_where_the_others_tell_nothing() -> None:
    """Müller is written alike in both: what Paweł is, only Paweł tells."""
    lines = ["Müller".encode("cp1250")] * 100
    assert judge_encoding([*lines, "Paweł".encode("cp1250")]) == "cp1250"


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
