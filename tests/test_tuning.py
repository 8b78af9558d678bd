"""Tuning: what must hold whatever the cases, and what must come out where the answer is known."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import peers
import pytest
from random_models import random_model

import bayesnet
from bayesnet import BadCases, BadEvidence, DiagnosticModel
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.knowledge import gates
from bayesnet.knowledge.gates import number_counts, tables_of
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.differences import differences
from bayesnet.learning.em import Problem, fit
from bayesnet.learning.parameters import Parameters, parameters_of
from bayesnet.learning.patterns import patterns_of
from bayesnet.learning.simulation import redrawn, simulate
from bayesnet.learning.tuning import Tuned, tune

Frame = pd.DataFrame


def task_of(model: DiagnosticModel, cases: Frame, ascertained: bool = True, strength: float = 1.0) -> Problem:
    parameters = parameters_of(model.knowledge)
    alpha = strength * parameters.strength[parameters.row_of] * parameters.values
    return Problem(parameters, model.tree, patterns_of(model.knowledge, cases), alpha, ascertained)


def apart(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> JunctionTree:
    """The network with every gate taken apart: links are nodes, so that counting them needs no closed form."""
    with monkeypatch.context() as patched:
        patched.setattr(gates, "LARGEST_TABLE", 0)
        return JunctionTree(gates.network_of(knowledge))


@pytest.fixture
def small() -> DiagnosticModel:
    return random_model(4)


# ---- the numbers' counts


@pytest.mark.parametrize("seed", range(10))
def test_links_are_counted_as_if_each_were_a_node(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(seed, causes=3)
    cases = simulate(model, 50, seed, missing=0.4, labelled=0.5, quiet=True)
    patterns = patterns_of(model.knowledge, cases)
    numbers = model.knowledge.elicited()
    whole = number_counts(model.knowledge, numbers, model.tree.family_counts(patterns.evidence, patterns.weights))
    nodes = apart(model.knowledge, monkeypatch)
    assert len(nodes.network.variables) > len(model.tree.network.variables)
    counted = nodes.family_counts(patterns.evidence, patterns.weights)
    monkeypatch.setattr(gates, "LARGEST_TABLE", 0)
    each = number_counts(model.knowledge, numbers, counted)
    for name in whole:
        np.testing.assert_allclose(whole[name], each[name], atol=1e-10, err_msg=name)


@pytest.mark.parametrize("seed", [1, 4, 5, 7])
def test_without_a_prior_every_iterate_is_pyagrums(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other seeds differ where pyAgrum 3.3 gives back an earlier iterate than it reports, as it does at times."""
    model = random_model(seed, causes=2)
    cases = simulate(model, 60, seed, missing=0.3, labelled=0.0, quiet=True)
    nodes = apart(model.knowledge, monkeypatch)
    observed = [*model.knowledge.questions, model.knowledge.outcome.id]
    for iterations in (1, 2, 5):
        tables, made = peers.agrum_em(nodes.network, cases[observed].astype(object), iterations)
        assert made == iterations
        ours = fit(task_of(model, cases, False, 0.0), parameters_of(model.knowledge).values, iterations, 1e-300, False)
        numbers = parameters_of(model.knowledge).numbers(ours.values)
        with monkeypatch.context() as patched:
            patched.setattr(gates, "LARGEST_TABLE", 0)
            mine = tables_of(model.knowledge, numbers)
        for variable, table in tables.items():
            np.testing.assert_allclose(mine[variable][..., 0], table, atol=1e-6, err_msg=variable)


# ---- laws


def test_no_cases_leave_the_model_unchanged(model: DiagnosticModel) -> None:
    nothing = simulate(model, 0)
    tuned = tune(model, nothing)
    for name, table in model.knowledge.tables.items():
        assert (tuned.model.knowledge.tables[name].values == table.values).all()
        assert (tuned.model.knowledge.tables[name].strength == table.strength).all()
    assert not any(number.has_changed for number in tuned.numbers)
    assert tuned.remarks == ("There are no cases: the model is unchanged.",)


def test_cases_that_say_nothing_leave_every_number_unchanged(model: DiagnosticModel) -> None:
    tuned = tune(model, pd.DataFrame({"cramp": ["yes"] * 20}))
    assert not any(number.has_changed for number in tuned.numbers)


