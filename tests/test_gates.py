"""Gates: a table is the noisy OR of its links, however it is built; numbers are Dirichlet distributions."""

from itertools import product
from math import prod

import numpy as np
import pytest
from networks import Answers, Array, random_answers
from shipped_truth import ShippedTruth

from bayesnet import DiagnosticModel, JunctionTree, Network
from bayesnet.knowledge import gates
from bayesnet.knowledge.gates import expand
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import NumberTable

# Reference: the prior marginals that the design of the first edition prints; those of the shipped model stand in
# test_implied_values.py.
PRIORS = {
    "dehydration": 0.18,
    "inadequate_blood_supply": 0.115,
    "excess_flexion": 0.109,
    "excess_extension": 0.07,
    "muscle_strain": 0.056,
    "nerve_compression": 0.021,
    "vascular_condition": 0.008,
    "cramp": 0.12,
}
GATED = [
    "felt_tear",
    "locked_up",
    "back_tired_first",
    "exertional_ache",
    "dehydration",
    "inadequate_blood_supply",
    "nerve_compression",
    "muscle_strain",
    "joint_irritation",
]


def network_of(knowledge: Knowledge) -> Network:
    states, families = expand(knowledge, knowledge.elicited())
    return Network(states, {variable: family.at(0) for variable, family in families.items()})


def noisy_or(knowledge: Knowledge, child: str, at: dict[str, str]) -> float:
    """1 - (1 - leak) * product of (1 - P(link fires | its parents))."""
    items = {**knowledge.questions, **knowledge.causes}
    states = {**{q.id: [s.id for s in q.states] for q in knowledge.questions.values()}}
    gate = items[child].gate
    assert gate is not None

    def fires(part: str) -> float:
        table = knowledge.tables[f"{child}/{part}"]
        index = (states.get(parent, ["no", "yes"]).index(at[parent]) for parent in table.parents)
        return float(table.values[(1, *index)])

    return 1 - (1 - fires("leak")) * prod(1 - fires(link.id) for link in gate.links)


def test_every_gate_but_the_outcomes_is_looked_at(model: DiagnosticModel) -> None:
    items = {**model.knowledge.questions, **model.knowledge.causes}
    assert sorted(GATED) == sorted(name for name, item in items.items() if item.gate is not None)


@pytest.mark.parametrize("child", GATED)
def test_a_multiplied_out_gate_is_the_noisy_or_of_its_links(child: str, model: DiagnosticModel) -> None:
    network = model.tree.network
    family = network.families[child]
    for combination in product(*(network.states[parent] for parent in family.parents)):
        at = dict(zip(family.parents, combination, strict=True))
        index = tuple(network.states[parent].index(state) for parent, state in at.items())
        expected = noisy_or(model.knowledge, child, at)
        np.testing.assert_allclose(family.table[(slice(None), *index)], [1 - expected, expected], rtol=0, atol=1e-15)


