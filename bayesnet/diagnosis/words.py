"""Probabilities in words and numbers, for every screen alike.

Frequencies keep one denominator, ten (Spiegelhalter, Pearson & Short 2011); only near the ends, where a tenth says too
little, is it a hundred.
Nothing is ever "0%" or "100%": a model of guesses knows no certainties.
"""


def in_words(p: float) -> str:
    """'about 7 in 10'; 'less than 1 in 100' and 'more than 99 in 100' at the ends."""
    if p < 0.01:
        return "less than 1 in 100"
    if p > 0.99:
        return "more than 99 in 100"
    if p < 0.095 or p >= 0.95:
        return f"about {round(p * 100)} in 100"
    return f"about {max(1, min(9, int(p * 10 + 0.5)))} in 10"


def in_percent(p: float) -> str:
    """'68%'; '<1%' and '>99%' at the ends."""
    if p < 0.01:
        return "<1%"
    if p > 0.99:
        return ">99%"
    return f"{p * 100:.0f}%"


def in_words_and_percent(p: float) -> str:
    """'about 7 in 10 (68%)'."""
    return f"{in_words(p)} ({in_percent(p)})"


def in_range(interval: tuple[float, float]) -> str:
    """'23% to 89%'."""
    low, high = interval
    return f"{in_percent(low)} to {in_percent(high)}"


def from_to(before: float, after: float) -> str:
    """'from about 3 in 10 sessions to about 2 in 10'; in 100 or 1,000 where rounding to tenths would tell another story."""
    change = abs(before - after)
    if change < 0.0005:
        return f"stays at {in_words(after)} sessions"
    for per in (10, 100, 1000):
        first, then = round(before * per), round(after * per)
        if min(first, then) >= 1 and max(first, then) < per and abs(abs(first - then) / per - change) <= change / 4:
            return f"from about {first} in {per:,} sessions to about {then} in {per:,}"
    first_words, then_words = _at_the_ends(before), _at_the_ends(after)
    if first_words == then_words:
        return f"hardly changes: {then_words} sessions"
    return f"from {first_words} sessions to {then_words}"


def _at_the_ends(p: float) -> str:
    return "less than 1 in 1,000" if p < 0.001 else f"about {round(p * 1000)} in 1,000" if p < 0.01 else in_words(p)


def in_points(change: float, interval: tuple[float, float]) -> str:
    """'8.2 points lower (plausibly 2.0 to 16.3)', in percentage points; higher where the change is negative."""
    if abs(change) < 0.0005 and max(map(abs, interval)) < 0.0005:
        return "no change"
    low, high = interval if change >= 0 else (-interval[1], -interval[0])
    direction = "lower" if change >= 0 else "higher"
    return f"{points(abs(change))} points {direction} (plausibly {points(low)} to {points(high)})"


def points(change: float) -> str:
    """'8.2', in percentage points."""
    return "less than 0.1" if abs(change) < 0.0005 else f"{change * 100:.1f}"


def how_many(n: int, what: str) -> str:
    """'1 case', '1,003 cases'."""
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def within_sentence(label: str) -> str:
    """A label as it reads inside a sentence: 'muscle strain'."""
    return label[:1].lower() + label[1:]
