"""Free text in a CSV file that a spreadsheet may open: no cell is run as a formula, and nothing is lost.

A cell that begins with = + - @, a tab or a line break (or their full-width forms), after any number of ', gets one more
' in front; reading takes exactly that one away again. Both are one to one, so that writing and reading give any text back.
"""

from typing import Any

import pyarrow.compute as pc

_STARTS = r"[=+\-@\t\r\n＝＋－＠]"


def neutralised(texts: Any) -> Any:
    """A pyarrow array of texts, none of which a spreadsheet would run."""
    return pc.replace_substring_regex(texts, rf"\A('*{_STARTS})", r"'\1")


def restored(texts: Any) -> Any:
    """The texts that `neutralised` was given."""
    return pc.replace_substring_regex(texts, rf"\A'('*{_STARTS})", r"\1")
