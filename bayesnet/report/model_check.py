"""What `bayesnet model check` prints of a good model: the shares of its ranges, and what the laws of advice looked at."""

from bayesnet.diagnosis.laws import Laws
from bayesnet.knowledge.elicitation import MEDIAN_WITHIN, TOO_LITTLE, TOO_MUCH, Share, collapsed, shares
from bayesnet.knowledge.knowledge import Knowledge

AS_FITTED = 0.05
"""A strength that is so near to the fitting one is the fitting one, rounded."""


def print_shares(knowledge: Knowledge) -> None:
    """Every number with a range: how much of its distribution lies there, and the strength that would fit best."""
    for found in shares(knowledge):
        low, high = found.row.ranges[found.state]
        label = knowledge.number_label(found.table, found.row, found.state)
        strengths = f"strength {found.row.strength:g} (fits best: {found.fitted:g})"
        print(f"{found.share:4.0%} in {low:g} to {high:g} at {strengths}: {label}")


def warnings_of(knowledge: Knowledge) -> tuple[str, ...]:
    """Ranges and strengths that do not say the same, and rare numbers whose draws come to nothing, a line each.

    Raises MissingExtra where scipy is not installed.
    """
    found = [
        f"model.toml: {knowledge.number_label(each.table, each.row, each.state)}: its range holds {each.share:.0%} of its "
        f"distribution at strength {each.row.strength:g}, not {TOO_LITTLE:.0%} to {TOO_MUCH:.0%}; {_fit(each)}"
        for each in shares(knowledge)
        if not each.agrees
    ]
    found += [
        f"model.toml: {knowledge.number_label(table, row, state)}: {row.p[state]:g} with strength {row.strength:g} is drawn as "
        f"{median:.2g} or less half of the time; give it a range, or a strength of at least {0.5 / row.p[state]:.3g}, so that "
        f"it stays within a factor of {MEDIAN_WITHIN:g}"
        for table, row, state, median in collapsed(knowledge)
    ]
    return tuple(found)


def _fit(found: Share) -> str:
    if abs(found.row.strength / found.fitted - 1) < AS_FITTED:
        return "no one strength fits all ranges of its row better"
    return f"strength {found.fitted:g} fits best"


def print_laws(laws: Laws) -> None:
    """How many combinations the laws of advice were held against."""
    looked = "; ".join(f"{count:,} {what}" for what, count in laws.combinations.items())
    print(f"Advice: no contradiction and no level that falls, in all combinations that the rules read: {looked}.")
