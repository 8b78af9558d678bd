"""The slow truth about the shipped model, straight from its numbers: neither the engine nor the gates take part.

The root questions are enumerated (1944 combinations), the causes too (2^7); findings are independent given the causes,
and the link of a cause fires with its own probability where the cause is present. So
P(link fires, outcome | causes) = p, because a link that fires brings the outcome about.
"""

from collections.abc import Mapping
from itertools import product
from math import prod

import numpy as np
from networks import Answers, Array

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Cause, Question

At = Mapping[str, str]


class ShippedTruth:
    """Posteriors of a model whose questions are either without causes above them or findings of causes alone."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.states = {q.id: tuple(state.id for state in q.states) for q in knowledge.questions.values()}
        self.states |= dict.fromkeys(knowledge.causes, ("no", "yes"))
        self.roots = [q.id for q in knowledge.questions.values() if q.gate is None]
        self.findings = [q.id for q in knowledge.questions.values() if q.gate is not None]
        self.root_at = self._configurations(self.roots)
        self.cause_at = self._configurations(list(knowledge.causes))
        self.joint = self._joint_of_roots_and_causes()  # (root configurations, cause configurations)
        self.found = {finding: self._given_causes(finding) for finding in self.findings}
        self.fires = {cause: self._fires(cause) for cause in knowledge.causes}
        self.fires_any = 1 - prod(1 - fires for fires in self.fires.values())
        leak = float(knowledge.tables[f"{knowledge.outcome.id}/leak"].values[1])
        self.outcome = 1 - (1 - leak) * (1 - self.fires_any)

    def posteriors(self, answers: Answers) -> tuple[dict[str, Array], float]:
        """({variable: P(variable | answers, outcome)}, P(answers, outcome))."""
        on_roots = np.array([prod(self._weight(answers, root, at[root]) for root in self.roots) for at in self.root_at])
        causes = list(self.knowledge.causes)
        on_causes = np.array([prod(self._weight(answers, c, at[c]) for c in causes) for at in self.cause_at])
        for finding in self.findings:
            on_causes = on_causes * (self._likelihood(answers, finding) @ self.found[finding])
        weighed = on_causes * (on_roots @ self.joint)
        total = float(weighed @ self.outcome)

        marginals = {}
        by_root = on_roots * (self.joint @ (on_causes * self.outcome))
        for root in self.roots:
            marginals[root] = self._sorted_by_state(root, self.root_at, by_root)
        for cause in causes:
            marginals[cause] = self._sorted_by_state(cause, self.cause_at, weighed * self.outcome)
        for finding in self.findings:
            likelihood = self._likelihood(answers, finding)
            rest = weighed * self.outcome / (likelihood @ self.found[finding])
            marginals[finding] = likelihood * (self.found[finding] @ rest)
        for node, fires in self._nodes().items():
            yes = float(weighed @ fires)
            marginals[node] = np.array([total - yes, yes])
        return {name: marginal / marginal.sum() for name, marginal in marginals.items()}, total

    def triggers(self, answers: Answers) -> Array:
        """P(which causes triggered, answers, outcome): an axis of (no, yes) per cause, in declared order."""
        on_roots = np.array([prod(self._weight(answers, root, at[root]) for root in self.roots) for at in self.root_at])
        on_causes = np.ones(len(self.cause_at))
        for finding in self.findings:
            on_causes = on_causes * (self._likelihood(answers, finding) @ self.found[finding])
        weighed = on_causes * (on_roots @ self.joint)
        leak = float(self.knowledge.tables[f"{self.knowledge.outcome.id}/leak"].values[1])
        joint = np.empty((2,) * len(self.fires))
        for fired in np.ndindex(*joint.shape):
            p = prod(fires if yes else 1 - fires for yes, fires in zip(fired, self.fires.values(), strict=True))
            joint[fired] = float(weighed @ p) * (1.0 if any(fired) else leak)
        return joint

    def _nodes(self) -> dict[str, Array]:
        """P(node = yes, outcome = yes | causes) of the nodes that the outcome's gate is taken apart into."""
        outcome = self.knowledge.outcome.id
        nodes = {f"{cause}__{outcome}": fires for cause, fires in self.fires.items()}
        for heading in self.knowledge.headings.values():
            if len(heading.causes) > 1:
                silent = prod(1 - self.fires[cause] for cause in heading.causes)
                nodes[f"{heading.id}__heading__{outcome}"] = 1 - silent
        return {**nodes, f"any__of__{outcome}": self.fires_any}

    def _configurations(self, variables: list[str]) -> list[dict[str, str]]:
        return [dict(zip(variables, chosen, strict=True)) for chosen in product(*(self.states[v] for v in variables))]

    def _p(self, table_id: str, state: str, at: At) -> float:
        table = self.knowledge.tables[table_id]
        index = (table.states.index(state), *(self.states[p].index(at[p]) for p in table.parents))
        return float(table.values[index])

    def _given(self, variable: Question | Cause, state: str, at: At) -> float:
        """P(variable = state | the parents' states in `at`): its table, or 1 - P(leak and all links stay silent)."""
        if variable.gate is None:
            return self._p(variable.id, state, at)
        parts = ["leak", *(link.id for link in variable.gate.links)]
        silent = prod(1 - self._p(f"{variable.id}/{part}", "yes", at) for part in parts)
        return silent if state == "no" else 1 - silent

    def _joint_of_roots_and_causes(self) -> Array:
        joint = np.empty((len(self.root_at), len(self.cause_at)))
        knowledge = self.knowledge
        for row, at in enumerate(self.root_at):
            prior = prod(self._given(knowledge.questions[root], at[root], at) for root in self.roots)
            present = np.ones(1)
            for cause in knowledge.causes.values():
                p = self._given(cause, "yes", at)
                present = np.outer(present, [1 - p, p]).ravel()
            joint[row] = prior * present
        return joint

    def _given_causes(self, finding: str) -> Array:
        """P(finding | causes): an array (n_states, cause configurations)."""
        question = self.knowledge.questions[finding]
        return np.array([[self._given(question, s, at) for at in self.cause_at] for s in self.states[finding]])

    def _fires(self, cause: str) -> Array:
        return np.array([self._p(f"{self.knowledge.outcome.id}/{cause}", "yes", at) for at in self.cause_at])

    def _likelihood(self, answers: Answers, variable: str) -> Array:
        return np.array([self._weight(answers, variable, state) for state in self.states[variable]])

    def _weight(self, answers: Answers, variable: str, state: str) -> float:
        answer = answers.get(variable)
        if answer is None:
            return 1.0
        return answer.get(state, 0.0) if isinstance(answer, dict) else float(answer == state)

    def _sorted_by_state(self, variable: str, configurations: list[dict[str, str]], weights: Array) -> Array:
        states = np.array([at[variable] for at in configurations])
        return np.array([weights[states == state].sum() for state in self.states[variable]])
