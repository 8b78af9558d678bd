"""What advice.toml may say: levels, red flags and advice, as frozen, validated types.

Rules are data: when, what, and when not.
"""

from typing import Annotated

from msgspec import field
from msgspec.structs import replace

from bayesnet.knowledge.schema import Answered, Entry, Id, Probability, Some, Text


class Level(Entry, frozen=True, kw_only=True):
    """How urgent, in words. Levels stand in the file from the lowest to the highest.

    `label_unasked` and `says_unasked` stand in place of `label` and `says` while a warning sign is unanswered; `do_first` is
    what to do before all else.
    Where a level with `withholds_below` is reached, no advice of a lower level is shown, for the reason that it gives.
    """

    id: Id
    label: Text
    says: Text
    label_unasked: str = ""
    says_unasked: str = ""
    do_first: str = ""
    withholds_below: str = ""

    def said(self, all_asked: bool) -> "Level":
        """The level in the words for a case where it is the highest, given whether every warning sign was answered."""
        label, says = (self.label, self.says) if all_asked else (self.label_unasked, self.says_unasked)
        says = f"{self.do_first} {says or self.says}".strip()
        return replace(self, label=label or self.label, says=says)


class RedFlag(Entry, frozen=True, kw_only=True):
    """A sign that decides by itself, whatever the probabilities.

    `label` names it in a line. `ask` is the question; with `signs` it is only how the question begins.
    """

    id: Id
    label: Text
    ask: Text
    signs: tuple[Text, ...] = ()
    level: str = ""
    says: Text
    sources: Annotated[tuple[Id, ...], Some]

    @property
    def question(self) -> str:
        """The whole question, with every sign in it."""
        if not self.signs:
            return self.ask
        *others, last = self.signs
        return f"{self.ask}: {'; '.join(others)}{'; or ' if others else ''}{last}?"


class Condition(Entry, frozen=True, kw_only=True):
    """All that is named must hold.

    `triggered`: the advice's cause, or each cause or heading of {id: p}, has at least this P(triggered); a name that a cause
    and a heading share means the cause. `answers`: each
    question has one of these answers. `unanswered`: each of these questions is open. `flags`: one of these red flags is up.
    `leads`: one of these causes is the likeliest. `others_below`: every other cause has a P(triggered) below this.
    `unexplained`: no cause at all has at least this.
    """

    triggered: Probability | dict[Id, Probability] | None = None
    answers: Answered = field(default_factory=dict)
    unanswered: tuple[Id, ...] = ()
    flags: tuple[Id, ...] = ()
    leads: tuple[Id, ...] = ()
    others_below: Probability | None = None
    unexplained: Probability | None = None

    @property
    def is_about_probabilities(self) -> bool:
        """Whether it names any probability."""
        named = (self.triggered, self.others_below, self.unexplained)
        return bool(self.leads) or any(part is not None for part in named)


class Line(Entry, frozen=True, kw_only=True):
    """A line of advice that is said only where any condition of `when` holds."""

    say: Text
    when: Annotated[tuple[Condition, ...], Some]


class Withhold(Entry, frozen=True, kw_only=True):
    """Any that is named suffices.

    `advice`: the condition of one of these items holds, whether or not it is shown itself; `shown`: one of these is shown.
    `answers`: one of these questions has one of these answers. `red_flags`: any is up. `level`: at least so high.
    """

    advice: tuple[Id, ...] = ()
    shown: tuple[Id, ...] = ()
    answers: Answered = field(default_factory=dict)
    red_flags: bool = False
    level: Id | None = None
    because: Text


class AdviceRule(Entry, frozen=True, kw_only=True):
    """What to do, and when to say so: always, or where any condition of `when` holds.

    `conflicts` names items that must never be shown beside it. `heads`: it heads the page, whatever cause comes first.
    `safety_net`: it says what calls for help later, and is left out of no report. Of several `withhold` the first that applies
    gives the reason.
    """

    id: Id
    title: Text
    level: str = ""
    cause: Id | None = None
    always: bool = False
    when: tuple[Condition, ...] = ()
    do: Annotated[tuple[Text | Line, ...], Some]
    caution: str = ""
    heads: bool = False
    safety_net: bool = False
    conflicts: tuple[Id, ...] = ()
    withhold: Withhold | tuple[Withhold, ...] = ()
    sources: Annotated[tuple[Id, ...], Some]

    @property
    def withholds(self) -> tuple[Withhold, ...]:
        """Every reason to withhold it."""
        return (self.withhold,) if isinstance(self.withhold, Withhold) else self.withhold


class AdviceFile(Entry, frozen=True, kw_only=True):
    """advice.toml"""

    level: Annotated[tuple[Level, ...], Some]
    red_flag: tuple[RedFlag, ...] = ()
    advice: Annotated[tuple[AdviceRule, ...], Some]
