"""Why: each weight is a difference of log-odds that anybody can recompute."""

import io
import json
import re
from itertools import pairwise
from math import inf, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import bayesnet
from bayesnet import DiagnosticModel, Family, JunctionTree, Network
from bayesnet.diagnosis.explanation import NEGLIGIBLE, strength, weigh
from bayesnet.diagnosis.model import load
from bayesnet.diagnosis.shapley import EXACT_UP_TO
from bayesnet.report.cases import print_diagnosis

KNOWLEDGE = load().knowledge
STATES = {question.id: [state.id for state in question.states] for question in KNOWLEDGE.questions.values()}
CASES = [
    {"sweating": "heavy"},
    {"sweating": "heavy", "water_intake": "low", "felt_tear": "yes"},
    {"posture": {"flexed": 1.0, "extended": 0.3}, "tingling_weakness": "tingling", "rep_scheme": "low"},
    {question: STATES[question][-1] for question in list(STATES)[:EXACT_UP_TO]},
]
on_each = pytest.mark.parametrize("answers", CASES, ids=lambda answers: ",".join(answers)[:40])
hard_answers = st.lists(st.sampled_from(list(STATES)), max_size=EXACT_UP_TO, unique=True).flatmap(
    lambda asked: st.fixed_dictionaries({question: st.sampled_from(STATES[question]) for question in asked})
)


def log_odds(model: DiagnosticModel, cause: str, answers) -> float:
    node = f"{cause}__cramp"
    no, yes = model.tree.posterior({**answers, "cramp": "yes"}, [node])[node]
    return log(yes / no)


@on_each
@pytest.mark.parametrize("cause", KNOWLEDGE.causes)
def test_weights_are_differences_of_log_odds(model: DiagnosticModel, answers, cause: str) -> None:
    explanation = model.diagnose(answers).explain(cause)
    assert explanation.cause == cause
    assert {weight.question: weight.answer for weight in explanation.weights} == answers
    full, nothing = log_odds(model, cause, answers), log_odds(model, cause, {})
    for weight in explanation.weights:
        rest = {question: answer for question, answer in answers.items() if question != weight.question}
        only = {weight.question: weight.answer}
        assert weight.alone == pytest.approx(log_odds(model, cause, only) - nothing, abs=1e-9)
        assert weight.without == pytest.approx(full - log_odds(model, cause, rest), abs=1e-9)


@pytest.mark.parametrize("question", STATES)
def test_a_single_answer_weighs_the_same_alone_and_without(model: DiagnosticModel, question: str) -> None:
    (weight,) = model.diagnose({question: STATES[question][0]}).explain("muscle_strain").weights
    assert weight.alone == pytest.approx(weight.without, abs=1e-9)


def test_nothing_answered_weighs_nothing(model: DiagnosticModel) -> None:
    explanation = model.diagnose({}).explain("dehydration")
    assert explanation.weights == explanation.speaks_for == explanation.speaks_against == ()


def test_red_flags_and_unanswered_questions_weigh_nothing(model: DiagnosticModel) -> None:
    answers = {"cauda_equina": "yes", "heat": None, "posture": "", "felt_tear": "yes"}
    assert [w.question for w in model.diagnose(answers).explain("muscle_strain").weights] == ["felt_tear"]


@settings(deadline=None, max_examples=40)
@given(hard_answers, st.sampled_from(list(KNOWLEDGE.causes)))
def test_what_speaks_for_and_against_is_sorted_and_of_one_sign(model: DiagnosticModel, answers, cause: str) -> None:
    explanation = model.diagnose(answers).explain(cause)
    for weights in (explanation.weights, explanation.speaks_for, explanation.speaks_against):
        assert all(abs(one.shapley) >= abs(other.shapley) for one, other in pairwise(weights))
    assert all(weight.shapley > NEGLIGIBLE for weight in explanation.speaks_for)
    assert all(weight.shapley < -NEGLIGIBLE for weight in explanation.speaks_against)
    assert set(explanation.speaks_for + explanation.speaks_against) == {
        weight for weight in explanation.weights if abs(weight.shapley) > NEGLIGIBLE
    }


