"""Cases -> a chart of their likeliest causes over time. No Streamlit here."""

from typing import Any

import numpy as np
import pandas as pd
from colours import INK, of_causes
from numpy.typing import NDArray

from bayesnet.knowledge.knowledge import Knowledge

ROW_HEIGHT, LEGEND_ROW, AROUND = 34, 16, 95
"""Pixels: per bar, per cause in the legend, and for the axis and what lies between."""
MOST_BARS = 26
"""More weeks than that are told by month."""


def mix_of(knowledge: Knowledge, times: "pd.Series[Any]", first: NDArray[np.intp]) -> pd.DataFrame:
    """How many cases have each cause as the likeliest: a row per week or month ("since", its first day) and cause."""
    days = times.dt.tz_convert("UTC").dt.tz_localize(None)
    weeks = days.dt.to_period("W")
    periods = weeks if weeks.nunique() <= MOST_BARS else days.dt.to_period("M")
    labels = [knowledge.labels[cause] for cause in knowledge.causes]
    found = pd.DataFrame(
        {"since": periods.dt.start_time.dt.strftime("%Y-%m-%d"), "cause": [labels[at] for at in first]}
    )
    return found.groupby(["since", "cause"]).size().rename("cases").reset_index()


def mix_in_text(mix: pd.DataFrame) -> str:
    """The chart in sentences, the newest period first."""
    said = [
        f"From {since}: " + ", ".join(f"{row.cause} {row.cases}" for row in part.itertuples())
        for since, part in reversed(list(mix.groupby("since")))
    ]
    return "How many cases had each cause as the likeliest. " + ". ".join(said) + "."


def mix_chart(knowledge: Knowledge, mix: pd.DataFrame, theme: str = "light") -> dict[str, Any]:
    """A Vega-Lite chart: a stacked bar per period; a cause has the colour that it has everywhere."""
    ink = INK[theme]
    colours = {knowledge.labels[cause]: colour for cause, colour in of_causes(knowledge.causes).items()}
    axis = {"labelColor": ink, "titleColor": ink, "labelFontSize": 11}
    return {
        "data": {"values": mix.to_dict("records")},
        "height": ROW_HEIGHT * mix["since"].nunique() + LEGEND_ROW * len(colours) + AROUND,
        "mark": {"type": "bar", "height": {"band": 0.7}},
        "encoding": {
            "y": {"field": "since", "type": "ordinal", "sort": "descending", "title": None, "axis": axis},
            "x": {"field": "cases", "type": "quantitative", "title": None, "axis": {**axis, "tickMinStep": 1}},
            "color": {
                "field": "cause",
                "type": "nominal",
                "scale": {"domain": list(colours), "range": list(colours.values())},
                "legend": {"orient": "top", "columns": 1, "title": None, "labelColor": ink, "labelFontSize": 11},
            },
            "tooltip": [{"field": "since", "title": "from"}, {"field": "cause"}, {"field": "cases"}],
        },
    }
