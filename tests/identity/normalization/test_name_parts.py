"""Which words of a whole name are the first name: sure ones are split, others stay whole."""

import csv
from collections.abc import Callable
from itertools import groupby, product
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lead_platform import identity
from lead_platform.identity.normalization.name_parts import NOT_CLEAR, split_name
from lead_platform.identity.normalization.name_subjects import (
    A_COMPANY,
    SEVERAL_PERSONS,
    why_no_single_person,
)
from lead_platform.identity.normalization.name_words import (
    suffixes_behind,
    titles_before,
    without_asides,
)
from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.particles import MAY_BE_GIVEN, NEVER_GIVEN
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import fold

Case = Callable[[str], str]
CASES = st.sampled_from([str.upper, str.lower, str.title, str])


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        # Greeted as "Van": the particle that opens the name was its first name.
        ("VAN DER BERG JAN", "Jan", "van der Berg"),
        ("van der berg jan", "Jan", "van der Berg"),
        ("De Vries Anna Maria", "Anna", "De Vries"),
        ("VON DER LEYEN HANS", "Hans", "von der Leyen"),
        ("VAN DER BERG J.", "J", "van der Berg"),
        ("Berg, Jan van der", "Jan", "van der Berg"),
        ("Berg, van der, Jan", "Jan", "van der Berg"),
        ("Berg van der", None, "van der Berg"),
        ("de Vries", None, "de Vries"),
        ("VAN DIJK", None, "van Dijk"),
        ("al-Maktoum", None, "al-Maktoum"),
        ("Van Nguyen", "Van", "Nguyen"),
        ("Karl-Theodor von und zu Guttenberg", "Karl-Theodor", "von und zu Guttenberg"),
        ("BERG, Jan", "Jan", "Berg"),
        ("Nguyễn Văn A", "Văn A", "Nguyễn"),
        ("Nguyễn An", "An", "Nguyễn"),
        ("NGUYEN VAN AN", "Van An", "Nguyen"),
        ("Tran Thi Lan", "Thi Lan", "Tran"),
        ("Van Anh Nguyen", "Van Anh", "Nguyen"),
        ("Kim Min-jun", "Min-Jun", "Kim"),
        ("Lee Ann-Marie", "Lee", "Ann-Marie"),
        ("Nagy Anna", "Anna", "Nagy"),
        # Given names that only the long lists have.
        ("Becker Horst", "Horst", "Becker"),
        ("Neumann Gerlinde", "Gerlinde", "Neumann"),
        ("Horst Becker", "Horst", "Becker"),
        ("Björk Guðmundsdóttir", "Björk", "Guðmundsdóttir"),
        ("Lind Kvarnqvist", "Lind", "Kvarnqvist"),
        ("Heinz Krause", "Heinz", "Krause"),
        ("Heinz Hutzelmeier", "Heinz", "Hutzelmeier"),
        ("Wolf J.", "J", "Wolf"),
        ("GARCIA LOPEZ MARIA", "Maria", "Garcia Lopez"),
        ("DUPONT Jean", "Jean", "Dupont"),
        ("ANNA Schmidt", "Anna", "Schmidt"),
        ("Jean DUPONT", "Jean", "Dupont"),
        ("Smith J.", "J", "Smith"),
        ("SMITH J R", "J R", "Smith"),
        ("Anna S.", "Anna", "S"),
        ("J. Smith", "J", "Smith"),
        ("Dipl.-Ing. Anna Schmidt", "Anna", "Schmidt"),
        ("Prof. Dr. med. Max Weber", "Max", "Weber"),
        ("Schmidt, Dr. Anna", "Anna", "Schmidt"),
        ("Smith, John, MBA", "John", "Smith"),
        ("Doc Rivers", "Doc", "Rivers"),
        ("Anna Schmidt geb. Roth", "Anna", "Schmidt"),
        ("Earl James Jones", "Earl", "Jones"),
        ("Ramón y Cajal", None, "Ramón y Cajal"),
        ("Costa e Silva", None, "Costa e Silva"),
        ("Mary E Smith", "Mary", "Smith"),
        ("MARY E SMITH", "Mary", "Smith"),
        ("mary e smith", "Mary", "Smith"),
        ("John I Doe", "John", "Doe"),
        ("Peter Y Roe", "Peter", "Roe"),
        # One word by itself is what somebody is called; a rank is not.
        ("Schmidt", "Schmidt", None),
        ("Ng", "Ng", None),
        ("Graf von Bismarck Otto", "Otto", "Graf von Bismarck"),
        ("Graf von Bismarck", None, "Graf von Bismarck"),
        # People, though companies end so too.
        ("Anna Bank", "Anna", "Bank"),
        ("Maria SA", "Maria", "Sa"),
        ("Maria Sá", "Maria", "Sá"),
        ("Jean SAS", "Jean", "Sas"),
        ("Smith S.A.", "S.A.", "Smith"),
        ("Anna S. A.", "Anna", "A"),
        ("Anna Ag", "Anna", "Ag"),
        ("ANNA AG", "Anna", "Ag"),
        ("Piet Koop", "Piet", "Koop"),
        ("Li Ong", "Li", "Ong"),
        ("Ans de Co", "Ans", "de Co"),
        ("Baron Davis", "Baron", "Davis"),
    ],
)
def test_sure_names_are_split(
    raw: str, first: str | None, last: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == (first, last, ())


@pytest.mark.parametrize(
    "short",
    ["Mohd.", "Md.", "MD.", "Muhd.", "Sk.", "Fco.", "Ma.", "Jos.", "Wm.", "Chas.", "Thos.", "Geo.",
     "Alex.", "Ch.", "Joh.-Seb.", "Jean-Fr."],
)  # fmt: skip
@pytest.mark.parametrize(
    "behind", ["{} Huber", "{} Abdul Huber", "{} H. Huber", "{} van der Huber"]
)
def test_a_given_name_cut_short_is_no_title(
    short: str, behind: str, vocabularies: Vocabularies
) -> None:
    """Md. Abdul Karim was Abdul Karim, Wm. Smith had no first name."""
    found = normalize_name(behind.format(short), None, None, vocabularies)
    last = "van der Huber" if "van" in behind else "Huber"
    assert (found.first, found.last, found.reasons) == (short, last, ())


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("Abd. Rahman Ali", "Abd. Rahman", "Ali"), ("Mª Carmen López", "Ma.", "López"),
        ("M.ª Carmen López", "Ma.", "López"), ("Fcº Gil", "Fco.", "Gil"),
        ("Ma.Luisa Reyes", "Ma.", "Reyes"), ("Dr. Wm. Smith", "Wm.", "Smith"),
        ("Mohd. bin Ali", "Mohd.", "bin Ali"), ("Smith Wm.", "Wm.", "Smith"),
        # Titles with a dot, and initials that spell one.
        ("Maj.-Gen. John Smith", "John", "Smith"), ("Brig.-Gen. John Smith", "John", "Smith"),
        ("Rt. Hon. Sir John Smith", "John", "Smith"), ("Pfr. Hans Huber", "Hans", "Huber"),
        ("Dipl.-Wirt.-Inf. Anna Roth", "Anna", "Roth"), ("M.S. Dhoni", "M.S.", "Dhoni"),
        ("D.R. Smith", "D.R.", "Smith"), ("Jack Ma.", "Jack", "Ma"),
    ],
)  # fmt: skip
def test_what_is_cut_short_is_a_title_or_a_given_name(
    raw: str, first: str, last: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == (first, last, ())


@pytest.mark.parametrize("raw", ["Geschf. Hans Huber", "Guliel. Hole", "Alfred Col."])
def test_what_no_list_has_cut_short_stays_in_the_name(raw: str, vocabularies: Vocabularies) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.full, found.first, found.last) == (raw, None, None)
    assert found.reasons == (("first_name", NOT_CLEAR),)


