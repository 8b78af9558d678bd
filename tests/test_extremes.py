"""Numbers at the edge of what floats hold, and objects that travel to other processes."""

import os
import pickle
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NETWORKS, brute_force, brute_force_family, likelihoods_of, random_cases

import bayesnet
from bayesnet import DiagnosticModel, Family, ImpossibleEvidence, JunctionTree, MissingExtra, Network, UnknownVariable
from bayesnet.inference import arithmetic, junction_tree, propagation
from bayesnet.inference.exchange import export

NOISY = np.array([[0.99, 0.01], [0.01, 0.99]])


def naive_bayes(children: int) -> Network:
    families = {"cause": Family((), np.array([0.5, 0.5]))}
    families |= {f"sign{i}": Family(("cause",), NOISY) for i in range(children)}
    return Network(dict.fromkeys(families, ("no", "yes")), families)


@pytest.mark.parametrize("children", [40, 400, 1000])
def test_signs_that_balance_leave_the_prior_however_many_there_are(children: int) -> None:
    tree = JunctionTree(naive_bayes(children))
    case = {f"sign{i}": "yes" if i % 2 else "no" for i in range(children)}
    assert tree.posterior(case, ["cause"])["cause"] == pytest.approx([0.5, 0.5], abs=1e-9)
    assert tree.log_evidence([case])[0] == pytest.approx(children / 2 * (log(0.99) + log(0.01)), rel=1e-12)
    counts = tree.family_counts([case])
    assert counts["sign0"] == pytest.approx(np.array([[0.5, 0.5], [0, 0]]), abs=1e-9)


def test_a_chain_of_certainties_with_tiny_soft_answers_is_right() -> None:
    copy, names = np.eye(2), ("a", "b", "c", "d")
    families = {"a": Family((), np.array([0.5, 0.5]))}
    families |= {child: Family((parent,), copy) for parent, child in pairwise(names)}
    tree = JunctionTree(Network(dict.fromkeys(names, ("no", "yes")), families))
    found = tree.posterior({"a": {"no": 1, "yes": 1e-300}, "d": {"no": 1e-300, "yes": 1}})
    for posterior in found.values():
        assert posterior == pytest.approx([0.5, 0.5], abs=1e-9)