@pytest.fixture
def taken_apart(model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> Network:
    """The shipped model with every gate taken apart."""
    monkeypatch.setattr(gates, "LARGEST_TABLE", 0)
    return network_of(model.knowledge)


def test_a_gate_taken_apart_answers_like_one_multiplied_out(model: DiagnosticModel, taken_apart: Network) -> None:
    rng = np.random.default_rng(1)
    states = {question: taken_apart.states[question] for question in model.knowledge.questions}
    cases: list[Answers] = [{**random_answers(states, rng, 0.4), "cramp": "yes"} for _ in range(40)]
    nodes = [*model.knowledge.questions, *model.knowledge.causes, *(f"{c}__cramp" for c in model.knowledge.causes)]
    tree = JunctionTree(taken_apart)
    found, expected = tree.posteriors(cases, nodes), model.tree.posteriors(cases, nodes)
    for node in nodes:
        np.testing.assert_allclose(found[node], expected[node], rtol=0, atol=1e-12, err_msg=node)
    np.testing.assert_allclose(tree.log_evidence(cases), model.tree.log_evidence(cases), rtol=0, atol=1e-12)


def test_a_gate_taken_apart_has_no_large_table(model: DiagnosticModel, taken_apart: Network) -> None:
    assert len(taken_apart.variables) > len(model.tree.network.variables)
    for child in GATED:
        assert taken_apart.families[child].parents == (f"any__of__{child}",)


# ---- the shipped numbers


@pytest.mark.parametrize("variable", PRIORS)
def test_the_first_edition_implies_the_priors_it_was_built_for(variable: str, first_edition: DiagnosticModel) -> None:
    found = first_edition.tree.posterior({}, [variable])[variable]
    assert found[1] == pytest.approx(PRIORS[variable], abs=0.0015)


def test_low_reps_and_long_rest_point_to_a_vascular_condition_by_explaining_away(model: DiagnosticModel) -> None:
    families = model.tree.network.families
    assert families["vascular_condition"].parents == ("age_band",)
    assert not any({"rep_scheme", "vascular_condition"} <= {v, *family.parents} for v, family in families.items())
    node = "vascular_condition__cramp"

    def triggered(answers: Answers) -> float:
        return float(model.tree.posterior({**answers, "cramp": "yes"}, [node])[node][1])

    assert triggered({"rep_scheme": "low", "rest_time": "long"}) > 1.05 * triggered({})
    # Without the outcome nothing is there to be explained away.
    present = model.tree.posteriors([{}, {"rep_scheme": "low", "rest_time": "long"}], ["vascular_condition"])
    np.testing.assert_allclose(*present["vascular_condition"], rtol=0, atol=1e-12)


def test_a_link_that_fires_implies_its_cause_and_the_outcome(model: DiagnosticModel, truth: ShippedTruth) -> None:
    for cause in model.knowledge.causes:
        found = model.tree.posterior({f"{cause}__cramp": "yes"}, [cause, "cramp", "any__of__cramp"])
        assert all(posterior[1] == pytest.approx(1, abs=1e-12) for posterior in found.values())


# ---- draws

N = 100_000


def dirichlet_moments(mean: Array, strength: Array) -> tuple[Array, Array, Array]:
    """Closed form of each component: mean, variance and fourth central moment, its Beta(m s, (1 - m) s) margin's."""
    a = mean * strength
    raw = [np.ones_like(mean)]
    for r in range(4):
        raw.append(raw[-1] * (a + r) / (strength + r))
    variance = mean * (1 - mean) / (strength + 1)
    fourth = raw[4] - 4 * mean * raw[3] + 6 * mean**2 * raw[2] - 3 * mean**4
    return mean, variance, fourth


def check_draws(table: NumberTable) -> None:
    """Mean and variance within 6 standard errors; rows sum to 1."""
    drawn = table.draw(N, np.random.default_rng(2))
    assert drawn.shape == (*table.values.shape, N)
    np.testing.assert_allclose(drawn.sum(axis=0), 1, rtol=0, atol=1e-12)
    strength = np.broadcast_to(table.strength, table.values.shape)
    uncertain = np.isfinite(strength)
    mean, variance, fourth = dirichlet_moments(table.values[uncertain], strength[uncertain])
    found = drawn[uncertain]
    assert (np.abs(found.mean(axis=-1) - mean) <= 6 * np.sqrt(variance / N) + 1e-12).all()
    assert (np.abs(found.var(axis=-1) - variance) <= 6 * np.sqrt((fourth - variance**2) / N) + 1e-12).all()


def test_draws_have_the_mean_and_the_variance_of_a_dirichlet(model: DiagnosticModel) -> None:
    for table in model.knowledge.tables.values():
        check_draws(table)


def test_a_link_that_is_off_stays_off_in_every_draw(model: DiagnosticModel) -> None:
    seen = 0
    for table in model.knowledge.tables.values():
        off = np.isinf(table.strength)
        if off.any():
            drawn = table.draw(50, np.random.default_rng(3))
            assert (drawn[1][off] == 0).all()
            assert (drawn[0][off] == 1).all()
            seen += 1
    assert seen >= len(model.knowledge.causes)


def made_table(p: float, strength: float) -> NumberTable:
    return NumberTable("t", ("no", "yes"), (), np.array([1 - p, p]), np.array(strength), ())


@pytest.mark.parametrize(("p", "strength"), [(0.3, 1e-3), (1e-6, 1.0), (0.5, 1e9), (0.0, 10.0), (1.0, 10.0)])
def test_draws_at_the_ends_of_the_scale_are_probabilities(p: float, strength: float) -> None:
    drawn = made_table(p, strength).draw(2000, np.random.default_rng(4))
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()
    np.testing.assert_allclose(drawn.sum(axis=0), 1, rtol=0, atol=1e-12)
    if p in (0.0, 1.0):
        assert (drawn[1] == p).all()


def test_a_stronger_number_varies_less() -> None:
    spreads = [made_table(0.3, s).draw(4000, np.random.default_rng(5))[1].std() for s in (5, 50, 500)]
    assert spreads[0] > 2 * spreads[1] > 4 * spreads[2]


def test_a_seed_names_its_draws(model: DiagnosticModel) -> None:
    first, again, other = (model.knowledge.draw(3, seed) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)
