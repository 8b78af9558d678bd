"""The peers, each asked in its fastest way: pyAgrum (C++) and pgmpy (Python), one thread."""

import gzip
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesnet import Network
from bayesnet.inference.exchange import from_pgmpy, to_pgmpy
from bayesnet.inference.sampling import sample

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of SWIG's own types; as an error it would crash the interpreter
    import pyagrum as gum

Array = NDArray[np.float64]
Answer = str | dict[str, float]
Case = dict[str, Answer]
Ask = Callable[[Case], dict[str, Array]]

ENGINES = {
    "LazyPropagation": gum.LazyPropagation,
    "ShaferShenoyInference": gum.ShaferShenoyInference,
    "VariableElimination": gum.VariableElimination,
}


def example_network(name: str) -> Network:
    """One of the networks inside the pgmpy wheel."""
    import pgmpy
    from pgmpy.readwrite import BIFReader

    path = Path(pgmpy.__file__).parent / "utils" / "example_models" / f"{name}.bif.gz"
    return from_pgmpy(BIFReader(string=gzip.open(path, "rt").read()).get_model())


def agrum(network: Network) -> Any:
    """The network in pyAgrum, its tables set in double precision (its BIF reader rounds to single)."""
    made = gum.BayesNet()
    for variable, states in network.states.items():
        made.add(gum.LabelizedVariable(variable, variable, list(states)))
    for variable, family in network.families.items():
        for parent in family.parents:
            made.addArc(parent, variable)
    for variable, family in network.families.items():
        names = (variable, *family.parents)
        axes = [names.index(name) for name in reversed(made.cpt(variable).names)]
        made.cpt(variable)[:] = np.ascontiguousarray(family.table.transpose(axes))
    return made


def agrum_asks(network: Network, targets: Sequence[str], engines: Sequence[str] = tuple(ENGINES)) -> dict[str, Ask]:
    """Per engine of pyAgrum a function from a case to the posteriors of those targets that it does not observe."""
    made = agrum(network)

    def ask(engine: Any, case: Case) -> dict[str, Array]:
        assert made is not None  # kept in sight: an engine whose network is gone crashes
        give_evidence(engine, network, case)
        engine.makeInference()
        return {target: engine.posterior(target).toarray() for target in targets if target not in case}

    asks = {}
    for name in engines:
        engine = ENGINES[name](made)
        engine.setNumberOfThreads(1)
        if len(targets) < len(network.variables):
            engine.setTargets(set(targets))
        asks[name] = partial(ask, engine)
    return asks


def give_evidence(engine: Any, network: Network, case: Case) -> None:
    """Where the same variables are observed as before, the engine keeps its tree and changes the values only."""
    evidence = evidence_of(network, case)
    if {
        engine.BN().variable(node).name() for node in (*engine.hardEvidenceNodes(), *engine.softEvidenceNodes())
    } == set(case):
        engine.updateEvidence(evidence)
    else:
        engine.setEvidence(evidence)


def evidence_of(network: Network, case: Case) -> dict[str, Any]:
    return {
        variable: [answer.get(state, 0.0) for state in network.states[variable]] if isinstance(answer, dict) else answer
        for variable, answer in case.items()
    }


def pgmpy_ask(network: Network, targets: Sequence[str]) -> Ask:
    """pgmpy's variable elimination, seven targets a query, in the greedy order: the fastest of its ways here."""
    from pgmpy.inference import VariableElimination

    engine = VariableElimination(to_pgmpy(network))

    def ask(case: Case) -> dict[str, Array]:
        found = {}
        for start in range(0, len(targets), 7):
            group = list(targets[start : start + 7])
            answers = engine.query(group, evidence=case, elimination_order="greedy", joint=False, show_progress=False)
            found.update({target: answers[target].values for target in group})
        return found

    return ask


def agrum_em(network: Network, cases: pd.DataFrame, iterations: int) -> tuple[dict[str, Array], int]:
    """The tables after so many iterations of pyAgrum's EM from the network's own, and how many it made."""
    made = agrum(network)
    hidden = dict.fromkeys((v for v in network.variables if v not in cases.columns), "?")
    learner = gum.BNLearner(cases.astype(object).where(cases.notna(), "?").assign(**hidden), made, ["?"])
    learner.useEM(1e-300, 0.0)
    learner.useSmoothingPrior(1e-9)
    learner.EMsetMaxIter(iterations)
    learner.fitParameters(made)
    tables = {}
    for variable, family in network.families.items():
        names = list(reversed(made.cpt(variable).names))
        axes = [names.index(name) for name in (variable, *family.parents)]
        tables[variable] = made.cpt(variable).toarray().transpose(axes)
    return tables, int(learner.EMnbrIterations())


def pgmpy_em(network: Network, cases: pd.DataFrame, iterations: int) -> None:
    """So many iterations of pgmpy's EM; the variables without a column are latent."""
    from pgmpy.parameter_estimator import DiscreteEM

    made = to_pgmpy(network)
    made.latents = set(network.variables) - set(cases.columns)
    estimator = DiscreteEM(
        state_names={variable: list(network.states[variable]) for variable in cases.columns},
        latent_card={variable: len(network.states[variable]) for variable in made.latents},
        max_iter=iterations,
        atol=0,
        show_progress=False,
    )
    estimator.fit(made, cases)


def quiet() -> None:
    """Neither peer's warnings belong into the tables."""
    warnings.simplefilter("ignore")
    logging.getLogger("pgmpy").setLevel(logging.ERROR)


def forward_sample(network: Network, n: int, seed: int, given: Mapping[str, str] | None = None) -> pd.DataFrame:
    """n complete cases drawn from the network, those kept that agree with `given`."""
    drawn = sample(network, n, seed, given)
    return pd.DataFrame({v: np.array(states, dtype=object)[drawn[v]] for v, states in network.states.items()})
