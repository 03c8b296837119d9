"""Names written family name first and without a space: where the family name ends.

Only where a list says so: a name that is not split is compared as a whole, one that is split
wrongly is another person's. Lists: the most frequent family names of Korea (2015 census), China
(public security ministry, 2020) and Japan (Meiji Yasuda, 2018), and those of two signs.
"""

_HANGUL = range(0xAC00, 0xD7B0)
_KOREAN = frozenset(
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진나지엄채원천"
    "방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용"
)
_KOREAN_OF_TWO = frozenset([
    "남궁", "황보", "제갈", "선우", "독고", "사공", "서문", "동방",
])  # fmt: skip
_CHINESE = frozenset(
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧"
    "曹彭曾肖蕭田董袁潘于蒋蔣蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范金石廖贾賈夏韦"
    "韋付傅方白邹鄒孟熊秦邱江尹薛闫段雷侯龙龍史陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴"
)
_CHINESE_OF_TWO = frozenset([
    "欧阳", "歐陽", "司马", "司馬", "诸葛", "諸葛", "上官", "夏侯", "皇甫", "东方", "東方",
    "慕容", "司徒", "令狐", "尉迟", "尉遲", "端木",
])  # fmt: skip
_JAPANESE = frozenset([
    "佐藤", "鈴木", "高橋", "田中", "渡辺", "渡邊", "渡邉", "伊藤", "山本", "中村", "小林",
    "加藤", "吉田", "山田", "佐々木", "山口", "松本", "井上", "木村", "斎藤", "齋藤", "清水",
    "山崎", "阿部", "池田", "橋本", "山下", "石川", "中島", "前田", "藤田", "後藤", "小川",
    "岡田", "長谷川", "村上", "近藤", "石井", "斉藤", "坂本", "遠藤", "青木", "藤井", "西村",
    "福田", "太田", "三浦", "藤原", "岡本", "松田", "中川", "中野", "原田", "小野", "田村",
    "竹内", "金子", "和田", "中山", "石田", "上田", "森田", "柴田", "酒井", "工藤", "横山",
    "宮崎", "宮本", "内田", "高木", "安藤", "谷口", "大野", "丸山", "今井", "河野", "藤本",
    "村田", "武田", "上野", "杉山", "増田", "小山", "大塚", "平野", "菅原", "久保", "松井",
    "千葉", "岩崎", "桜井", "野口", "松尾", "木下", "野村", "菊地", "佐野", "大西", "杉本",
    "新井",
])  # fmt: skip


# What family names of three signs end in, and hardly a given name begins with: 小野田, 小野寺.
_ENDS_JAPANESE = frozenset("田寺川島村沢澤塚崎瀬部")


def is_family_name(name: str) -> bool:
    """Whether the whole unspaced name is a family's, of those of several signs."""
    is_listed = name in _JAPANESE or name in _KOREAN_OF_TWO or name in _CHINESE_OF_TWO
    return is_listed or (len(name) == 3 and _is_longer(name))


def _is_longer(name: str) -> bool:
    return name[:2] in _JAPANESE and name[2:3] in _ENDS_JAPANESE


def family_name_of(name: str) -> str | None:
    """The family name an unspaced name of two to five signs begins with, if one is known."""
    if not 2 <= len(name) <= 5:
        return None
    if all(ord(sign) in _HANGUL for sign in name):
        return _begins_with(name, _KOREAN_OF_TWO, _KOREAN, longest=4)
    for length in (3, 2):
        is_family = name[:length] in _JAPANESE or (length == 3 and _is_longer(name))
        if is_family and len(name) > length:
            return name[:length]
    return _begins_with(name, _CHINESE_OF_TWO, _CHINESE, longest=3)


def _begins_with(
    name: str, of_two: frozenset[str], of_one: frozenset[str], *, longest: int
) -> str | None:
    """`longest`: the signs a name has at most whose family name has one."""
    if name[:2] in of_two and len(name) > 2:
        return name[:2]
    return name[0] if name[0] in of_one and len(name) <= longest else None
