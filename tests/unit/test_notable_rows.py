"""Single rows of the report: chosen for a reason, and really those rows of the file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import Predictions
from model_code.preprocessor import Preprocessor
from model_code.tables import chunks, look_at
from notable_rows import BEST, DOUBTFUL, OF_EACH, WORST, Pick, notable_rows, pick_rows
from problem import Problem
from reading.column import CATEGORY, NUMBER, Column
from reading.csv_head import expected_like

BINARY = Problem("binary", "roc_auc", "roc_auc", positive_class="yes")
ROWS = 60


def binary(chances: list[float], actual: list[bool]) -> Predictions:
    table = pd.DataFrame({"no": 1 - np.array(chances), "yes": chances})
    target = pd.Series(["yes" if one else "no" for one in actual])
    return Predictions(BINARY, target, table.idxmax(axis=1), table)


rows = st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=40)


@given(rows, st.sampled_from([0.2, 0.5]))
def test_picked_rows_are_what_they_are_called(
    every: list[tuple[float, bool]], threshold: float
) -> None:
    one = binary([chance for chance, _ in every], [actual for _, actual in every])
    right = one.target == one.predicted
    picks = pick_rows(one, threshold)
    labels = [pick.label for pick in picks]
    assert len(labels) == len(set(labels))
    by_kind = {
        kind: [pick.label for pick in picks if pick.kind == kind]
        for kind in (BEST, WORST, DOUBTFUL)
    }
    assert len(by_kind[WORST]) == min(OF_EACH, int((~right).sum()))
    assert len(by_kind[BEST]) == min(OF_EACH, int(right.sum()))
    assert not right[by_kind[WORST]].any() and right[by_kind[BEST]].all()
    assert one.probabilities is not None
    doubt = (one.probabilities["yes"] - threshold).abs().drop([*by_kind[WORST], *by_kind[BEST]])
    assert sorted(doubt[by_kind[DOUBTFUL]]) == sorted(doubt)[:OF_EACH]


def test_of_numbers_the_largest_and_the_smallest_errors_are_picked() -> None:
    actual = pd.Series(np.zeros(20))
    said = pd.Series(np.arange(20.0)[::-1])
    one = Predictions(Problem("regression", "r2", "r2"), actual, said, None)
    picks = pick_rows(one)
    assert [pick.label for pick in picks if pick.kind == WORST] == [0, 1, 2]
    assert [pick.label for pick in picks if pick.kind == BEST] == [19, 18, 17]


class Model:
    """Answers what it is given, and has no reasons."""

    def __init__(self, preprocessor: Preprocessor) -> None:
        self.preprocessor = preprocessor
        self.reasons: Any = type("Reasons", (), {"possible": False})()

    def answer_from(self, found: pd.DataFrame) -> pd.DataFrame:
        labels = found.idxmax(axis=1).rename("prediction")
        return pd.concat([labels, found.add_prefix("probability_")], axis=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Each third row has no target."""
    lines = [f"{n},{'ab'[n % 2]},{'' if n % 3 == 0 else 'no'}" for n in range(ROWS)]
    path = tmp_path / "x_train.csv"
    path.write_text("\n".join(["amount,kind,y", *lines, ""]))
    return path


def test_a_row_is_the_one_of_the_file_or_left_out(file: Path) -> None:
    head = look_at(file)
    columns = [Column("amount", NUMBER), Column("kind", CATEGORY)]
    model: Any = Model(Preprocessor("y", columns, expected_like(head), []))
    features = pd.concat([model.preprocessor.features(part) for part in chunks(file, head)])
    places = np.array([n for n in range(ROWS) if n % 3])
    scored = features.iloc[places].reset_index(drop=True)
    one = binary([0.1] * len(scored), [False] * len(scored))
    picks = [Pick(BEST, label) for label in (0, 1, 17, len(scored) - 1)]
    found = notable_rows(one, picks, model, scored, file, places)
    assert [row.row for row in found] == [places[pick.label] + 1 for pick in picks]
    lines = file.read_text().splitlines()
    assert all(lines[row.row].startswith(f"{row.row - 1},") for row in found)
    assert {(row.actual, row.predicted, row.probability) for row in found} == {("no", "no", 0.9)}
    # Were another row at the place, nothing would be claimed.
    assert notable_rows(one, picks, model, scored, file, places - 1) == []
    assert notable_rows(one, [Pick(BEST, -1), Pick(BEST, 10**6)], model, scored, file, places) == []
