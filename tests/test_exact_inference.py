"""The junction tree says what enumeration, and what pgmpy, say."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import pytest
from networks import (
    NETWORKS,
    Answers,
    Array,
    brute_force,
    brute_force_family,
    likelihoods_of,
    random_answers,
    random_cases,
    random_network,
)
from shipped_truth import ShippedTruth

from bayesnet import BadEvidence, DiagnosticModel, Family, ImpossibleEvidence, JunctionTree, Network
from bayesnet.inference.exchange import to_pgmpy

N_CASES = 200
EXACT = 1e-12
PGMPY = 1e-9

each_shape = pytest.mark.parametrize("shape", NETWORKS)


def shipped_cases(model: DiagnosticModel, n: int, seed: int) -> list[Answers]:
    """Partial evidence about the questions, now and then about a cause; the outcome has always happened."""
    rng = np.random.default_rng(seed)
    states = model.tree.network.states
    questions = {question: states[question] for question in model.knowledge.questions}
    causes = {cause: states[cause] for cause in model.knowledge.causes}
    happened: Answers = {"cramp": "yes"}
    made = [{**random_answers(questions, rng), **random_answers(causes, rng, 0.1)} for _ in range(n - 1)]
    return [happened, *({**answers, **happened} for answers in made)]


def difference(found: Sequence[float] | Array, expected: Sequence[float] | Array) -> float:
    return float(np.abs(np.asarray(found) - np.asarray(expected)).max())


# ---- enumeration


@each_shape
def test_posteriors_equal_enumeration(shape: str) -> None:
    network = NETWORKS[shape]
    tree = JunctionTree(network)
    for case in random_cases(network, N_CASES, seed=1):
        expected, _ = brute_force(network, likelihoods_of(network, case))
        found = tree.posterior(case)
        assert tuple(found) == network.variables
        for variable, posterior in found.items():
            assert difference(posterior, expected[variable]) < EXACT, (variable, case)


def test_posteriors_of_the_shipped_model_equal_enumeration(model: DiagnosticModel, truth: ShippedTruth) -> None:
    seen: set[str] = set()
    for case in shipped_cases(model, N_CASES, seed=2):
        expected, _ = truth.posteriors(case)
        found = model.tree.posterior(case, expected)
        for variable, posterior in found.items():
            assert difference(posterior, expected[variable]) < EXACT, (variable, case)
        seen |= found.keys()
    # 20 questions, 8 causes, 8 links, 2 headings of several causes, and "any link".
    assert len(seen) == 39


def test_the_truth_covers_all_that_a_diagnosis_reads(model: DiagnosticModel, truth: ShippedTruth) -> None:
    expected, _ = truth.posteriors({})
    assert {*model.knowledge.questions, *model.reader.shown} == set(expected)


@each_shape
def test_log_evidence_equals_enumeration(shape: str) -> None:
    network = NETWORKS[shape]
    cases = random_cases(network, N_CASES, seed=3)
    expected = [log(brute_force(network, likelihoods_of(network, case))[1]) for case in cases]
    assert difference(JunctionTree(network).log_evidence(cases), expected) < EXACT


def test_log_evidence_of_the_shipped_model_equals_enumeration(model: DiagnosticModel, truth: ShippedTruth) -> None:
    cases = shipped_cases(model, N_CASES, seed=4)
    expected = [log(truth.posteriors(case)[1]) for case in cases]
    assert difference(model.tree.log_evidence(cases), expected) < EXACT


@each_shape
def test_family_counts_are_the_weighted_sum_of_family_posteriors(shape: str) -> None:
    network = NETWORKS[shape]
    cases = random_cases(network, 12, seed=5)
    weights = np.random.default_rng(6).uniform(0, 5, size=len(cases))
    counts = JunctionTree(network).family_counts(cases, weights)
    for variable, family in network.families.items():
        expected = sum(
            weight * brute_force_family(network, variable, likelihoods_of(network, case))
            for weight, case in zip(weights, cases, strict=True)
        )
        assert counts[variable].shape == family.table.shape
        assert difference(counts[variable], expected) < 1e-11


@each_shape
def test_family_counts_without_weights_count_every_case_once(shape: str) -> None:
    tree = JunctionTree(NETWORKS[shape])
    cases = random_cases(tree.network, 7, seed=7)
    for variable, counts in tree.family_counts(cases).items():
        assert counts.sum() == pytest.approx(len(cases))
        assert difference(counts, tree.family_counts(cases, np.ones(len(cases)))[variable]) == 0


@pytest.mark.parametrize("weights", [[1.0], [1.0, 2.0, 3.0]], ids=["too few", "too many"])
def test_weights_that_do_not_match_the_cases_are_refused(weights: list[float]) -> None:
    with pytest.raises((BadEvidence, ValueError)):
        JunctionTree(NETWORKS["chain"]).family_counts([{"a": "a0"}, {}], weights)


# ---- pgmpy


@pytest.fixture(scope="module")
def eliminate() -> Callable[[Any, Network, Answers, Sequence[str]], dict[str, Array]]:
    """pgmpy's variable elimination, which gives each variable's posterior in the network's state order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.inference import VariableElimination

    def query(made: Any, network: Network, answers: Answers, variables: Sequence[str]) -> dict[str, Array]:
        hard = {variable: answer for variable, answer in answers.items() if isinstance(answer, str)}
        soft = {variable: answer for variable, answer in answers.items() if isinstance(answer, dict)}
        virtual = []
        for variable, vector in likelihoods_of(network, dict(soft)).items():
            states = list(network.states[variable])
            virtual.append(
                TabularCPD(variable, len(states), vector[:, None] / vector.sum(), state_names={variable: states})
            )
        engine = VariableElimination(made.copy())  # virtual evidence rewrites the engine's model
        found = engine.query(
            list(variables),
            hard,
            virtual_evidence=virtual or None,
            elimination_order="greedy",
            joint=False,
            show_progress=False,
        )
        return {v: f.values[[f.state_names[v].index(s) for s in network.states[v]]] for v, f in found.items()}

    return query