@settings(deadline=None, max_examples=40)
@given(hard_answers, st.sampled_from(list(KNOWLEDGE.causes)))
def test_sentences_name_question_and_answer_by_label(model: DiagnosticModel, answers, cause: str) -> None:
    for weight in model.diagnose(answers).explain(cause).weights:
        question = KNOWLEDGE.questions[weight.question]
        label = next(state.label for state in question.states if state.id == weight.answer)
        assert weight.sentence.startswith(f"{question.label}: {label}: ")
        share = weight.shapley
        said = "for it" if share > NEGLIGIBLE else "against it" if share < -NEGLIGIBLE else "hardly matters"
        assert said in weight.sentence.removeprefix(f"{question.label}: {label}: ")


def test_a_soft_answer_is_named_with_all_its_weights(model: DiagnosticModel) -> None:
    (weight,) = model.diagnose({"posture": {"flexed": 1.0, "extended": 0.3}}).explain("excess_flexion").weights
    assert weight.sentence.startswith("Posture: Rounded 1, Hollow 0.3: ")


def test_answers_speak_the_way_the_article_says(model: DiagnosticModel) -> None:
    for answers, cause in (
        ({"sweating": "heavy", "water_intake": "low"}, "dehydration"),
        ({"rep_scheme": "high", "rest_time": "short"}, "inadequate_blood_supply"),
        ({"trained_to_failure": "yes"}, "inadequate_blood_supply"),
        ({"posture": "flexed", "tingling_weakness": "tingling"}, "nerve_compression"),
        ({"felt_tear": "yes"}, "muscle_strain"),
    ):
        explanation = model.diagnose(answers).explain(cause)
        assert {weight.question for weight in explanation.speaks_for} == set(answers)


# Small networks


@pytest.mark.parametrize("question", ["rep_scheme", "heat", "rest_time"])
def test_what_is_d_separated_weighs_nothing(model: DiagnosticModel, question: str) -> None:
    given = {question: STATES[question][-1]}
    # Before the cramp is known, training and heat tell nothing of a torn muscle's posture link.
    found = weigh(model.tree, "excess_flexion__cramp", given, {})
    assert (found.alone[0], found.without[0], found.shapley[0]) == pytest.approx((0, 0, 0), abs=1e-12)
    assert strength(found.shapley[0]) == "hardly matters here"
    # Once it is, they explain it away.
    (weight,) = model.diagnose(given).explain("excess_flexion").weights
    assert abs(weight.without) > 1e-3


def test_what_is_screened_off_weighs_alone_but_loses_nothing_when_left_out() -> None:
    states = dict.fromkeys("abc", ("no", "yes"))
    step = np.array([[0.9, 0.2], [0.1, 0.8]])
    chain = Network(
        states, {"a": Family((), np.array([0.7, 0.3])), "b": Family(("a",), step), "c": Family(("b",), step)}
    )
    given = {"b": "yes", "c": "yes"}
    found = weigh(JunctionTree(chain), "a", given, {})
    # P(b = yes | a) is 0.8 or 0.1; P(c = yes | a) is 0.66 or 0.17.
    assert found.alone == pytest.approx([log(0.8 / 0.1), log(0.66 / 0.17)], abs=1e-9)
    assert found.without == pytest.approx([log(0.8 / 0.1) - log(0.66 / 0.17), 0], abs=1e-9)


