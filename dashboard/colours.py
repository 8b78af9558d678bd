"""One language of colour for every page: a cause has the same colour wherever it is drawn, and never colour alone.

All have a contrast of at least 3:1 on the light and on the dark page. Those of causes were searched for the greatest least
distance (CIE 1976) between any two of them and the grey, also as seen with each kind of colour blindness (Machado et al.
2009); `tests/test_colours.py` measures both.
"""

from collections.abc import Iterable

PAGES = {"light": "#ffffff", "dark": "#0e1117"}
INK = {"light": "#111111", "dark": "#fafafa"}
"""Text by theme; Streamlit's own grey labels are too faint."""
NOW, AGAINST = "#2f74e0", "#c0561f"
"""What is, or speaks for; what speaks against."""
GREY = "#7a7a7a"
"""What was before, as an outline; what no known cause explains, filled."""
CAUSES = ("#009aee", "#ae169e", "#811aff", "#db7a10", "#8b5a31", "#70a06e", "#5455da", "#c37ab9")


def of_causes(causes: Iterable[str]) -> dict[str, str]:
    """The colour of each cause of a model, by the order in which the model names them; more than there are begin anew."""
    return {cause: CAUSES[at % len(CAUSES)] for at, cause in enumerate(causes)}