@pytest.mark.parametrize("sign", ["s/o", "S/O", "D/O", "d/o", "A/L", "a/p"])
@pytest.mark.parametrize("father", ["Ramesh", "Ramesh Kumar"])
def test_a_fathers_name_behind_one_name_is_the_last_name(
    sign: str, father: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(f"Suresh {sign} {father}", None, None, vocabularies)
    assert (found.first, found.last) == ("Suresh", f"{sign.lower()} {father}")
    columns = normalize_name(None, "Suresh", f"{sign} {father}", vocabularies)
    assert (columns.first, columns.last) == (found.first, found.last)


@pytest.mark.parametrize("sign", ["s/o", "S/O", "D/O", "W/O", "w/o", ", S/O", "S / O", "S/o:"])
def test_a_relatives_name_behind_a_whole_name_is_left_out(
    sign: str, vocabularies: Vocabularies
) -> None:
    """Suresh Patil S/O Ramesh Kumar had his father's last name."""
    found = normalize_name(f"Suresh Patil {sign} Ramesh Kumar", None, None, vocabularies)
    assert (found.full, found.first, found.last) == ("Suresh Patil", "Suresh", "Patil")
    assert [field for field, _ in found.reasons] == ["full_name"]


@pytest.mark.parametrize(
    "raw", ["S/O Ramesh Kumar", "D/O Ramesh", "W/O Ramesh", "S/O", "Anita W/O Ravi"]
)
def test_a_relatives_name_is_not_the_leads(raw: str, vocabularies: Vocabularies) -> None:
    """S/O Ramesh Kumar was Ramesh, of the last name S/o."""
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.first, found.last) == (None, None)
    assert found.reasons


