"""What an endpoint is asked for rows, and what it says: the model's own code/inference.py answers.

It is asked for what the predictions file has: labels, numbers, and probabilities of six digits, the
last of which may differ from a portable model's.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from api.errors import UnavailableError
from contract.messages import message
from portable.model import Answers, PortableModel
from portable.odd_cells import odd_cells
from reading.names import key_of
from reading.request_rows import CSV, JSON

PREDICTION, PROBABILITY = "prediction", "probability_"
RETRY_SECONDS = 2
Rows = Mapping[str, Sequence[Any]]


class Endpoint(Protocol):
    """Where a model can be asked."""

    def ask(self, body: str, kind: str) -> str:
        """Return the answers as CSV; raises ApiError."""
        ...


class OddAnswerError(ValueError):
    """Raised when an endpoint's answer is not that of a model with these labels."""


def asked(endpoint: Endpoint, model: PortableModel, rows: Rows, points: bool) -> Answers:
    """What an endpoint says of rows whose columns the model knows.

    Raises what the endpoint raises, and UnavailableError for an answer of another model.
    """
    n_rows = max(map(len, rows.values()), default=0)
    answer = endpoint.ask(*question(rows, model.names, points))
    try:
        predictions, probabilities = read_answer(answer, model, n_rows)
    except OddAnswerError as error:
        raise UnavailableError(message("api.endpoint_broke"), RETRY_SECONDS) from error
    notes = odd_cells(model.columns, model.read(rows, points=points))
    return Answers(predictions, probabilities, notes)


def question(rows: Rows, names: Sequence[str], points: bool) -> tuple[str, str]:
    """The rows as a request's body, and its type: a CSV where `.` marks decimals."""
    if not points:
        return json.dumps({name: list(rows[name]) for name in names}), JSON
    text = io.StringIO()
    # Quoted, a line of one empty cell is a row, too.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows(zip(*(rows[name] for name in names), strict=True))
    return text.getvalue(), CSV


def read_answer(
    answer: str, model: PortableModel, n_rows: int
) -> tuple[list[str] | np.ndarray, np.ndarray]:
    """Labels as train has them, or numbers, and the probabilities; raises OddAnswerError."""
    records = list(csv.reader(io.StringIO(answer, newline="")))
    header, lines = (records or [[]])[0], records[1:]
    if len(lines) != n_rows or any(len(line) != len(header) for line in lines):
        raise OddAnswerError(f"{len(lines)} answers to {n_rows} rows")
    found: dict[str, tuple[str, ...]] = dict(zip(header, zip(*lines, strict=True), strict=True))
    try:
        if not model.labels:
            # As the model has them: 32 bits, in as few digits as tell one from its neighbors.
            numbers = np.array([float(one) for one in found[PREDICTION]], np.float32)
            return numbers, np.empty((n_rows, 0))
        said = found[PREDICTION]
        labels = {one: _known(one, model.labels) for one in set(said)}
        written = [name.removeprefix(PROBABILITY) for name in header[1:]]
        columns = [found[f"{PROBABILITY}{_known(label, written)}"] for label in model.labels]
        shares = np.array(columns, dtype=object).astype(np.float64).T
        return [labels[one] for one in said], shares
    except (KeyError, ValueError) as error:
        raise OddAnswerError("answers of another model") from error


def _known(label: str, among: Sequence[str]) -> str:
    """The one of these that a label is; raises KeyError.

    AutoGluon knows labels as values, which it may write in another way: true, or 1.0.
    """
    if label in among:
        return label
    return {key_of(one): one for one in among}[key_of(label)]
