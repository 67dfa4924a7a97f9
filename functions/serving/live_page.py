"""live.html: what requests ask, compared with train; one file without scripts or links."""

from datetime import date
from html import escape

from contract.messages import Message, message, render
from serving.request_drift import ColumnDrift, RequestDrift

STYLE = """
:root { color-scheme: light dark; --ink: #1a202c; --paper: #fff; --soft: #f1f4f8; --line: #d5dce6;
  --warn: #fff6e0; --blue: #2b6cb0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181f; --soft: #1f2630;
  --line: #38424f; --warn: #3a3018; --blue: #63a4e8; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 0 auto; padding: 1.25rem; overflow-wrap: break-word; }
:lang(ko) { word-break: keep-all; }
h1 { font-size: 1.6rem; line-height: 1.25; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; vertical-align: top; max-width: 24rem; }
thead th { background: var(--soft); } th[scope=row] { font-weight: 400; }
meter { width: 8rem; } .differs, .verdict { background: var(--warn); }
@media (max-width: 40rem) { th, td { max-width: 9rem; } meter { width: 4rem; } }
.verdict { border-radius: .4rem; padding: .6rem 1rem; }
"""
CONTENT_SECURITY = "default-src 'none'; style-src 'unsafe-inline'"


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
    table = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1><p{kind}>{said}</p>"
        f"<p>{found}</p>{table if drift.columns else ''}<p>{say('how')}</p></main></body></html>\n"
    ).encode()


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