@pytest.mark.parametrize(
    "first",
    ["Mei", "Ling", "Linh", "Tuan", "Yuki", "Yaa", "Kofi", "Chinedu", "Ngozi", "Nur", "Siti",
     "Priya", "Lakshmi", "Fatima", "Anna", "João", "Søren", "Zoë", "Mei-Ling", "Иван"],
)  # fmt: skip
@pytest.mark.parametrize("initial", ["E.", "E", "A.", "L", "Y.", "I."])
def test_an_initial_behind_a_given_name_is_the_last_names(
    first: str, initial: str, vocabularies: Vocabularies
) -> None:
    """Mei L. was L Mei: of another first name than Mei Lin, another lead."""
    for raw in (f"{first} {initial}", f"{first} {initial}".upper()):
        found = normalize_name(raw, None, None, vocabularies)
        assert (found.first, found.last, found.reasons) == (first.title(), initial[0], ())


@pytest.mark.parametrize("initials", ["I.I.", "I. I.", "O.V.", "J.R.", "I.V."])
@pytest.mark.parametrize("family", ["Ivanov", "Ivanova", "Petrenko", "Smith", "Иванов", "Пушкин"])
def test_two_initials_stand_behind_a_familys_name(
    family: str, initials: str, vocabularies: Vocabularies
) -> None:
    """Ivanov I.I. was called Ivanov, and had no last name: I.I. was the second of his name."""
    for raw in (f"{family} {initials}", f"{family.upper()} {initials}"):
        found = normalize_name(raw, None, None, vocabularies)
        first = " ".join(initials.replace(". ", " ").split()).removesuffix(".")
        assert ((found.first or "").removesuffix("."), found.last) == (first, family)
        assert (found.reasons, found.suffix) == ((), None)


@pytest.mark.parametrize("raw", ["И. И. Иванов", "Иванов И. И.", "ІВАНОВ І. І."])
def test_an_initial_is_no_word_between_two_persons(raw: str, vocabularies: Vocabularies) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert found.last in ("Иванов", "Іванов")


@pytest.mark.parametrize(
    "raw", ["Chen L.", "Wei L.", "Anand K.", "Rao S.", "Ivanov I.", "Kofi A. B."]
)
def test_a_word_that_may_be_either_name_before_an_initial_is_asked_for(
    raw: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.full, found.first, found.last) == (raw, None, None)
    assert found.reasons == (("first_name", NOT_CLEAR),)


