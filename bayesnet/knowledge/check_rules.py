"""What is wrong with advice.toml and vignettes.toml: unknown names, rules that cannot be followed, circles."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from bayesnet.knowledge.problems import Problems
from bayesnet.knowledge.rules import AdviceFile, AdviceRule, Condition, Line, Withhold
from bayesnet.knowledge.schema import (
    BINARY,
    Answered,
    ModelFile,
    SourcesFile,
    VignettesFile,
    ids,
)

ADVICE, VIGNETTES = "advice.toml", "vignettes.toml"
LONGEST_CHAIN = 100
"""Items that withhold each other in a row: nobody can follow more."""
PARTS = ", ".join(Condition.__struct_fields__)
"""What a condition may name."""


class RuleChecker(Problems):
    """Holds the rules and the vignettes against the questions and causes of the model."""

    def __init__(self, model: ModelFile, advice: AdviceFile, vignettes: VignettesFile, sources: SourcesFile) -> None:
        super().__init__(sources)
        self.advice, self.cases = advice, vignettes
        self.answers = {q.id: ids(q.states) for q in model.question}
        self.causes, self.headings = ids(model.cause), ids(model.heading)
        self.flags, self.levels, self.items = ids(advice.red_flag), ids(advice.level), ids(advice.advice)

    def check(self) -> None:
        """Every kind of problem, in the order of the files."""
        for flag in self.advice.red_flag:
            item = f"red_flag {flag.id!r}"
            self._level(item, flag.level)
            self.cited(ADVICE, item, flag.sources)
        for rule in self.advice.advice:
            self._rule(f"advice {rule.id!r}", rule)
        self._circles()
        self._vignettes()

    def _level(self, item: str, level: str) -> None:
        if level:
            self.known(ADVICE, item, "level", level, self.levels)
        else:
            self.say(ADVICE, item, f"has no level. Allowed: {', '.join(self.levels)}")

    def _rule(self, item: str, rule: AdviceRule) -> None:
        self._level(item, rule.level)
        self.cited(ADVICE, item, rule.sources)
        if rule.cause is not None:
            self.known(ADVICE, item, "cause", rule.cause, self.causes)
        if rule.always == bool(rule.when):
            self.say(ADVICE, item, "needs either always = true or a `when`, and not both")
        for condition in rule.when:
            self._condition(item, rule.cause, condition)
        lines = [line for line in rule.do if isinstance(line, Line)]
        if len(lines) == len(rule.do):
            self.say(ADVICE, f"{item}, do", "needs a line that is said whatever holds")
        for line in lines:
            for condition in line.when:
                self._condition(f"{item}, do", rule.cause, condition)
        self._names(f"{item}, conflicts", "advice", rule.conflicts, self.items)
        if rule.id in rule.conflicts:
            self.say(ADVICE, item, "conflicts with itself; it can conflict with other items only")
        for withhold in rule.withholds:
            self._withhold(f"{item}, withhold", withhold)

    def _withhold(self, item: str, withhold: Withhold) -> None:
        if withhold == Withhold(because=withhold.because):
            self.say(ADVICE, item, "names nothing. Allowed: advice, shown, answers, red_flags, level")
        self._names(item, "advice", (*withhold.advice, *withhold.shown), self.items)
        self._answered(item, withhold.answers)
        if withhold.level is not None:
            self.known(ADVICE, item, "level", withhold.level, self.levels)

    def _condition(self, item: str, cause: str | None, condition: Condition) -> None:
        if condition == Condition():
            self.say(ADVICE, item, f"a condition of `when` names nothing. Allowed: {PARTS}")
        if condition.others_below is not None and cause is None:
            self.say(ADVICE, item, "`others_below` needs a `cause`")
        if isinstance(condition.triggered, dict):
            self._names(f"{item}, triggered", "cause or heading", condition.triggered, (*self.causes, *self.headings))
        elif condition.triggered is not None and cause is None:
            self.say(ADVICE, item, "`triggered` needs a `cause`, or to name causes: triggered = { cause = p }")
        self._answered(f"{item}, answers", condition.answers)
        self._names(f"{item}, unanswered", "question", condition.unanswered, self.answers)
        self._names(f"{item}, flags", "red flag", condition.flags, self.flags)
        self._names(f"{item}, leads", "cause", condition.leads, self.causes)

    def _names(self, item: str, kind: str, given: Iterable[str], allowed: Iterable[str]) -> None:
        for name in given:
            self.known(ADVICE, item, kind, name, allowed)

    def _answered(self, item: str, answers: Answered) -> None:
        for question, states in answers.items():
            for state in states:
                self._answer(ADVICE, item, question, state)

    def _answer(self, file: str, item: str, question: str, state: str) -> None:
        allowed = self.answers if file == ADVICE else {**self.answers, **dict.fromkeys(self.flags, BINARY)}
        if self.known(file, item, "question", question, allowed):
            self.known(file, f"{item}, {question}", "state", state, allowed[question])

    def _circles(self) -> None:
        """An item that is withheld by what it withholds itself would never be decided."""
        graph = {r.id: {name for w in r.withholds for name in (*w.advice, *w.shown)} for r in self.advice.advice}
        try:
            order = tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = " <- ".join(error.args[1])
            first = error.args[1][0]
            self.say(ADVICE, f"advice {first!r}, withhold", f"a circle of withheld by: {circle}; it must end somewhere")
            return
        depth: dict[str, int] = {}
        for name in order:
            depth[name] = 1 + max((depth[other] for other in graph.get(name, ())), default=0)
            if depth[name] > LONGEST_CHAIN:
                self.say(
                    ADVICE, f"advice {name!r}, withhold", f"ends a chain of over {LONGEST_CHAIN} items that withhold"
                )
                return

    def _vignettes(self) -> None:
        self.unique(VIGNETTES, "vignette", ids(self.cases.vignette))
        for vignette in self.cases.vignette:
            item = f"vignette {vignette.id!r}"
            self.cited(VIGNETTES, item, (vignette.source,))
            for question, state in vignette.answers.items():
                self._answer(VIGNETTES, item, question, state)
            for kind, given, allowed in (
                ("cause", vignette.allowed_first, self.causes),
                ("heading", (vignette.first_heading,), self.headings),
                ("level", (vignette.level,), self.levels),
                ("advice", (*vignette.must, *vignette.never), self.items),
            ):
                for name in given:
                    if name is not None:
                        self.known(VIGNETTES, item, kind, name, allowed)
            both = sorted({*vignette.must} & {*vignette.never})
            if both:
                self.say(VIGNETTES, item, f"{', '.join(both)} must and must never be shown; it can be one of them")
