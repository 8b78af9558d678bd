"""Answers from tables are the tree's answers, and what does not fit the tables goes to the tree."""

from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_answers, random_dag
from shipped_truth import ShippedTruth

from bayesnet import DiagnosticModel, Family, ImpossibleEvidence, JunctionTree, Network
from bayesnet.inference import lookup
from bayesnet.inference.lookup import Lookup

EXACT = 1e-12


def difference(found: dict[str, Any], expected: dict[str, Any]) -> float:
    assert list(found) == list(expected)
    return max(float(np.abs(found[v] - expected[v]).max(initial=0)) for v in expected)


@pytest.fixture
def small(first_edition: DiagnosticModel) -> DiagnosticModel:
    """A model that its causes take apart; those of the shipped one do not."""
    return first_edition


def cramps(model: DiagnosticModel, n: int) -> list[Any]:
    rng = np.random.default_rng(41)
    questions = {question: model.tree.network.states[question] for question in model.knowledge.questions}
    return [{**random_answers(questions, rng, rng.uniform(0, 1)), "cramp": "yes"} for _ in range(n)]


@pytest.fixture
def cases(small: DiagnosticModel) -> list[Any]:
    return cramps(small, 300)


def hardened(cases: list[Any]) -> list[Any]:
    return [{v: answer for v, answer in case.items() if isinstance(answer, str)} for case in cases]


def test_a_model_that_its_causes_take_apart_is_looked_up(small: DiagnosticModel) -> None:
    asked = {question for part in small.engine._parts for question in part.questions}
    assert asked == set(small.knowledge.questions)
    assert small.engine._readable.issuperset(small.reader.shown)


def test_one_case_hard_or_soft_equals_the_tree(small: DiagnosticModel, cases: list[Any]) -> None:
    for case in cases:
        found, log_evidence = small.engine.posterior_and_log_evidence(case, small.reader.shown)
        expected, log_expected = small.tree.posterior_and_log_evidence(case, small.reader.shown)
        assert difference(found, expected) < EXACT
        assert log_evidence == pytest.approx(log_expected, abs=EXACT)


@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
def test_a_batch_equals_the_tree(small: DiagnosticModel, cases: list[Any], soft: bool) -> None:
    batch = cases if soft else hardened(cases)
    assert (
        difference(small.engine.posteriors(batch, small.reader.shown), small.tree.posteriors(batch, small.reader.shown))
        < EXACT
    )
    yes = small.engine.probabilities(batch, dict.fromkeys(small.reader.triggering, "yes"))
    expected = {v: p[:, 1] for v, p in small.tree.posteriors(batch, small.reader.triggering).items()}
    assert difference(yes, expected) < EXACT
    assert small.engine.log_evidence(batch) == pytest.approx(small.tree.log_evidence(batch), abs=EXACT)


def test_a_batch_longer_than_a_chunk_keeps_its_rows(
    small: DiagnosticModel, cases: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = small.engine.posteriors(hardened(cases), small.reader.shown)
    monkeypatch.setattr(lookup, "CHUNK", 7)
    assert difference(small.engine.posteriors(hardened(cases), small.reader.shown), whole) < EXACT


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        ({"cramp": "yes", "felt_tear": "yes"}, ["sweating", "muscle_strain"]),
        ({"felt_tear": "yes"}, ["muscle_strain"]),
        ({"cramp": "no", "felt_tear": "yes"}, ["muscle_strain"]),
        ({"cramp": "yes", "muscle_strain": "yes"}, ["dehydration"]),
    ],
    ids=["a question is asked for", "no outcome", "another outcome", "a cause is observed"],
)
def test_what_the_tables_do_not_hold_goes_to_the_tree(small: DiagnosticModel, case: Any, wanted: list[str]) -> None:
    assert difference(small.engine.posterior(case, wanted), small.tree.posterior(case, wanted)) == 0
    assert difference(small.engine.posteriors([case], wanted), small.tree.posteriors([case], wanted)) < EXACT


