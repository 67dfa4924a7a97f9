from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.run_dataset import Moment, Results
from local.screen import moment_in_words, show_results

STATUS = {"state": "training", "headline": "toys: training", "results": "results/toys/job/"}
PROGRESS: dict[str, Any] = {
    "stage": "fitting",
    "percent": 40,
    "seconds": 12.0,
    "seconds_left": 41.7,
    "fitting": "LightGBM",
    "models": 2,
    "best_model": {"model": "CatBoost", "metric": "roc_auc", "score": 0.87654},
}


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (Moment(None, None), "the files are being looked at"),
        (Moment(STATUS, None), "the training job starts"),
        (
            Moment(STATUS, PROGRESS),
            "fitting LightGBM, 2 models so far, best roc_auc 0.8765 (CatBoost), about 42 s left",
        ),
        (Moment({**STATUS, "state": "waiting", "headline": "waits"}, None), "waits"),
    ],
)
def test_each_moment_is_told_in_one_line(moment: Moment, words: str) -> None:
    assert moment_in_words(moment) == words


def test_long_leaderboard_is_cut_and_says_so() -> None:
    rows = [{"model": f"M{n}", "metric": "accuracy", "score_test": "0.123456"} for n in range(12)]
    status = {"state": "completed", "headline": "ready", "dataset": "toys"}
    console = Console(width=80)
    with console.capture() as capture:
        show_results(Results(status, Path("made"), [], 1.0, leaderboard=rows), console)
    shown = capture.get()
    assert "the best 10 of 12 models" in shown
    assert "M9" in shown and "M10" not in shown
    assert "0.1235" in shown
