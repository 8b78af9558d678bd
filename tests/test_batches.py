"""Many cases at once: tables in and out, memory within its limit, and a bad row named without harm to the others."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import NETWORKS, brute_force, likelihoods_of, random_cases, random_deep_network

import bayesnet
from bayesnet import BadEvidence, DiagnosticModel, ImpossibleEvidence, JunctionTree, UnknownState, UnknownVariable
from bayesnet.errors import ImpossibleCases
from bayesnet.inference import arguments, junction_tree

EXACT = 1e-12
each_shape = pytest.mark.parametrize("shape", NETWORKS)


def difference(found: Any, expected: Any) -> float:
    return float(np.abs(np.asarray(found) - np.asarray(expected)).max())


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        {"sweating": "heavy", "felt_tear": "yes", "posture": None},
        {"sweating": "light", "felt_tear": "", "posture": "neutral"},
        {"sweating": np.nan, "felt_tear": "no", "posture": "flexed"},
    ]
    return pd.DataFrame(rows, index=pd.Index(["ann", "bob", "eve"], name="who"))


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), shared=st.integers(0, 20), differing=st.integers(1, 4), rows=st.integers(2, 40))
def test_any_batch_equals_its_rows_one_by_one(seed: int, shared: int, differing: int, rows: int) -> None:
    """Rows that share columns in some cliques and not in others, in networks large enough for rescaled messages."""
    network = random_deep_network(seed)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(network.variables).tolist()
    alike = {v: network.states[v][0] for v in chosen[:shared]}
    others = {v: network.states[v] for v in chosen[shared : shared + differing]}
    cases = [{**alike, **{v: str(rng.choice(states)) for v, states in others.items()}} for _ in range(rows)]
    tree, asked = JunctionTree(network), chosen[-3:]
    singly = [tree.posterior_and_log_evidence(case, asked) for case in cases]
    assert difference(tree.log_evidence(cases), [log for _, log in singly]) < 1e-10
    for variable, found in tree.posteriors(cases, asked).items():
        assert difference(found, [posterior[variable] for posterior, _ in singly]) < EXACT
    counts, log_evidence = tree.family_counts_and_log_evidence(cases)
    parts = [tree.family_counts([case]) for case in cases]
    assert log_evidence == pytest.approx(sum(log for _, log in singly), abs=1e-9)
    assert all(difference(counts[v], np.sum([part[v] for part in parts], axis=0)) < 1e-10 for v in counts)


# ---- the model's table


@pytest.mark.parametrize("dtype", [object, "string", "category"])
def test_a_table_of_cases_is_diagnosed_row_by_row(model: DiagnosticModel, table: pd.DataFrame, dtype: Any) -> None:
    found = model.posteriors(table.astype(dtype))
    assert list(found.columns) == [*model.knowledge.causes, "unexplained"]
    assert found.index.equals(table.index)
    for who, answers in table.iterrows():
        d = model.diagnose(answers.to_dict())
        assert [found.loc[who, belief.cause] for belief in d.beliefs] == pytest.approx(
            [belief.triggered for belief in d.beliefs], abs=EXACT
        )
        assert found.loc[who, "unexplained"] == pytest.approx(d.unexplained, abs=EXACT)


def test_a_list_of_answers_is_a_table_too(model: DiagnosticModel, table: pd.DataFrame) -> None:
    found = model.posteriors(table.to_dict("records"))
    assert list(found.index) == [0, 1, 2]
    assert difference(found, model.posteriors(table)) == 0


def test_no_rows_give_an_empty_table(model: DiagnosticModel, table: pd.DataFrame) -> None:
    assert model.posteriors(table[:0]).shape == (0, 9)
    assert model.posteriors([]).shape == (0, 9)


def test_a_table_without_questions_gives_the_prior(model: DiagnosticModel) -> None:
    found = model.posteriors(pd.DataFrame(index=[7, 8]))
    assert list(found.index) == [7, 8]
    for belief in model.diagnose({}).beliefs:
        assert found[belief.cause].tolist() == pytest.approx([belief.prior] * 2, abs=EXACT)


def test_red_flags_in_a_table_are_checked_and_change_no_probability(
    model: DiagnosticModel, table: pd.DataFrame
) -> None:
    flag = next(iter(model.knowledge.red_flags))
    assert difference(model.posteriors(table.assign(**{flag: ["yes", None, "no"]})), model.posteriors(table)) == 0
    with pytest.raises(UnknownState, match="row bob"):
        model.posteriors(table.assign(**{flag: ["yes", "perhaps", "no"]}))


@pytest.mark.parametrize(
    ("column", "hint"),
    [("swaeting", "did you mean 'sweating'"), ("dehydration", "a cause"), ("cramp", "takes it as given")],
)
def test_an_unknown_column_is_refused_by_name(
    model: DiagnosticModel, table: pd.DataFrame, column: str, hint: str
) -> None:
    with pytest.raises(UnknownVariable, match=hint) as caught:
        model.posteriors(table.assign(**{column: "yes"}))
    assert caught.value.given == column


def test_an_unknown_state_is_refused_by_column_and_row(model: DiagnosticModel, table: pd.DataFrame) -> None:
    table.loc["eve", "sweating"] = "hevy"
    with pytest.raises(UnknownState, match="unknown state 'hevy' of 'sweating' in row eve; did you mean 'heavy'"):
        model.posteriors(table)
    with pytest.raises(UnknownState, match="in row 2"):
        model.posteriors(table.to_dict("records"))


@pytest.mark.parametrize("answer", [3.5, True, ["heavy"], {"heavy": -1.0}, {"heavy": 0.0}], ids=repr)
def test_an_answer_that_is_none_is_refused_by_row(model: DiagnosticModel, answer: Any) -> None:
    with pytest.raises(BadEvidence, match="row 1"):
        model.posteriors([{"sweating": "heavy"}, {"sweating": answer}])


def test_a_missing_pandas_is_told(model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(bayesnet.MissingExtra, match="tables"):
        model.posteriors([{}])


# ---- rows that cannot be


@pytest.fixture
def copied() -> JunctionTree:
    states, copy = ("no", "yes"), np.eye(2)
    families = {"a": bayesnet.Family((), np.array([0.5, 0.5])), "b": bayesnet.Family(("a",), copy)}
    return JunctionTree(bayesnet.Network(dict.fromkeys(families, states), families))


IMPOSSIBLE = pd.DataFrame({"a": ["no", "yes", None, "no"], "b": ["no", "no", "yes", "yes"]}, index=list("wxyz"))


def test_an_impossible_row_is_an_error_that_names_it(copied: JunctionTree) -> None:
    with pytest.raises(ImpossibleEvidence, match="row x: contradictory answers: a = yes and b = no") as caught:
        copied.posteriors(IMPOSSIBLE)
    assert (caught.value.row, caught.value.answers) == ("x", {"a": "yes", "b": "no"})
    with pytest.raises(ImpossibleEvidence, match="row x"):
        copied.family_counts(IMPOSSIBLE)


def test_impossible_rows_can_be_left_empty_and_are_counted(copied: JunctionTree) -> None:
    with pytest.warns(ImpossibleCases, match="2 of 4 cases"):
        found = copied.posteriors(IMPOSSIBLE, errors="null")
    assert np.isnan(found["a"][[1, 3]]).all()
    assert found["a"][[0, 2]].tolist() == [[1, 0], [0, 1]]


# ---- memory


@each_shape
def test_a_small_memory_changes_no_result(shape: str) -> None:
    network = NETWORKS[shape]
    cases = random_cases(network, 40, seed=51)
    wide = JunctionTree(network)
    tight = JunctionTree(network, memory=8 * wide._tree.size)
    assert len(list(tight._passes(bayesnet.inference.evidence.encode(network.states, cases), network.variables))) > 10
    for variable, expected in wide.posteriors(cases).items():
        assert difference(tight.posteriors(cases)[variable], expected) < EXACT
    assert difference(tight.log_evidence(cases), wide.log_evidence(cases)) < EXACT
    counts = tight.family_counts(cases)
    assert all(difference(counts[v], expected) < 1e-11 for v, expected in wide.family_counts(cases).items())


def test_a_tree_larger_than_its_memory_is_refused(model: DiagnosticModel) -> None:
    with pytest.raises(bayesnet.TooLarge, match="the limit is"):
        JunctionTree(model.tree.network, memory=1000)


# ---- a tree for what is observed


@each_shape
@pytest.mark.parametrize("whole", [True, False], ids=["all asked", "one asked"])
def test_a_tree_made_for_the_evidence_equals_enumeration(
    shape: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(junction_tree, "WORTH_A_TREE", 0)
    network = NETWORKS[shape]
    tree = JunctionTree(network)
    for case in random_cases(network, 60, seed=52):
        wanted = network.variables if whole else network.variables[-1:]
        expected, total = brute_force(network, likelihoods_of(network, case))
        found, log_evidence = tree.posterior_and_log_evidence(case, wanted)
        assert list(found) == list(wanted)
        assert all(difference(found[v], expected[v]) < EXACT for v in wanted)
        assert log_evidence == pytest.approx(np.log(total), abs=EXACT)
    assert tree._own_trees


def test_trees_for_the_evidence_are_kept_but_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junction_tree, "WORTH_A_TREE", 0)
    monkeypatch.setattr(arguments, "KEPT", 3)
    tree = JunctionTree(NETWORKS["loopy"])
    for variable, states in tree.network.states.items():
        for state in states:
            tree.posterior({variable: state})
        assert 1 <= len(tree._own_trees) <= 3


@each_shape
def test_a_batch_on_a_dear_tree_equals_single_cases(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = NETWORKS[shape]
    cases = random_cases(network, 30, seed=53)
    expected, logs = JunctionTree(network).posteriors(cases), JunctionTree(network).log_evidence(cases)
    monkeypatch.setattr(junction_tree, "WORTH_A_TREE", 0)
    tree = JunctionTree(network)
    found = tree.posteriors(cases)
    assert all(difference(found[variable], expected[variable]) < EXACT for variable in network.variables)
    assert difference(tree.log_evidence(cases), logs) < EXACT


# ---- what a table may hold


def test_a_generator_of_cases_is_read_once_and_wholly(model: DiagnosticModel) -> None:
    answers = [{"sweating": "heavy"}, {"felt_tear": "yes"}]
    assert difference(model.posteriors(case for case in answers), model.posteriors(answers)) == 0


def test_a_column_that_stands_there_twice_is_refused(model: DiagnosticModel) -> None:
    twice = pd.DataFrame([["heavy", "light"]], columns=["sweating", "sweating"])
    for ask in (model.posteriors, model.tree.posteriors):
        with pytest.raises(BadEvidence, match="'sweating' stands there twice"):
            ask(twice)


def test_categories_that_no_row_has_are_no_answers(model: DiagnosticModel) -> None:
    every = pd.DataFrame({"felt_tear": pd.Categorical(["yes", None, "maybe"])})
    found = model.posteriors(every[:2])
    assert difference(found, model.posteriors([{"felt_tear": "yes"}, {}])) == 0
    assert len(model.posteriors(every[:0])) == 0
    with pytest.raises(UnknownState, match="'maybe' of 'felt_tear' in row 2"):
        model.posteriors(every)


def test_whole_numbers_that_pandas_made_floats_are_states() -> None:
    families = {"r": bayesnet.Family((), np.array([0.3, 0.7]))}
    tree = JunctionTree(bayesnet.Network({"r": (0, 1)}, families))  # type: ignore[dict-item]
    found = tree.posteriors(pd.DataFrame({"r": [0, 1, None]}))
    assert difference(found["r"], [[1, 0], [0, 1], [0.3, 0.7]]) < EXACT


def test_a_row_of_a_table_can_be_diagnosed(model: DiagnosticModel, table: pd.DataFrame) -> None:
    assert model.diagnose(table.loc["bob"]).answers == {"sweating": "light", "posture": "neutral"}


@pytest.mark.parametrize("cases", [None, 5, "sweating.csv", {"sweating": ["heavy"]}, [None], ["heavy"], [5]], ids=repr)
def test_what_is_no_table_is_refused(model: DiagnosticModel, first_edition: DiagnosticModel, cases: Any) -> None:
    looked_up = first_edition.engine.posteriors
    for ask in (model.posteriors, model.tree.posteriors, model.engine.posteriors, looked_up, model.tree.family_counts):
        with pytest.raises(BadEvidence, match="case"):
            ask(cases)


def test_arguments_that_are_none_are_refused(model: DiagnosticModel, first_edition: DiagnosticModel) -> None:
    for engine in (model.tree, model.engine, first_edition.engine):
        with pytest.raises(BadEvidence, match='"raise" or "null"'):
            engine.posteriors([{}], ["heat"], errors="coerce")
        for ask in (engine.posterior, lambda case, names, e=engine: e.posteriors([case], names)):
            with pytest.raises(BadEvidence, match="list of names"):
                ask({}, "heat")
            with pytest.raises(UnknownVariable):
                ask({}, ["heatt"])
        assert engine.posteriors([{}], []) == engine.posterior({}, []) == {}
    with pytest.raises(UnknownState, match="'maybe'"):
        model.engine.probabilities([{}], {"heat": "maybe"})
    with pytest.raises(BadEvidence, match="weights must be numbers"):
        model.tree.family_counts([{}], weights=["a"])
    for memory in (0, -1, float("nan"), "1GiB", None, True):
        with pytest.raises(bayesnet.BadNetwork, match="memory"):
            JunctionTree(model.tree.network, memory=memory)  # type: ignore[arg-type]


def test_a_case_of_weight_zero_is_not_looked_at(copied: JunctionTree) -> None:
    impossible: dict[str, Any] = {"a": "yes", "b": "no"}
    found = copied.family_counts([impossible, {"a": "no"}], [0, 2])
    assert found["b"].tolist() == [[2, 0], [0, 0]]
    empty = copied.family_counts(pd.DataFrame({"a": [], "b": []}))
    assert empty["b"].tolist() == [[0, 0], [0, 0]]


def test_draws_that_are_no_tables_are_refused(copied: JunctionTree) -> None:
    good = {v: np.repeat(f.table[..., None], 4, axis=-1) for v, f in copied.network.families.items()}
    bad: list[tuple[dict[str, Any], str]] = [
        ({v: t for v, t in good.items() if v != "b"}, "draws of 'b'"),
        ({**good, "a": good["a"] * np.nan}, "draw of 'a'"),
        ({**good, "a": good["a"] * 2}, "draw of 'a'"),
        ({**good, "a": good["a"][..., :3]}, "3 and 4 draws"),
        ({**good, "b": good["b"][:, :1]}, "draws of 'b'"),
    ]
    for tables, match in bad:
        with pytest.raises(bayesnet.BadNetwork, match=match):
            copied.posteriors_under(tables, {}, ["a"])


def test_draws_beyond_the_memory_are_taken_in_turns(model: DiagnosticModel) -> None:
    tight = JunctionTree(model.tree.network, memory=8 * model.tree._tree.size)
    node, evidence = "muscle_strain__cramp", {"felt_tear": "yes", "cramp": "yes"}
    one, other = (tree.posteriors_under(model.reader.drawn, evidence, [node])[node] for tree in (tight, model.tree))
    assert difference(one, other) < EXACT


@pytest.mark.parametrize("edition", ["first_edition", "model"])
def test_a_joint_posterior_adds_up_to_the_posteriors(edition: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(edition)
    nodes = ["muscle_strain__cramp", "dehydration__cramp", "excess_flexion__cramp"]
    cases: list[Any] = [
        {"felt_tear": "yes", "cramp": "yes"},
        {"cramp": "yes", "sweating": {"heavy": 1.0, "light": 0.2}},
    ]
    for batch in (cases[:1], cases):
        looked_up, summed = model.engine.joint(batch, nodes), model.tree.joint(batch, nodes)
        assert looked_up.shape == (len(batch), 2, 2, 2)
        assert difference(looked_up, summed) < EXACT
        for row, case in enumerate(batch):
            assert difference(summed[row].sum(axis=(1, 2)), model.tree.posterior(case, nodes)[nodes[0]]) < EXACT
    with pytest.raises(BadEvidence, match="felt_tear is observed"):
        model.tree.joint(cases[:1], ["felt_tear"])


def test_a_joint_posterior_of_what_cannot_be_joined_is_refused(
    model: DiagnosticModel, first_edition: DiagnosticModel
) -> None:
    for engine in (model.tree, model.engine, first_edition.engine):
        with pytest.raises(BadEvidence, match="stands twice"):
            engine.joint([{"cramp": "yes"}], ["heat", "heat"])
        with pytest.raises(BadEvidence, match="cramp is observed"):
            engine.joint([{"cramp": "yes"}], ["cramp"])
        with pytest.raises(BadEvidence, match="list of names"):
            engine.joint([{}], "heat")