@pytest.mark.parametrize(
    ("behind", "suffix"),
    [("jun.", "jr"), ("sen.", "sr"), ("ml.", "jr"), ("i.R.", None), ("i. R.", None),
     ("a.D.", None), ("a. D.", None), ("em.", None)],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Hans Müller {}", "Hans Müller, {}", "Dr. Hans Müller {}"])
def test_what_is_cut_short_behind_a_name_is_no_last_name(
    name: str, behind: str, suffix: str | None, vocabularies: Vocabularies
) -> None:
    """Hans Müller a.D. was of the last name A.d."""
    found = normalize_name(name.format(behind), None, None, vocabularies)
    assert (found.full, found.first, found.last) == ("Hans Müller", "Hans", "Müller")
    columns = normalize_name(None, "Hans", f"Müller {behind}", vocabularies)
    assert (columns.first, columns.last, columns.suffix) == ("Hans", "Müller", suffix)


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("Müller jun.", None, "Müller"), ("Müller PhD", None, "Müller"),
        ("Anna jun.", "Anna", None),
        ("HANS MÜLLER JUN.", "Hans", "Müller"), ("Oberst a.D. Hans Müller", "Hans", "Müller"),
        ("Minister a. D. Hans Müller", "Hans", "Müller"),
        # Names, though others are cut short so.
        ("Amartya Sen.", "Amartya", "Sen"), ("amartya sen.", "Amartya", "Sen"),
        ("Hans Jun", "Hans", "Jun"), ("Jun Sato", "Jun", "Sato"), ("Irene Em", "Irene", "Em"),
        # Particles in capitals.
        ("Jean LE GOFF", "Jean", "Le Goff"), ("LE GOFF Jean", "Jean", "Le Goff"),
        ("jean le goff", "Jean", "Le Goff"), ("Anna LA ROSA", "Anna", "La Rosa"),
        ("Maria DE LA CRUZ", "Maria", "de la Cruz"), ("Jan VAN DEN BERG", "Jan", "van den Berg"),
        ("Hernández López, Juan", "Juan", "Hernández López"),
    ],
)  # fmt: skip
def test_marks_behind_and_particles_before_a_last_name(
    raw: str, first: str | None, last: str | None, vocabularies: Vocabularies
) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == (first, last, ())


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("Иванов Иван Иванович", "Иван", "Иванов"), ("ИВАНОВА АННА ПЕТРОВНА", "Анна", "Иванова"),
        ("Пушкин Александр Сергеевич", "Александр", "Пушкин"),
        ("Шевченко Оксана Іванівна", "Оксана", "Шевченко"),
        ("Абрамович Роман Аркадьевич", "Роман", "Абрамович"),
        ("Ivanov Ivan Ivanovich", "Ivan", "Ivanov"), ("Petrova Anna Sergeevna", "Anna", "Petrova"),
        ("Анна Петровна", "Анна", None),
        # Behind a given name, and no patronymics.
        ("Роман Аркадьевич Абрамович", "Роман", "Абрамович"),
        ("Роман Абрамович", "Роман", "Абрамович"),
        ("Анна Петровна Иванова", "Анна", "Иванова"), ("Anna Maria Petrovich", "Anna", "Petrovich"),
        ("Ана Марија Петровић", "Ана", "Петровић"),
    ],
)  # fmt: skip
def test_a_patronymic_stands_behind_the_first_name(
    raw: str, first: str, last: str | None, vocabularies: Vocabularies
) -> None:
    """Иванов Иван Иванович was called Иванов."""
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == (first, last, ())


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Leila", "El Amrani"), ("Jan", "ten Cate"), ("Maria", "Lo Presti"), ("Paolo", "Li Causi"),
        ("Carlo", "Dalla Chiesa"), ("Tahar", "Ben Jelloun"), ("Karim", "Ben Salah"),
        ("Mohamed", "Ould Abdel Aziz"), ("Peter", "An der Matt"), ("Hans", "In der Au"),
        ("Karl", "Am Ende"), ("Jan", "Uit den Bogaard"), ("Piet", "Onder de Linden"),
        ("Máire", "Ni Bhriain"), ("Siobhán", "Nic Gabhann"), ("Anne", "Bij de Vaate"),
        ("João", "Souza Filho"), ("Ana", "Souza Neto"), ("Pedro", "Silva Sobrinho"),
        ("Leila", "El Amrani Idrissi"), (None, "An der Matt"), (None, "Dalla Chiesa"),
        (None, "Uit den Bogaard"),
    ],
)  # fmt: skip
def test_a_word_before_or_behind_a_family_name_is_its_own(
    first: str | None, last: str, vocabularies: Vocabularies
) -> None:
    """Leila El Amrani had the last name Amrani, João Souza Filho Filho."""
    found = normalize_name(f"{first or ''} {last}", None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == (first, last, ())


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("鈴木部長", None, "鈴木"), ("鈴木 一郎 部長", "一郎", "鈴木"),
        ("鈴木部長様", None, "鈴木"),
        ("鈴木本部長", None, "鈴木"), ("山田 太郎 代表取締役", "太郎", "山田"),
        ("张总", None, "张"),
        ("王经理", None, "王"), ("李总经理", None, "李"), ("王先生", None, "王"),
        ("王小明 先生", "小明", "王"), ("김대리", None, "김"), ("박 부장님", None, "박"),
        ("김민수 과장", "민수", "김"), ("小野田 さん", None, "小野田"), ("小野田", None, "小野田"),
        ("小野田紀郎", "紀郎", "小野田"), ("佐々木 希", "希", "佐々木"),
        ("佐々木希", "希", "佐々木"),
        ("佐々木 のぞみ", "のぞみ", "佐々木"), ("𠮷田 茂", "茂", "𠮷田"), ("小野 誠", "誠", "小野"),
        ("小野誠", "誠", "小野"), ("이사랑", "사랑", "이"),
    ],
)  # fmt: skip
def test_no_rank_behind_a_family_name_is_a_first_name(
    raw: str, first: str | None, last: str, vocabularies: Vocabularies
) -> None:
    """鈴木部長 was greeted by his rank, 王先生 by his family name, and 佐々木 by it too."""
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == (first, last, ())
    assert found.full == " ".join(filter(None, (last, first)))


