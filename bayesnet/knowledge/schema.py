"""What the files of a model may say: frozen, validated types, one per table in model.toml, sources.toml and vignettes.toml.

Those of advice.toml are in `rules`. Only shapes and ranges are checked here; what needs two places at once (an unknown parent,
a cycle) is in `check`.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

# Ids become names of variables, columns, URL parameters and nodes in exchange files. "__" is kept for derived nodes.
Id = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
Text = Annotated[str, Meta(min_length=1)]

NO, YES = "no", "yes"
BINARY = (NO, YES)
"""The states of a cause, a link and the outcome."""
WARNING_SIGNS, NONE_OF_THEM = "warning_signs", "none"
"""The one answer to all warning signs at once: none of them applies."""

Distribution = dict[str, float] | float
"""{state: probability}, or one number: P(yes)."""
Probability = Annotated[float, Meta(ge=0, le=1)]
Range = tuple[float, float]
Ranges = dict[str, Range] | Range
"""{state: (low, high)}, or one pair: that of "yes"."""
Basis = Literal["read", "derived", "guess", "learned"]
Strength = Annotated[float, Meta(gt=0, le=1e9)]
Some = Meta(min_length=1)


class Entry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a model file. What it does not name is refused."""


Chain = tuple[Id, ...]
"""States in an order; several chains make a partial order."""
Answered = dict[Id, tuple[Id, ...]]
"""{question: answers, any of which will do}"""


class State(Entry, frozen=True, kw_only=True):
    """One answer a question allows, with a definition that anybody can apply.

    `hidden_by`: answers to other questions with which it makes no sense, so that it is not offered.
    """

    id: Id
    label: Text
    means: str = ""
    hidden_by: Answered = {}


class Row(Entry, frozen=True, kw_only=True):
    """One distribution: P(states | given), elicited. What is left out is taken from the table it stands in.

    `p` is {state: probability}, or one number P(yes). `range` is the plausible span, `strength` the equivalent sample
    size of the Dirichlet distribution with mean `p`. `given` names parents; one left out stands for all its states.
    """

    given: dict[Id, Id] = {}
    p: Distribution
    range: Ranges | None = None
    strength: Strength | None = None
    basis: Basis | None = None
    sources: tuple[Id, ...] | None = None


class Table(Entry, frozen=True, kw_only=True):
    """P(variable | parents), row by row. `strength`, `basis` and `sources` hold for rows that say nothing else.

    `rises` {parent: chains of its states}: along them P(yes) never falls, in any draw and after any tuning.
    """

    parents: tuple[Id, ...] = ()
    rises: dict[Id, tuple[Chain, ...]] = {}
    strength: Strength | None = None
    basis: Basis | None = None
    sources: tuple[Id, ...] = ()
    note: str = ""
    rows: tuple[Row, ...] = ()


class Link(Table, frozen=True, kw_only=True):
    """One way in which a gate's variable can come about. `off` lists the parent states in which it never does.

    `{ cause = "x", p = 0.2 }` is short for a link named x with the one parent x, which is off unless x is "yes".
    """

    id: Id = ""
    label: str = ""
    off: tuple[dict[Id, Id], ...] = ()
    cause: Id | None = None
    p: float | None = None
    range: Range | None = None

    def __post_init__(self) -> None:
        if self.cause is not None and self.p is not None and not (self.id or self.parents or self.rows or self.off):
            spelled_out = {
                "id": self.cause,
                "parents": (self.cause,),
                "off": ({self.cause: NO},),
                "rows": (Row(given={self.cause: YES}, p=self.p, range=self.range),),
            }
            for name, value in (*spelled_out.items(), ("cause", None), ("p", None), ("range", None)):
                force_setattr(self, name, value)


class Gate(Entry, frozen=True, kw_only=True):
    """yes if any link fires or the leak does (noisy-OR with leak: Pearl 1988, Henrion 1987), each link a table."""

    leak: Row
    links: Annotated[tuple[Link, ...], Some]


class _Variable(Entry, frozen=True, kw_only=True):
    id: Id
    label: Text
    table: Table | None = None
    gate: Gate | None = None
    note: str = ""


class Habit(Entry, frozen=True, kw_only=True):
    """Marks a question as something that people can decide to do otherwise next time, and what that takes.

    `never`: states that nobody is told to choose, whatever they would do for the outcome.
    """

    effort: Literal["small", "moderate", "large"]
    never: tuple[Id, ...] = ()


