"""A portable model beside AutoGluon: the same model, the same rows, in turn, in one run.

.venv/bin/python benchmarks/portable.py MODEL_FOLDER TEST_FILE

The folder is an unpacked model.tar.gz. Rows of the file are repeated until there are 100,000.
AutoGluon gets its rows as a ready data frame; the portable model gets the cells' texts.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "training_src")]

import numpy as np
import pyarrow as pa
from autogluon.tabular import TabularPredictor
from rich.console import Console
from rich.table import Table

from model_code.preprocessor import load_preprocessor
from model_code.tables import chunks, look_at
from portable.files import FOLDER
from portable.model import load_model

ROWS, REPEATS, WARM_ROWS = 100_000, 3, 30
FIRST = {
    "portable": """
import json, sys
sys.path.insert(0, sys.argv[1] + "/code")
from pathlib import Path
from portable.model import load_model
load_model(Path(sys.argv[1]) / "light").predict(json.loads(sys.argv[2]))
""",
    "AutoGluon": """
import sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
inference.transform_fn(model, sys.argv[2], "application/json", "text/csv")
""",
}


def main(folder: Path, file: Path) -> None:
    preprocessor = load_preprocessor(folder / "code")
    predictor = TabularPredictor.load(str(folder), require_py_version_match=False, verbosity=0)
    predictor.persist()
    rows = pa.concat_tables(chunks(file, look_at(file, preprocessor.expected)))
    rows = rows.select(preprocessor.needed)
    one = json.dumps(
        [
            {
                name: cells[0].as_py()
                for name, cells in zip(rows.column_names, rows.columns, strict=True)
            }
        ]
    )
    first = {name: [] for name in FIRST}
    for _ in range(REPEATS):
        for name, program in FIRST.items():
            first[name].append(seconds(lambda p=program: run(p, folder, one)))
    many = rows.take(pa.array(np.arange(ROWS) % len(rows)))
    cells, features = many.to_pydict(), preprocessor.features(many)
    few = [{name: cells[name][row] for name in cells} for row in range(WARM_ROWS)]
    model = load_model(folder / FOLDER)
    answer = predictor.predict if model.problem == "number" else predictor.predict_proba
    inputs = model.matrix(model.read(cells, points=True))
    whole = {"AutoGluon": [], "from texts": [], "from features": []}
    for _ in range(REPEATS):
        whole["AutoGluon"].append(seconds(lambda: answer(features)))
        whole["from texts"].append(seconds(lambda: model.predict(cells, points=True)))
        whole["from features"].append(seconds(lambda: model.answers_to(inputs)))
    warm = {
        "AutoGluon": [
            seconds(lambda r=r: answer(features.iloc[r : r + 1])) for r in range(WARM_ROWS)
        ],
        "portable": [seconds(lambda r=row: model.predict([r])) for row in few],
        "reasons": [seconds(lambda r=row: model.reasons([r])) for row in few],
    }
    size = sum(path.stat().st_size for path in (folder / FOLDER).iterdir())
    table = Table("what", "seconds")
    for name, times in first.items():
        table.add_row(f"first answer, {name}", f"{statistics.median(times):.2f}")
    for name, times in warm.items():
        table.add_row(f"one warm row, {name}", f"{statistics.median(times):.4f}")
    for name, times in whole.items():
        table.add_row(f"{ROWS:,} rows, {name}", f"{statistics.median(times):.2f}")
    Console().print(f"{folder}: {len(model.members)} members, {size / 1000:,.0f} kB", table)


def run(program: str, folder: Path, row: str) -> None:
    command = [sys.executable, "-c", program, str(folder), row]
    subprocess.run(command, check=True, capture_output=True)


def seconds(do: Callable[[], Any]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