def test_a_rank_alone_or_in_a_column_is_no_name(vocabularies: Vocabularies) -> None:
    assert normalize_name("部長", None, None, vocabularies).full is None
    found = normalize_name(None, "部長", "鈴木", vocabularies)
    assert (found.full, found.first, found.last) == ("鈴木", None, "鈴木")


def test_what_an_honour_stands_behind_is_either_name(vocabularies: Vocabularies) -> None:
    found = normalize_name("花子さん", None, None, vocabularies)
    assert (found.full, found.first, found.last) == ("花子", None, None)
    assert found.reasons == (("first_name", NOT_CLEAR),)


@pytest.mark.parametrize(
    ("first", "middle", "last"),
    [
        ("John", None, "Le"), ("Robert", None, "Lo"), ("Anita", None, "Das"), ("Ben", None, "Ali"),
        ("Anna", None, "Ni"), ("Tom", None, "An"), ("Bo", "Li", "Chen"), ("Mary", "Lo", "Chen"),
        ("Ana", "Maria", "Neto"), ("Mohamed", "El Mehdi", "Amrani"), ("Ben", "Johnson", "Smith"),
        ("Dai", None, "Jones"), ("Onder", None, "Yilmaz"), ("Minh", "Dai", "Nguyen"),
        ("Thi", "An", "Le"), ("Mei", "An", "De Vries"),
    ],
)  # fmt: skip
def test_a_name_that_is_a_particle_elsewhere_is_a_name(
    first: str, middle: str | None, last: str, vocabularies: Vocabularies
) -> None:
    raw = " ".join(filter(None, (first, middle, last)))
    parts = split_name(raw)
    assert (parts.first, parts.middle, parts.last) == (first, middle, last)
    assert normalize_name(raw, None, None, vocabularies).last == last


