"""What a table from the store lacks because the model at hand does not know it."""

from collections.abc import Mapping
from typing import Any

LEFT_OUT = "left_out"


def left_out(cases: Any) -> Mapping[str, int]:
    """{"question=state": number of cases} of a table just read from the store."""
    found: Mapping[str, int] = cases.attrs.get(LEFT_OUT, {})
    return found
