"""Words of scripts that write vowels as marks on the letter before them, each unlike all others."""

from itertools import pairwise, product

# Letters, and marks of vowels and tones that follow one.
_SCRIPTS = {
    "Devanagari": ("रमनस", "ािीुूेैोौं"),
    "Bengali": ("রমনস", "ািীুূেৈোৌ"),
    "Gurmukhi": ("ਰਮਨਸ", "ਾਿੀੁੂੇੈੋੌ"),
    "Gujarati": ("રમનસ", "ાિીુૂેૈોૌ"),
    "Odia": ("ରମନସ", "ାିୀୁୂେୈୋୌ"),
    "Tamil": ("ரமநச", "ாிீுூெேைொோ"),
    "Telugu": ("రమనస", "ాిీుూెేైొో"),
    "Kannada": ("ರಮನಸ", "ಾಿೀುೂೆೇೈೊೋ"),
    "Malayalam": ("രമനസ", "ാിീുൂെേൈൊോ"),
    "Sinhala": ("රමනස", "ාැිීුූෙේොෝ"),
    "Thai": ("รมนส", "ัิีึืุู่้๊"),
    "Lao": ("ຣມນສ", "ັິີຶືຸູ່້໊"),
    "Khmer": ("រមនស", "ាិីឹឺុូើេែ"),
    "Burmese": ("ရမနသ", "ာိီုူေဲံ့း"),
    "Tibetan": ("རམནས", "ཱིེོཻཽུ"),
    "Thaana": ("ރމނސ", "ަާިީުޫެޭޮޯ"),
}
NAMES = {
    script: [
        f"{first}{mark}{second}{mark} {second}{other}{first}{mark}"
        for (first, second), (mark, other) in product(pairwise(letters), pairwise(marks))
    ]
    for script, (letters, marks) in _SCRIPTS.items()
}
# People leave these marks out: the names keep them, their keys do not.
POINTED = {"רִבְקָה כֹּהֵן": "רבקה כהן", "مُحَمَّد عَلِيّ": "محمد علي"}
# Accents that no letter is made with, but a mark behind it.
ACCENTED = {"Ẹ̀bùn Ọ̀ṣun": "ebun osun", "Adébáyọ̀ Ṣóyínká": "adebayo soyinka"}