@pytest.mark.parametrize(
    ("raw", "full", "reason"),
    [
        ("Anna & Bob Smith", "Anna & Bob Smith", SEVERAL_PERSONS),
        ("ANNA UND BERND MÜLLER", "Anna und Bernd Müller", SEVERAL_PERSONS),
        ("Mr & Mrs Smith", "Mr & Mrs Smith", SEVERAL_PERSONS),
        ("Anna Smith; Bob Jones", "Anna Smith & Bob Jones", SEVERAL_PERSONS),
        ("Anna/Bob Smith", "Anna/Bob Smith", SEVERAL_PERSONS),
        ("María y José López", "María y José López", SEVERAL_PERSONS),
        ("Anna Schmidt, Anna Roth", "Anna Schmidt, Anna Roth", SEVERAL_PERSONS),
        ("Familie Müller", "Familie Müller", SEVERAL_PERSONS),
        ("Acme Widgets GmbH", "Acme Widgets GmbH", A_COMPANY),
        ("Müller AG", "Müller AG", A_COMPANY),
        # KPMG, Deutsche, Sales and Acme were first names.
        ("KPMG AG", "Kpmg Ag", A_COMPANY),
        ("siemens ag", "Siemens Ag", A_COMPANY),
        ("Acme S.A.", "Acme S.A.", A_COMPANY),
        ("Acme S.A. de C.V.", "Acme S.A. de C.V.", A_COMPANY),
        ("Acme sp. z o.o.", "Acme sp. z o.o.", A_COMPANY),
        ("Acme Sdn Bhd", "Acme Sdn Bhd", A_COMPANY),
        ("Ericsson AB", "Ericsson AB", A_COMPANY),
        ("Deutsche Bank", "Deutsche Bank", A_COMPANY),
        ("Sales Team", "Sales Team", A_COMPANY),
        ("Team Vertrieb", "Team Vertrieb", A_COMPANY),
        ("Universität Wien", "Universität Wien", A_COMPANY),
        ("Praxis Dr. Müller", "Praxis Dr. Müller", A_COMPANY),
        ("Graf Otto von Bismarck", "Graf Otto von Bismarck", NOT_CLEAR),
        ("Al Qurashi", "Al Qurashi", NOT_CLEAR),
        ("Am Ende", "Am Ende", NOT_CLEAR),
        ("DI RIENZO", "di Rienzo", NOT_CLEAR),
        ("De la Cruz Huanca", "De la Cruz Huanca", NOT_CLEAR),
        # Greeted by the family's name, where no list had the word behind it as a given name, or
        # it is both.
        ("Novak Zdislav", "Novak Zdislav", NOT_CLEAR),
        ("SCHMITZ HEINZ", "Schmitz Heinz", NOT_CLEAR),
        ("Kaiser Ulrich", "Kaiser Ulrich", NOT_CLEAR),
        ("Wolf Martin", "Wolf Martin", NOT_CLEAR),
    ],
)
def test_what_is_not_sure_stays_whole_and_says_why(
    raw: str, full: str, reason: str, vocabularies: Vocabularies
) -> None:
    """Anna & Bob Smith was greeted as "Anna", Acme Widgets GmbH as "Acme"."""
    found = normalize_name(raw, None, None, vocabularies)
    assert (found.full, found.first, found.last) == (full, None, None)
    assert found.reasons == (("first_name", reason),)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("Jan van der", "Berg", ("Jan", "van der Berg")),
        ("van der", "Berg", (None, "van der Berg")),
        ("Van", "Nguyen", ("Van", "Nguyen")),
        ("Anh Le", "Nguyen", ("Anh Le", "Nguyen")),
        ("Xiao Le", "Wang", ("Xiao Le", "Wang")),
        ("de", "Vries", (None, "de Vries")),
        # Some are called so, and the column says that it is a first name.
        ("El", "Tuttle", ("El", "Tuttle")),
    ],
)
def test_a_particle_behind_the_first_name_is_the_last_ones(
    first: str, last: str, expected: tuple[str | None, str], vocabularies: Vocabularies
) -> None:
    found = normalize_name(None, first, last, vocabularies)
    assert (found.first, found.last) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # Wang: what nameparser takes for a degree was dropped, in whatever letters.
        ("Ling", "Wang Ma", ("Ling", "Wang Ma")),
        ("LI", "WU MA", ("Li", "Wu Ma")),
        ("Minh", "Pham Do", ("Minh", "Pham Do")),
        ("Paul", "von der Mark V", ("Paul", "von der Mark V")),
        ("Hon Wai", "Chan", ("Hon Wai", "Chan")),
        ("Hon", "Lee", ("Hon", "Lee")),
        ("Juan Carlos", "Carlos", ("Juan Carlos", "Carlos")),
        ("Anna Maria", "Maria", ("Anna Maria", "Maria")),
        ("Jan", "Berg, van der", ("Jan", "van der Berg")),
        (None, "Berg, van der", (None, "van der Berg")),
        ("Otto", "Bismarck, Graf von", ("Otto", "Graf von Bismarck")),
        ("Jan", "Berg, Peter", ("Jan", "Berg Peter")),
        ("Anna Maria", "Schmidt, Anna", ("Anna Maria", "Schmidt")),
        ("Jan", "Berg, J.", ("Jan", "Berg")),
        ("J.", "Berg, Jan", ("Jan", "Berg")),
        # What is none of the name is dropped all the same.
        ("Hon. John", "Smith", ("John", "Smith")),
        ("Ing Mario", "Rossi", ("Mario", "Rossi")),
        ("Wei", "Wang MBA", ("Wei", "Wang")),
        ("Wei", "Wang MA", ("Wei", "Wang")),
        ("Bo", "Smith M.D.", ("Bo", "Smith")),
        ("Ana", "Silva Junior", ("Ana", "Silva")),
        ("Ana", "Silva Júnior", ("Ana", "Silva")),
        ("Ana", "Schmidt, Dr.", ("Ana", "Schmidt")),
    ],
)
def test_names_of_their_own_columns_are_taken_as_they_are(
    first: str | None, last: str, expected: tuple[str | None, str], vocabularies: Vocabularies
) -> None:
    found = normalize_name(None, first, last, vocabularies)
    assert (found.first, found.last, found.reasons) == (*expected, ())


