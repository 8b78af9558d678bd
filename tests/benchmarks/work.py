"""The work that is timed: single cases, batches, learning, and the networks everyone knows."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import geometric_mean, median
from tempfile import TemporaryDirectory
from typing import Any

import loops
import numpy as np
import pandas as pd
import peers
from peers import Case
from run import Result

import bayesnet
from bayesnet import DiagnosticModel, JunctionTree, Network
from bayesnet.diagnosis.uncertainty import doubt
from bayesnet.inference.evidence import encode
from bayesnet.learning.tuning import tune

QUESTIONS_LEFT_OPEN = 0.8
"""At most so large a share of the questions is unanswered in a single case."""

NETWORKS = (
    *(
        "asia",
        "cancer",
        "earthquake",
        "sachs",
        "survey",
        "alarm",
        "child",
        "insurance",
        "hailfinder",
        "hepar2",
        "win95pts",
    ),
    *("andes", "pathfinder", "pigs", "mildew", "barley", "water", "munin2", "munin3", "munin4", "munin"),
)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    return max(float(np.abs(np.asarray(one[v]) - np.asarray(other[v])).max()) for v in other)


def paired(
    work: str,
    cases: Sequence[Case],
    ours: Callable[[Case], Mapping[str, Any]],
    asks: Mapping[str, Callable[[Case], Mapping[str, Any]]],
    block: int = 25,
) -> Result:
    """A block of cases put to us, then to each engine of the peer; the engine of the smallest median is the peer.

    The first block warms up and is not timed.
    """
    mine: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in asks}
    worst = 0.0
    for start in range(0, len(cases), block):
        part = cases[start : start + block]
        taken, found = timed(lambda part=part: [ours(case) for case in part])
        if start > 0:
            mine.append(taken / len(part))
        for name, ask in asks.items():
            taken, expected = timed(lambda ask=ask, part=part: [ask(case) for case in part])
            if start > 0:
                theirs[name].append(taken / len(part))
                worst = max(worst, *(difference(one, other) for one, other in zip(found, expected, strict=True)))
    best = min(theirs, key=lambda name: median(theirs[name]))
    ratios = [b / a for a, b in zip(mine, theirs[best], strict=True)]
    return Result(work, best, median(mine), median(theirs[best]), median(ratios), len(ratios), worst)


# ---- the shipped model


def shipped() -> tuple[bayesnet.DiagnosticModel, list[str]]:
    model = bayesnet.load()
    return model, [*model.reader.triggers.values(), *model.knowledge.causes]


def opened(cases: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The table with so large a share of its answers taken out."""
    keep = np.random.default_rng(seed).random(cases.shape) >= share
    return cases.where(pd.DataFrame(keep, index=cases.index, columns=cases.columns), None)


def single_cases() -> list[Result]:
    model, targets = shipped()
    network, rng = model.tree.network, np.random.default_rng(1)
    complete = peers.forward_sample(network, 225, 2, {"cramp": "yes"})[list(model.knowledge.questions)]
    hard: list[Case] = []
    soft: list[Case] = []
    for answers in complete.to_dict("records"):
        share = rng.uniform(0, QUESTIONS_LEFT_OPEN)
        hard.append({str(q): str(state) for q, state in answers.items() if rng.random() >= share} | {"cramp": "yes"})
        soft.append(
            {str(q): {s: float(rng.uniform(0.1, 1)) for s in network.states[str(q)]} for q in answers}
            | {"cramp": "yes"}
        )
    asks = peers.agrum_asks(network, targets)
    pgmpy = {"pgmpy VariableElimination": peers.pgmpy_ask(network, targets)}
    ours = partial(model.engine.posterior, variables=targets)
    tree = partial(model.tree.posterior, variables=targets)
    return [
        paired("one case, all causes", hard, ours, asks),
        paired("the same", hard[:75], ours, pgmpy),
        paired("the same, soft evidence on every question", soft, ours, asks),
        paired("one case by the junction tree alone", hard, tree, asks),
        paired("the same, soft evidence on every question", soft, tree, asks),
    ]


