"""Regression guards, not validation: the numbers were chosen knowing what the article says."""

import pytest

import bayesnet
from bayesnet import DiagnosticModel
from bayesnet.knowledge.schema import Vignette

KNOWLEDGE = bayesnet.load().knowledge
OF_THE_ARTICLE = {
    "hot_and_dry": ("dehydration",),
    "high_reps_to_failure": ("inadequate_blood_supply",),
    "a_tear_today": ("muscle_strain",),
    "rounded_and_tingling": ("nerve_compression",),
    "rounded_and_tired": ("excess_flexion",),
}
each = pytest.mark.parametrize("vignette", KNOWLEDGE.vignettes, ids=lambda vignette: vignette.id)


@each
def test_a_vignette_gives_what_it_expects(model: DiagnosticModel, vignette: Vignette) -> None:
    diagnosis = model.diagnose(vignette.answers)
    shown = {item.id for item in diagnosis.advice}
    assert diagnosis.beliefs[0].cause in (vignette.allowed_first or KNOWLEDGE.causes)
    assert vignette.first_heading in (None, next(iter(diagnosis.groups)))
    assert vignette.level in (None, diagnosis.advice.level.id)
    assert {*vignette.must} <= shown
    assert shown.isdisjoint(vignette.never)


@each
def test_a_vignette_expects_something(vignette: Vignette) -> None:
    """Which causes may come first where no warning sign decides, how urgent it is, and what to do or not to do."""
    assert bool(vignette.allowed_first) is KNOWLEDGE.red_flags.keys().isdisjoint(vignette.answers)
    assert vignette.level
    assert vignette.must or vignette.never


@each
def test_a_vignette_expects_what_can_be(vignette: Vignette) -> None:
    """Something may come first that is not all of it, and no item is both demanded and forbidden."""
    assert {*vignette.allowed_first} < {*KNOWLEDGE.causes}
    assert {*vignette.must, *vignette.never} <= KNOWLEDGE.advice.keys()
    assert {*vignette.must}.isdisjoint(vignette.never)


def test_ids_tell_the_vignettes_apart() -> None:
    ids = [vignette.id for vignette in KNOWLEDGE.vignettes]
    assert len({*ids}) == len(ids) == 22
    assert len({str(sorted(vignette.answers.items())) for vignette in KNOWLEDGE.vignettes}) == len(ids)


def test_every_level_and_the_likelier_causes_are_expected_somewhere() -> None:
    assert {vignette.level for vignette in KNOWLEDGE.vignettes} == {*KNOWLEDGE.levels}
    first = {cause for vignette in KNOWLEDGE.vignettes for cause in vignette.allowed_first}
    assert {*KNOWLEDGE.causes} - first == {"vascular_condition", "excess_extension"}


def test_the_five_of_the_article_end_under_five_headings_or_their_mechanisms() -> None:
    firsts = {vignette.id: vignette.allowed_first for vignette in KNOWLEDGE.vignettes if vignette.source == "article"}
    assert firsts == OF_THE_ARTICLE
