"""The slow truth about a model, straight from its numbers: neither the engine nor the gates take part.

Roots are the questions that no cause stands above. They and the causes fall into groups that tell nothing of each other
before anything is observed (in the shipped model the weather, sweat, water and salts with their one cause; the rest); the
joint of each group is enumerated, and the causes of all groups together (2^8). Findings are independent given the causes,
and the link of a cause fires with its own probability where the cause is present. So P(link fires, outcome | causes) = p,
because a link that fires brings the outcome about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from networks import Answers, Array

from bayesnet.knowledge.knowledge import Knowledge

At = Mapping[str, str]


@dataclass(frozen=True)
class Group:
    """Roots that hang together by their causes. `joint` (root configurations, cause configurations) is P(both)."""

    roots: tuple[str, ...]
    causes: tuple[str, ...]
    joint: Array


class ShippedTruth:
    """Posteriors of a model whose questions are either without causes above them or findings of causes alone.

    An array over the causes has an axis (no, yes) for each, in declared order.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.states = {q.id: tuple(state.id for state in q.states) for q in knowledge.questions.values()}
        self.states |= dict.fromkeys(knowledge.causes, ("no", "yes"))
        self.causes = tuple(knowledge.causes)
        self.roots = [q for q in knowledge.questions if {*self.causes}.isdisjoint(self._parents(q))]
        self.findings = [q for q in knowledge.questions if q not in self.roots]
        assert all({*self._parents(q)} <= {*self.causes} for q in self.findings)
        self.groups = [self._group(names) for names in self._connected()]
        self.found = {finding: self._given_causes(finding) for finding in self.findings}
        self.fires = {cause: self._fires(cause) for cause in self.causes}
        self.fires_any = 1 - prod(1 - fires for fires in self.fires.values())
        self.leak = self._p(f"{knowledge.outcome.id}/leak", "yes", {})
        self.outcome = 1 - (1 - self.leak) * (1 - self.fires_any)

    def posteriors(self, answers: Answers) -> tuple[dict[str, Array], float]:
        """({variable: P(variable | answers, outcome)}, P(answers, outcome))."""
        priors = [self._of_causes(group, answers) for group in self.groups]
        seen = self._seen(answers)
        possible = prod(priors) * prod(seen.values())
        weighed = possible * self.outcome
        total = float(weighed.sum())

        marginals = {}
        for group, prior in zip(self.groups, priors, strict=True):
            rest = prod(other for other in priors if other is not prior) * prod(seen.values()) * self.outcome
            by_root = self._of_roots(group, answers) * (group.joint @ self._summed(rest, group.causes).ravel())
            shaped = by_root.reshape([len(self.states[root]) for root in group.roots])
            for axis, root in enumerate(group.roots):
                marginals[root] = shaped.sum(axis=tuple(i for i in range(shaped.ndim) if i != axis))
        for cause in self.causes:
            marginals[cause] = self._summed(weighed, (cause,))
        for finding, p in self.found.items():
            rest = prod(priors) * prod(likely for name, likely in seen.items() if name != finding) * self.outcome
            marginals[finding] = self._likelihood(answers, finding) * (p.reshape(len(p), -1) @ rest.ravel())
        for node, fires in self._nodes().items():
            yes = float((possible * fires).sum())
            marginals[node] = np.array([total - yes, yes])
        return {name: marginal / marginal.sum() for name, marginal in marginals.items()}, total

    def triggers(self, answers: Answers) -> Array:
        """P(which causes triggered, answers, outcome): an axis of (no, yes) per cause, in declared order."""
        priors = [self._of_causes(group, answers) for group in self.groups]
        weighed = (prod(priors) * prod(self._seen(answers).values())).ravel()
        each = [
            np.array([1 - fires.ravel(), fires.ravel()]) for fires in self.fires.values()
        ]  # (fired, configurations)
        joint = np.empty((2,) * len(each))
        for fired in np.ndindex(*joint.shape):
            p = prod(chances[yes] for yes, chances in zip(fired, each, strict=True))
            joint[fired] = float(weighed @ p) * (1.0 if any(fired) else self.leak)
        return joint

    # ---- the parts

    def _nodes(self) -> dict[str, Array]:
        """P(node = yes, outcome = yes | causes) of the nodes that the outcome's gate is taken apart into."""
        outcome = self.knowledge.outcome.id
        nodes = {f"{cause}__{outcome}": fires for cause, fires in self.fires.items()}
        for heading in self.knowledge.headings.values():
            if len(heading.causes) > 1:
                silent = prod(1 - self.fires[cause] for cause in heading.causes)
                nodes[f"{heading.id}__heading__{outcome}"] = 1 - silent
        return {**nodes, f"any__of__{outcome}": self.fires_any}

    def _connected(self) -> list[set[str]]:
        """The roots and causes, apart as far as no arc joins them."""
        found: list[set[str]] = []
        for name in (*self.roots, *self.causes):
            family = {name, *self._parents(name)}
            found = [*(g for g in found if g.isdisjoint(family)), family.union(*(g for g in found if g & family))]
        return found

    def _group(self, names: set[str]) -> Group:
        roots, causes = ([name for name in of if name in names] for of in (self.roots, self.causes))
        rows = []
        for at in self._configurations(roots):
            row = np.array([prod(self._given(root, at[root], at) for root in roots)])
            for cause in causes:  # given its roots, each is present or not on its own
                row = np.outer(row, [self._given(cause, "no", at), self._given(cause, "yes", at)]).ravel()
            rows.append(row)
        return Group(tuple(roots), tuple(causes), np.array(rows))

    def _of_roots(self, group: Group, answers: Answers) -> Array:
        """What was answered of a group's roots, as a likelihood of each of their configurations."""
        likely = np.ones(1)
        for root in group.roots:
            likely = np.outer(likely, self._likelihood(answers, root)).ravel()
        return likely

    def _of_causes(self, group: Group, answers: Answers) -> Array:
        """P(causes of the group, answers about its roots), with an axis of length 1 for every other cause."""
        found: Array = self._of_roots(group, answers) @ group.joint
        return found.reshape([2 if cause in group.causes else 1 for cause in self.causes])

    def _seen(self, answers: Answers) -> dict[str, Array]:
        """The likelihood of what was answered of findings and causes, each over the causes."""
        seen = {finding: np.tensordot(self._likelihood(answers, finding), p, 1) for finding, p in self.found.items()}
        for place, cause in enumerate(self.causes):
            shape = [2 if i == place else 1 for i in range(len(self.causes))]
            seen[cause] = self._likelihood(answers, cause).reshape(shape)
        return seen

    def _summed(self, over_causes: Array, onto: Sequence[str]) -> Array:
        """The sum over all causes but these, which have it in declared order."""
        whole = np.broadcast_to(over_causes, (2,) * len(self.causes))
        found: Array = whole.sum(axis=tuple(i for i, cause in enumerate(self.causes) if cause not in onto))
        return found

    # ---- the numbers

    def _parents(self, variable: str) -> set[str]:
        return {parent for table in self.knowledge.tables_of(variable) for parent in table.parents}

    def _configurations(self, variables: Sequence[str]) -> Iterator[dict[str, str]]:
        return (dict(zip(variables, chosen, strict=True)) for chosen in product(*(self.states[v] for v in variables)))

    def _p(self, table_id: str, state: str, at: At) -> float:
        table = self.knowledge.tables[table_id]
        index = (table.states.index(state), *(self.states[p].index(at[p]) for p in table.parents))
        return float(table.values[index])

    def _given(self, variable: str, state: str, at: At) -> float:
        """P(variable = state | the parents' states in `at`): its table, or 1 - P(leak and all links stay silent)."""
        gate = {**self.knowledge.questions, **self.knowledge.causes}[variable].gate
        if gate is None:
            return self._p(variable, state, at)
        parts = ["leak", *(link.id for link in gate.links)]
        silent = prod(1 - self._p(f"{variable}/{part}", "yes", at) for part in parts)
        return silent if state == "no" else 1 - silent

    def _given_causes(self, finding: str) -> Array:
        """P(finding | causes): an array (n_states, 2 for each cause)."""
        rows = [[self._given(finding, s, at) for at in self._configurations(self.causes)] for s in self.states[finding]]
        return np.array(rows).reshape(-1, *(2,) * len(self.causes))

    def _fires(self, cause: str) -> Array:
        link = f"{self.knowledge.outcome.id}/{cause}"
        fires = [self._p(link, "yes", at) for at in self._configurations(self.causes)]
        return np.array(fires).reshape((2,) * len(self.causes))

    def _likelihood(self, answers: Answers, variable: str) -> Array:
        return np.array([self._weight(answers, variable, state) for state in self.states[variable]])

    def _weight(self, answers: Answers, variable: str, state: str) -> float:
        answer = answers.get(variable)
        if answer is None:
            return 1.0
        return answer.get(state, 0.0) if isinstance(answer, dict) else float(answer == state)
