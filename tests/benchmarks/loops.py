"""The reasons as somebody would get them from pyAgrum: loops of single queries, on its fastest engine for them."""

from itertools import combinations
from math import factorial, log
from typing import Any

import numpy as np
import peers
from numpy.typing import NDArray
from peers import Case, give_evidence, gum

from bayesnet import DiagnosticModel
from bayesnet.diagnosis.uncertainty import span


def engine_of(model: DiagnosticModel, targets: list[str]) -> tuple[Any, Any]:
    made = peers.agrum(model.tree.network)
    engine = gum.ShaferShenoyInference(made)
    engine.setNumberOfThreads(1)
    engine.setTargets(set(targets))
    return made, engine


def entropy(p: NDArray[np.float64]) -> float:
    some = p[p > 0]
    return float(-(some * np.log2(some)).sum())


def next_questions(model: DiagnosticModel, answers: Case) -> dict[str, float]:
    """The mutual information of every open question and the causes: a joint posterior per possible answer."""
    causes = list(model.reader.triggers.values())
    network, known = model.tree.network, {**answers, "cramp": "yes"}
    questions = [question for question in model.knowledge.questions if question not in answers]
    made = peers.agrum(network)
    engine = gum.LazyPropagation(made)
    engine.setNumberOfThreads(1)
    engine.addJointTarget(set(causes))
    for question in questions:
        engine.addTarget(question)
    engine.setEvidence(known)
    engine.makeInference()
    before = entropy(engine.jointPosterior(set(causes)).toarray())
    chances = {question: engine.posterior(question).toarray() for question in questions}
    found = {}
    for question in questions:
        left = 0.0
        for state, chance in zip(network.states[question], chances[question], strict=True):
            give_evidence(engine, network, {**known, question: state})
            engine.makeInference()
            left += chance * entropy(engine.jointPosterior(set(causes)).toarray())
        found[question] = before - left
    return found


def shapley_values(model: DiagnosticModel, answers: Case, node: str) -> dict[str, float]:
    """A query per subset of the answers."""
    made, engine = engine_of(model, [node])
    assert made is not None
    names, worths = list(answers), {}
    for size in range(len(names) + 1):
        for chosen in combinations(range(len(names)), size):
            give_evidence(engine, model.tree.network, {**{names[i]: answers[names[i]] for i in chosen}, "cramp": "yes"})
            engine.makeInference()
            no, yes = engine.posterior(node).toarray()
            worths[frozenset(chosen)] = log(yes / no)
    k = len(names)
    weight = [factorial(size) * factorial(k - size - 1) / factorial(k) for size in range(k)]
    return {
        name: sum(weight[len(s)] * (worths[s | {i}] - worth) for s, worth in worths.items() if i not in s)
        for i, name in enumerate(names)
    }


def intervals(model: DiagnosticModel, answers: Case) -> dict[str, tuple[float, float]]:
    """A network per draw, its tables set in place."""
    nodes = list(model.reader.triggering)
    made, engine = engine_of(model, nodes)
    network, tables = model.tree.network, model.reader.drawn
    drawn = {node: np.empty(400) for node in nodes}
    axes = {}
    for variable, family in network.families.items():
        names = (variable, *family.parents)
        axes[variable] = [names.index(name) for name in reversed(made.cpt(variable).names)]
    for draw in range(400):
        for variable, table in tables.items():
            if table.shape[-1] > 1:
                made.cpt(variable)[:] = np.ascontiguousarray(table[..., draw].transpose(axes[variable]))
        engine.setEvidence({**answers, "cramp": "yes"})
        engine.makeInference()
        for node in nodes:
            drawn[node][draw] = engine.posterior(node).toarray()[1]
    return {node: span(values) for node, values in drawn.items()}
