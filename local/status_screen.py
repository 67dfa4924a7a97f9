"""What `codefree status` shows: a table for people, lines with tabs for programs."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.stack_status import Overview, Row

HEADINGS = ("dataset", "state", "since", "job", "score", "cost so far")


def show_overview(overview: Overview, console: Console) -> None:
    """The table and a last line with totals; without a terminal no frame and no colours."""
    if not overview.rows:
        console.print(escape(f"No dataset in s3://{overview.bucket}/ yet."), soft_wrap=True)
    elif console.is_terminal:
        console.print(table(overview.rows))
    else:
        for cells in (HEADINGS, *map(cells_of, overview.rows)):
            console.file.write("\t".join(cells) + "\n")
    console.print(escape(totals(overview)), soft_wrap=True, highlight=False)


def table(rows: list[Row]) -> Table:
    shown = Table()
    for heading in HEADINGS:
        right = heading == "cost so far"
        shown.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*map(escape, cells_of(row)))
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
    return tuple(map(_printable, cells))


def totals(overview: Overview) -> str:
    """The last line: how many datasets are how far, what waits, what everything has cost."""
    states = ", ".join(f"{number} {state}" for state, number in sorted(overview.states.items()))
    return (
        f"{_many(len(overview.rows), 'dataset')}{': ' if states else ''}{states}; "
        f"{_many(overview.uploads_in_queue, 'upload')} in the queue, "
        f"{overview.uploads_put_aside} put aside; about ${overview.cost_usd:.2f} so far."
    )


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _printable(text: str) -> str:
    """A name comes from whoever may upload: it must not steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
