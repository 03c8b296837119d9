"""The encoding of a text that names none, told by the words it would give."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lead_platform.capture.lines import open_text, wide_encoding
from lead_platform.capture.readers import BadRecord, RawRecord, read_records
from lead_platform.capture.tabular.encodings import find_encoding, judge, judge_encoding
from lead_platform.capture.tabular.rules import TableRule
from tests.capture.test_readers import rules


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
        # Known names tell what their letters do not.
        ("Jörg", "mac_roman"), ("Yılmaz", "cp1254"), ("François", "mac_roman"),
        ("Иван Петров", "koi8-r"), ("Erdős Győző", "cp1250"),
        ("Niccolò Bjørn", "cp1252"), ("Brăila Ionuţ", "cp1250"), ("山田太郎", "shift_jis"),
        ("Guðrún Þórðardóttir", "cp1252"), ("Kovačević", "cp1250"), ("佐藤 太郎", "cp932"),
    ],
)  # fmt: skip
def test_known_words_tell_their_encoding(text: str, encoding: str) -> None:
    """`Niccolò Bjørn` was read as Lithuanian, and `Győző` as `Gyõzõ`."""
    found = judge_encoding([text.encode(encoding)])
    assert found is not None
    assert text.encode(encoding).decode(found) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Perbø", "cp1252"), ("Śnieżyckiewicz", "cp1250"), ("Kaþrinar", "cp1252"),
        ("Zübeğ", "cp1254"), ("김철수 서울", "euc-kr"), ("ДОЗОР", "cp1251"),
        ("龘靐", "gbk"), ("鑫", "big5"), ("王小明", "gbk"), ("闕 慕瑤", "big5"),
    ],
)  # fmt: skip
def test_words_that_others_write_too_tell_none(text: str, encoding: str) -> None:
    """What is not known and reads as some language's word in several is asked about."""
    found = judge([text.encode(encoding)])
    assert len(found.candidates) > 1 or found.encoding is None
    readings = {text.encode(encoding).decode(name, "replace") for name in found.candidates}
    assert text in readings


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


# Of each encoding, names of several languages; half of them are nobody's, or too rare for any list.
_PEOPLE = {
    "cp1252": ("Jürgen Weiß", "Gönül Straßnig", "Amélie Dœuff", "Hélène Brèzement", "Íñigo Zuñe",
               "João Brandim", "Ilse Bjørkmyr", "Åge Sæltrø", "Þröstur Gaðjón", "Zoë van Iërsel",
               "Totò Bonà", "Sinéad Ó Cléirmón", "Mørk & Løv A/S", "Ça & Là SARL", "Ärzteñan"),
    "cp1250": ("Łucja Żmudziak", "Błażej Ściubło", "Ľubica Hřebčín", "Vojtěch Ďurišák", "Őze Tűrő",
               "Győri Szűrös", "Đula Čorčić", "Šaša Žitnjak", "Ştefăniţă Pădurăn", "Brânduşa Ţol"),
    "cp1254": ("Işıl Göğçen", "Çağrı Şımşır", "Özgüç Yıldıral", "Nağme İnöz"),
    "cp1257": ("Žydrūnė Šąvas", "Ģirts Kļaviķis", "Õnne Tõruvere", "Ųlė Grįčius", "Jānis Šņore"),
    "cp1251": ("Йовчо Жълтев", "Щербак Ярило", "Эльвира Ёжикова", "ООО Дозор", "Їжакевич Ґалаґан"),
    "cp1253": ("Ξανθίππη Ψαράκη", "Ευφροσύνη Μπέης", "Ζήσης Ώριμος"),
    "cp1255": ("עמיחי שפרלינג", "בילהה צורן"), "cp1256": ("ذوالفقار الغيثاوي", "هيام ضرغام"),
    "cp874": ("ฐิติกร วงศ์ใหญ่", "ณัฏฐ์ ผ่องใส"), "koi8-r": ("Щербак Ярило", "Мария Жукова"),
    "cp932": ("御手洗 冴子", "株式会社ヒナタ", "ｱｻﾋ工業", "小鳥遊 六花"),
    "gbk": ("欧阳 靖雯", "龙腾科技有限公司", "仝 卓"),
    "big5": ("歐陽 靖雯", "龍騰科技", "闕 慕瑤"),
    "euc-kr": ("남궁 한별", "주식회사 하늘빛", "독고 솔"),
    "mac_roman": ("Jürgen Weiß", "Amélie Brèze", "Íñigo Zuñe"), "cp850": ("Jörn Größ", "Zoë Là"),
    "iso8859-2": ("Łucja Żmudziak", "Vojtěch Ďurišák", "Őze Tűrő"),
}  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_line_is_read_in_an_encoding_it_is_not_in(tmp_path: Path, data: st.DataObject) -> None:
    """Each record reads as it was written, or is refused with the readings there are."""
    encoding = data.draw(st.sampled_from([*_PEOPLE]))
    people = data.draw(st.lists(st.sampled_from(_PEOPLE[encoding]), min_size=1, max_size=12))
    path = tmp_path / "f.csv"
    lines = [f"{n},{name}" for n, name in enumerate(people)]
    path.write_bytes("\n".join(["id,name", "x,Ann", *lines, "y,Bo"]).encode(encoding))
    read = list(read_records(path, rules()))
    assert [record.content["id"] for record in (read[0], read[-1])] == ["x", "y"]  # type: ignore[union-attr]
    for name, record in zip(people, read[1:-1], strict=True):
        if isinstance(record, RawRecord):
            assert record.content["name"] == name
        else:
            assert "`encoding` under `table`" in record.reason


def test_a_line_that_is_refused_tells_how_it_may_read(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes("id,name\n1,Ann\n2,Müller\n3,Perbø\n".encode("cp1252"))
    stream = read_records(path, rules())
    records = list(stream)
    assert [r.content["name"] for r in records if isinstance(r, RawRecord)] == ["Ann", "Müller"]
    assert isinstance(records[2], BadRecord)
    told = ("line 4", "'Perbø' in cp1252", "'Perbř' in cp1250", "`encoding` under `table`")
    assert all(part in records[2].reason for part in told)
    assert stream.reading is not None
    assert "'Perbř' in cp1250" in stream.reading.remarks[0]
    known = list(read_records(path, rules(table={"encoding": "cp1252"})))
    assert known[2].content["name"] == "Perbø"  # type: ignore[union-attr]


@pytest.mark.parametrize("encoding", ["cp1250", "cp932", "cp1251", "gbk", "big5", "euc-kr"])
def test_what_a_file_may_be_in_is_among_the_candidates(encoding: str) -> None:
    for name in _PEOPLE[encoding]:
        found = judge([name.encode(encoding)])
        assert found.encoding == encoding or name in {
            name.encode(encoding).decode(other, "replace") for other in found.candidates[:12]
        }


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
