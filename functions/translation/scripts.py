"""Whether a text is written in the script of its language: all that is certain of a short one."""

import unicodedata
from itertools import islice

from translation.languages import AMAZON_LANGUAGES

LATIN = frozenset({"LATIN"})
# Unicode's names for the scripts of languages that have others; some are written in two.
_OTHERS = {
    **dict.fromkeys(("bg", "mk", "ru", "uk"), "CYRILLIC"),
    **dict.fromkeys(("az", "bs", "kk", "sr", "uz"), "CYRILLIC LATIN"),
    **dict.fromkeys(("ar", "fa", "fa-AF", "ps", "ur"), "ARABIC"),
    **dict.fromkeys(("hi", "mr"), "DEVANAGARI"),
    **dict.fromkeys(("zh", "zh-TW"), "CJK BOPOMOFO"),
    "am": "ETHIOPIC",
    "bn": "BENGALI",
    "el": "GREEK",
    "gu": "GUJARATI",
    "he": "HEBREW",
    "hy": "ARMENIAN",
    "ja": "CJK HIRAGANA KATAKANA KATAKANA-HIRAGANA",
    "ka": "GEORGIAN",
    "kn": "KANNADA",
    "ko": "HANGUL CJK",
    "ml": "MALAYALAM",
    "mn": "CYRILLIC MONGOLIAN",
    "pa": "GURMUKHI ARABIC",
    "si": "SINHALA",
    "ta": "TAMIL",
    "te": "TELUGU",
    "th": "THAI",
}
LETTERS_READ = 2000


def is_of_other_script(text: str, language: str) -> bool:
    """Whether most letters are of scripts in which the language is not written.

    False for a text without letters, and for a language whose script is not known here.
    """
    if language not in AMAZON_LANGUAGES:
        return False
    expected = frozenset(_OTHERS[language].split()) if language in _OTHERS else LATIN
    letters = list(islice((sign for sign in text if sign.isalpha()), LETTERS_READ))
    # FULLWIDTH LATIN SMALL LETTER A is Latin, HALFWIDTH KATAKANA LETTER A is Katakana.
    found = [unicodedata.name(unicodedata.normalize("NFKC", one)[0], "") for one in letters]
    other = sum(name.partition(" ")[0] not in expected for name in found)
    return 2 * other > len(letters)
