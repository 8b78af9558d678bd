"""Networks go to pgmpy, to exchange files and back without a change."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from networks import NETWORKS, Answers, Array

from bayesnet import BadFile, BadNetwork, DiagnosticModel, Family, JunctionTree, Network
from bayesnet.inference.exchange import FORMATS, export, from_pgmpy, to_pgmpy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyagrum
    from pgmpy import readwrite
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

EVIDENCE: list[Answers] = [
    {"cramp": "yes"},
    {"cramp": "yes", "sweating": "heavy", "water_intake": "low", "heat": "hot_humid"},
    {"cramp": "yes", "posture": "flexed", "back_tired_first": "yes"},
    {"cramp": "yes", "felt_tear": "yes", "easing": "lasting", "rep_scheme": "low"},
    {"cramp": "yes", "tingling_weakness": "tingling", "exertional_ache": "no", "trained_to_failure": "yes"},
]

each_shape = pytest.mark.parametrize("shape", NETWORKS)


def links(model: DiagnosticModel) -> list[str]:
    return [f"{cause}__cramp" for cause in model.knowledge.causes]


def p_yes(tree: JunctionTree, nodes: list[str]) -> Array:
    """P(yes), an array (evidence set, node)."""
    found = tree.posteriors(EVIDENCE, nodes)
    at = {node: tree.network.states[node].index("yes") for node in nodes}
    return np.stack([found[node][:, at[node]] for node in nodes], axis=1)


def assert_same_network(found: Network, expected: Network) -> None:
    assert set(found.variables) == set(expected.variables)
    for variable, family in expected.families.items():
        assert found.states[variable] == expected.states[variable]
        assert found.families[variable].parents == family.parents
        np.testing.assert_allclose(found.families[variable].table, family.table, rtol=0, atol=1e-12)


# ---- pgmpy


@each_shape
def test_a_network_comes_back_from_pgmpy_as_it_went(shape: str) -> None:
    back = from_pgmpy(to_pgmpy(NETWORKS[shape]))
    assert back.variables == NETWORKS[shape].variables
    assert_same_network(back, NETWORKS[shape])


def test_the_shipped_model_comes_back_from_pgmpy_as_it_went(model: DiagnosticModel) -> None:
    assert model.network.check_model()
    assert_same_network(from_pgmpy(model.network), model.tree.network)


def test_parent_states_in_another_order_are_matched_by_name() -> None:
    made = DiscreteBayesianNetwork([("a", "b")])
    a = TabularCPD("a", 2, [[0.3], [0.7]], state_names={"a": ["x", "y"]})
    turned = {"b": ["u", "v"], "a": ["y", "x"]}
    made.add_cpds(a, TabularCPD("b", 2, [[0.1, 0.4], [0.9, 0.6]], ["a"], [2], state_names=turned))
    tree = JunctionTree(made)
    assert tree.posterior({"a": "y"})["b"].tolist() == pytest.approx([0.1, 0.9])
    assert tree.posterior({"a": "x"})["b"].tolist() == pytest.approx([0.4, 0.6])


def test_states_that_pgmpy_numbers_are_answered_by_number() -> None:
    """pgmpy calls states 0, 1, ... unless told otherwise."""
    made = DiscreteBayesianNetwork([("a", "b")])
    made.add_cpds(TabularCPD("a", 2, [[0.3], [0.7]]), TabularCPD("b", 2, [[0.2, 0.6], [0.8, 0.4]], ["a"], [2]))
    tree = JunctionTree(made)
    assert tree.posterior({})["a"].tolist() == pytest.approx([0.3, 0.7])
    assert tree.posterior({"a": 0})["b"].tolist() == pytest.approx([0.2, 0.8])


def test_a_pgmpy_network_without_a_table_is_refused() -> None:
    made = DiscreteBayesianNetwork([("a", "b")])
    made.add_cpds(TabularCPD("a", 2, [[0.3], [0.7]]))
    with pytest.raises(BadNetwork, match="'b' has no table"):
        from_pgmpy(made)


# ---- exchange files


def read_with_pgmpy(path: Path, format: str) -> Network:
    reader = getattr(readwrite, f"{format.upper()}Reader")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_pgmpy(reader(str(path)).get_model())


@pytest.mark.parametrize("format", ["bif", "xmlbif", "xdsl", "net"])
def test_pgmpy_reads_the_same_posteriors_from_a_file(format: str, model: DiagnosticModel, tmp_path: Path) -> None:
    path = tmp_path / f"model.{format}"
    export(model.tree.network, path, format)
    found = JunctionTree(read_with_pgmpy(path, format))
    np.testing.assert_allclose(p_yes(found, links(model)), p_yes(model.tree, links(model)), rtol=0, atol=1e-9)


# pyAgrum's own readers of XDSL and UAI take the parents in the other order than those formats say.
@pytest.mark.parametrize(("format", "suffix"), [("bif", "bif"), ("xmlbif", "bifxml"), ("net", "net")])
def test_pyagrum_reads_the_same_posteriors_from_a_file(
    format: str, suffix: str, model: DiagnosticModel, tmp_path: Path
) -> None:
    path = tmp_path / f"model.{suffix}"
    export(model.tree.network, path, format)
    engine = pyagrum.LazyPropagation(pyagrum.loadBN(str(path)))
    found = []
    for evidence in EVIDENCE:
        engine.setEvidence(dict(evidence))
        engine.makeInference()
        row = []
        for node in links(model):
            posterior = engine.posterior(node)
            at = posterior.variable(0).labels().index("yes")
            row.append(float(posterior.toarray()[at]))
        found.append(row)
    np.testing.assert_allclose(found, p_yes(model.tree, links(model)), rtol=0, atol=1e-6)


def parse_uai(text: str) -> list[tuple[list[int], Array]]:
    """By the UAI format: per function its scope and its table with an axis per scope variable, the last one fastest."""
    words = iter(text.split())
    assert next(words) == "BAYES"
    sizes = [int(next(words)) for _ in range(int(next(words)))]
    scopes = [[int(next(words)) for _ in range(int(next(words)))] for _ in range(int(next(words)))]
    functions = []
    for scope in scopes:
        values = [float(next(words)) for _ in range(int(next(words)))]
        functions.append((scope, np.array(values).reshape([sizes[v] for v in scope])))
    assert next(words, None) is None
    return functions


@pytest.mark.parametrize("name", ["shipped", *NETWORKS])
def test_uai_holds_every_table(name: str, model: DiagnosticModel, tmp_path: Path) -> None:
    network = model.tree.network if name == "shipped" else NETWORKS[name]
    export(network, tmp_path / "model.uai", "uai")
    functions = parse_uai((tmp_path / "model.uai").read_text(encoding="utf-8"))
    assert len(functions) == len(network.variables)
    for (scope, table), (variable, family) in zip(functions, network.families.items(), strict=True):
        assert [network.variables[i] for i in scope] == [*family.parents, variable]
        np.testing.assert_array_equal(np.moveaxis(table, -1, 0), family.table)


@each_shape
@pytest.mark.parametrize("format", ["bif", "xmlbif", "xdsl", "net"])
def test_every_shape_survives_a_file(format: str, shape: str, tmp_path: Path) -> None:
    network = NETWORKS[shape]
    export(network, tmp_path / f"n.{format}", format)
    back = read_with_pgmpy(tmp_path / f"n.{format}", format)
    assert back.states == network.states
    expected = JunctionTree(network).posterior({})
    for variable, posterior in JunctionTree(back).posterior({}).items():
        np.testing.assert_allclose(posterior, expected[variable], rtol=0, atol=1e-9)


# ---- refusals


def test_an_unknown_format_is_refused_with_those_allowed(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        export(NETWORKS["chain"], tmp_path / "n.pdf", "pdf")
    assert "'pdf'" in str(caught.value)
    assert all(format in str(caught.value) for format in FORMATS)
    assert list(tmp_path.iterdir()) == []


def with_name(variable: str, state: str) -> Network:
    return Network({variable: (state, "other")}, {variable: Family((), np.array([0.4, 0.6]))})


@pytest.mark.parametrize("format", ["bif", "xmlbif", "xdsl", "net"])
@pytest.mark.parametrize(("variable", "state"), [("a b", "s"), ("x,y", "s"), ("v", "a b"), ("v", "x,y"), ("v", "ä")])
def test_a_name_the_format_cannot_carry_is_refused(variable: str, state: str, format: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        export(with_name(variable, state), tmp_path / "n", format)
    assert repr(state if variable == "v" else variable) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_uai_has_no_names_to_lose(tmp_path: Path) -> None:
    export(with_name("a b", "x,y"), tmp_path / "n.uai", "uai")
    assert parse_uai((tmp_path / "n.uai").read_text(encoding="utf-8"))[0][1].tolist() == [0.4, 0.6]


@pytest.mark.parametrize("format", FORMATS)
def test_a_path_that_cannot_be_written_is_refused(format: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot write"):
        export(NETWORKS["chain"], tmp_path / "nowhere" / "n", format)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadFile, match="cannot write"):
        export(NETWORKS["chain"], tmp_path / "folder", format)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "n.bif"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(BadFile):
        export(with_name("a b", "s"), path, "bif")
    assert path.read_text(encoding="utf-8") == "before"
    export(NETWORKS["chain"], path, "bif")
    assert "before" not in path.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["n.bif"]


def test_an_exported_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    for format in FORMATS:
        export(NETWORKS["chain"], tmp_path / format, format)
        assert (tmp_path / format).stat().st_mode == (tmp_path / "plain").stat().st_mode


# ---- what an import brings along


@pytest.mark.parametrize(
    "code", ["import bayesnet", "import bayesnet; bayesnet.load().diagnose({'heat': 'temperate'})"]
)
def test_bayesnet_needs_no_heavy_import(code: str) -> None:
    asked = f"{code}; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert {"pgmpy", "streamlit", "pandas", "scipy"} & set(done.stdout.split()) == set()