@pytest.fixture
def in_logarithms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pass is made in logarithms, as where a number leaves the range of floats."""

    def made(*given: Any) -> propagation.CliqueTables:
        with np.errstate(divide="ignore"):
            return propagation._clique_tables(*given, arithmetic.LOGARITHMS)

    monkeypatch.setattr(
        junction_tree, "clique_tables", lambda tree, tables, conditional: made(tree, tables, conditional)
    )


@pytest.mark.usefixtures("in_logarithms")
@pytest.mark.parametrize("shape", NETWORKS)
def test_a_pass_in_logarithms_equals_enumeration(shape: str) -> None:
    network = NETWORKS[shape]
    tree, cases, weights = JunctionTree(network), random_cases(network, 20, seed=31), np.linspace(0, 2, 20)
    truths = [brute_force(network, likelihoods_of(network, case)) for case in cases]
    posteriors = tree.posteriors(cases)
    for variable in network.variables:
        expected = np.array([truth[0][variable] for truth in truths])
        np.testing.assert_allclose(posteriors[variable], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(tree.log_evidence(cases), [log(truth[1]) for truth in truths], rtol=0, atol=1e-12)
    counts = tree.family_counts(cases, weights)
    for variable in network.variables:
        expected = sum(
            weight * brute_force_family(network, variable, likelihoods_of(network, case))
            for weight, case in zip(weights, cases, strict=True)
        )
        np.testing.assert_allclose(counts[variable], expected, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("in_logarithms")
def test_impossible_evidence_is_impossible_in_logarithms_too() -> None:
    found = JunctionTree(naive_bayes(2)).log_evidence([{"cause": {"no": 1.0}}, {}])
    assert found == pytest.approx([log(0.5), 0], abs=1e-12)
    certain = Network({"a": ("x", "y")}, {"a": Family((), np.array([1.0, 0.0]))})
    assert JunctionTree(certain).log_evidence([{"a": "y"}, {"a": "x"}]).tolist() == [-np.inf, 0.0]


def test_networks_and_trees_travel_between_processes(model: DiagnosticModel) -> None:
    travelled = pickle.loads(pickle.dumps(model.tree))
    assert travelled.posterior({"heat": "hot_humid"})["dehydration"] == pytest.approx(
        model.tree.posterior({"heat": "hot_humid"})["dehydration"], abs=1e-15
    )


@pytest.mark.parametrize(
    "error",
    [
        UnknownVariable("question", "swet", ["sweat"], "here"),
        ImpossibleEvidence({"a": "x", "b": "y"}),
        MissingExtra("the dashboard", "dashboard"),
        bayesnet.BadModel(["one", "two"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel_between_processes(error: Exception) -> None:
    travelled = pickle.loads(pickle.dumps(error))
    assert (type(travelled), str(travelled), vars(travelled)) == (type(error), str(error), vars(error))


def test_a_model_file_that_is_not_there_is_not_replaced_by_another(model: DiagnosticModel) -> None:
    with pytest.raises(bayesnet.BadModel, match=r"nope\.toml"):
        bayesnet.load(model.knowledge.path / "nope.toml")


def test_a_network_too_large_is_refused_before_anything_is_allocated() -> None:
    names = [f"v{i}" for i in range(40)]
    half = np.full((2, 2, 2), 0.5)
    families = {name: Family((), np.array([0.5, 0.5])) for name in names}
    families |= {f"{a}{b}": Family((a, b), half) for i, a in enumerate(names) for b in names[i + 1 :]}
    with pytest.raises(bayesnet.TooLarge, match=r"GiB; the limit is 1\.0 GiB"):
        JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))


def test_an_export_replaces_no_device_or_pipe(model: DiagnosticModel, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(bayesnet.BadFile, match="is not a file"):
        export(model.tree.network, pipe, "uai")
    assert pipe.is_fifo()


# ---- products that leave the range of floats before any evidence comes


def test_tables_that_underflow_when_multiplied_are_right() -> None:
    """P(a = yes) is 1e-200 and P(b = yes | a = yes) as well: together they are no float, and still b can be."""
    families = {
        "a": Family((), np.array([1.0, 1e-200])),
        "b": Family(("a",), np.array([[1.0, 1.0], [0.0, 1e-200]])),
    }
    tree = JunctionTree(Network(dict.fromkeys("ab", ("no", "yes")), families))
    found, log_evidence = tree.posterior_and_log_evidence({"b": "yes"})
    assert found["a"] == pytest.approx([0, 1], abs=1e-12)
    assert log_evidence == pytest.approx(2 * log(1e-200), rel=1e-12)
    drawn = {variable: np.repeat(family.table[..., None], 3, axis=-1) for variable, family in families.items()}
    assert tree.posteriors_under(drawn, {"b": "yes"}, ["a"])["a"] == pytest.approx(np.array([[0, 1]] * 3), abs=1e-12)


@pytest.mark.parametrize("children", [40, 500, 3000])
def test_a_tree_made_for_the_evidence_does_not_underflow(children: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junction_tree, "WORTH_A_TREE", 0)
    tree = JunctionTree(naive_bayes(children))
    case = dict.fromkeys([f"sign{i}" for i in range(children)], "yes")
    found, log_evidence = tree.posterior_and_log_evidence(case, ["cause"])
    assert found["cause"] == pytest.approx([0, 1], abs=1e-12)
    assert log_evidence == pytest.approx(log(0.5) + children * log(0.99), rel=1e-12)
    assert tree.log_evidence([case, {}]) == pytest.approx([log_evidence, 0], rel=1e-12)


def test_no_pass_writes_into_the_tables_of_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "WIDE", 1)
    for network in NETWORKS.values():
        tree = JunctionTree(network)
        before = [table.copy() for table in tree._cliques.cliques]
        first = tree.posteriors(random_cases(network, 20, seed=71))
        tree.family_counts(random_cases(network, 20, seed=72))
        again = tree.posteriors(random_cases(network, 20, seed=71))
        assert all((one == other).all() for one, other in zip(before, tree._cliques.cliques, strict=True))
        assert all((first[variable] == again[variable]).all() for variable in network.variables)


def test_a_tree_that_travelled_is_as_safe_as_before(model: DiagnosticModel) -> None:
    travelled = pickle.loads(pickle.dumps(model.tree))
    assert not any(table.flags.writeable for table in travelled._cliques.cliques)
    assert pickle.loads(pickle.dumps(arithmetic.LOGARITHMS)) is arithmetic.LOGARITHMS


def test_a_chain_of_a_thousand_nodes_equals_the_power_of_its_step() -> None:
    """Against the closed form: P(last | first) is the step to the power of 999."""
    step, names = np.array([[0.999, 0.001], [0.002, 0.998]]), [f"n{i:04}" for i in range(1000)]
    families = {names[0]: Family((), np.array([0.5, 0.5]))}
    families |= {child: Family((parent,), step.T) for parent, child in pairwise(names)}
    tree = JunctionTree(Network(dict.fromkeys(names, ("no", "yes")), families))
    reached = np.linalg.matrix_power(step, 999)
    assert tree.posterior({names[0]: "yes"}, [names[-1]])[names[-1]] == pytest.approx(reached[1], abs=1e-12)
    back = 0.5 * reached[:, 1] / (0.5 * reached[:, 1]).sum()
    assert tree.posterior({names[-1]: "yes"}, [names[0]])[names[0]] == pytest.approx(back, abs=1e-12)


@pytest.mark.parametrize("p", [0.0, 1e-300, 1e-12, 1 - 1e-12, 1.0])
def test_a_prior_of_any_size_is_right_or_contradicted_in_words(p: float) -> None:
    """A cause of probability p with a sign that is certain without it never shows: Bayes' rule by hand."""
    families = {"cause": Family((), np.array([1 - p, p]))}
    families["sign"] = Family(("cause",), np.array([[0.9, 0.2], [0.1, 0.8]]))
    families["echo"] = Family(("cause",), np.array([[1.0, 0.0], [0.0, 1.0]]))
    tree = JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))
    expected = 0.8 * p / (0.8 * p + 0.1 * (1 - p))
    assert tree.posterior({"sign": "yes"}, ["cause"])["cause"][1] == pytest.approx(expected, rel=1e-12)
    for state, chance in (("yes", p), ("no", 1 - p)):
        if chance == 0.0:
            with pytest.raises(ImpossibleEvidence):
                tree.posterior({"echo": state}, ["cause"])
        else:
            found = tree.posterior({"echo": state}, ["cause"])["cause"]
            assert found == pytest.approx([float(state == "no"), float(state == "yes")], abs=1e-15)