@pytest.mark.parametrize("ascertained", [True, False])
@pytest.mark.parametrize("accelerate", [True, False])
def test_the_log_posterior_never_falls(ascertained: bool, accelerate: bool) -> None:
    """Over 100 random networks and gap patterns in all."""
    for seed in range(25):
        rng = np.random.default_rng(seed)
        model = random_model(seed + 100 * ascertained + 1000 * accelerate, causes=int(rng.integers(1, 4)))
        missing, labelled = rng.uniform(0, 0.9), rng.uniform(0, 1)
        truth = redrawn(model, seed)
        cases = simulate(truth, 40, seed, missing, labelled, quiet=not ascertained)
        cases["certainty"] = rng.choice([0.6, 0.9, 1.0], len(cases))
        task = task_of(model, cases, ascertained)
        history = fit(task, task.parameters.values, 40, 1e-9, accelerate).history
        assert len(history) >= 2
        assert np.diff(history).min() >= -1e-9


def test_every_start_value_that_never_can_be_stays_so(small: DiagnosticModel) -> None:
    never = with_number(small, "f0/leak", p={"no": 1.0, "yes": 0.0})
    tuned = tune(never, simulate(never, 200, 1, 0.2))
    assert tuned.model.knowledge.tables["f0/leak"].values.tolist() == [1.0, 0.0]


# ---- known answers


def with_number(model: DiagnosticModel, table: str, **changes: object) -> DiagnosticModel:
    """The model with the first row of a table changed."""
    first, *others = model.knowledge.tables[table].rows
    return DiagnosticModel(model.knowledge.with_rows({table: [replace(first, **changes), *others]}))


def test_hugins_worked_example() -> None:
    """Prior .5/.5 of strength 10, five cases of the one state: 10/15 and 5/15, strength 15 (Hugin's manual on adaptation)."""
    model = with_number(random_model(1, causes=1, roots=1), "r0", p={"s0": 0.5, "s1": 0.5}, strength=10.0)
    tuned = tune(model, pd.DataFrame({"r0": ["s1"] * 5}), ascertained=False)
    row = tuned.model.knowledge.tables["r0"].rows[0]
    assert row.p["s1"] == pytest.approx(2 / 3, abs=1e-12)
    assert row.strength == 15


def complete(model: DiagnosticModel, n: int, seed: int) -> Frame:
    """Sessions in which every question and every trigger is known."""
    return simulate(model, n, seed, missing=0.0, labelled=1.0, quiet=True)


def test_complete_data_give_counts_over_totals_exactly(small: DiagnosticModel) -> None:
    cases = complete(small, 300, 5)
    tuned = tune(small, cases, ascertained=False)
    for root in ("r0", "r1"):
        row, was = tuned.model.knowledge.tables[root].rows[0], small.knowledge.tables[root].rows[0]
        seen = cases[root].value_counts()
        for state, p in row.p.items():
            expected = (was.strength * was.p[state] + seen[state]) / (was.strength + len(cases))
            assert p == pytest.approx(expected, abs=1e-12)
        assert row.strength == was.strength + len(cases)
    without = tune(small, cases, ascertained=False, strength=0.0)
    for root in ("r0", "r1"):
        shares = cases[root].value_counts(normalize=True)
        p = without.model.knowledge.tables[root].rows[0].p
        assert p == pytest.approx({state: shares[state] for state in p}, abs=1e-12)


def test_a_count_is_as_many_cases(small: DiagnosticModel) -> None:
    cases = simulate(small, 40, 2, 0.3, 0.5)
    twice = cases.assign(count=2)
    doubled = pd.concat([cases, cases.assign(case_id=cases["case_id"] + "again")])
    for a, b in zip(tune(small, twice).numbers, tune(small, doubled).numbers, strict=True):
        assert a.after == pytest.approx(b.after, abs=1e-9)
        assert a.strength_after == pytest.approx(b.strength_after, rel=1e-4)


def test_a_guess_of_one_half_says_nothing(small: DiagnosticModel) -> None:
    cases = simulate(small, 60, 3, 0.3, 1.0)
    guessed = tune(small, cases.assign(certainty=0.5))
    silent = tune(small, cases.assign(triggered="", ruled_out=""))
    for a, b in zip(guessed.numbers, silent.numbers, strict=True):
        assert a.after == pytest.approx(b.after, abs=1e-9)


def test_a_surer_label_moves_the_numbers_more(model: DiagnosticModel) -> None:
    cases = pd.DataFrame({"triggered": ["muscle_strain"] * 50})
    moved = []
    for certainty in (0.6, 0.8, 1.0):
        numbers = {n.table: n for n in tune(model, cases.assign(certainty=certainty), starts=1).numbers}
        moved.append(numbers["cramp/muscle_strain"].change)
    assert 0 < moved[0] < moved[1] < moved[2]


def test_a_heading_may_be_labelled(model: DiagnosticModel) -> None:
    tuned = tune(model, pd.DataFrame({"triggered": ["poor_form"] * 50, "ruled_out": ["muscle_strain"] * 50}), starts=1)
    numbers = {number.table: number for number in tuned.numbers}
    assert numbers["cramp/excess_flexion"].change > 0
    assert numbers["cramp/muscle_strain"].change < 0