class Question(_Variable, frozen=True, kw_only=True):
    """Something a user can answer. A gate makes it a yes/no finding of causes.

    `cost` is what answering takes, in units of the easiest question. `habit` marks what can be changed. `worse` are chains
    of states from the mildest to the worst: along them the level of advice must not fall. A question with `only_if_skipped`
    is asked only where that other question was skipped. `lasting`: the answer is the same next time, such as an age.
    """

    section: Text
    ask: Text
    help: Text
    units: str = ""
    follow_up: bool = False
    cost: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    habit: Habit | None = None
    worse: tuple[Chain, ...] = ()
    only_if_skipped: Id | None = None
    lasting: bool = False
    states: Annotated[tuple[State, ...], Some]


class Cause(_Variable, frozen=True, kw_only=True):
    """A mechanism that may be present, and may have triggered the outcome. `lasting`: it is still there next time."""

    plain: Text
    lasting: bool = False


class Outcome(Entry, frozen=True, kw_only=True):
    """What happened: yes if the link of any cause fires. A link's id is the id of its cause."""

    id: Id
    label: Text
    gate: Gate


class Heading(Entry, frozen=True, kw_only=True):
    """A name that users see for one cause or several mechanisms together."""

    id: Id
    label: Text
    causes: Annotated[tuple[Id, ...], Some]


class Provenance(Entry, frozen=True, kw_only=True):
    """Where learned numbers come from: which model they grew from, and which cases made them grow.

    `data_hash` is a SHA-256 of the distinct cases with their counts; `cases` is how many they are, `simulated` how many of
    them are made up; `scores` says how well it predicts held-out cases, in words.
    """

    version: Text
    parent: Text
    made_at: Text
    method: Text
    cases: Annotated[int, Meta(ge=0)] = 0
    simulated: Annotated[int, Meta(ge=0)] = 0
    data_hash: str = ""
    scores: dict[str, str] = {}


Weight = Annotated[float, Meta(ge=0, le=1000)]


class Interview(Entry, frozen=True, kw_only=True):
    """What a change is worth that an answer brings: of the level of advice, of the first cause, of an item of advice.

    The value of a question is the sum over its answers of their probability times these. Enough is known once `at_least` so
    many questions are answered and no open one has a value of `stop`, or when none is worth anything.
    """

    level: Weight
    first: Weight
    tip: Weight
    stop: Weight
    at_least: Annotated[int, Meta(ge=0)] = 0


class Renamed(Entry, frozen=True, kw_only=True):
    """What versions before `before` called a question or red flag `was`, and its states.

    `now` is its name of today; without it the answers are dropped. `states` {state of then: states of today that it may be}.
    """

    before: Text
    was: Id
    now: Id | None = None
    states: Answered = {}


class ModelFile(Entry, frozen=True, kw_only=True):
    """model.toml"""

    id: Id
    title: Text
    ask: str = ""
    version: Text
    population: Text
    limits: tuple[Text, ...] = ()
    disclaimer: str = ""
    interview: Interview | None = None
    renamed: tuple[Renamed, ...] = ()
    provenance: Provenance | None = None
    question: Annotated[tuple[Question, ...], Some]
    cause: Annotated[tuple[Cause, ...], Some]
    outcome: Outcome
    heading: Annotated[tuple[Heading, ...], Some]


class Source(Entry, frozen=True, kw_only=True):
    """Where a number or an advice comes from, and how far it was read."""

    id: Id
    cite: Text
    where: str = ""
    read: Literal["full", "excerpt", "second_hand", "not_read", "none"]
    says: str = ""


class SourcesFile(Entry, frozen=True, kw_only=True):
    """sources.toml"""

    source: Annotated[tuple[Source, ...], Some]


class Vignette(Entry, frozen=True, kw_only=True):
    """A described situation and what the model is expected to say: a regression guard, not a validation.

    `answers` may hold red flags. `first` are the causes that may come first, `must` and `never` items of advice.
    """

    id: Id
    describes: Text
    answers: dict[Id, Id]
    first: Id | tuple[Id, ...] | None = None
    first_heading: Id | None = None
    level: Id | None = None
    must: tuple[Id, ...] = ()
    never: tuple[Id, ...] = ()
    source: Id

    @property
    def allowed_first(self) -> tuple[str, ...]:
        """The causes that may come first; empty where any may."""
        return (self.first,) if isinstance(self.first, str) else self.first or ()


class VignettesFile(Entry, frozen=True, kw_only=True):
    """vignettes.toml"""

    vignette: tuple[Vignette, ...] = ()


def ids(items: Iterable[Any]) -> tuple[str, ...]:
    """The ids of questions, causes, sources and the like, in their order."""
    return tuple(item.id for item in items)