def test_soft_answers_that_rule_each_other_out_are_told(model: DiagnosticModel) -> None:
    families = {"a": Family((), np.array([0.5, 0.5])), "b": Family(("a",), np.eye(2))}
    tree = JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))
    with pytest.raises(ImpossibleEvidence):
        tree.posterior({"a": {"no": 1.0, "yes": 0.0}, "b": {"no": 0.0, "yes": 1.0}}, ["a"])
    with pytest.raises(bayesnet.BayesnetError):
        model.diagnose({"heat": {"temperate": 0.0, "hot_humid": 0.0}})
    almost = tree.posterior({"a": {"no": 1.0, "yes": 1e-300}, "b": {"no": 1e-200, "yes": 1.0}}, ["a"])["a"]
    assert almost == pytest.approx([1.0, 1e-100], rel=1e-9)


def test_a_cause_without_a_sign_keeps_its_prior() -> None:
    families = {"cause": Family((), np.array([0.7, 0.3])), "alone": Family((), np.array([0.99, 0.01]))}
    families["sign"] = Family(("cause",), np.array([[0.9, 0.2], [0.1, 0.8]]))
    tree = JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))
    assert tree.posterior({"sign": "yes"}, ["alone"])["alone"] == pytest.approx([0.99, 0.01], abs=1e-15)
