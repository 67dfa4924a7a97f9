"""Which columns only number or name their rows: by their names, and by values that never repeat."""

import re
from collections.abc import Sequence

from reading.names import was_unnamed

# A price index is a measure, and so may be a key or a number.
MEASURES = "index|key|row|no|nr"
MAY_MEASURE = re.compile(rf"({MEASURES})$", re.IGNORECASE)
ID_NAME = re.compile(
    rf"(^|[\s_.-])(ids?|idx|uuid|guid|rownames?|번호|編號|序號|{MEASURES})$", re.IGNORECASE
)
CAMEL_ID = re.compile(r"[a-z]I[Dd]$")
WHOLE = re.compile(r"[+-]?\d{1,18}")
# So many repetitions are to be expected by chance where none was found.
REPEATS_EXPECTED = 5
FEWEST_VALUES, LONGEST_CODE = 20, 40
# Addresses, UUIDs, and codes filled with zeros: U000123 and USER-0042, but not No 0042 or EUR0042.
ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[a-z]{2,24}", re.IGNORECASE)
UUID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
CODE = re.compile(r"(?:[a-z][-_]?|[a-z]{4,8}[-_]?|[a-z]{2,3}_)(?P<digits>\d{3,18})", re.IGNORECASE)


def is_id_name(written: str) -> bool:
    """Whether a column is called an ID, a key or a number of rows; AMOUNT_PAID is not."""
    name = written.strip()
    return bool(ID_NAME.search(name) or CAMEL_ID.search(name))


def surely_id_name(written: str) -> bool:
    """Whether that name is used for nothing else."""
    return is_id_name(written) and not MAY_MEASURE.search(written.strip())


def unique_by_design(rows: int, low: float, high: float) -> bool:
    """Whether so many whole numbers between these would surely have repeated by chance.

    The birthday problem: n values of m possible ones have about n² / 2m pairs of equal ones.
    """
    return rows * rows / (2 * (high - low + 1)) > REPEATS_EXPECTED


def is_row_name(written: str, values: Sequence[str]) -> bool:
    """Whether a column may be lacking in a test file: it has no name, or identifies its rows."""
    return was_unnamed(written) or are_identifiers(written, values)


def are_identifiers(written: str, values: Sequence[str]) -> bool:
    """Whether present values of a column say that it identifies its rows.

    They never repeat, and are codes, or whole numbers that are called an ID or that would have
    repeated by chance. A price or a year that never repeats is none.
    """
    texts = [value.strip() for value in values if value.strip()]
    if len(texts) < FEWEST_VALUES or len(set(texts)) < len(texts):
        return False
    if all(map(WHOLE.fullmatch, texts)):
        numbers = sorted(map(int, texts))
        if numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1:
            return True
        return surely_id_name(written) or (
            unique_by_design(len(numbers), numbers[0], numbers[-1])
            and numbers[-1] - numbers[0] >= len(numbers)
        )
    return all(_is_code(text) for text in texts)


def tells_nothing(written: str, values: Sequence[str]) -> bool:
    """Whether all values of a column surely hold nothing to learn from, however they are read.

    They are the same, number the rows in their order, identify them under a name for that, or
    never repeat and can be nothing but names: no number, no date and no sentence is written so.
    """
    texts = [value.strip() for value in values]
    if len(set(texts)) < 2:
        return True
    if not all(texts) or not are_identifiers(written, texts):
        return _are_surely_names(texts)
    named = was_unnamed(written) or surely_id_name(written)
    return named or _are_row_numbers(texts) or _are_surely_names(texts)


def _are_row_numbers(texts: Sequence[str]) -> bool:
    """Whether values are 0, 1, 2, … or 1, 2, 3, … in this order."""
    numbers = [str(number) for number in range(len(texts) + 1)]
    return list(texts) in (numbers[:-1], numbers[1:])


def _are_surely_names(texts: Sequence[str]) -> bool:
    """Whether texts never repeat and are addresses, UUIDs, or codes of one length."""
    if len(texts) <= FEWEST_VALUES or len(set(texts)) < len(texts):
        return False
    if any(all(map(shape.fullmatch, texts)) for shape in (ADDRESS, UUID)):
        return True
    codes = list(filter(None, map(CODE.fullmatch, texts)))
    filled = any(code["digits"].startswith("0") for code in codes)
    return len(codes) == len(texts) and filled and len(set(map(len, texts))) == 1


def _is_code(text: str) -> bool:
    """One word of letters and digits, no number and no date."""
    if len(text) > LONGEST_CODE or " " in text or not any(map(str.isalpha, text)):
        return False
    return any(map(str.isdigit, text)) or "-" in text
