"""Results as they show themselves in a notebook: a table with bars. Every text is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

FOR, AGAINST = "#2f74e0", "#b3541e"


def bar_table(caption: str, headers: Sequence[str], rows: Iterable[tuple[str, float, str]], note: str = "") -> str:
    """Rows of (label, length in [-1, 1], text): the length becomes a bar, in another colour where it is negative."""
    head = "".join(f"<th style='text-align:left'>{escape(header)}</th>" for header in headers)
    body = "".join(
        f"<tr><td style='text-align:left'>{escape(label)}</td>"
        f"<td style='text-align:left;min-width:10em'><div style='background:{FOR if length >= 0 else AGAINST};"
        f"height:.8em;width:{min(abs(length), 1) * 100:.1f}%'></div></td>"
        f"<td style='text-align:left'>{escape(text)}</td></tr>"
        for label, length, text in rows
    )
    foot = f"<p><small>{escape(note)}</small></p>" if note else ""
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>{foot}"
