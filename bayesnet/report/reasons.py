"""Reasons, next questions, fixes and sensitivity: as text for a terminal, and as plain values for machines."""

from math import exp, isfinite
from typing import Any

from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bayesnet.diagnosis.diagnosis import Diagnosis
from bayesnet.diagnosis.explanation import Explanation
from bayesnet.diagnosis.fixes import Fixes, WhatIf
from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.questions import NextQuestion, NextQuestions
from bayesnet.diagnosis.sensitivity import Sensitivity
from bayesnet.diagnosis.words import in_percent, in_words_and_percent, within_sentence
from bayesnet.report.cases import print_unasked
from bayesnet.report.tables import plain_table

SHOWN_OPEN = 4


# ---- explain


def print_explanation(model: DiagnosticModel, diagnosis: Diagnosis, cause: str) -> None:
    """Every answer's weight with a bar, what is open and would matter, what fits badly, and what would flip the result."""
    out = Console(highlight=False)
    print_first_things(model, diagnosis)
    why, first = diagnosis.explain(cause), diagnosis.beliefs[0]
    out.print(
        f"[bold]Why {escape(within_sentence(why.label))}?[/] Before any answer {in_words_and_percent(why.prior)}; "
        f"now {in_words_and_percent(why.posterior)}."
    )
    if first.cause != cause:
        out.print(f"Likeliest now: {escape(first.label)}, {in_words_and_percent(first.triggered)}.")
    if not why.weights:
        out.print("No question is answered yet, so nothing speaks for or against it.")
    else:
        out.print(_weights(why))
        out.print("[dim]Shares of the whole shift of the odds, averaged over all orders of the answers.[/]")
    if why.open:
        out.print("\nNot answered, and would matter:")
        for finding in why.open[:SHOWN_OPEN]:
            out.print(f"  {escape(finding.says)}")
    odd = diagnosis.conflict()
    if odd.worth_saying:
        out.print(f"\n[yellow]{escape(odd.says)}[/]")
    for flip in diagnosis.flips()[:SHOWN_OPEN]:
        out.print(f"[dim]{escape(flip.says)}[/]")
    out.print(f"\n[dim]{escape(model.knowledge.disclaimer)}[/]")


def _weights(why: Explanation) -> Table:
    table = plain_table("answer", "speaks", "", "odds by itself", "odds without it")
    for weight, length in zip(why.weights, why.lengths, strict=True):
        style = "green" if weight.shapley > 0 else "red"
        table.add_row(
            escape(weight.label),
            escape(weight.says),
            Bar(1.0, 0.0, abs(length), width=16, color=style),
            _factor(weight.alone),
            _factor(-weight.without),
        )
    return table


def _factor(weight: float) -> str:
    """By what a weight multiplies the odds: '× 2.3', '÷ 4.0'."""
    if not isfinite(weight):
        return "settles it"
    sign, size = ("×", weight) if weight >= 0 else ("÷", -weight)
    factor = exp(min(size, 20.0))
    return f"{sign} {factor:.1f}" if factor < 1000 else f"{sign} over 1000"


