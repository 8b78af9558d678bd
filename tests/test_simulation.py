"""Made-up cases: drawn from the model they claim, and called what they are."""

import numpy as np
import pandas as pd
import pytest
from networks import NETWORKS, brute_force, likelihoods_of
from scipy import stats

from bayesnet import BadEvidence, DiagnosticModel, ImpossibleEvidence, JunctionTree, Network
from bayesnet.inference.network import Family
from bayesnet.inference.sampling import sample
from bayesnet.learning.simulation import redrawn, simulate

N = 20_000


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_follow_the_posterior(name: str) -> None:
    """Chi-square of every marginal, given one observed variable, at one in 10,000."""
    network = NETWORKS[name]
    given = {network.variables[-1]: network.states[network.variables[-1]][-1]}
    drawn = sample(network, N, 1, given)
    exact, _ = brute_force(network, likelihoods_of(network, given))
    for variable, p in exact.items():
        counts = np.bincount(drawn[variable], minlength=len(p))
        assert counts.sum() == N
        possible = p > 0
        assert counts[~possible].sum() == 0
        if possible.sum() > 1:
            assert stats.chisquare(counts[possible], N * p[possible]).pvalue > 1e-4


def test_samples_keep_what_belongs_together() -> None:
    network = NETWORKS["loopy"]
    drawn = sample(network, N, 2)
    a, b = network.variables[1], network.families[network.variables[1]].parents[0]
    joint = np.zeros((len(network.states[a]), len(network.states[b])))
    np.add.at(joint, (drawn[a], drawn[b]), 1 / N)
    exact = JunctionTree(network).joint([{}], [a, b])[0]
    np.testing.assert_allclose(joint, exact, atol=0.02)


def test_the_impossible_is_refused_rather_than_waited_for() -> None:
    network = Network({"a": ("no", "yes")}, {"a": Family((), np.array([1.0, 0.0]))})
    with pytest.raises(ImpossibleEvidence):
        sample(network, 1, 0, {"a": "yes"})


def test_the_same_seed_gives_the_same_cases(model: DiagnosticModel) -> None:
    pd.testing.assert_frame_equal(simulate(model, 50, 3, 0.3, 0.4), simulate(model, 50, 3, 0.3, 0.4))
    assert not simulate(model, 50, 3, 0.3).equals(simulate(model, 50, 4, 0.3))


def test_simulated_cases_say_so_and_are_cramps(model: DiagnosticModel) -> None:
    cases = simulate(model, 200, 3, 0.3, 0.4)
    assert set(cases["origin"]) == {"simulated"}
    assert set(cases["cramp"]) == {"yes"}
    assert cases["case_id"].is_unique


def test_shares_of_gaps_labels_and_quiet_sessions_are_as_asked(model: DiagnosticModel) -> None:
    cases = simulate(model, 5000, 3, 0.3, 0.4, quiet=True)
    assert cases[list(model.knowledge.questions)].isna().to_numpy().mean() == pytest.approx(0.3, abs=0.01)
    told = (cases["triggered"] != "") | (cases["ruled_out"] != "")
    assert told.mean() == pytest.approx(0.4, abs=0.03)
    chance = model.tree.posterior({}, ["cramp"])["cramp"][1]
    assert (cases["cramp"] == "yes").mean() == pytest.approx(chance, abs=0.02)


def test_labels_are_as_often_as_the_posterior_has_them(model: DiagnosticModel) -> None:
    cases = simulate(model, 5000, 4)
    for belief in model.diagnose({}).beliefs:
        named = cases["triggered"].str.split(";").map(lambda names, cause=belief.cause: cause in names)
        assert named.mean() == pytest.approx(belief.triggered, abs=0.02)
    assert (cases["ruled_out"].str.count("[^;]+") + cases["triggered"].str.count("[^;]+") == 8).all()


def test_a_redrawn_model_has_other_numbers_of_the_same_strength(model: DiagnosticModel) -> None:
    other = redrawn(model, 1)
    for name, table in model.knowledge.tables.items():
        new = other.knowledge.tables[name]
        facts = np.isinf(table.strength)
        assert (new.strength == table.strength).all()
        assert (new.values[:, facts] == table.values[:, facts]).all()
        assert not (new.values[:, ~facts] == table.values[:, ~facts]).all()


def test_redrawn_models_lie_around_the_elicited_one(model: DiagnosticModel) -> None:
    heat = [redrawn(model, seed).knowledge.tables["heat"].values[1] for seed in range(300)]
    assert np.mean(heat) == pytest.approx(0.2, abs=0.02)
    assert np.std(heat) == pytest.approx(np.sqrt(0.2 * 0.8 / 19), rel=0.15)


@pytest.mark.parametrize("bad", [{"n": -1}, {"n": 2.5}, {"n": 1, "missing": 1.5}, {"n": 1, "labelled": -0.1}])
def test_what_cannot_be_simulated_is_refused_by_name(model: DiagnosticModel, bad: dict) -> None:
    with pytest.raises(BadEvidence, match=list(bad)[-1]):
        simulate(model, **bad)
