"""Regression guards, not validation: the numbers were chosen knowing what the article says."""

import pytest

import bayesnet
from bayesnet import DiagnosticModel
from bayesnet.knowledge.schema import Vignette

VIGNETTES = bayesnet.load().knowledge.vignettes
OF_THE_ARTICLE = {"hot_and_dry", "high_reps", "a_tear", "rounded_and_tingling", "rounded_and_tired"}


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: vignette.id)
def test_a_vignette_gives_what_it_expects(model: DiagnosticModel, vignette: Vignette) -> None:
    diagnosis = model.diagnose(vignette.answers)
    assert vignette.first in (None, diagnosis.beliefs[0].cause)
    assert vignette.first_heading in (None, next(iter(diagnosis.groups)))
    assert vignette.level in (None, diagnosis.advice.level.id)


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: vignette.id)
def test_a_vignette_expects_something(vignette: Vignette) -> None:
    assert vignette.first or vignette.first_heading
    assert vignette.level


def test_the_five_of_the_article_are_among_them() -> None:
    by_source = {vignette.id for vignette in VIGNETTES if vignette.source == "article"}
    assert by_source >= OF_THE_ARTICLE


def test_the_five_of_the_article_end_under_five_headings_or_their_mechanisms() -> None:
    firsts = {vignette.first for vignette in VIGNETTES if vignette.id in OF_THE_ARTICLE}
    assert firsts == {
        "dehydration",
        "inadequate_blood_supply",
        "muscle_strain",
        "nerve_compression",
        "excess_flexion",
    }