def test_prior_strength_holds_numbers_back(model: DiagnosticModel) -> None:
    cases = simulate(redrawn(model, 3), 200, 3, 0.3, 0.4)
    moved = [sum(abs(n.change) for n in tune(model, cases, strength=s, starts=1).numbers) for s in (0.2, 1.0, 20.0)]
    assert moved[0] > moved[1] > moved[2]


def test_new_cases_alone_sharpen_a_tuned_model_nearly_as_all_cases_would(model: DiagnosticModel) -> None:
    cases = simulate(redrawn(model, 5), 3000, 5, 0.3, 0.4)
    at_once = tune(model, cases, starts=1)
    first = tune(model, cases[:1500], starts=1)
    then = tune(first.model, cases[1500:], starts=1)
    truth = at_once.model.knowledge
    off = {n.label: abs(n.change) for n in differences(then.model.knowledge, truth)}
    before = {n.label: abs(n.change) for n in differences(model.knowledge, truth)}
    assert np.mean(list(off.values())) < 0.2 * np.mean(list(before.values()))
    assert then.model.knowledge.provenance.parent == first.model.knowledge.provenance.version


def test_old_evidence_can_fade(model: DiagnosticModel) -> None:
    nothing = pd.DataFrame({"cramp": ["yes"]})
    faded = tune(model, nothing, strength=0.5, starts=1)
    for number in faded.numbers:
        assert number.strength_after == number.strength_before / 2
        assert number.after == number.before


# ---- ascertainment


def probability(model: DiagnosticModel, variable: str, state: int) -> float:
    return float(model.tree.posterior({}, [variable])[variable][state])


def test_quiet_sessions_that_were_logged_are_learned_from_plainly(model: DiagnosticModel) -> None:
    truth = redrawn(model, 7)
    cases = simulate(truth, 4000, 7, 0.3, 0.4, quiet=True)
    assert set(cases["cramp"]) == {"no", "yes"}
    tuned = tune(model, cases, ascertained=False, starts=1)
    assert abs(probability(tuned.model, "cramp", 1) - (cases["cramp"] == "yes").mean()) < 0.01


# ---- stopping, starts and remarks


def test_a_watch_can_end_it_and_what_was_reached_is_kept(model: DiagnosticModel) -> None:
    cases = simulate(redrawn(model, 3), 300, 3, 0.3, 0.4)
    seen: list[float] = []

    def watch(iteration: int, log_posterior: float) -> bool:
        seen.append(log_posterior)
        return iteration == 7

    tuned = tune(model, cases, watch=watch)
    assert tuned.history == tuple(seen)
    assert len(seen) == 7
    assert not tuned.converged
    assert any("Stopped after 7 iterations" in remark for remark in tuned.remarks)
    assert any(number.has_changed for number in tuned.numbers)


def test_an_interrupt_keeps_what_was_reached(model: DiagnosticModel) -> None:
    cases = simulate(redrawn(model, 3), 300, 3, 0.3, 0.4)

    def watch(iteration: int, _: float) -> None:
        if iteration == 4:
            raise KeyboardInterrupt

    tuned = tune(model, cases, watch=watch)
    assert len(tuned.history) == 4
    assert any(number.has_changed for number in tuned.numbers)


def test_starts_that_disagree_are_told() -> None:
    """Without a prior and labels, two causes with the same signs can swap places."""
    model = random_model(11, causes=2, findings=2)
    cases = simulate(redrawn(model, 1), 300, 1, 0.0, 0.0)
    tuned = tune(model, cases, strength=0.0, starts=4)
    assert len(tuned.starts) == 4
    assert max(start.apart for start in tuned.starts) > 0.02
    assert any("starts disagree" in remark for remark in tuned.remarks)
    best = max(start.log_posterior for start in tuned.starts)
    assert tuned.starts[0].log_posterior == best


def test_few_cases_are_called_few_and_hardly_move_a_number(model: DiagnosticModel) -> None:
    tuned = tune(model, pd.DataFrame({"heat": ["hot_humid", "temperate", None], "triggered": ["dehydration", "", ""]}))
    assert any("Only 3 cases" in remark for remark in tuned.remarks)
    assert max(abs(number.change) for number in tuned.numbers) < 0.06


def test_simulated_cases_are_called_so(model: DiagnosticModel) -> None:
    tuned = tune(model, simulate(model, 120, 1, 0.3, 0.4), starts=1)
    assert any("All cases are simulated" in remark for remark in tuned.remarks)
    made = tuned.model.knowledge.provenance
    assert (made.cases, made.simulated) == (120, 120)