def unobserved(variables: Sequence[str], answers: Answers, n: int, rng: np.random.Generator) -> list[str]:
    """At most n of the variables that have no hard answer."""
    free = [variable for variable in variables if not isinstance(answers.get(variable), str)]
    return [str(variable) for variable in rng.permutation(free)[:n]]


@each_shape
def test_posteriors_equal_those_of_pgmpy(shape: str, eliminate: Any) -> None:
    network, rng = NETWORKS[shape], np.random.default_rng(8)
    tree, made = JunctionTree(network), to_pgmpy(network)
    for case in random_cases(network, N_CASES, seed=9):
        wanted = unobserved(network.variables, case, 3, rng)
        if wanted:
            found = tree.posterior(case, wanted)
            for variable, expected in eliminate(made, network, case, wanted).items():
                assert difference(found[variable], expected) < PGMPY, (variable, case)


def test_posteriors_of_the_shipped_model_equal_those_of_pgmpy(
    model: DiagnosticModel, truth: ShippedTruth, eliminate: Any
) -> None:
    network, rng = model.tree.network, np.random.default_rng(10)
    checked: set[str] = set()
    for case in shipped_cases(model, N_CASES, seed=11):
        wanted = unobserved(list(truth.posteriors({})[0]), case, 4, rng)
        found = model.tree.posterior(case, wanted)
        for variable, expected in eliminate(model.network, network, case, wanted).items():
            assert difference(found[variable], expected) < PGMPY, (variable, case)
        checked |= set(wanted)
    assert len(checked) == 39


# ---- ways to say the same


@each_shape
def test_many_cases_at_once_equal_one_at_a_time(shape: str) -> None:
    tree = JunctionTree(NETWORKS[shape])
    cases = random_cases(tree.network, 30, seed=12)
    batch = tree.posteriors(cases)
    for row, case in enumerate(cases):
        for variable, posterior in tree.posterior(case).items():
            assert difference(batch[variable][row], posterior) < EXACT


def test_cases_beyond_one_chunk_keep_their_rows() -> None:
    tree = JunctionTree(NETWORKS["loopy"])
    cases = random_cases(tree.network, 50, seed=13)
    few, many = tree.posteriors(cases), tree.posteriors(cases * 50)
    for variable, posterior in few.items():
        assert difference(many[variable], np.tile(posterior, (50, 1))) < EXACT
    counts = tree.family_counts(cases)
    for variable, total in tree.family_counts(cases * 50).items():
        assert difference(total, 50 * counts[variable]) < 1e-9


