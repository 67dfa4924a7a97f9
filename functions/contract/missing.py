"""What people and programs write for a missing value: one list for functions and jobs."""

from collections.abc import Sequence

# In small letters. Programs write them for nothing else: pandas, R, SQL, C, and spreadsheets in
# error, in whatever language.
ALWAYS_MISSING = (
    *("", "na", "nan", "null", "<na>", "nat", "\\n", "#n/a"),
    *("(null)", "[null]", "<null>", "-nan", "+nan", "1.#qnan", "-1.#qnan", "1.#ind", "-1.#ind"),
    *("#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#spill!", "#calc!"),
    *("#nv", "#n/d", "#wert!", "#bezug!", "#zahl!", "#valeur!", "#nom?", "#nombre!", "#valor!"),
    *("#¡valor!", "#¡div/0!", "#¡ref!", "#¡num!", "#¿nombre?", "#valore!", "#rif!"),
    *("#arg!", "#adr!", "#liczba!", "#dziel/0!", "#waarde!", "#verw!", "#deel/0!"),
)
# Words that may be a category or a class: missing only where the rest are numbers, dates or times.
PERHAPS_MISSING = (
    *("none", "n/a", "n.a.", "?", "??", "-", "--", "---", "–", "—", ".", "..", "...", "…"),
    *("unknown", "unk", "missing", "not available", "nil", "k.a.", "k. a.", "unbekannt"),
    # Of databases that know no missing dates.
    *("0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000", "00-00-0000"),
    *("없음", "미상", "모름", "해당없음", "無", "不明", "未知", "无"),
)


def always_missing(named: Sequence[str] | None) -> tuple[str, ...]:
    """What is missing in every column; `named` are the only words where the settings list some."""
    return ALWAYS_MISSING if named is None else ("", *(mark.strip().lower() for mark in named))


def is_missing(text: str, marks: tuple[str, ...] = ALWAYS_MISSING) -> bool:
    """Whether a cell holds no value; letter case and spaces around it do not count."""
    return text.strip().lower() in marks
