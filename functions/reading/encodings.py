"""Which encoding the bytes of a CSV are in, when they are no Unicode."""

import re
import unicodedata
from contextlib import suppress
from itertools import islice, pairwise

from contract.messages import message
from reading.errors import UnreadableError

# Those of spreadsheets and of the programs of offices.
ENCODINGS = (
    *("cp949", "gb18030", "cp932", "big5", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "cp1257", "cp1258", "mac_roman", "iso8859_2", "iso8859_7", "iso8859_9"),
    *("cp874", "koi8_r", "mac_latin2", "mac_cyrillic", "cp850", "cp852", "cp866"),
)
USUAL = "cp1252"
# Letters beside a to z, by language: a file is mostly in one.
ALPHABETS = (
    *("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àèéìíòóù", "àáâãçéêíóôõúü", "éëïóöüèáêô"),
    *("åäöé", "æøåéèêóòâô", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž"),
    *("áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çğıöşüâîûi̇", "ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    *("ăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ̣̀̉̃́",),
)
# What Turkish looks like in cp1252, and seldom meant.
ICELANDIC = frozenset("áðéíóúýþæö")
LETTERS = tuple(frozenset(alphabet) for alphabet in ALPHABETS)
# The scripts that have encodings of their own, as the names of their letters begin.
SCRIPTS = ("GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI")
EAST_ASIAN = frozenset(
    (
        *("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"),
        *("FULLWIDTH", "HALFWIDTH"),
    )
)
NO_LANGUAGE = 2
FOREIGN_WORD = re.compile(rb"[A-Za-z]{0,40}[\x80-\xff][A-Za-z\x80-\xff]{0,40}")
WORDS_COMPARED = 2000
# More signs and capitals than this, per word, are no writing of people.
MOST_ODD_WORDS = 0.2
USUAL_SIGNS = frozenset("€£¥°§²³µ·¼½¾®©™×±\xab\xbb„”‘’“…–—\xa0")
# What decodes as these without an error is hardly anything else.
MANY_BYTES = ("cp949", "gb18030", "cp932", "big5")
# Of a few words they make words of each other, and of Hebrew and Thai.
FEWEST_LETTERS = 12


def guess_encoding(content: bytes) -> tuple[str, bool]:
    """The likeliest encoding, and whether that is in doubt; raises UnreadableError without one."""
    # Few files need it, and it would make every cold start longer.
    from charset_normalizer import from_bytes

    found = list(from_bytes(content, cp_isolation=list(ENCODINGS)))
    texts = {match.encoding: str(match) for match in found} | _words(content)
    odds = {e: 0 if e in MANY_BYTES else _odd(text) for e, text in texts.items()}
    ranks = {
        e: (odds[e] > MOST_ODD_WORDS * (text.count(" ") + 1), language_rank(text), odds[e])
        for e, text in texts.items()
    }
    if not ranks:
        raise UnreadableError(message("file.unknown_encoding", encodings=ENCODINGS))
    best = min(ranks, key=lambda encoding: ranks[encoding])
    alike = {e for e, rank in ranks.items() if rank == ranks[best]}
    if best not in MANY_BYTES and USUAL in alike:
        best = USUAL
    others = [e for e in alike if texts[e] != texts[best]]
    _, rank, odd = ranks[best]
    if best in MANY_BYTES:
        return best, rank == NO_LANGUAGE or _letters(texts[best]) < FEWEST_LETTERS
    doubtful = rank == NO_LANGUAGE or bool(others) or odd > 0
    if doubtful and not found:
        raise UnreadableError(message("file.unknown_encoding", encodings=ENCODINGS))
    return best, doubtful


def _letters(text: str) -> int:
    """How many different letters beside a to z it has."""
    return len({c for c in text if not c.isascii() and c.isalpha()})


def _words(content: bytes) -> dict[str, str]:
    """The words that are no ASCII, in every encoding of one byte that they may be in."""
    words = b" ".join(islice(dict.fromkeys(FOREIGN_WORD.findall(content)), WORDS_COMPARED))
    found = {}
    for encoding in ENCODINGS:
        if encoding not in MANY_BYTES:
            with suppress(UnicodeDecodeError):
                found[encoding] = words.decode(encoding)
    return found


def _odd(text: str) -> int:
    """How many signs stand in words, capitals inside them, and letters of two scripts together."""
    signs = sum(
        unicodedata.category(c)[0] not in "LM" and c not in USUAL_SIGNS
        for c in text
        if not c.isascii()
    )
    pairs = list(pairwise(text))
    capitals = sum(one.islower() and two.isupper() for one, two in pairs)
    capitals += sum(
        one.isupper() and two.isupper() and three.islower()
        for (one, two), three in zip(pairs, text[2:], strict=False)
    )
    return signs + capitals + sum(map(_mixes_scripts, pairs))


def _mixes_scripts(pair: tuple[str, str]) -> bool:
    """Whether a letter from a to z stands beside a letter that is not Latin."""
    one, two = pair
    other = two if one.isascii() else one
    if one.isascii() == two.isascii() or not (one.isalpha() and two.isalpha()):
        return False
    return not unicodedata.name(other, "").startswith("LATIN")


def language_rank(text: str) -> int:
    """0 when all letters beside a to z are of one language or script, 1 of a rare one, else 2."""
    letters = {c.lower() for c in text if not c.isascii() and unicodedata.category(c)[0] in "LM"}
    letters = set("".join(letters))
    if any(letters <= alphabet for alphabet in LETTERS):
        return 0
    if letters <= ICELANDIC:
        return 1
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
    if scripts <= EAST_ASIAN or (len(scripts) == 1 and scripts <= set(SCRIPTS)):
        return 0
    return NO_LANGUAGE