def test_no_cases_give_no_rows() -> None:
    tree = JunctionTree(NETWORKS["chain"])
    assert tree.posteriors([])["b"].shape == (0, 3)
    assert tree.log_evidence([]).shape == (0,)


@each_shape
def test_soft_evidence_for_one_state_equals_the_state(shape: str) -> None:
    tree = JunctionTree(NETWORKS[shape])
    for variable, states in tree.network.states.items():
        hard, soft = tree.posterior({variable: states[-1]}), tree.posterior({variable: {states[-1]: 1.0}})
        assert all(difference(hard[name], soft[name]) == 0 for name in hard)


@each_shape
@pytest.mark.parametrize("scale", [1e-12, 0.5, 7.0, 1e12])
def test_scaling_likelihoods_changes_no_posterior(shape: str, scale: float) -> None:
    tree = JunctionTree(NETWORKS[shape])
    for case in random_cases(tree.network, 10, seed=14):
        scaled: Answers = {
            variable: {state: scale * value for state, value in answer.items()} if isinstance(answer, dict) else answer
            for variable, answer in case.items()
        }
        found = tree.posterior(scaled)
        assert all(difference(found[v], posterior) < EXACT for v, posterior in tree.posterior(case).items())


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_scaling_every_likelihood_to_the_ends_of_the_floats_changes_no_posterior(scale: float) -> None:
    tree = JunctionTree(NETWORKS["collider"])
    mild: Answers = {v: {state: 1.0 + i for i, state in enumerate(s)} for v, s in tree.network.states.items()}
    wild: Answers = {v: {state: scale * (1.0 + i) for i, state in enumerate(s)} for v, s in tree.network.states.items()}
    found = tree.posterior(wild)
    assert all(difference(found[v], posterior) < EXACT for v, posterior in tree.posterior(mild).items())


@pytest.mark.parametrize("missing", [None, "", float("nan"), np.nan], ids=["None", "empty", "nan", "numpy nan"])
def test_a_missing_answer_equals_no_answer(missing: Any) -> None:
    tree = JunctionTree(NETWORKS["tree"])
    without, with_missing = tree.posterior({"d": "d1"}), tree.posterior({"d": "d1", "b": missing})
    assert all(difference(with_missing[name], without[name]) == 0 for name in without)
    assert tree.log_evidence([{"b": missing}])[0] == pytest.approx(0, abs=EXACT)


def test_a_missing_value_of_pandas_equals_no_answer() -> None:
    import pandas as pd

    tree = JunctionTree(NETWORKS["tree"])
    without, with_missing = tree.posterior({"d": "d1"}), tree.posterior({"d": "d1", "b": pd.NA})
    assert all(difference(with_missing[name], without[name]) == 0 for name in without)


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_a_table_of_cases_equals_a_list_of_cases(dtype: Any) -> None:
    import pandas as pd

    tree = JunctionTree(NETWORKS["tree"])
    cases: list[Answers] = [{"b": "b1", "g": "g0"}, {"e": "e3"}, {"b": "b0", "e": "e0"}]
    expected = tree.posteriors(cases)
    found = tree.posteriors(pd.DataFrame(cases).astype(dtype))
    assert all(difference(found[name], expected[name]) == 0 for name in expected)


def test_soft_answers_in_a_table_equal_those_in_a_list() -> None:
    import pandas as pd

    tree = JunctionTree(NETWORKS["tree"])
    cases: list[Answers] = [{"b": {"b1": 0.3, "b2": 2.0}}, {"e": "e3"}]
    expected, found = tree.posteriors(cases), tree.posteriors(pd.DataFrame(cases))
    assert all(difference(found[name], expected[name]) == 0 for name in expected)


def test_only_the_variables_asked_for_are_answered_in_the_order_asked() -> None:
    found = JunctionTree(NETWORKS["chain"]).posterior({"a": "a1"}, ["f", "b"])
    assert list(found) == ["f", "b"]


# ---- a thousand nodes


