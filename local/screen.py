"""What `codefree run` shows: how far the training is, then what came of it."""

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from local.run_dataset import Moment, Results

LEADERBOARD_ROWS = 10
# Column of the leaderboard file → what the terminal has room for.
HEADINGS = {
    "model": "model",
    "score_test": "test",
    "score_holdout": "hold-out",
    "score_val": "validation",
    "fit_seconds": "fit s",
    "predict_seconds_val": "predict s",
}


def show_moments(moments: Iterable[Moment], console: Console) -> Moment:
    """Show each moment until the last, which is returned: a live bar, or plain lines of text."""
    if console.is_terminal:
        return _show_bar(moments, console)
    return _show_lines(moments, console)


def moment_in_words(moment: Moment) -> str:
    """What is going on, in one line."""
    if moment.status is None:
        return "the files are being looked at"
    if moment.ended or moment.status["state"] == "waiting":
        return str(moment.status["headline"])
    if moment.progress is None:
        return "the training job starts"
    return progress_in_words(moment.progress)


def progress_in_words(progress: dict[str, Any]) -> str:
    """progress.json in one line."""
    parts = [str(progress["stage"])]
    if progress["fitting"]:
        parts[0] += f" {progress['fitting']}"
    if count := progress["models"]:
        parts.append(f"{count} model{'s' if count > 1 else ''} so far")
    if best := progress["best_model"]:
        parts.append(f"best {best['metric']} {best['score']:.4g} ({best['model']})")
    if progress["seconds_left"] is not None:
        parts.append(f"about {progress['seconds_left']:.0f} s left")
    return ", ".join(parts)


def show_results(results: Results, console: Console) -> None:
    """The leaderboard, the score, where everything is and what to do next."""
    status = results.status
    console.print()
    if rows := results.leaderboard:
        shown = rows[:LEADERBOARD_ROWS]
        some = f"the best {len(shown)} of " if len(shown) < len(rows) else ""
        metric = escape(rows[0]["metric"])
        console.print(f"Leaderboard by {metric}: {some}{len(rows)} models")
        console.print(leaderboard_table(shown))
    console.print(f"[bold]{escape(status['headline'])}[/]", soft_wrap=True)
    if not results.completed:
        for line in (*status["details"], *status["next"]):
            console.print(escape(line), soft_wrap=True)
        return
    for warning in results.performance.get("warnings", []):
        console.print(f"Note: {escape(warning)}", soft_wrap=True)
    model = results.find("model.tar.gz")
    lines = {
        "Report": results.find("report.html"),
        "Predictions": results.find(f"{status['dataset']}_test_predictions.csv"),
        "Model": model,
        "All files": results.folder,
    }
    for name, path in lines.items():
        if path:
            console.print(f"{name + ':':12} {escape(str(path))}", soft_wrap=True)
    if model:
        command = f"{_program()} predict {shlex.quote(str(model))} MORE_ROWS.csv"
        console.print(f"{'Next:':12} {escape(command)}", soft_wrap=True)


def leaderboard_table(rows: list[dict[str, str]]) -> Table:
    """The rows of a leaderboard as far as a terminal has room, numbers short."""
    table = Table()
    shown = [column for column in HEADINGS if column in rows[0]]
    for column in shown:
        justify: JustifyMethod = "left" if column == "model" else "right"
        table.add_column(HEADINGS[column], justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(escape(_short(row[column] or "")) for column in shown))
    return table


def _show_bar(moments: Iterable[Moment], console: Console) -> Moment:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=console
    ) as bar:
        task = bar.add_task("", total=100)
        for moment in moments:
            percent = (moment.progress or {"percent": 0})["percent"]
            bar.update(task, description=escape(moment_in_words(moment)), completed=percent)
        bar.update(task, completed=100, visible=False)
    return moment


def _show_lines(moments: Iterable[Moment], console: Console) -> Moment:
    """A line per step, not per second."""
    step = None
    for moment in moments:
        progress = moment.progress or {}
        words = moment_in_words(moment)
        now = (progress.get("stage") or words, progress.get("fitting"))
        if now != step and not moment.ended:
            console.print(escape(words), soft_wrap=True)
        step = now
    return moment


def _short(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


def _program() -> str:
    """What to type for this program: its name, or its path where the name is not found."""
    if shutil.which("codefree"):
        return "codefree"
    path = Path(sys.argv[0])
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
