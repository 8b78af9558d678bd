"""The rules of advice once more, slowly: dicts and loops over the files as they stand, for one case at a time.

Nothing of the package takes part, so that it can be the truth about `bayesnet.diagnosis.rules` and `advice`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Situation:
    """All that a rule may look at: answers (a state, or {state: weight}), warning signs that are up, {cause or heading:
    P(triggered)} and P(no cause did).
    """

    answers: Mapping[str, Any]
    flags: frozenset[str]
    triggered: Mapping[str, float]
    unexplained: float

    def counts(self, question: str) -> set[str]:
        """The states that count as answered: of a soft answer the likeliest, all of them where they tie."""
        answer = self.answers.get(question)
        if answer is None:
            return set()
        if isinstance(answer, str):
            return {answer}
        return {state for state, weight in answer.items() if weight == max(answer.values())}


class SlowRules:
    """The rules of one model's folder."""

    def __init__(self, folder: Path) -> None:
        advice, model = (tomllib.loads((folder / f"{n}.toml").read_text(encoding="utf-8")) for n in ("advice", "model"))
        self.levels: list[Entry] = advice["level"]
        self.flags: dict[str, Entry] = {flag["id"]: flag for flag in advice.get("red_flag", ())}
        self.advice: dict[str, Entry] = {rule["id"]: rule for rule in advice["advice"]}
        self.questions: dict[str, Entry] = {question["id"]: question for question in model["question"]}
        self.causes: list[str] = [cause["id"] for cause in model["cause"]]
        self.headings: list[str] = [heading["id"] for heading in model["heading"]]

    def states(self, question: str) -> list[str]:
        return [state["id"] for state in self.questions[question]["states"]]

    def rank(self, level: str) -> int:
        return [entry["id"] for entry in self.levels].index(level)

    def level(self, case: Situation) -> int:
        """The rank of the gravest item that holds, shown or not, or warning sign that is up."""
        ranks = [self.rank(rule["level"]) for rule in self.advice.values() if self.holds(rule, case)]
        return max([0, *ranks, *(self.rank(self.flags[flag]["level"]) for flag in case.flags)])

    def holds(self, rule: Entry, case: Situation) -> bool:
        if rule.get("always"):
            return True
        return any(self.condition(one, rule.get("cause"), case) for one in rule["when"])

    def condition(self, condition: Entry, cause: str | None, case: Situation) -> bool:
        """Whether all that is named holds."""
        for key, wanted in condition.items():
            if key == "triggered" and isinstance(wanted, Mapping):
                found = all(case.triggered[name] >= p for name, p in wanted.items())
            elif key == "triggered":
                found = cause is None or case.triggered[cause] >= wanted
            elif key == "answers":
                found = all(case.counts(question) & {*states} for question, states in wanted.items())
            elif key == "unanswered":
                found = not any(case.counts(question) for question in wanted)
            elif key == "flags":
                found = bool({*wanted} & case.flags)
            elif key == "leads":
                found = max(self.causes, key=lambda name: case.triggered[name]) in wanted
            elif key == "others_below":
                found = all(case.triggered[name] < wanted for name in self.causes if name != cause)
            else:
                assert key == "unexplained", key
                found = case.unexplained >= wanted
            if not found:
                return False
        return True

    def shown(self, rule: Entry, case: Situation) -> bool:
        return self.holds(rule, case) and self.why_not(rule, case) is None

    def why_not(self, rule: Entry, case: Situation) -> str | None:
        """Why an item is withheld, the gravest reason; None where nothing withholds it."""
        reached = self.level(case)
        for rank in range(len(self.levels) - 1, self.rank(rule["level"]), -1):
            if reached >= rank and self.levels[rank].get("withholds_below"):
                return str(self.levels[rank]["withholds_below"])
        withholds = rule.get("withhold", [])
        for withhold in [withholds] if isinstance(withholds, Mapping) else withholds:
            if any(self._reasons(withhold, case)):
                return str(withhold["because"])
        return None

    def _reasons(self, withhold: Entry, case: Situation) -> Iterator[bool]:
        yield from (self.holds(self.advice[other], case) for other in withhold.get("advice", ()))
        yield from (self.shown(self.advice[other], case) for other in withhold.get("shown", ()))
        yield from (bool(case.counts(q) & {*states}) for q, states in withhold.get("answers", {}).items())
        yield bool(withhold.get("red_flags") and case.flags)
        yield "level" in withhold and self.level(case) >= self.rank(withhold["level"])

    def lines(self, rule: Entry, case: Situation) -> list[str]:
        """What an item says."""
        found = []
        for line in rule["do"]:
            if isinstance(line, str):
                found.append(line)
            elif any(self.condition(one, rule.get("cause"), case) for one in line["when"]):
                found.append(line["say"])
        return found

    def conflicts(self) -> set[frozenset[str]]:
        """The pairs of items that must never be shown together."""
        return {frozenset((rule["id"], other)) for rule in self.advice.values() for other in rule.get("conflicts", ())}

    @cached_property
    def thresholds(self) -> list[float]:
        """Every probability that some condition names."""
        found: set[float] = set()
        for rule in self.advice.values():
            lines = [line for line in rule["do"] if not isinstance(line, str)]
            for condition in [*rule.get("when", ()), *(one for line in lines for one in line["when"])]:
                named = condition.get("triggered", ())
                found |= {*named.values()} if isinstance(named, Mapping) else {*([named] if named != () else [])}
                found |= {condition[key] for key in ("others_below", "unexplained") if key in condition}
        return sorted(found)
