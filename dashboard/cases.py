"""Cases: what was saved, in a table; import with a report of every bad row, export, and one case by its number."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import saving
import session
import streamlit as st

from bayesnet import BayesnetError
from bayesnet.diagnosis.words import how_many
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.cases.files import read_cases, write_bad_rows, write_cases
from bayesnet.learning.cases.table import CheckedCases, cases_table
from bayesnet.learning.labels import split_labels
from bayesnet.learning.store import left_out

SHOWN, SHOWN_BAD = 200, 50
LARGEST = 5 * 2**20  # bytes of an upload; larger files go in by the shell
KINDS = ("csv", "parquet")
EVERY = "Every case"
FILTERS: dict[str, Callable[[pd.DataFrame], "pd.Series[bool]"]] = {
    EVERY: lambda table: table["case_id"] != "",
    "Explained": lambda table: (table["triggered"] != "") | (table["ruled_out"] != ""),
    "Not explained yet": lambda table: (table["triggered"] == "") & (table["ruled_out"] == ""),
}


def show() -> None:
    """The page."""
    st.title("Cases", anchor=False)
    if session.store_problem():
        st.error(f"The cases cannot be read at the moment. {session.store_problem()}")
        return
    knowledge = session.model().knowledge
    show_counts(knowledge)
    show_table(knowledge)
    left, right = st.columns(2, gap="large")
    with left:
        show_import(knowledge)
        show_export(knowledge)
    with right:
        show_one(knowledge)


def show_counts(knowledge: Knowledge) -> None:
    """How many there are, simulated ones called so."""
    counts = session.store().count(knowledge.id)
    listed = ", ".join(f"{n:,} {origin}" for origin, n in counts.items())
    st.markdown(
        f"**{how_many(sum(counts.values()), 'case')}**"
        + (f": {listed}." if listed else " yet.")
        + f" Kept in {session.store().where}."
    )
    if counts.get("simulated"):
        st.warning(
            "Simulated cases are among them: made up, not people. Numbers learned from them describe the simulation."
        )


def show_table(knowledge: Knowledge) -> None:
    """The newest cases with the words of the questions."""
    table = session.store().table(knowledge, newest=SHOWN)
    if table.empty:
        return
    which = st.segmented_control("Show", list(FILTERS), default=EVERY, required=True)
    chosen = table[FILTERS[which or EVERY](table)]
    st.dataframe(readable(knowledge, chosen[::-1]), hide_index=True, height=300, alt="The newest cases, one a row")
    if len(table) < SHOWN:
        st.markdown(f"{how_many(len(chosen), 'row')}.")
    else:
        st.markdown(f"{len(chosen)} of the newest {SHOWN} rows; an export holds all.")
    show_left_out(table)


def show_left_out(table: pd.DataFrame) -> None:
    """Which answers of these cases are not shown, since the model has changed."""
    listed = ", ".join(f"{name} ({n:,})" for name, n in left_out(table).items())
    if listed:
        st.markdown(f"Not shown, as the model does not know it, or asks it otherwise today: {session.as_text(listed)}.")


def readable(knowledge: Knowledge, table: pd.DataFrame) -> pd.DataFrame:
    """Labels in the place of ids, and the number, which says nothing, at the end."""
    shown = pd.DataFrame({"When (UTC)": table["recorded_at"].dt.strftime("%Y-%m-%d %H:%M")})
    shown["Turned out to be"] = [saving.labels_in_words(knowledge, text) for text in table["triggered"]]
    shown["Ruled out"] = [saving.labels_in_words(knowledge, text) for text in table["ruled_out"]]
    for question in knowledge.questions.values():
        labels = {state.id: state.label for state in question.states}
        shown[question.label] = table[question.id].astype(object).map(labels).fillna("")
    shown["Origin"] = table["origin"]
    shown["Number"] = table["case_id"]
    return shown


# ---- import


def show_import(knowledge: Knowledge) -> None:
    """A file is checked row by row before anything is stored."""
    st.header("Import", anchor=False)
    if st.session_state.get("imported"):
        st.success(st.session_state["imported"])
    given = st.file_uploader(
        "A file of cases (.csv or .parquet, at most 5 MB)",
        type=list(KINDS),
        key=session.key("upload"),
        help="Columns as an export has them; all may be missing. `bayesnet cases columns` lists them. A file without the "
        "column case_id that is imported twice is stored twice.",
    )
    if given is None:
        return
    name = session.as_text(given.name)
    if given.size > LARGEST:
        size = f"{given.size / 2**20:.1f} MB"
        st.error(f"{name} has {size}; at most 5 are taken here. `bayesnet cases import` takes more.")
        return
    st.session_state.pop("imported", None)
    kept = st.session_state.get("upload")
    if kept is None or kept[0] != given.file_id:
        # Read once: rows without a case_id are given theirs then, so that a second click stores the same cases.
        kept = st.session_state["upload"] = (given.file_id, checked_upload(given.name, given.getvalue(), knowledge))
    if isinstance(kept[1], str):
        st.error(session.as_text(kept[1]))
        return
    checked, bad = kept[1]
    show_checked(checked, bad, given.name, knowledge)


def checked_upload(name: str, content: bytes, knowledge: Knowledge) -> tuple[CheckedCases, bytes] | str:
    """The cases of a file and its bad rows as a file; or why it is no table of cases."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{''.join(Path(name).suffixes[-1:]).lower()}"
        path.write_bytes(content)
        try:
            checked = read_cases(path, knowledge)
            return checked, bad_rows(path, checked, knowledge) if checked.bad else b""
        except BayesnetError as error:
            return str(error).replace(str(path), name)


