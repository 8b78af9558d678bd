"""The colours of causes: seen on both pages, and told apart by every kind of eye."""

import sys
from collections.abc import Iterator
from itertools import combinations
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from bayesnet import DiagnosticModel
from bayesnet.shipped import shipped

# Machado, Oliveira & Fernandes (2009), severity 1.0, in linear RGB.
SIGHT = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
D65 = np.array([0.95047, 1.0, 1.08883])
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
JUST_SEEN = 2.3
"""The distance in CIELAB that is just noticed (Mahy et al. 1994)."""


@pytest.fixture(scope="module")
def colours() -> Iterator[ModuleType]:
    sys.path.insert(0, str(shipped("dashboard")))
    import colours

    yield colours
    sys.path.remove(str(shipped("dashboard")))


def linear(colour: str) -> NDArray[np.float64]:
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ TO_XYZ[1])


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = TO_XYZ @ np.clip(rgb, 0, 1) / D65
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_mark_stands_out_from_the_page(colours: ModuleType, theme: str) -> None:
    page = luminance(colours.PAGES[theme])
    for colour in (*colours.CAUSES, colours.GREY, colours.NOW, colours.AGAINST):
        low, high = sorted((page, luminance(colour)))
        assert (high + 0.05) / (low + 0.05) >= 3, colour


@pytest.mark.parametrize("sight", SIGHT)
def test_causes_are_told_apart(colours: ModuleType, sight: str) -> None:
    seen = {colour: lab(np.array(SIGHT[sight]) @ linear(colour)) for colour in (*colours.CAUSES, colours.GREY)}
    for a, b in combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 8 * JUST_SEEN, (a, b)


def test_the_shipped_causes_have_a_colour_each(colours: ModuleType, model: DiagnosticModel) -> None:
    found = colours.of_causes(model.knowledge.causes)
    assert list(found) == list(model.knowledge.causes)
    assert len(set(found.values())) == len(found)
