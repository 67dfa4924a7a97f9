"""What `codefree run` shows: how far the training is, then what came of it."""

import shlex
from collections.abc import Iterable
from functools import reduce
from typing import Any

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from codefree.command_name import command_name
from codefree.layout import layout
from codefree.run_dataset import Results, Snapshot
from codefree.words import Words, message

# What the codes of messages on models that answer requests begin with.
ANSWERS_REQUESTS = ("live.",)
LEADERBOARD_ROWS = 10
# Columns of the leaderboard file that the terminal has room for, and their headings.
HEADINGS = {
    "model": message("leaderboard.model"),
    "score_test": message("leaderboard.score_test"),
    "score_holdout": message("leaderboard.score_holdout"),
    "score_val": message("leaderboard.score_val"),
    "fit_seconds": message("leaderboard.fit_seconds"),
    "predict_seconds_val": message("leaderboard.predict_seconds_val"),
}
NAMES_WIDTH = 12
ENGLISH = Words()


def show_progress(
    snapshots: Iterable[Snapshot], console: Console, say: Words = ENGLISH
) -> Snapshot:
    """Show each snapshot until the last, which is returned: a live bar, or plain lines of text."""
    if console.is_terminal:
        return _show_bar(snapshots, console, say)
    return _show_lines(snapshots, console, say)


def snapshot_in_words(snapshot: Snapshot, say: Words = ENGLISH) -> str:
    """What is going on, in one line."""
    if snapshot.status is None:
        return say("cli.processing")
    if snapshot.ended or snapshot.status["state"] == "waiting":
        return say.headline(snapshot.status)
    if snapshot.progress is None:
        return say("cli.job_starts")
    return progress_in_words(snapshot.progress, say)


def progress_in_words(progress: dict[str, Any], say: Words = ENGLISH) -> str:
    """progress.json in one line."""
    parts = [message(f"stage.{progress['stage'].replace(' ', '_')}")]
    if progress["fitting"]:
        parts = [message("cli.fitting", stage=parts[0], model=progress["fitting"])]
    if count := progress["models"]:
        parts.append(message("cli.models_so_far", count=count))
    if best := progress["best_model"]:
        known = {name: best[name] for name in ("metric", "score", "model")}
        parts.append(message("cli.best_so_far", **known))
    if progress["seconds_left"] is not None:
        parts.append(message("cli.seconds_left", seconds=round(progress["seconds_left"])))
    line = reduce(lambda before, more: message("cli.and", before=before, more=more), parts)
    return say.render(line)


def show_results(results: Results, console: Console, say: Words = ENGLISH) -> None:
    """The leaderboard, the score, where everything is and what to do next."""
    status = results.status
    console.print()
    if rows := results.leaderboard:
        shown = rows[:LEADERBOARD_ROWS]
        console.print(escape(_leaderboard_title(rows, say)))
        console.print(leaderboard_table(shown, say))
    console.print(f"[bold]{escape(say.headline(status))}[/]", soft_wrap=True)
    steps = [] if results.completed else say.steps(status)
    # No API runs once this command has ended.
    for line in (*say.details(status, but=ANSWERS_REQUESTS), *steps):
        console.print(escape(line), soft_wrap=True)
    if not results.completed:
        return
    model = results.find("model.tar.gz")
    lines = {
        "cli.report": results.find(layout.REPORT),
        "cli.predictions": results.predictions,
        "cli.model": model,
        "cli.all_files": results.folder,
    }
    for code, path in lines.items():
        if path:
            console.print(f"{_name(say(code))} {escape(str(path))}", soft_wrap=True)
    if model:
        rows_file = say("cli.more_rows")
        command = f"{command_name()} predict {shlex.quote(str(model))} {rows_file}"
        console.print(f"{_name(say('cli.next'))} {escape(command)}", soft_wrap=True)


def _name(text: str) -> str:
    """As wide as the column of names; characters of East Asia take two places."""
    return text + " " * max(0, NAMES_WIDTH - cell_len(text))


def _leaderboard_title(rows: list[dict[str, str]], say: Words) -> str:
    metric = rows[0]["metric"]
    if len(rows) <= LEADERBOARD_ROWS:
        return say("cli.leaderboard", metric=metric, count=len(rows))
    return say("cli.leaderboard_best", metric=metric, shown=LEADERBOARD_ROWS, number=len(rows))


def leaderboard_table(rows: list[dict[str, str]], say: Words = ENGLISH) -> Table:
    """The rows of a leaderboard as far as a terminal has room, numbers short."""
    table = Table()
    shown = [column for column in HEADINGS if column in rows[0]]
    for column in shown:
        justify: JustifyMethod = "left" if column == "model" else "right"
        table.add_column(say.render(HEADINGS[column]), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*(escape(_short(row[column] or "")) for column in shown))
    return table


def _show_bar(snapshots: Iterable[Snapshot], console: Console, say: Words) -> Snapshot:
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=console
    ) as bar:
        task = bar.add_task("", total=100)
        for snapshot in snapshots:
            percent = (snapshot.progress or {"percent": 0})["percent"]
            bar.update(
                task, description=escape(snapshot_in_words(snapshot, say)), completed=percent
            )
        bar.update(task, completed=100, visible=False)
    return snapshot


def _show_lines(snapshots: Iterable[Snapshot], console: Console, say: Words) -> Snapshot:
    """A line per step, not per second."""
    step = None
    for snapshot in snapshots:
        progress = snapshot.progress or {}
        words = snapshot_in_words(snapshot, say)
        now = (progress.get("stage") or words, progress.get("fitting"))
        if now != step and not snapshot.ended:
            console.print(escape(words), soft_wrap=True)
        step = now
    return snapshot


def _short(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value
