"""What `codefree runs` shows."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from codefree.model_versions import RunList
from codefree.runs import runs as lists
from codefree.words import Words, in_lines, message, score_in_words

# Column as programs know it, in every language → its heading.
COLUMNS = {
    "version": message("models.column_version"),
    "run": message("runs.column_run"),
    "uploaded": message("models.column_uploaded"),
    "data": message("runs.column_data"),
    "changed": message("runs.column_changed"),
    "score": message("stack.column_score"),
    "cost": message("runs.column_cost"),
    "answers": message("runs.column_answers"),
    "job": message("stack.column_job"),
}
DAY = "%Y-%m-%d %H:%M"


def show_runs(found: RunList, console: Console, say: Words) -> None:
    """The table, the newest at its end; without a terminal no frame and no colours."""
    if not console.is_terminal:
        for cells in (COLUMNS, *(cells_of(found, one) for one in found.runs.all)):
            console.file.write("\t".join(cells) + "\n")
        return
    shown = Table()
    for heading in COLUMNS.values():
        shown.add_column(say.render(heading), overflow="fold")
    for one in found.runs.all:
        cells = dict(zip(COLUMNS, cells_of(found, one), strict=True))
        made = say(f"runs.made_{one.made}")
        state = "" if one.state == "completed" else f", {say(f'state.{one.state}')}"
        cells["run"] = f"{made}{state}"
        if cells["answers"] != "-":
            cells["answers"] = say(f"models.{cells['answers']}")
        shown.add_row(*map(escape, cells.values()))
    console.print(shown)


def cells_of(found: RunList, run: "lists.Run") -> tuple[str, ...]:
    """As programs read them, in the order of the columns."""
    uploaded = datetime.fromisoformat(run.uploaded).astimezone() if run.uploaded else None
    measured = run.measured
    cells = (
        str(found.runs.versions.get(run.job, "")),
        f"{run.made} {run.state}",
        f"{uploaded:{DAY}}" if uploaded else "",
        ", ".join(map(_data, run.data)),
        "; ".join(found.changed(run)),
        score_in_words(measured.metric, measured.score, measured.interval) if measured else "",
        "" if run.usd is None else f"${run.usd:.4f}",
        found.answers(run),
        run.job,
    )
    return tuple(in_lines(cell).replace("\n", " ") or "-" for cell in cells)


def _data(one: "lists.Input") -> str:
    """The file, how many rows it has, and the beginning of its hash."""
    facts = (None if one.rows is None else str(one.rows), one.digest[: lists.DIGEST_SHOWN])
    return f"{one.file} ({', '.join(filter(None, facts))})"