def explanation_values(diagnosis: Diagnosis, cause: str) -> dict[str, Any]:
    """The explanation as plain JSON values; a weight without end is null."""
    why, odd = diagnosis.explain(cause), diagnosis.conflict()
    return {
        "cause": why.cause,
        "prior": why.prior,
        "posterior": why.posterior,
        "error": _number(why.error),
        "weights": [
            {
                "question": w.question,
                "answer": dict(w.answer) if isinstance(w.answer, dict) else w.answer,
                "alone": _number(w.alone),
                "without": _number(w.without),
                "shapley": _number(w.shapley),
                "sentence": w.sentence,
            }
            for w in why.weights
        ],
        "open": [
            {"question": o.question, "for": _number(o.weight_for), "against": _number(o.weight_against), "says": o.says}
            for o in why.open
        ],
        "conflict": {
            "value": _number(odd.value),
            "odd": odd.odd,
            "resolved_by": odd.resolved_by,
            "worth_saying": odd.worth_saying,
            "says": odd.says,
        },
        "flips": [
            {"changes": dict(f.changes), "first": f.first, "level": f.level, "says": f.says} for f in diagnosis.flips()
        ],
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


# ---- next


def print_next(model: DiagnosticModel, diagnosis: Diagnosis) -> None:
    """The open questions, ranked, with what each answer would lead to."""
    out = Console(highlight=False)
    print_first_things(model, diagnosis)
    questions = diagnosis.next_questions()
    out.print(f"[bold]{escape(questions.says)}[/]")
    table = plain_table("question", "worth", "changes the advice", "bits", "cost", "what each answer would lead to")
    for question in questions:
        if not question.is_red_flag:
            table.add_row(
                question.question,
                f"{question.value:.2f}",
                in_percent(question.changes_advice or 0.0) if question.changes_advice else "no",
                f"{question.information:.3f}",
                f"{question.cost:g}",
                escape(_outcomes(model, question, diagnosis)),
            )
    if table.row_count:
        out.print(table)


def _outcomes(model: DiagnosticModel, question: NextQuestion, diagnosis: Diagnosis) -> str:
    """What each answer would lead to: the first cause, and the level where it is another."""
    knowledge = model.knowledge
    return "; ".join(
        f"{o.label} ({in_percent(o.probability or 0.0)}): {knowledge.labels[o.first]}"
        + (f", {diagnosis.label_of(o.level)}" if o.level != diagnosis.advice.level.id else "")
        for o in question.outcomes
    )


def next_values(diagnosis: Diagnosis) -> dict[str, Any]:
    """The open questions as plain JSON values."""
    questions: NextQuestions = diagnosis.next_questions()
    return {
        "stop": questions.stop,
        "says": questions.says,
        "questions": [
            {
                "question": q.question,
                "ask": q.ask,
                "red_flag": q.is_red_flag,
                "changes_advice": q.changes_advice,
                "value": q.value,
                "information": q.information,
                "cost": q.cost,
                "outcomes": [
                    {
                        "answer": o.answer,
                        "probability": o.probability,
                        "first": o.first,
                        "triggered": o.triggered,
                        "level": o.level,
                        "changes_advice": o.changes_advice,
                        "value": o.value,
                    }
                    for o in q.outcomes
                ],
            }
            for q in questions
        ],
    }


# ---- fixes


NO_HABIT = "No habit makes up for that."


def print_first_things(model: DiagnosticModel, diagnosis: Diagnosis, but: str = "") -> None:
    """A level above the lowest, red flags, and warning signs that were not asked come before all else."""
    out, level = Console(highlight=False), diagnosis.advice.level
    urgent = model.knowledge.level_ranks[level.id] > 0
    if urgent:
        out.print(f"[bold red]{escape(level.label)}.[/] {escape(level.says)} {escape(but)}".rstrip())
    for flag in diagnosis.red_flags:
        out.print(f"[bold red]Red flag:[/] {escape(flag.label)}. {escape(flag.says)}")
    print_unasked(model, diagnosis, out)
    if urgent or diagnosis.warning_signs in ("not asked", "partly answered"):
        out.print()


def print_fixes(model: DiagnosticModel, fixes: Fixes) -> None:
    """The changes of habits that lower the risk of the next session, with effort and doubt."""
    out = Console(highlight=False)
    out.print(f"As things are, it happens again in {in_words_and_percent(fixes.before)} sessions.")
    if not len(fixes):
        out.print("No change of a single habit lowers that.")
        return
    table = plain_table("change", "sessions", "in percentage points", "effort")
    for fix in fixes:
        change = f"{escape(fix.label)}: {escape(fix.to_label)}"
        table.add_row(change, fix.what_if.says, fix.what_if.in_points, fix.effort)
    out.print(table)
    out.print("[dim]Habits and lasting causes carry over from this episode; all else is as usual next time.[/]")
    out.print(f"[dim]{escape(model.knowledge.disclaimer)}[/]")


def print_what_if(model: DiagnosticModel, result: WhatIf) -> None:
    """The next session before and after some changes."""
    out = Console(highlight=False)
    changed = "; ".join(model.in_words(habit, state) for habit, state in result.changes.items())
    out.print(f"[bold]{escape(changed)}[/]: {result.says}; {result.in_points}.")
    table = plain_table("cause", "triggers it next time, as things are", "with the change")
    for cause, (before, after) in result.causes.items():
        table.add_row(escape(model.knowledge.labels[cause]), in_percent(before), in_percent(after))
    out.print(table)
    out.print(f"[dim]{escape(model.knowledge.disclaimer)}[/]")


def what_if_values(result: WhatIf) -> dict[str, Any]:
    """A what-if as plain JSON values."""
    return {
        "changes": dict(result.changes),
        "before": result.before,
        "after": result.after,
        "lowered": result.lowered,
        "interval": list(result.interval),
        "says": result.says,
        "causes": {cause: list(pair) for cause, pair in result.causes.items()},
    }


def fixes_values(fixes: Fixes) -> dict[str, Any]:
    """The fixes as plain JSON values."""
    return {
        "before": fixes.before,
        "fixes": [
            {"habit": fix.habit, "to": fix.to, "effort": fix.effort, **what_if_values(fix.what_if)} for fix in fixes
        ],
    }


# ---- sensitivity


def print_sensitivity(model: DiagnosticModel, found: Sensitivity, top: int) -> None:
    """The numbers that leave most in doubt, with what the result would be at their plausible ends."""
    out = Console(highlight=False)
    label = model.knowledge.labels[found.cause]
    out.print(f"[bold]{escape(label)}[/]: {in_words_and_percent(found.triggered)}. Data would help most on:")
    table = plain_table(
        "number", "now", "strength", "basis", "result, one standard deviation off", "another cause leads from"
    )
    for number in found.numbers[:top]:
        low, high = number.swing
        flips = "" if number.flips_at is None else f"{number.flips_at:.3g}"
        swing = f"{in_percent(low)} to {in_percent(high)}"
        table.add_row(escape(number.label), f"{number.value:g}", f"{number.strength:g}", number.basis, swing, flips)
    out.print(table)


def sensitivity_values(found: Sensitivity) -> dict[str, Any]:
    """Every number's one-way function (a t + b) / (c t + d) as plain JSON values."""
    return {
        "cause": found.cause,
        "triggered": found.triggered,
        "numbers": [
            {
                "table": n.table,
                "given": dict(n.given),
                "state": n.state,
                "value": n.value,
                "strength": n.strength,
                "basis": n.basis,
                "a": n.a,
                "b": n.b,
                "c": n.c,
                "d": n.d,
                "derivative": n.derivative,
                "doubt": n.doubt,
                "flips_at": n.flips_at,
            }
            for n in found
        ],
    }
