"""A model's network, and where in it to read what: which node says that a cause triggered the outcome."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bayesnet.diagnosis.answers import CheckedAnswers, could_be
from bayesnet.diagnosis.rules import Findings
from bayesnet.diagnosis.twin import twin_tables, twin_tree
from bayesnet.errors import ImpossibleCases
from bayesnet.inference.evidence import Answer, Answers, Column, Evidence, Ids, encode, hard_vectors, one_case
from bayesnet.inference.junction_tree import JunctionTree
from bayesnet.inference.lookup import Lookup
from bayesnet.inference.network import Array
from bayesnet.knowledge.gates import any_node, heading_node, link_node, network_of, tables_of
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.numbers import Numbers
from bayesnet.knowledge.schema import NO, YES

DRAWS = 400
SEED = 20200222


class Reader:
    """A model's knowledge, its network and the inference over it. Immutable, and safe to share between threads."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    @cached_property
    def tree(self) -> JunctionTree:
        """Exact inference over the model's network."""
        return JunctionTree(network_of(self.knowledge))

    @cached_property
    def engine(self) -> Lookup:
        """The same inference, from tables where the causes part the questions."""
        return Lookup(self.tree, self.knowledge.causes, self.knowledge.questions, self.outcome)

    @cached_property
    def drawn(self) -> Mapping[str, Array]:
        """The network's tables under DRAWS draws of all numbers: {variable: (n_states, *parent states, draws)}."""
        return tables_of(self.knowledge, self._numbers)

    @cached_property
    def twin(self) -> JunctionTree:
        """Exact inference over an episode and the next session together."""
        return twin_tree(self.knowledge)

    @cached_property
    def twin_drawn(self) -> Mapping[str, Array]:
        """The twin network's tables under the same draws."""
        return twin_tables(self.knowledge, self._numbers)

    @cached_property
    def _numbers(self) -> Numbers:
        return self.knowledge.draw(DRAWS, SEED)

    # ---- nodes

    @cached_property
    def outcome(self) -> dict[str, str]:
        """What every diagnosis takes as given: the outcome happened."""
        return {self.knowledge.outcome.id: YES}

    @cached_property
    def triggers(self) -> dict[str, str]:
        """Per cause the node that is "yes" when it triggered the outcome."""
        return {cause: link_node(self.knowledge.outcome.id, cause) for cause in self.knowledge.causes}

    @cached_property
    def headings(self) -> dict[str, str]:
        """Per heading the node that is "yes" when any cause under it triggered the outcome."""
        return {heading: heading_node(self.knowledge, heading) for heading in self.knowledge.headings}

    @cached_property
    def rule_nodes(self) -> dict[str, str]:
        """The node of every cause, then of every heading whose probability a rule may look at."""
        return self.triggers | {name: node for name, node in self.headings.items() if name not in self.triggers}

    @cached_property
    def any_cause(self) -> str:
        """The node that is "yes" when any cause triggered the outcome."""
        return any_node(self.knowledge.outcome.id)

    @cached_property
    def triggering(self) -> tuple[str, ...]:
        """The nodes of all causes and headings, each once."""
        return tuple(dict.fromkeys((*self.triggers.values(), *self.headings.values())))

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """Every node that a diagnosis shows."""
        return (*self.triggering, *self.knowledge.causes, self.any_cause)

    @cached_property
    def prior(self) -> dict[str, Array]:
        """The posterior of every node shown, with nothing answered."""
        return self.engine.posterior(self.outcome, self.shown)

    # ---- many versions of one case

    def versions(self, versions: Sequence[Answers]) -> Evidence:
        """Many versions of the answers, each with the outcome."""
        return encode(self.tree.network.states, [{**version, **self.outcome} for version in versions])

    def triggered(self, versions: Evidence) -> tuple[dict[str, Array], Array]:
        """P(triggered) of each cause and heading, and P(no cause did), for each version: arrays (n_versions,)."""
        asked = dict.fromkeys(self.rule_nodes.values(), YES) | {self.any_cause: NO}
        found = self.engine.probabilities(versions, asked)
        return {name: found[node] for name, node in self.rule_nodes.items()}, found[self.any_cause]

    def joint_with_answers(
        self, case: Answers, causes: Sequence[str], questions: Sequence[str]
    ) -> tuple[Array, dict[str, Array]]:
        """P(which of these causes triggered | case), and the same jointly with the answer to each question left open.

        Arrays (2 ** n_causes,) and {question: (2 ** n_causes, n_states)}. Each joint state of the causes is a case of its own,
        and answers all questions at once.
        """
        nodes = [self.triggers[cause] for cause in causes]
        places = np.indices((2,) * len(nodes)).reshape(len(nodes), -1)
        known = one_case(self.tree.network, case)
        columns = {v: Column(np.zeros(places.shape[1], dtype=np.intp), c.vectors) for v, c in known.columns.items()}
        columns |= {node: Column(at, np.eye(2)) for node, at in zip(nodes, places, strict=True)}
        every = Evidence(places.shape[1], known.fixed, columns)
        logs = self.tree.log_evidence(every)
        with warnings.catch_warnings(), np.errstate(under="ignore"):
            warnings.simplefilter("ignore", ImpossibleCases)
            answers = self.tree.posteriors(every, questions, errors="null")
            joint = np.exp(logs - logs.max())
        joint /= joint.sum()
        return joint, {question: joint[:, None] * np.nan_to_num(p) for question, p in answers.items()}

    def log_likelihoods(self, versions: Evidence) -> Array:
        """ln P(answers, outcome) of each version: an array (n_versions,); -inf where the answers contradict each other."""
        return self.engine.log_evidence(versions)

    # ---- findings for the rules

    def findings(
        self, versions: Sequence[CheckedAnswers], triggered: Mapping[str, Array], unexplained: Array
    ) -> Findings:
        """What the rules may look at, of many cases: their answers, and {cause or heading: P(triggered)}, arrays (n,)."""
        knowledge = self.knowledge
        answers = {
            question: np.zeros((len(states), len(versions)), dtype=bool) for question, states in self._answerable
        }
        for i, version in enumerate(versions):
            for question, answer in version.given.items():
                states = knowledge.states[question]
                if isinstance(answer, str):
                    answers[question][states.index(answer), i] = True
                else:
                    answers[question][:, i] = could_be(answer, states)
        flags = {
            flag: np.array([flag in version.red_flags for version in versions], dtype=bool)
            for flag in knowledge.red_flags
        }
        return Findings(answers, flags, triggered, unexplained, self.first(triggered))

    @cached_property
    def _answerable(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((question, self.knowledge.states[question]) for question in self.knowledge.questions)

    def first(self, triggered: Mapping[str, Array]) -> Ids:
        """The position of the likeliest cause of each case: (n,)."""
        return np.asarray(np.argmax([triggered[cause] for cause in self.triggers], axis=0))

    def in_words(self, question: str, answer: Answer) -> str:
        """An answer with the labels a user sees: 'Sweating: Heavy'; a soft one names its states with their weights."""
        asked = self.knowledge.questions[question]
        labels = {state.id: state.label for state in asked.states}
        if isinstance(answer, Mapping):
            said = ", ".join(f"{labels[state]} {float(value):g}" for state, value in answer.items())
        else:
            said = labels[str(answer)]
        return f"{asked.label}: {said}"


@dataclass(frozen=True)
class Case:
    """A model and what was answered: all that an explanation needs."""

    reader: Reader
    answers: CheckedAnswers

    @property
    def given(self) -> Mapping[str, Answer]:
        """The answers about questions of the network."""
        return self.answers.given

    @property
    def evidence(self) -> dict[str, Answer]:
        """What the network is told: the answers, and that the outcome happened."""
        return {**self.given, **self.reader.outcome}

    def level_label(self, level: str) -> str:
        """What a level is called for this case: otherwise while a warning sign is unanswered."""
        knowledge = self.reader.knowledge
        return knowledge.levels[level].said(self.answers.all_asked(knowledge)).label

    def answering(self, given: Mapping[str, Answer]) -> Case:
        """The same case with other answers to the network's questions; red flags stay."""
        return replace(self, answers=replace(self.answers, given=given))

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The questions of the network that were not answered."""
        return tuple(question for question in self.reader.knowledge.questions if question not in self.given)

    def with_each(self, further: Sequence[tuple[str, str]]) -> Evidence:
        """The case as it is, then once with each further answer (question, state) to a question left open."""
        network = self.reader.tree.network
        known = one_case(network, self.evidence)
        n = len(further) + 1
        columns = {v: Column(np.zeros(n, dtype=np.intp), column.vectors) for v, column in known.columns.items()}
        for row, (question, state) in enumerate(further, start=1):
            states = network.states[question]
            if question not in columns:
                columns[question] = Column(np.zeros(n, dtype=np.intp), hard_vectors(len(states)))
            columns[question].codes[row] = states.index(state) + 1
        return Evidence(n, known.fixed, columns)
