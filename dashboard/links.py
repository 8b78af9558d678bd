"""The answers as the page's address has them, and back. Knows no Streamlit.

That no warning sign applies is one word there (`warning_signs=none`). Addresses of earlier versions of a model are taken in
today's names; where a state of then may be several of today, the worst of them is taken, and that is told.
"""

from collections.abc import Mapping, Sequence

from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.order import order_of
from bayesnet.knowledge.renamed import answer_of_today
from bayesnet.knowledge.schema import NO, NONE_OF_THEM, WARNING_SIGNS, YES


def to_link(knowledge: Knowledge, answers: Mapping[str, str]) -> dict[str, str]:
    """{name: state} as the address has it."""
    if not none_of_them(knowledge, answers):
        return dict(answers)
    others = {name: state for name, state in answers.items() if name not in knowledge.red_flags}
    return {WARNING_SIGNS: NONE_OF_THEM, **others}


def from_link(knowledge: Knowledge, given: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    """The answers that an address gives, {name: every value it has there}; and what is ignored or in doubt, for the user."""
    answers: dict[str, str] = {}
    ignored = []
    for name, values in given.items():
        now, state = answer_of_today(knowledge, name, values[0])
        allowed = knowledge.allowed_answers.get(now, ())
        if isinstance(state, Mapping) and len(values) == 1:
            state = _worst(knowledge, now, state)
            labels = knowledge.labels[now], knowledge.state_label(now, state)
            ignored.append(
                f"{labels[0]} may be several answers today, and {labels[1]} is taken until you answer it anew"
            )
        if len(values) > 1:
            ignored.append(f"{_plain(name)} is answered twice")
        elif state in allowed and answers.get(now, state) == state:
            answers[now] = state
        elif state in allowed and now in knowledge.red_flags:  # two signs of then are one of today: up if either is
            answers[now] = YES
        elif state in allowed:
            ignored.append(f"{_plain(now)} is answered twice")
        elif name in knowledge.allowed_answers:
            ignored.append(f"{_plain(name)} cannot be {_plain(values[0])} (it can be {', '.join(allowed)})")
        else:
            ignored.append(f"there is no question {_plain(name)}")
    if answers.pop(WARNING_SIGNS, None):
        ticked = [flag for flag in knowledge.red_flags if answers.get(flag) == YES]
        if ticked:
            ignored.append(f"{_plain(WARNING_SIGNS)} cannot be {_plain(NONE_OF_THEM)} beside {_plain(ticked[0])}")
        else:
            answers |= dict.fromkeys(knowledge.red_flags, NO)
    return answers, ignored


def _worst(knowledge: Knowledge, question: str, states: Mapping[str, float]) -> str:
    """The state that stands above most others: what is in doubt is taken seriously."""
    order = order_of(knowledge.states[question], knowledge.questions[question].worse)
    return max(states, key=lambda state: int(order[:, knowledge.states[question].index(state)].sum()))


def none_of_them(knowledge: Knowledge, answers: Mapping[str, str]) -> bool:
    """Whether every warning sign is answered with no."""
    return bool(knowledge.red_flags) and all(answers.get(flag) == NO for flag in knowledge.red_flags)


def _plain(text: str) -> str:
    """Foreign text as inert Markdown code, cut to a readable length."""
    return f"`{text.replace('`', ' ')[:40] or ' '}`"