def test_a_thousand_observed_nodes_of_a_chain_do_not_underflow() -> None:
    """A hidden Markov model: a chain of hidden nodes, each with an observed child; the forward algorithm is the truth."""
    n, rng = 500, np.random.default_rng(15)
    first, move, see = rng.dirichlet([1, 1, 1]), rng.dirichlet([1, 1, 1], 3).T, rng.dirichlet([1, 1], 3).T
    hidden, seen = [f"h{i}" for i in range(n)], [f"o{i}" for i in range(n)]
    states = {**dict.fromkeys(hidden, ("0", "1", "2")), **dict.fromkeys(seen, ("0", "1"))}
    families = {hidden[0]: Family((), first)}
    families |= {child: Family((parent,), move) for parent, child in pairwise(hidden)}
    families |= {o: Family((h,), see) for h, o in zip(hidden, seen, strict=True)}
    observed = rng.integers(0, 2, size=n)

    expected, forward = 0.0, first
    for step, value in enumerate(observed):
        forward = see[value] * (forward if step == 0 else move @ forward)
        expected += log(forward.sum())
        forward = forward / forward.sum()

    tree = JunctionTree(Network(states, families))
    case: Answers = {o: str(value) for o, value in zip(seen, observed, strict=True)}
    assert tree.log_evidence([case])[0] == pytest.approx(expected, rel=EXACT)
    assert difference(tree.posterior(case, [hidden[-1]])[hidden[-1]], forward) < EXACT


def test_a_chain_of_a_thousand_nodes_is_exact_at_both_ends() -> None:
    move = np.array([[0.9, 0.3], [0.1, 0.7]])
    names = [f"x{i}" for i in range(1000)]
    families = {names[0]: Family((), np.array([0.2, 0.8]))}
    families |= {child: Family((parent,), move) for parent, child in pairwise(names)}
    tree = JunctionTree(Network(dict.fromkeys(names, ("0", "1")), families))
    far = np.linalg.matrix_power(move, 999)
    assert difference(tree.posterior({}, ["x999"])["x999"], far @ [0.2, 0.8]) < EXACT
    backwards = far[1] * [0.2, 0.8]
    assert difference(tree.posterior({"x999": "1"}, ["x0"])["x0"], backwards / backwards.sum()) < EXACT
    every: Answers = {name: str(i % 2) for i, name in enumerate(names)}
    expected = log(0.2) + sum(log(move[(i + 1) % 2, i % 2]) for i in range(999))
    assert tree.log_evidence([every])[0] == pytest.approx(expected, rel=EXACT)


@pytest.fixture(scope="module")
def star() -> JunctionTree:
    """A hub with a thousand leaves."""
    leaves = {f"leaf{i}": 2 + i % 2 for i in range(1000)}
    return JunctionTree(random_network({"hub": 2, **leaves}, [("hub", leaf) for leaf in leaves], 16))


@pytest.mark.parametrize("hub", [None, "hub0", "hub1"])
def test_a_star_with_a_thousand_observed_leaves_does_not_underflow(star: JunctionTree, hub: str | None) -> None:
    network = star.network
    rng = np.random.default_rng(17)
    case: Answers = {v: str(rng.choice(s)) for v, s in network.states.items() if v != "hub"}
    logs = np.log(network.families["hub"].table)
    for leaf, state in case.items():
        logs = logs + np.log(network.families[leaf].table[network.states[leaf].index(str(state))])
    if hub is not None:
        case["hub"] = hub
        logs = logs[[network.states["hub"].index(hub)]]
    expected = logs.max() + log(np.exp(logs - logs.max()).sum())
    assert star.log_evidence([case])[0] == pytest.approx(expected, rel=EXACT)


# ---- answers that cannot be


@pytest.fixture(scope="module")
def parity() -> JunctionTree:
    """c = a xor b, deterministic; d and e are about a, and can be whatever it is."""
    yes_no = ("no", "yes")
    coin, noisy = Family((), np.array([0.5, 0.5])), Family(("a",), np.array([[0.8, 0.3], [0.2, 0.7]]))
    xor = Family(("a", "b"), np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]))
    families = {"d": noisy, "a": coin, "b": coin, "e": noisy, "c": xor}
    return JunctionTree(Network(dict.fromkeys(families, yes_no), families))


CONTRADICTION: Answers = {"d": "yes", "a": "yes", "b": "yes", "e": "no", "c": "yes"}