def batches() -> list[Result]:
    model, _ = shipped()
    drawn = peers.forward_sample(model.tree.network, 1_000_000, 3, {"cramp": "yes"})[list(model.knowledge.questions)]
    some = opened(drawn[:100_000], 0.3, 4)
    results = [
        against_a_loop("100,000 rows of text, 30 % unanswered, per row", model, some),
        against_a_loop("the same as pandas categories", model, some.astype("category")),
        against_a_loop("1,000,000 rows of text, all answered, per row", model, drawn),
        against_a_loop("the same as pandas categories", model, drawn.astype("category")),
    ]
    for n in (10_000, 100_000, 1_000_000):
        taken = median(timed(partial(model.posteriors, drawn[:n]))[0] for _ in range(3))
        print(f"{n:>9,} rows: {1e6 * taken / n:.3f} µs a row")
    print(
        f"a process that reads the million rows from a CSV file and scores them peaks at {peak_of_scoring(drawn):,.0f} MB"
    )
    return results


def against_a_loop(work: str, model: bayesnet.DiagnosticModel, cases: pd.DataFrame) -> Result:
    """Ours: the whole table of strings, read and answered. The peer: a loop, timed on its first 1,000 rows."""
    targets = list(model.reader.triggers.values())
    head: list[Case] = [
        {q: s for q, s in row.items() if isinstance(s, str)} | {"cramp": "yes"}
        for row in cases[:1000].to_dict("records")
    ]
    asks = peers.agrum_asks(model.tree.network, targets)
    best = min(asks, key=lambda name: timed(lambda: [asks[name](case) for case in head[:50]])[0])
    mine, theirs, worst = [], [], 0.0
    for _ in range(5):
        taken, found = timed(partial(model.posteriors, cases))
        mine.append(taken / len(cases))
        taken, expected = timed(lambda: [asks[best](case) for case in head])
        theirs.append(taken / len(head))
        yes = np.array([[answer[target][1] for target in targets] for answer in expected])
        worst = max(worst, float(np.abs(found.iloc[:1000, : len(targets)].to_numpy() - yes).max()))
    ratio = median(b / a for a, b in zip(mine, theirs, strict=True))
    return Result(work, best, median(mine), median(theirs), ratio, 5, worst)


MILLION = """
import re, sys
from pathlib import Path
import pandas, bayesnet
bayesnet.load().posteriors(pandas.read_csv(sys.argv[1]))
# Not ru_maxrss, which counts what the parent held when it forked.
print(int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def peak_of_scoring(cases: pd.DataFrame) -> float:
    """The largest resident size, in MB, of a process that reads these cases from a CSV file and scores them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cases.csv"
        cases.to_csv(path, index=False)
        done = subprocess.run([sys.executable, "-c", MILLION, path], check=True, capture_output=True, text=True)
    return float(done.stdout)


# ---- learning


def learning() -> list[Result]:
    model, _ = shipped()
    network = model.tree.network
    drawn = peers.forward_sample(network, 1000, 5)
    questions = opened(drawn[list(model.knowledge.questions)], 0.3, 6).assign(cramp=drawn["cramp"])
    observed = drawn[[v for v in network.variables if v not in model.knowledge.causes]]
    gaps = "one EM iteration, 1,000 cases, 30 % gaps, causes and links hidden"
    complete = "one EM iteration, 100 complete cases, causes hidden"
    one = em_iteration(gaps, model.tree, questions, "pyAgrum EM", peers.agrum_em, 2)
    return [
        one,
        em_iteration(complete, model.tree, observed[:100], "pgmpy DiscreteEM", peers.pgmpy_em, 3),
        whole_tuning(model, questions, one.theirs),
    ]


def whole_tuning(model: DiagnosticModel, cases: pd.DataFrame, iteration: float) -> Result:
    """Tuning from checked cases to new numbers with their strengths; of the peer, as many iterations, `iteration` s each."""
    times, made = [], 0
    for _ in range(5):
        seconds, tuned = timed(lambda: tune(model, cases, ascertained=False, starts=1))
        times.append(seconds)
        made = len(tuned.history)
    ours, theirs = median(times), made * iteration
    work = f"tuning with these 1,000 cases: {made} iterations, new strengths and all"
    return Result(work, f"pyAgrum EM, {made} x the above", ours, theirs, theirs / ours, len(times))


def em_step(tree: JunctionTree, cases: Any) -> JunctionTree:
    """One iteration of EM without a prior."""
    return tree.fitted(tree.family_counts(cases))


