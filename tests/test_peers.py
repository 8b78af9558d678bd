"""On networks that others published, the engine says what pyAgrum says, and learns as it learns."""

import numpy as np
import pytest
from peers import agrum, agrum_asks, agrum_em, example_network, forward_sample
from work import em_step, evidence_sets

import bayesnet
from bayesnet import JunctionTree

SMALL = ("asia", "cancer", "earthquake", "sachs", "survey", "alarm", "child", "insurance", "hailfinder", "hepar2")
MIDDLING = ("win95pts", "andes", "pigs", "water", "barley")

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize("name", [*SMALL, *MIDDLING])
def test_every_marginal_equals_pyagrum(name: str, share: float) -> None:
    network = example_network(name)
    tree = JunctionTree(network)
    ask = agrum_asks(network, network.variables, ["ShaferShenoyInference"])["ShaferShenoyInference"]
    for case in evidence_sets(network, share, 3):
        expected = ask(case)
        assert set(expected) == set(network.variables) - set(case)
        for variable, posterior in tree.posterior(case, expected).items():
            np.testing.assert_allclose(posterior, expected[variable], rtol=0, atol=1e-10, err_msg=variable)


def test_a_network_that_cannot_fit_is_refused_with_its_size() -> None:
    with pytest.raises(bayesnet.TooLarge, match=r"tables of 1\.\d GiB; the limit is 1\.0 GiB"):
        JunctionTree(example_network("munin1"))


@pytest.mark.parametrize("name", ["asia", "child"])
def test_iterates_of_em_equal_pyagrums(name: str) -> None:
    """No prior on our side, a smoothing of 1e-9 on theirs; 30 % of the answers missing, one variable hidden."""
    network = example_network(name)
    cases = forward_sample(network, 150, 61)
    keep = np.random.default_rng(62).random(cases.shape) < 0.7
    cases = cases.where(keep, None).drop(columns=network.variables[2])
    start = JunctionTree(network)
    for iterations in (1, 2, 4):
        tree = start
        for _ in range(iterations):
            tree = em_step(tree, cases)
        expected, made = agrum_em(network, cases, iterations)
        assert made == iterations
        for variable, family in tree.network.families.items():
            np.testing.assert_allclose(family.table, expected[variable], rtol=0, atol=1e-5, err_msg=variable)


def test_em_never_lowers_the_likelihood() -> None:
    network = example_network("asia")
    cases = forward_sample(network, 100, 63).drop(columns="either")
    rng = np.random.default_rng(64)
    tables = {
        v: np.moveaxis(rng.dirichlet(np.ones(len(f.table)), size=f.table.shape[1:]), -1, 0)
        for v, f in network.families.items()
    }
    tree = JunctionTree(network).with_tables(tables)
    reached = [tree.log_evidence(cases).sum()]
    for _ in range(8):
        tree = em_step(tree, cases)
        reached.append(tree.log_evidence(cases).sum())
    assert np.diff(reached).min() > -1e-9


def test_new_tables_in_the_same_tree_equal_a_new_tree() -> None:
    network = example_network("asia")
    tables = {v: (f.table + 1) / (f.table + 1).sum(axis=0) for v, f in network.families.items()}
    made = JunctionTree(network).with_tables(tables)
    fresh = JunctionTree(bayesnet.Network(network.states, made.network.families))
    for variable, posterior in fresh.posterior({"dysp": "yes"}).items():
        assert made.posterior({"dysp": "yes"})[variable] == pytest.approx(posterior, abs=1e-12)
    assert JunctionTree(network).posterior({})["lung"] == pytest.approx([0.055, 0.945], abs=1e-12)
    with pytest.raises(bayesnet.BadNetwork, match="'smoke' has no table"):
        made.with_tables({v: table for v, table in tables.items() if v != "smoke"})


@pytest.mark.parametrize("counts", [[[1.0], [-1.0]], [[np.nan], [1.0]], [[np.inf], [1.0]], [1.0]], ids=str)
def test_counts_that_are_none_are_refused(counts: list[object]) -> None:
    network = example_network("asia")
    good = {v: f.table for v, f in network.families.items()}
    with pytest.raises(bayesnet.BadNetwork, match="'asia'"):
        JunctionTree(network).fitted({**good, "asia": np.array(counts).squeeze()})


def test_the_peer_holds_the_same_numbers() -> None:
    """Axes come reversed in pyAgrum: what is set must be what is read back."""
    network = example_network("child")
    made = agrum(network)
    for variable, family in network.families.items():
        names = list(reversed(made.cpt(variable).names))
        axes = [names.index(name) for name in (variable, *family.parents)]
        np.testing.assert_array_equal(made.cpt(variable).toarray().transpose(axes), family.table)
