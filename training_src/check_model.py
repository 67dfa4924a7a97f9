"""The job's second check of itself: the packed model answers as the trained one does.

The model folder is loaded by its own code, as an endpoint loads it, and asked for rows of train in
the forms of a request. A difference would make every later prediction wrong without a word.
"""

import csv
import importlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow as pa

from contract.messages import message
from failure import TrainingError
from model_code.predictions import Model
from model_code.tables import chunks, look_at, texts_of

ROWS = 50
# Of probabilities and numbers: what libraries may round differently in another process.
RELATIVE, ABSOLUTE = 1e-5, 1e-6
OWN_PACKAGES = ("inference", "model_code", "reading", "contract", "portable")
CSV, JSON = "text/csv", "application/json"


def check_model(folder: Path, model: Model, train: Path) -> None:
    """Raise TrainingError when the model in the folder does not give the answers of `model`."""
    head = look_at(train, model.preprocessor.expected)
    (part,) = islice(chunks(train, head), 1)
    rows = part.select(model.preprocessor.needed).slice(0, ROWS)
    expected = model.answer(model.preprocessor.features(rows))
    with _inference_of(folder) as inference:
        packed = inference.model_fn(str(folder))
        for body, kind in ((_as_csv(rows), CSV), (_as_json(rows), JSON)):
            answer, _ = inference.transform_fn(packed, body, kind, CSV)
            given = pd.read_csv(io.StringIO(answer), dtype=str, keep_default_na=False)
            if differing := _differing(given, expected):
                raise TrainingError(
                    message("job.model_differs", count=differing, rows=len(expected))
                )


@contextmanager
def _inference_of(folder: Path) -> Iterator[ModuleType]:
    """The serving code of a model, beside this job's modules of the same names."""
    path, modules = list(sys.path), dict(sys.modules)
    try:
        for name in modules:
            if name.split(".")[0] in OWN_PACKAGES:
                del sys.modules[name]
        sys.path.insert(0, str(folder / "code"))
        yield importlib.import_module("inference")
    finally:
        sys.path[:] = path
        for name in list(sys.modules):
            if name.split(".")[0] in OWN_PACKAGES:
                del sys.modules[name]
        sys.modules.update(
            {name: known for name, known in modules.items() if name.split(".")[0] in OWN_PACKAGES}
        )


def _as_csv(rows: pa.Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in texts_of(rows)), strict=True))
    return text.getvalue()


def _as_json(rows: pa.Table) -> str:
    """Stored numbers as numbers, everything else as texts."""
    columns = []
    for name, texts in zip(rows.column_names, texts_of(rows), strict=True):
        stored = pa.types.is_integer(rows[name].type) or pa.types.is_floating(rows[name].type)
        columns.append(rows[name].to_pylist() if stored else texts.to_pylist())
    names = rows.column_names
    cells = zip(*columns, strict=True)
    return json.dumps([dict(zip(names, row, strict=True)) for row in cells])


def _differing(given: pd.DataFrame, expected: pd.DataFrame) -> int:
    """How many rows differ."""
    if given.shape != expected.shape or list(given) != list(map(str, expected)):
        return len(expected)
    wrong = np.zeros(len(expected), dtype=bool)
    for name in expected:
        column = expected[name]
        if pd.api.types.is_float_dtype(column):
            numbers = pd.to_numeric(given[str(name)], errors="coerce").to_numpy(float)
            close = np.isclose(numbers, column.to_numpy(float), RELATIVE, ABSOLUTE, equal_nan=True)
            wrong |= ~close
        else:
            wrong |= given[str(name)].to_numpy() != column.astype(str).to_numpy()
    return int(wrong.sum())
