"""Probabilities in words and numbers: monotone, and never certain."""

import re
from itertools import pairwise

import pytest

from bayesnet.diagnosis.words import in_percent, in_words

GRID = [i / 2000 for i in range(2001)] + [1e-300, 1 - 1e-12, 0.1 + 0.2]


def value_in_words(p: float) -> float:
    """What the words say as a number; 'less than' a little below, 'more than' a little above."""
    found = re.fullmatch(r"(about|less than|more than) (\d+) in (10|100)", in_words(p))
    assert found, in_words(p)
    nudge = {"less than": -0.001, "about": 0.0, "more than": 0.001}[found[1]]
    return int(found[2]) / int(found[3]) + nudge


def value_in_percent(p: float) -> float:
    found = re.fullmatch(r"([<>]?)(\d+)%", in_percent(p))
    assert found, in_percent(p)
    return int(found[2]) + {"<": -0.1, "": 0.0, ">": 0.1}[found[1]]


def test_words_never_claim_certainty() -> None:
    said = {in_words(p) for p in GRID}
    assert not [words for words in said if re.search(r"\b(0 in 10|0 in 100|10 in 10|100 in 100)$", words)]


def test_percents_never_claim_certainty() -> None:
    assert {in_percent(p) for p in GRID}.isdisjoint({"0%", "100%"})


@pytest.mark.parametrize("value", [value_in_words, value_in_percent])
def test_a_larger_probability_never_reads_smaller(value) -> None:
    values = [value(p) for p in sorted(GRID)]
    assert all(low <= high for low, high in pairwise(values))


def test_words_are_never_farther_off_than_half_a_step() -> None:
    for p in GRID:
        words = in_words(p)
        step = 0.005 if words.endswith("in 100") else 0.05
        assert abs(value_in_words(p) - p) <= max(step, 0.011 if words[0] != "a" else 0) + 1e-9, (p, words)


def test_percents_are_never_farther_off_than_half_a_percent() -> None:
    for p in GRID:
        if in_percent(p)[0] not in "<>":
            assert abs(value_in_percent(p) / 100 - p) <= 0.005 + 1e-9


@pytest.mark.parametrize(
    ("p", "words", "percent"),
    [
        (0.0, "less than 1 in 100", "<1%"),
        (0.0099, "less than 1 in 100", "<1%"),
        (0.01, "about 1 in 100", "1%"),
        (0.0499, "about 5 in 100", "5%"),
        (0.05, "about 5 in 100", "5%"),
        (0.0949, "about 9 in 100", "9%"),
        (0.095, "about 1 in 10", "10%"),
        (0.149, "about 1 in 10", "15%"),
        (0.15, "about 2 in 10", "15%"),
        (0.5, "about 5 in 10", "50%"),
        (0.68, "about 7 in 10", "68%"),
        (0.949, "about 9 in 10", "95%"),
        (0.95, "about 95 in 100", "95%"),
        (0.99, "about 99 in 100", "99%"),
        (0.9901, "more than 99 in 100", ">99%"),
        (1.0, "more than 99 in 100", ">99%"),
    ],
)
def test_boundaries(p: float, words: str, percent: str) -> None:
    assert (in_words(p), in_percent(p)) == (words, percent)