def bad_rows(path: Path, checked: CheckedCases, knowledge: Knowledge) -> bytes:
    """The rows that were not taken, as a file."""
    beside = path.with_name(f"bad{path.suffix}")
    write_bad_rows(beside, path, checked, knowledge)
    return beside.read_bytes()


def show_checked(checked: CheckedCases, bad: bytes, name: str, knowledge: Knowledge) -> None:
    """What the file holds, what is wrong with it, and a button to store what is good."""
    good = len(checked.good)
    if checked.bad:
        bad_ones = how_many(len(checked.bad_rows), "bad row")
        st.error(f"{bad_ones} in {session.as_text(name)}; nothing is stored yet.")
        shown = pd.DataFrame(
            [(str(b.row), b.column, str(b.value), b.why) for b in checked.bad[:SHOWN_BAD]],
            columns=["line" if name.endswith("csv") else "row", "column", "given", "problem"],
        )
        st.dataframe(shown, hide_index=True, alt="Every problem: line, column, what was given and what is allowed")
        if len(checked.bad) > SHOWN_BAD:
            st.markdown(f"... and {len(checked.bad) - SHOWN_BAD:,} more.")
        st.download_button("Download the bad rows with their problems", bad, f"bad_rows_{name}")
    label = f"Store the {how_many(good, 'good row')}" if checked.bad else f"Store {how_many(good, 'case')}"
    if good and st.button(label, type="primary"):
        added = session.store().add(checked.good, knowledge)
        known = added.known + checked.repeated
        st.session_state["imported"] = (
            f"{how_many(added.new, 'new case')}" + (f", {known:,} known already" if known else "") + "."
        )
        del st.session_state["upload"]
        session.renew()  # the file is done with
        st.rerun()


# ---- export


def show_export(knowledge: Knowledge) -> None:
    """All cases as a file, made when it is asked for."""
    st.header("Export", anchor=False)
    rows = session.store().rows(knowledge.id)
    for kind, mime in zip(KINDS, ("text/csv", "application/vnd.apache.parquet"), strict=True):
        st.download_button(
            f"{'All ' if rows > 1 else ''}{how_many(rows, 'row')} as {'CSV' if kind == 'csv' else 'Parquet'}",
            as_file(knowledge, kind),
            f"cases.{kind}",
            mime,
            disabled=not rows,
            on_click="ignore",
        )


def as_file(knowledge: Knowledge, kind: str, case_ids: list[str] | None = None) -> Callable[[], bytes]:
    """What makes the file: all cases, or some. It runs when the button is clicked, outside a session."""
    store = session.store()

    def made() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"cases.{kind}"
            every = store.batches(knowledge) if case_ids is None else store.table(knowledge, case_ids)
            write_cases(every, path, knowledge)
            return path.read_bytes()

    return made


# ---- one case


def show_one(knowledge: Knowledge) -> None:
    """A case by its number: add what it turned out to be, take it along, or delete it."""
    st.header("One case, by its number", anchor=False)
    if st.session_state.get("told"):
        st.success(st.session_state.pop("told"))
    saving.show_traces()
    number = st.text_input(
        "Number", key=session.key("number"), placeholder="as it was shown when the case was saved"
    ).strip()
    if not number:
        return
    found = session.store().table(knowledge, [number])
    if found.empty:
        st.error("There is no case of this number. A number is given in full; an export, above, holds all of them.")
        return
    case = readable(knowledge, found).iloc[0]
    st.markdown(
        "; ".join(f"{name}: **{session.as_text(value)}**" for name, value in case.items() if value and name != "Number")
    )
    show_left_out(found)
    said = saving.ask_labels(knowledge, f"label:{number}")
    if st.button("Note this", disabled=not said):
        row = cases_table(knowledge, [said]).iloc[0]
        session.store().label(
            number, split_labels(row["triggered"]), split_labels(row["ruled_out"]), float(row["certainty"])
        )
        st.session_state["told"] = "Noted."
        st.rerun()
    st.download_button(
        "Download this case", as_file(knowledge, "csv", [number]), "my_case.csv", "text/csv", on_click="ignore"
    )
    sure = st.checkbox("I want this case deleted for good", key=session.key(f"sure:{number}"))
    if st.button("Delete", disabled=not sure):
        saving.delete(number)
        st.session_state["told"] = "Deleted."
        session.renew()
        st.rerun()


show()