def test_impossible_evidence_names_the_smallest_contradiction(parity: JunctionTree) -> None:
    with pytest.raises(ImpossibleEvidence) as caught:
        parity.posterior(CONTRADICTION)
    assert caught.value.answers == {"a": "yes", "b": "yes", "c": "yes"}
    assert all(f"{variable} = yes" in str(caught.value) for variable in "abc")


def test_a_contradiction_is_found_among_good_cases(parity: JunctionTree) -> None:
    with pytest.raises(ImpossibleEvidence) as caught:
        parity.posteriors([{}, {"a": "yes"}, CONTRADICTION, {}])
    assert set(caught.value.answers) == {"a", "b", "c"}
    with pytest.raises(ImpossibleEvidence):
        parity.family_counts([{}, CONTRADICTION])


def test_a_soft_answer_can_be_part_of_a_contradiction(parity: JunctionTree) -> None:
    with pytest.raises(ImpossibleEvidence) as caught:
        parity.posterior({"a": {"yes": 0.3}, "b": "no", "c": {"no": 2.0}, "d": "no"})
    assert set(caught.value.answers) == {"a", "b", "c"}


def test_log_evidence_of_a_contradiction_is_minus_infinity(parity: JunctionTree) -> None:
    found = parity.log_evidence([{}, CONTRADICTION, {"a": "yes"}])
    assert np.isneginf(found[1])
    assert found[[0, 2]].tolist() == pytest.approx([0, log(0.5)])


def test_one_answer_of_probability_zero_is_named_alone() -> None:
    tree = JunctionTree(
        Network(
            {"a": ("no", "yes"), "b": ("x", "y")},
            {
                "a": Family((), np.array([1.0, 0.0])),
                "b": Family((), np.array([0.4, 0.6])),
            },
        )
    )
    with pytest.raises(ImpossibleEvidence, match="a = yes") as caught:
        tree.posterior({"b": "x", "a": "yes"})
    assert caught.value.answers == {"a": "yes"}


def test_a_contradiction_among_hundreds_of_answers_is_irreducible() -> None:
    """Too many subsets to try: what is left still contradicts itself, and no answer in it can go."""
    names = [f"n{i}" for i in range(300)]
    copy = np.eye(2)
    families = {names[0]: Family((), np.array([0.5, 0.5]))}
    families |= {child: Family((parent,), copy) for parent, child in pairwise(names)}
    tree = JunctionTree(Network(dict.fromkeys(names, ("0", "1")), families))
    case: Answers = dict.fromkeys(names, "1")
    case["n150"] = "0"
    with pytest.raises(ImpossibleEvidence) as caught:
        tree.posterior(case)
    assert len(caught.value.answers) == 2
    assert "n150" in caught.value.answers


# ---- draws of the parameters


def drawn(network: Network, draws: int, seed: int) -> Iterator[tuple[str, Array]]:
    rng = np.random.default_rng(seed)
    for variable, family in network.families.items():
        rows = rng.dirichlet(np.ones(family.table.shape[0]), size=(*family.table.shape[1:], draws))
        yield variable, np.moveaxis(rows, -1, 0)


@each_shape
def test_posteriors_under_draws_equal_a_network_per_draw(shape: str) -> None:
    network, draws = NETWORKS[shape], 5
    tables = dict(drawn(network, draws, seed=18))
    case = random_cases(network, 3, seed=19)[-1]
    found = JunctionTree(network).posteriors_under(tables, case, network.variables)
    for draw in range(draws):
        families = {v: Family(f.parents, tables[v][..., draw]) for v, f in network.families.items()}
        for variable, expected in JunctionTree(Network(network.states, families)).posterior(case).items():
            assert found[variable].shape == (draws, len(network.states[variable]))
            assert difference(found[variable][draw], expected) < EXACT


def test_a_table_without_draws_holds_in_every_draw() -> None:
    network = NETWORKS["loopy"]
    tables = {v: family.table[..., None] for v, family in network.families.items()}
    varied = {**tables, "a": np.array([[0.1, 0.6], [0.9, 0.4]])}
    found = JunctionTree(network).posteriors_under(varied, {"g": "g1"}, ["d"])["d"]
    for draw in range(2):
        families = {**network.families, "a": Family((), varied["a"][:, draw])}
        expected = JunctionTree(Network(network.states, families)).posterior({"g": "g1"}, ["d"])["d"]
        assert difference(found[draw], expected) < EXACT