SHARES = Path(identity.__file__).parent / "shares"


@pytest.mark.parametrize(("table", "form"), [("first_names", "{} Roth"), ("last_names", "Anna {}")])
@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
def test_no_listed_name_says_that_a_name_is_an_organisations(
    table: str, form: str, case: Case
) -> None:
    with (SHARES / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        names = {row["value"] for row in csv.DictReader(stream)}
    assert len(names) > 1_000
    assert [n for n in names if why_no_single_person(case(form.format(n))) is not None] == []


def _listed(table: str) -> dict[str, float]:
    """The largest share of each name in a list."""
    with (SHARES / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        rows = [(row["value"], float(row["share"])) for row in csv.DictReader(stream)]
    return {name: max(share for _, share in its) for name, its in groupby(sorted(rows), _value)}


def _value(row: tuple[str, float]) -> str:
    return row[0]


GIVEN_NAMES = frozenset(_listed("first_names")) | frozenset(_listed("long_first_names"))
FAMILY_NAMES = _listed("last_names")
# So common that one in twenty who writes it first, and behind it what no list has, is the likelier.
COMMON_FAMILIES = [n for n, share in FAMILY_NAMES.items() if share > 2e-4 and n.isalpha()]


@given(
    st.sampled_from([n for n in COMMON_FAMILIES if n not in GIVEN_NAMES and len(n) > 3]),
    st.from_regex(r"[bdfglmr][aeiou][bdklmnrt]{2}[aeiou][lnrst]", fullmatch=True),
    CASES,
)
def test_nobody_is_greeted_by_what_is_known_as_a_familys_name_only(
    family: str, unlisted: str, case: Case
) -> None:
    assume(unlisted not in GIVEN_NAMES and unlisted not in FAMILY_NAMES)
    for text in (f"{family} {unlisted}", f"{unlisted} {family}"):
        parts = split_name(case(text))
        assert fold(parts.first or "") != family, parts


def test_names_that_are_forms_of_companies_or_degrees_elsewhere_are_names(
    vocabularies: Vocabularies,
) -> None:
    firsts, lasts = ("Anna", "Sem", "Asa", "Teo"), ("Sa", "Sas", "Sem", "Vos", "Ou", "Sha", "Graf")
    for first, last in product(firsts, lasts):
        found = normalize_name(f"{first} {last}", None, None, vocabularies)
        assert (found.first, found.last, found.reasons) == (first, last, ())


GIVEN = st.sampled_from(["Jan", "Anna", "Maria", "Pieter", "Hans", "Carlos", "Giulia", "Lucía"])
FAMILY = st.sampled_from(["Berg", "Vries", "Silva", "Rossi", "Müller", "Lindqvist", "Okonkwo"])
PARTICLES = st.sampled_from(
    ["van", "van der", "van den", "de", "de la", "von", "von der", "zu", "bin", "da", "dos", "di",
     "del", "la", "le", "ter", "al", "el", "do"]
)  # fmt: skip
FORMS = st.sampled_from(
    ["{given} {particle} {family}", "{particle} {family} {given}", "{particle} {family}, {given}",
     "{family}, {given} {particle}", "{family}, {particle}, {given}", "Dr. {given} {particle} "
     "{family}", "{given} {given2} {particle} {family}", "{particle} {family} {given} {given2}",
     "{given} {particle} {family} jr.", "{particle} {family}", "{given} {family}"]
)  # fmt: skip


@given(FORMS, GIVEN, GIVEN, PARTICLES, FAMILY, CASES, CASES)
def test_names_of_known_parts(
    vocabularies: Vocabularies,
    form: str,
    given_name: str,
    second: str,
    particle: str,
    family: str,
    case: Case,
    other: Case,
) -> None:
    """No particle is a first name, no word gets lost, and the case does not move a word."""
    raw = form.format(given=given_name, given2=second, particle=particle, family=family)
    found = normalize_name(case(raw), None, None, vocabularies)
    assert found.full is not None
    first_words = (found.first or "").lower().split()
    assert not first_words or not set(first_words) <= NEVER_GIVEN | MAY_BE_GIVEN
    assert family.lower() not in first_words
    words = sorted(fold(raw).replace("dr ", "").replace(" jr", "").split())
    assert sorted(fold(found.full).split()) == words
    again = normalize_name(other(raw), None, None, vocabularies)
    assert fold(again.first or "") == fold(found.first or "")
    assert fold(again.last or "") == fold(found.last or "")


LETTERS = st.from_regex(r"[A-Z][a-zé'-]{0,8}[a-z]", fullmatch=True)
ANY_WORD = LETTERS | PARTICLES | st.sampled_from(["King", "Major", "Ma", "Do", "Ed", "Ing", "Nat"])


@given(st.lists(ANY_WORD, min_size=2, max_size=5), CASES)
def test_no_word_of_any_name_gets_lost(
    vocabularies: Vocabularies, words: list[str], case: Case
) -> None:
    """King and Do were dropped as a title and a degree."""
    text = case(" ".join(words))
    assume(without_asides(text) == text)
    assume(titles_before(text.split()) == suffixes_behind(text.split()) == 0)
    found = normalize_name(text, None, None, vocabularies)
    if found.reasons and found.full is None:
        return
    said = fold(found.full or "").replace(" ", "")
    assert all(fold(word).replace(" ", "") in said for word in words), found


FIRST_WORD = LETTERS | st.sampled_from(["Hon", "Ing", "Carlos", "Anna", "Ma", "Do", "Ed", "Nat"])
BETWEEN = st.sampled_from([" ", " ", ", "])


@given(
    st.lists(FIRST_WORD, min_size=1, max_size=3),
    st.lists(ANY_WORD, min_size=1, max_size=3),
    BETWEEN,
    CASES,
)
def test_no_word_of_a_column_of_its_own_gets_lost(
    vocabularies: Vocabularies, firsts: list[str], lasts: list[str], between: str, case: Case
) -> None:
    """Wang Ma was Wang, and Hon Wai was Wai, without an issue."""
    first, last = case(" ".join(firsts)), case(between.join(lasts))
    assume(without_asides(f"{first} {last}") == f"{first} {last}")
    assume(titles_before(first.split()) == suffixes_behind(f"{first} {last}".split()) == 0)
    assume(not any(titles_before([word]) for word in last.split()))
    # KING, MA, JOHN beside JOHN: what stands between may be a degree, which is no part of a name.
    has_degree = between == ", " and len(lasts) > 2 and fold(lasts[-1]) == fold(firsts[-1])
    assume(not has_degree)
    found = normalize_name(None, first, last, vocabularies)
    if found.reasons:
        return
    said = fold(found.full or "").replace(" ", "")
    assert all(fold(word).replace(" ", "") in said for word in [*firsts, *lasts]), found
    assert found.last is not None
    is_repeated = {fold(word) for word in firsts} & {fold(word) for word in lasts}
    if not is_repeated:
        words = fold(found.last).split()
        assert all(word in words for part in lasts for word in fold(part).split()), found


@pytest.mark.parametrize(
    "behind", ["Berlin", "CEO", "Acme", "Vertrieb", "Bernd Kahl", "Head of IT"]
)
@pytest.mark.parametrize("name", ["Anna Roth", "John Smith", "Maria Garcia Lopez"])
@pytest.mark.parametrize("between", [", ", " - ", " | ", " – "])
def test_what_stands_behind_a_whole_name_is_no_first_name(
    name: str, behind: str, between: str
) -> None:
    """`John Smith, CEO` was Ceo John Smith: no first name is better than somebody else's."""
    parts = split_name(f"{name}{between}{behind}")
    assert parts.first in (None, name.split()[0])
    assert behind.split()[0] not in (parts.first or "").split()