def em_iteration(
    work: str,
    tree: JunctionTree,
    cases: pd.DataFrame,
    name: str,
    em: Callable[[Network, pd.DataFrame, int], Any],
    pairs: int,
) -> Result:
    """One iteration of ours; of the peer what a second iteration adds, so that its setting up is not counted."""
    mine, theirs, encoded = [], [], encode(tree.network.states, cases)
    for _ in range(pairs):
        em_step(tree, encoded)
        mine.append(median(timed(partial(em_step, tree, encoded))[0] for _ in range(15)))
        once, twice = (timed(partial(em, tree.network, cases, iterations))[0] for iterations in (1, 2))
        theirs.append(twice - once)
    return Result(
        work, name, median(mine), median(theirs), median(b / a for a, b in zip(mine, theirs, strict=True)), pairs
    )


# ---- reasons


ANSWERS: Case = {
    "heat": "hot_humid",
    "sweating": "heavy",
    "water_intake": "low",
    "electrolyte_intake": "adequate",
    "rep_scheme": "moderate",
    "rest_time": "short",
    "trained_to_failure": "no",
    "posture": "flexed",
    "felt_tear": "yes",
    "back_tired_first": "no",
}
"""Ten answers."""
FEW: Case = {"sweating": "heavy", "felt_tear": "yes"}


def reasons() -> list[Result]:
    """What the dashboard shows beside the numbers, against the same from a loop of pyAgrum's queries."""
    model, _ = shipped()
    few, ten = model.diagnose(FEW), model.diagnose(ANSWERS)
    node = model.reader.triggers["muscle_strain"]

    def questions(_: Case) -> dict[str, Any]:
        return {q.question: q.information for q in few.next_questions() if not q.is_red_flag}

    def shares(_: Case) -> dict[str, Any]:
        return {w.question: w.shapley for w in ten.explain("muscle_strain").weights}

    def spans(_: Case) -> dict[str, Any]:
        return doubt(ten._case).intervals

    rows = [
        ("the next question, of 11 open ones", questions, partial(loops.next_questions, model, FEW), 12),
        ("Shapley values of 10 answers", shares, partial(loops.shapley_values, model, ANSWERS, node), 4),
        ("intervals of every cause, 400 draws", spans, partial(loops.intervals, model, ANSWERS), 2),
    ]
    return [
        paired(work, [{}] * n, mine, {"a loop of pyAgrum": lambda _, ask=theirs: ask()}, 1)
        for work, mine, theirs, n in rows
    ]


# ---- the networks everyone knows


def example_networks() -> list[Result]:
    results = []
    for name in NETWORKS:
        network = peers.example_network(name)
        tree = JunctionTree(network)
        for share in (0.1, 0.3):
            work = f"{name} ({len(network.variables)} nodes), {share:.0%} observed"
            block, pairs = (1, 7) if len(network.variables) > 300 else (3, 9)
            cases = list(evidence_sets(network, share, block * (pairs + 1)))
            results.append(paired(work, cases, partial(all_marginals, tree), every_engine(network, cases), block))
            print(f"{results[-1].work}: {results[-1].ratio:.2f}", flush=True)
    ratios = [result.ratio for result in results]
    summary = Result("geometric mean of all", "best pyAgrum", *means(results), geometric_mean(ratios), len(ratios))
    return [*results, summary]


def means(results: Sequence[Result]) -> tuple[float, float]:
    return geometric_mean([r.ours for r in results]), geometric_mean([r.theirs for r in results])


def evidence_sets(network: Network, share: float, n: int) -> Iterator[Case]:
    """Each case a sample of its own with its own observed variables: no tree made for one serves another."""
    rng = np.random.default_rng(7)
    for answers in peers.forward_sample(network, n, 8).to_dict("records"):
        observed = rng.choice(network.variables, max(1, int(share * len(network.variables))), replace=False)
        yield {str(variable): str(answers[variable]) for variable in observed}


def all_marginals(tree: JunctionTree, case: Case) -> dict[str, Any]:
    return tree.posterior(case, [variable for variable in tree.network.variables if variable not in case])


def every_engine(network: Network, cases: Sequence[Case]) -> dict[str, Callable[[Case], dict[str, Any]]]:
    """pyAgrum's engines as `all_marginals`; the slowest by far is left out after one case."""
    asks = peers.agrum_asks(network, network.variables)
    once = {name: timed(partial(ask, cases[0]))[0] for name, ask in asks.items()}
    return {name: ask for name, ask in asks.items() if once[name] <= 5 * min(once.values())}


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
