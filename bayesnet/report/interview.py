"""An interview in the terminal: the warning signs, then the best next question, again and again, until enough is known."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.prompt import Prompt

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.diagnosis.questions import NextQuestion
from bayesnet.diagnosis.words import in_percent
from bayesnet.report.cases import print_diagnosis

SKIP, END, NONE = "?", "q", "none"


def interview(model: DiagnosticModel, answers: Mapping[str, Any], console: Console | None = None) -> dict[str, Any]:
    """Asks on the console and prints the diagnosis at the end; returns all answers. Ctrl-D or `q` ends it early."""
    out = console or Console(highlight=False)
    given, skipped = dict(answers), {*model.knowledge.red_flags}  # the signs are asked once, all of them
    out.print(f"[bold]{escape(model.knowledge.ask)}[/]  ({SKIP} = not sure, {END} = enough)")
    model.diagnose(given)  # what is wrong with the answers given is told before anything is asked
    going_on = _ask_flags(model, given, out)
    while going_on and not (diagnosis := model.diagnose(given)).is_emergency:
        questions = diagnosis.next_questions(skipped)
        worth = [q for q in questions if q.value and not q.is_red_flag and q.question not in skipped]
        if questions.stop or not worth:
            out.print("[dim]Enough is known: hardly any open answer would change the advice.[/]\n")
            break
        answer = _ask(model, worth[0], out)
        if answer == END:
            break
        if answer == SKIP:
            skipped.add(worth[0].question)
        else:
            given[worth[0].question] = answer
    print_diagnosis(model, model.diagnose(given), out)
    return given


def _ask_flags(model: DiagnosticModel, given: dict[str, Any], out: Console) -> bool:
    """One question for all warning signs; False where enough was asked."""
    asked = model.diagnose(given).asked_signs
    flags = [flag for flag in model.knowledge.red_flags.values() if flag.id not in asked]
    if not flags:
        return True
    out.print("\n[bold red]First the warning signs.[/] Does any of these apply?")
    for number, flag in enumerate(flags, start=1):
        out.print(f"  {number}  [bold]{escape(flag.label)}[/]\n     {escape(flag.question)}")
    while True:
        said = _prompt(out, f"numbers, {NONE} for none of them, {SKIP} or Enter for not sure, {END} for enough")
        if said in ("", SKIP, END):
            return said != END
        chosen = [] if said in (NONE, "no", "0") else said.replace(",", " ").split()
        if all(part.isdigit() and 1 <= int(part) <= len(flags) for part in chosen):
            up = {int(part) for part in chosen}
            given.update({flag.id: "yes" if i in up else "no" for i, flag in enumerate(flags, start=1)})
            return True
        out.print(f"[red]{escape(said)}[/]: write numbers from 1 to {len(flags)}, or {NONE}.")


def _ask(model: DiagnosticModel, question: NextQuestion, out: Console) -> str:
    """The id of the chosen state, SKIP or END."""
    asked = model.knowledge.questions[question.question]
    out.print(f"\n[bold]{escape(asked.ask)}[/] [dim]{escape(asked.help)}[/]")
    states = [state for state in asked.states if state.id in {outcome.answer for outcome in question.outcomes}]
    for number, state in enumerate(states, start=1):
        meaning = f": [dim]{escape(state.means)}[/]" if state.means else ""
        out.print(f"  {number}  {escape(state.label)}{meaning}")
    out.print(f"[dim]A chance of {in_percent(question.changes_advice or 0.0)} that the answer changes the advice.[/]")
    names = {str(number): state.id for number, state in enumerate(states, start=1)}
    names |= {state.id: state.id for state in states} | {SKIP: SKIP, END: END, "": SKIP}
    while True:
        said = _prompt(out, f"1-{len(states)}")
        if said in names:
            return names[said]
        out.print(f"[red]{escape(said)}[/] is none of these; write a number, {SKIP} or {END}.")


def _prompt(out: Console, text: str) -> str:
    try:
        return Prompt.ask(text, console=out, default="", show_default=False).strip().lower()
    except EOFError:
        return END
