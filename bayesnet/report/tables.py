"""The plain look that all tables in the terminal share."""

from rich.table import Table


def plain_table(*headers: str) -> Table:
    """A table without lines, its headers dimmed; long cells go on in the next line."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in headers:
        table.add_column(header, overflow="fold")
    return table
