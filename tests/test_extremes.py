"""Numbers at the edge of what floats hold, and objects that travel to other processes."""

import os
import pickle
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
import pytest

import bayesnet
from bayesnet import DiagnosticModel, Family, ImpossibleEvidence, JunctionTree, MissingExtra, Network, UnknownVariable
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


def test_both_passes_agree(model: DiagnosticModel) -> None:
    tree = model.tree
    evidence = {"cramp": "yes", "felt_tear": "yes", "sweating": {"light": 0.2, "heavy": 1}}
    from bayesnet.inference.evidence import encode

    likelihoods = encode(tree.network, [evidence, {"heat": "hot_humid"}])
    plain = tree._pass(likelihoods, 2, tree._potentials)
    logarithms = tree._pass_in_logarithms(likelihoods, 2, tree._potentials)
    np.testing.assert_allclose(logarithms.log_evidence, plain.log_evidence, rtol=1e-12)
    for variable in tree.network.variables:
        np.testing.assert_allclose(logarithms.family(variable), plain.family(variable), rtol=0, atol=1e-12)


def test_impossible_evidence_is_impossible_in_logarithms_too() -> None:
    tree = JunctionTree(naive_bayes(2))
    likelihoods = {"cause": np.array([[1.0], [0.0]]), "sign0": np.array([[0.0], [0.0]])}
    assert tree._pass_in_logarithms(likelihoods, 1, tree._potentials).log_evidence[0] == -np.inf


def test_networks_and_trees_travel_between_processes(model: DiagnosticModel) -> None:
    travelled = pickle.loads(pickle.dumps(model.tree))
    assert travelled.posterior({"heat": "hot_humid"})["dehydration"] == pytest.approx(
        model.tree.posterior({"heat": "hot_humid"})["dehydration"], abs=0
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