def deterministic() -> JunctionTree:
    """`sure` copies the cause, `never` is its negation, `hint` leans towards it."""
    return JunctionTree(
        Network(
            dict.fromkeys(("cause", "sure", "never", "hint"), ("no", "yes")),
            {
                "cause": Family((), np.array([0.7, 0.3])),
                "sure": Family(("cause",), np.array([[1.0, 0.0], [0.0, 1.0]])),
                "never": Family(("cause",), np.array([[0.0, 1.0], [1.0, 0.0]])),
                "hint": Family(("cause",), np.array([[0.8, 0.3], [0.2, 0.7]])),
            },
        )
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sure": "yes"}, {"sure": (inf, inf)}),
        ({"sure": "no"}, {"sure": (-inf, -inf)}),
        ({"sure": "yes", "never": "no"}, {"sure": (inf, 0), "never": (inf, 0)}),
        ({"sure": "no", "hint": "yes"}, {"sure": (-inf, -inf), "hint": (log(3.5), 0)}),
        ({"sure": "yes", "hint": "yes"}, {"sure": (inf, inf), "hint": (log(3.5), 0)}),
    ],
)
def test_certainty_weighs_infinitely_and_is_said_in_words(given, expected) -> None:
    found = weigh(deterministic(), "cause", given, {})
    for i, question in enumerate(given):
        assert (found.alone[i], found.without[i]) == pytest.approx(expected[question], abs=1e-9)
        assert not np.isnan(found.shapley[i])
        assert not re.search(r"\b(inf|nan)\b", strength(float(found.shapley[i])))


LITTLE = {
    "model.toml": """
id = "little"
title = "A lamp that does not burn"
version = "1"
population = "lamps"
[[question]]
id = "warm"
label = "Warm"
section = "Look"
ask = "Is it warm?"
help = "Touch it."
states = [{ id = "no", label = "No" }, { id = "yes", label = "Yes" }]
gate.leak = { p = 0.0, strength = 10, basis = "guess", sources = ["me"] }
gate.links = [{ cause = "bulb", p = 1.0, strength = 10, basis = "guess", sources = ["me"] }]
[[cause]]
id = "bulb"
label = "Bulb"
plain = "the bulb is broken"
table = { strength = 10, basis = "guess", sources = ["me"], rows = [{ p = 0.5 }] }
[[cause]]
id = "plug"
label = "Plug"
plain = "the plug is out"
table = { strength = 10, basis = "guess", sources = ["me"], rows = [{ p = 0.0 }] }
[outcome]
id = "dark"
label = "Dark"
gate.leak = { p = 0.0, strength = 10, basis = "guess", sources = ["me"] }
gate.links = [
  { cause = "bulb", p = 1.0, strength = 10, basis = "guess", sources = ["me"] },
  { cause = "plug", p = 1.0, strength = 10, basis = "guess", sources = ["me"] },
]
[[heading]]
id = "all"
label = "All"
causes = ["bulb", "plug"]
""",
    "advice.toml": """
level = [{ id = "calm", label = "Calm", says = "No hurry." }]
advice = [{ id = "wait", title = "Wait", level = "calm", always = true, do = ["Wait."], sources = ["me"] }]
""",
    "sources.toml": 'source = [{ id = "me", cite = "Me", read = "none" }]',
}


@pytest.fixture
def little(tmp_path: Path) -> DiagnosticModel:
    """A model without any doubt: the one cause that can be is there."""
    for name, text in LITTLE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return bayesnet.load(tmp_path)


@pytest.mark.parametrize("answers", [{}, {"warm": "yes"}, {"warm": {"yes": 1.0, "no": 0.5}}])
def test_a_model_without_doubt_never_prints_inf_or_nan(little: DiagnosticModel, answers) -> None:
    diagnosis = little.diagnose(answers)
    paper = io.StringIO()
    print_diagnosis(little, diagnosis, Console(file=paper, width=200))
    told = json.dumps(diagnosis.to_dict(), allow_nan=False)
    sentences = [w.sentence for cause in ("bulb", "plug") for w in diagnosis.explain(cause).weights]
    for text in (paper.getvalue(), told, *sentences):
        assert not re.search(r"\b(inf|nan|-0)\b", text, re.IGNORECASE)
    assert diagnosis["bulb"].triggered == pytest.approx(1)
    assert diagnosis["plug"].triggered == 0
    assert diagnosis["plug"].interval == (0, 0)


def test_an_answer_that_cannot_be_is_refused_by_name(little: DiagnosticModel) -> None:
    with pytest.raises(bayesnet.ImpossibleEvidence, match="warm = no") as caught:
        little.diagnose({"warm": "no"})
    assert caught.value.answers.items() >= {"warm": "no"}.items()