@pytest.mark.parametrize("limit", ["LARGEST_CORE", "LARGEST_PART"])
def test_a_core_or_part_that_is_too_large_leaves_all_to_the_tree(
    small: DiagnosticModel, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(lookup, limit, 8)
    own = Lookup(small.tree, small.knowledge.causes, small.knowledge.questions, {"cramp": "yes"})
    assert own._parts == ()
    case = {"cramp": "yes", "felt_tear": "yes"}
    assert difference(own.posterior(case, small.reader.shown), small.tree.posterior(case, small.reader.shown)) == 0


def test_small_groups_of_parts_give_the_same(small: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "GROUPED", 1)
    own = Lookup(small.tree, small.knowledge.causes, small.knowledge.questions, {"cramp": "yes"})
    batch: list[Any] = [
        {"cramp": "yes", "felt_tear": "yes"},
        {"cramp": "yes", "heat": "hot_humid", "posture": "neutral"},
    ]
    assert len(own._groups) == len(own._parts) == 7
    assert (
        difference(own.posteriors(batch, small.reader.shown), small.tree.posteriors(batch, small.reader.shown)) < EXACT
    )


def test_the_shipped_model_is_left_to_the_tree_and_right(model: DiagnosticModel, truth: ShippedTruth) -> None:
    assert model.engine._parts == ()
    cases, asked = cramps(model, 100), model.reader.shown
    yes = model.engine.probabilities(cases, dict.fromkeys(model.reader.triggering, "yes"))
    batch, logs = model.engine.posteriors(cases, asked), model.engine.log_evidence(cases)
    joint = model.engine.joint(cases[:5], list(model.reader.triggers.values()))
    for row, case in enumerate(cases):
        posteriors, total = truth.posteriors(case)
        expected = {node: posteriors[node] for node in asked}
        found, log_evidence = model.engine.posterior_and_log_evidence(case, asked)
        assert difference(found, expected) < EXACT
        assert difference({node: p[row] for node, p in batch.items()}, expected) < EXACT
        assert all(p[row] == pytest.approx(expected[node][1], abs=EXACT) for node, p in yes.items())
        assert (log_evidence, logs[row]) == pytest.approx((log(total), log(total)), abs=EXACT)
        if row < len(joint):
            assert np.abs(joint[row] - truth.triggers(case) / total).max() < EXACT


@settings(deadline=None, max_examples=80)
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_any_network_any_core_any_questions(data: st.DataObject, seed: int) -> None:
    """Whether the core parts the questions or not, the answers are the tree's."""
    network = random_dag(seed, n=6)
    tree = JunctionTree(network)
    roles = data.draw(st.lists(st.sampled_from(["core", "question", "given", "rest"]), min_size=6, max_size=6))
    of = {role: [v for v, r in zip(network.variables, roles, strict=True) if r == role] for role in set(roles)}
    rng = np.random.default_rng(seed)
    observed = {v: str(rng.choice(network.states[v])) for v in of.get("given", [])}
    questions = {v: network.states[v] for v in of.get("question", [])}
    own = Lookup(tree, of.get("core", []), questions, observed)
    cases: list[Any] = [{**random_answers(questions, rng), **observed} for _ in range(5)]
    for wanted in (network.variables, tuple(of.get("core", [])), tuple(of.get("rest", []))):
        for case in cases:
            assert wanted == () or difference(own.posterior(case, wanted), tree.posterior(case, wanted)) < 1e-11
        for batch in (cases, hardened(cases)):
            assert wanted == () or difference(own.posteriors(batch, wanted), tree.posteriors(batch, wanted)) < 1e-11


def copies() -> Lookup:
    """Two questions that are copies of one cause."""
    copy, states = np.eye(2), ("no", "yes")
    families = {"cause": Family((), np.array([0.5, 0.5]))}
    families |= {sign: Family(("cause",), copy) for sign in ("first", "second")}
    return Lookup(JunctionTree(Network(dict.fromkeys(families, states), families)), ["cause"], ["first", "second"], {})


def test_a_contradiction_is_named_as_the_tree_names_it() -> None:
    own, case = copies(), {"first": "no", "second": "yes"}
    assert len(own._parts) == 2
    for ask in (lambda: own.posterior(case, ["cause"]), lambda: own.posteriors([{}, case], ["cause"])):
        with pytest.raises(ImpossibleEvidence) as caught:
            ask()
        assert caught.value.answers == case


def test_likelihoods_beyond_the_floats_go_to_the_tree() -> None:
    own = copies()
    case = {"first": {"no": 1.0, "yes": 1e-300}, "second": {"no": 1e-300, "yes": 1.0}}
    assert own.posterior(case, ["cause"])["cause"] == pytest.approx([0.5, 0.5], abs=EXACT)


def test_roles_that_overlap_leave_all_to_the_tree() -> None:
    step = np.array([[0.9, 0.2], [0.1, 0.8]])
    families = {"a": Family((), np.array([0.7, 0.3])), "b": Family(("a",), step), "c": Family(("a",), step)}
    tree = JunctionTree(Network(dict.fromkeys("abc", ("no", "yes")), families))
    own, case = Lookup(tree, ["a"], ["b"], {"a": "yes"}), {"a": "yes", "b": "yes"}
    assert own.posterior_and_log_evidence(case, ["c"])[1] == tree.posterior_and_log_evidence(case, ["c"])[1]
    assert difference(own.posterior(case, ["c"]), tree.posterior(case, ["c"])) == 0


def test_where_the_core_is_too_large_even_the_outcome_alone_goes_to_the_tree() -> None:
    names = [f"cause_{i}" for i in range(40)]
    families = {name: Family((), np.array([0.9, 0.1])) for name in names}
    families["outcome"] = Family((names[0],), np.array([[0.9, 0.2], [0.1, 0.8]]))
    tree = JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))
    own, outcome = Lookup(tree, names, [], {"outcome": "yes"}), [{"outcome": "yes"}]
    assert own.log_evidence(outcome) == pytest.approx(tree.log_evidence(outcome), abs=EXACT)
