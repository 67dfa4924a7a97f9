"""Before a model answers requests: does it say what its own job wrote into the predictions file?"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

from contract.messages import Message, message
from contract.spreadsheet import would_run
from portable.model import Answers
from reading.errors import RowsError
from reading.names import column_names, key_of, matched

# A megabyte of the file at most, and of that so many rows.
MOST_BYTES, MOST_ROWS = 2**20, 200
# Probabilities are written with six digits, and numbers are floats of 32 bits.
NEAR = 2e-6


class Predicts(Protocol):
    """A model, wherever it is."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    def predict(self, rows: Mapping[str, Sequence[Any]], *, points: bool = False) -> Answers: ...


def unfit(model: Predicts, head: bytes, *, points: bool) -> Message | None:
    """Why a model must not answer requests; None when nothing speaks against it.

    `head` is the beginning of its job's predictions file: rows as they were given, then answers,
    then reasons. `points` says that `.` marks decimals in the file that was given.
    """
    header, *rows = _records(head) or [[]]
    given = _columns_given(header, len(model.labels))
    rows = [row for row in rows if len(row) == len(header) and not _was_made_safe(row[:given])]
    if not given or not rows:
        return None
    names = matched(column_names(header[:given]), model.names)
    cells = dict(zip(names, zip(*(row[:given] for row in rows), strict=True), strict=True))
    try:
        answers = model.predict(cells, points=points)
    except RowsError as error:
        return message("live.unreadable_rows", reason=error.message)
    # It has come as a file; whatever breaks in it, another model answers already.
    except Exception:
        return message("live.broke")
    said = [row[given:] for row in rows]
    count = sum(not _agrees(answers, place, one) for place, one in enumerate(said))
    return message("live.differs", count=count, rows=len(rows)) if count else None


def _columns_given(header: Sequence[str], n_labels: int) -> int:
    """How many columns stand before the answers; 0 where none are found."""
    behind = n_labels + 1
    for place in range(len(header) - behind - 1, 0, -1):
        of_labels = header[place + 1 : place + behind]
        if (
            header[place].startswith("prediction")
            and all(name.startswith("probability_") for name in of_labels)
            and header[place + behind].startswith("reasons")
        ):
            return place
    return 0


def _records(head: bytes) -> list[list[str]]:
    """The header and some rows, without the last one of a part, which may lack its end."""
    text = head.decode("utf-8-sig", errors="ignore")
    records = list[list[str]]()
    # A cell that is longer than the parser takes ends what can be looked at.
    with suppress(csv.Error):
        for record in islice(csv.reader(io.StringIO(text, newline="")), MOST_ROWS + 1):
            records.append(record)
    return records[:-1] if len(head) == MOST_BYTES and len(records) <= MOST_ROWS else records


def _was_made_safe(cells: Sequence[str]) -> bool:
    """Whether a cell got an apostrophe, or may have had it before."""
    return any(cell.startswith("'") and would_run(cell[1:]) for cell in cells)


def _agrees(answers: Answers, row: int, said: Sequence[str]) -> bool:
    prediction = answers.predictions[row]
    if not isinstance(prediction, str):
        return _near(float(prediction), said[0])
    found = answers.probabilities[row].tolist()
    # AutoGluon knows the label as a value, which it may write in another way: true, or 1.0.
    return key_of(prediction) == key_of(said[0]) and all(
        map(_near, found, said[1 : len(found) + 1])
    )


def _near(number: float, text: str) -> bool:
    try:
        return math.isclose(number, float(text), rel_tol=NEAR, abs_tol=NEAR)
    except ValueError:
        return False
