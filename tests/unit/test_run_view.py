from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from codefree.run_dataset import Results, Snapshot
from codefree.run_view import show_results, snapshot_in_words
from codefree.words import OPTIONS, Words
from contract.messages import Message, message, message_to_json, render
from pipeline.settings import Settings

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
    ("snapshot", "words"),
    [
        (Snapshot(None, None), render(message("cli.processing"))),
        (Snapshot(STATUS, None), render(message("cli.job_starts"))),
        (
            Snapshot(STATUS, PROGRESS),
            "training models: LightGBM, 2 models so far, best ROC AUC 0.8765 (CatBoost), "
            "about 42 s left",
        ),
        (Snapshot({**STATUS, "state": "waiting", "headline": "waits"}, None), "waits"),
    ],
)
def test_each_moment_is_told_in_one_line(snapshot: Snapshot, words: str) -> None:
    assert snapshot_in_words(snapshot) == words


def test_long_leaderboard_is_cut_and_says_so() -> None:
    rows = [{"model": f"M{n}", "metric": "accuracy", "score_test": "0.123456"} for n in range(12)]
    status = {"state": "completed", "headline": "ready", "details": [], "dataset": "toys"}
    console = Console(width=80)
    with console.capture() as capture:
        show_results(Results(status, Path("made"), [], 1.0, leaderboard=rows), console)
    shown = capture.get()
    assert "the best 10 of 12 models" in shown
    assert "M9" in shown and "M10" not in shown
    assert "0.1235" in shown


def status_about(reason: Message) -> dict[str, Any]:
    headline = message("status.refused", dataset="x", reason=reason)
    step = message("next.correct")
    messages = {"headline": message_to_json(headline), "next": [message_to_json(step)]}
    return {"headline": render(headline), "next": [render(step)], "messages": messages}


def test_a_wrong_option_is_named_as_it_was_typed() -> None:
    wanted = message("want.number", low=0.5, high=1440)
    wrong = message("settings.wrong", setting="training_minutes", wanted=wanted, value="0.2")
    status = status_about(message("settings.in_file", file="data/x.json", reason=wrong))
    say = Words()
    assert "--minutes must be a number from 0.5 to 1440" in say.headline(status)
    assert "data/x.json" not in say.headline(status)
    assert say.steps(status) == [render(message("cli.fix_option"))]


def test_a_wrong_file_is_to_be_corrected_under_its_name() -> None:
    status = status_about(message("file.empty"))
    assert Words("ko").steps(status) == [render(message("next.correct"), "ko")]
    assert Words("ko").headline(status) == render(
        message("status.refused", dataset="x", reason=message("file.empty")), "ko"
    )


def test_a_status_without_messages_is_shown_as_it_was_written() -> None:
    assert Words("ko").headline({"headline": "x: done."}) == "x: done."


def test_every_option_stands_for_a_setting() -> None:
    assert set(OPTIONS) <= set(Settings.__dataclass_fields__)


def test_a_model_that_is_ready_is_described_as_in_the_bucket_but_with_options() -> None:
    score = message("detail.score", score=message("text", text="0.9"))
    cut = message("note.cut_short", trained=1, planned=5, models=("LightGBM",))
    messages = {"details": [message_to_json(cut), message_to_json(score)]}
    details = [render(cut), render(score)]
    status = {"state": "completed", "headline": "ready", "dataset": "toys", "details": details}
    console = Console(width=80)
    with console.capture() as capture:
        show_results(Results(status | {"messages": messages}, Path("made"), [], 1.0), console)
    shown = capture.get()
    assert render(score) in shown
    assert render(cut, "en", OPTIONS) in shown and OPTIONS["training_minutes"] in shown
