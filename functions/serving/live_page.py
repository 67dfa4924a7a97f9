"""live.html: what requests ask, compared with train; one file without scripts or links."""

from datetime import date
from html import escape

from contract.messages import Message, message, render
from contract.plain_page import plain_page, scrolled
from serving.request_drift import ColumnDrift, RequestDrift

STYLE = """
meter { width: 8rem; } .differs { background: var(--warn); }
@media (max-width: 40rem) { th, td { max-width: 9rem; } meter { width: 4rem; } }
"""


def verdict(dataset: str, drift: RequestDrift) -> Message:
    """What the comparison says, in one sentence, for the page and STATUS.txt."""
    if not drift.columns:
        return message("drift.too_few", dataset=dataset, rows=drift.rows)
    if not drift.differing:
        return message("drift.alike", dataset=dataset, rows=drift.rows)
    names = tuple(column.name for column in drift.differing)
    return message("drift.differs", count=len(names), columns=names, rows=drift.rows)


def live_page(dataset: str, drift: RequestDrift, since: date, until: date, language: str) -> bytes:
    """The whole page, in UTF-8; every name in it is escaped."""

    def say(code: str, **values: object) -> str:
        return escape(render(message(f"drift.{code}", **values), language))

    found = say(
        "found",
        requests=drift.requests,
        rows=drift.rows,
        since=since.isoformat(),
        until=until.isoformat(),
        job=drift.job,
    )
    heads = "".join(
        f'<th scope="col">{say(name)}</th>' for name in ("column", "distance", "missing", "odd")
    )
    title = say("title", dataset=dataset)
    said = escape(render(verdict(dataset, drift), language))
    kind = ' class="verdict"' if drift.differing else ""
    rows = "".join(_row(column) for column in _in_order(drift))
    table = scrolled(f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>", title)
    content = (
        f"<p{kind}>{said}</p><p>{found}</p>{table if drift.columns else ''}<p>{say('how')}</p>"
    )
    return plain_page(title, content, language, STYLE)


def _in_order(drift: RequestDrift) -> list[ColumnDrift]:
    """The columns that differ first."""
    rest = [column for column in drift.columns if not column.differs]
    return [*drift.differing, *rest]


def _row(column: ColumnDrift) -> str:
    name, far = escape(column.name), f"{column.distance:.2f}"
    cells = (
        f'<meter min="0" max="1" value="{far}" aria-label="{name}"></meter> {far}',
        f"{column.missing_before:.0%} → {column.missing:.0%}",
        f"{column.odd:.1%}",
    )
    tds = "".join(f"<td>{cell}</td>" for cell in cells)
    kind = ' class="differs"' if column.differs else ""
    return f'<tr{kind}><th scope="row">{name}</th>{tds}</tr>'