# ---- bad input


@pytest.mark.parametrize(
    ("cases", "problem"),
    [
        (pd.DataFrame({"heat": ["warm"]}), "'warm'"),
        (pd.DataFrame({"shoes": ["red"]}), "'shoes'"),
        (pd.DataFrame({"triggered": ["cold"]}), "'cold'"),
        (pd.DataFrame({"certainty": [0.0], "triggered": ["muscle_strain"]}), "certainty"),
        (pd.DataFrame({"count": [-1]}), "count"),
        (pd.DataFrame({"cramp": ["no", "yes"]}), "cramp = no"),
    ],
    ids=["state", "column", "cause", "certainty", "count", "quiet"],
)
def test_cases_that_are_none_are_refused_by_name(model: DiagnosticModel, cases: Frame, problem: str) -> None:
    with pytest.raises(BadCases, match=problem):
        tune(model, cases)


def impossible_model(small: DiagnosticModel) -> DiagnosticModel:
    states = small.knowledge.states["r0"]
    return with_number(small, "r0", p=dict.fromkeys(states, 0.0) | {states[0]: 1.0})


def test_impossible_cases_are_named(small: DiagnosticModel) -> None:
    model = impossible_model(small)
    with pytest.raises(BadCases, match=r"^1 of 2 cases .*case 2: the model holds r0 = s1 to be impossible"):
        tune(model, pd.DataFrame({"r0": ["s0", "s1"]}))
    with pytest.raises(BadCases, match=r"^all cases are impossible"):
        tune(model, pd.DataFrame({"r0": ["s1", "s1"]}))


@pytest.mark.parametrize(
    "options", [{"strength": -1}, {"strength": float("nan")}, {"starts": 0}, {"iterations": 0}, {"tolerance": 0}]
)
def test_options_out_of_range_are_refused_by_name(model: DiagnosticModel, options: dict) -> None:
    with pytest.raises(BadEvidence, match=next(iter(options))):
        tune(model, pd.DataFrame({"heat": ["temperate"]}), **options)


def test_of_very_many_patterns_a_sample_finds_the_way(model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends where all patterns lead, not where the sample does, and the same every time."""
    cases = simulate(redrawn(model, 1), 3000, 8, missing=0.2, labelled=0.5)
    plain = tune(model, cases, starts=2, tolerance=1e-4)
    monkeypatch.setattr("bayesnet.learning.tuning.MANY", 300)
    seen: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(Problem, "step", noting(Problem.step, seen))
        sampled = tune(model, cases, starts=2, tolerance=1e-4)
    again = tune(model, cases, starts=2, tolerance=1e-4)
    everything = sampled.patterns.n
    led_there = seen.index(everything)
    assert led_there > 2
    assert max(seen[:led_there]) <= 300
    assert {*seen[led_there:]} == {everything}
    assert sampled.history[-1] == pytest.approx(plain.history[-1], abs=0.01)
    assert (np.diff(sampled.history) > -1e-6).all()
    assert sampled.history == again.history
    assert len(sampled.starts) == 2


def noting(step: Callable, seen: list[int]) -> Callable:
    """EM's step, which notes how many patterns it went over."""

    def noted(task: Problem, values: np.ndarray) -> tuple[np.ndarray, float]:
        seen.append(task.patterns.n)
        return step(task, values)

    return noted


def test_every_way_to_hand_over_cases_gives_the_same_numbers(model: DiagnosticModel, tmp_path) -> None:
    from bayesnet.learning.cases.files import write_cases

    cases = simulate(model, 80, 4, 0.3, 0.4)
    write_cases(cases, tmp_path / "cases.csv", model.knowledge)
    write_cases(cases, tmp_path / "cases.parquet", model.knowledge)
    tuned: list[Callable[[], Tuned]] = [
        partial(tune, model, given, starts=1)
        for given in (cases, cases.to_dict("records"), tmp_path / "cases.csv", str(tmp_path / "cases.parquet"))
    ]
    hashes = {run().model.knowledge.provenance.data_hash for run in tuned}
    assert len(hashes) == 1


def test_the_hash_of_the_cases_does_not_depend_on_their_order(model: DiagnosticModel) -> None:
    cases = simulate(model, 80, 4, 0.3, 0.4)
    digest = patterns_of(model.knowledge, cases).data_hash
    assert patterns_of(model.knowledge, cases[::-1]).data_hash == digest
    assert patterns_of(model.knowledge, cases[1:]).data_hash != digest


def test_tune_is_public_and_does_not_slow_the_import() -> None:
    assert bayesnet.tune is tune
    assert isinstance(parameters_of(bayesnet.load().knowledge), Parameters)
