"""A page that is one file: no scripts, nothing fetched, light or dark, wide or narrow."""

from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1a202c; --paper: #fff; --soft: #f1f4f8; --line: #d5dce6;
  --warn: #fff6e0; --blue: #2b6cb0; --good: #e6f4ea; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181f; --soft: #1f2630;
  --line: #38424f; --warn: #3a3018; --blue: #63a4e8; --good: #1c3325; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 0 auto; padding: 1.25rem; overflow-wrap: break-word; }
:lang(ko) { word-break: keep-all; }
h1 { font-size: 1.6rem; line-height: 1.25; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; vertical-align: top; max-width: 24rem; }
thead th { background: var(--soft); } th[scope=row] { font-weight: 400; }
.verdict { background: var(--warn); border-radius: .4rem; padding: .6rem 1rem; }
"""
CONTENT_SECURITY = "default-src 'none'; style-src 'unsafe-inline'"


def plain_page(title: str, content: str, language: str, style: str = "") -> bytes:
    """Return the whole page, in UTF-8; title and content are HTML, escaped by who made them."""
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{STYLE}{style}</style></head><body><main><h1>{title}</h1>{content}"
        "</main></body></html>\n"
    ).encode()


def scrolled(content: str, label: str) -> str:
    """Return what may be wider than the page, in a frame that a keyboard reaches."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{content}</div>'
