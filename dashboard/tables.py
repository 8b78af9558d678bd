"""A table that a phone can scroll and a keyboard can reach; every cell is shown as the text that it is."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

STYLE = """
.scrolls {overflow-x: auto}
.scrolls table {border-collapse: collapse}
.scrolls td, .scrolls th {border: 1px solid rgba(128, 128, 128, .4); padding: .3rem .6rem; text-align: left;
    vertical-align: top; font-weight: normal}
.scrolls thead th {font-weight: 600}
.scrolls th[scope=row] {min-width: 6.5rem}
"""


def show(caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The first cell of a row names it; the caption is for those who hear the page."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    st.html(
        f'<div class="scrolls" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
