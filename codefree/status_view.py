"""What `codefree status` shows: a table for people, lines with tabs for programs."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from codefree.stack_status import Overview, Row
from codefree.words import Message, Words, in_lines, is_known, message, verbatim

# Column as programs know it, in every language, as they know the states → its heading.
COLUMNS = {
    "dataset": message("stack.column_dataset"),
    "state": message("stack.column_state"),
    "since": message("stack.column_since"),
    "job": message("stack.column_job"),
    "score": message("stack.column_score"),
    "cost so far": message("stack.column_cost"),
}
COST = "cost so far"


def show_overview(overview: Overview, console: Console, say: Words) -> None:
    """The table and a last line with totals; without a terminal no frame and no colours."""
    if not overview.rows:
        where = f"s3://{overview.bucket}/"
        console.print(escape(say("stack.no_dataset", bucket=where)), soft_wrap=True)
    elif console.is_terminal:
        console.print(table(overview.rows, say))
    else:
        for cells in (COLUMNS, *map(cells_of, overview.rows)):
            console.file.write("\t".join(cells) + "\n")
    for key in overview.damaged:
        console.print(escape(say("stack.damaged", key=in_lines(key))), soft_wrap=True)
    console.print(escape(totals(overview, say)), soft_wrap=True, highlight=False)


def table(rows: list[Row], say: Words) -> Table:
    shown = Table()
    for column, heading in COLUMNS.items():
        right = column == COST
        shown.add_column(say.render(heading), justify="right" if right else "left", overflow="fold")
    for row in rows:
        name, state, *others = cells_of(row)
        shown.add_row(*map(escape, (name, say.render(state_in_words(state)), *others)))
    return shown


def cells_of(row: Row) -> tuple[str, ...]:
    since = datetime.fromisoformat(row.since).astimezone()
    cells = (
        row.dataset,
        row.state,
        f"{since:%Y-%m-%d %H:%M}",
        row.job or "-",
        row.score or "-",
        f"${row.cost_usd:.2f}",
    )
    # Uploaders choose names, which must not control the terminal.
    return tuple(map(in_lines, cells))


def totals(overview: Overview, say: Words) -> str:
    """The last line: how many datasets are how far, what waits, what everything has cost."""
    states = tuple(
        message("stack.of_state", number=number, state=state_in_words(state))
        for state, number in sorted(overview.states.items())
    )
    datasets = message("stack.datasets", count=len(overview.rows))
    if states:
        datasets = message("stack.datasets_by_state", datasets=datasets, states=states)
    return say(
        "stack.totals",
        datasets=datasets,
        uploads=message("stack.in_queue", count=overview.uploads_in_queue),
        aside=overview.uploads_put_aside,
        usd=overview.cost_usd,
    )


def state_in_words(state: str) -> Message:
    """A state that another release has written may have no text."""
    code = f"state.{state}"
    return message(code) if is_known(code) else verbatim(state)
