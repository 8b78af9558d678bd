"""The dashboard's entry: `bayesnet dashboard`, or `streamlit run dashboard/app.py`."""

import access
import session
import streamlit as st
import tables

from bayesnet import BayesnetError, ImpossibleEvidence, StoreError

OPEN = ("Check", "What if", "Network", "About")
"""Pages for every visitor. All others show what people saved, or change numbers for all."""

st.set_page_config(page_title="Causes and advice", page_icon="🏋️", layout="wide")
try:
    session.begin()
except BayesnetError as error:
    st.error(f"The model cannot be read. {error}")
    st.stop()
st.html(
    # Small headings and little air, so that banner, headline and bars fit on a phone without scrolling; wide things
    # scroll by themselves; a warning sign is never cut short.
    """<style>
    [data-testid=stMainBlockContainer] {padding-top: 4rem; padding-bottom: 3rem; max-width: 76rem}
    [data-testid=stMainBlockContainer] h1 {font-size: 1.5rem; padding: .25rem 0}
    [data-testid=stMainBlockContainer] h2 {font-size: 1.35rem; padding: 0}
    [data-testid=stMainBlockContainer] h3 {font-size: 1.05rem; padding: .25rem 0 0}
    [data-testid=stGraphVizChart] svg {min-width: 76rem}
    [data-testid=stCheckbox] label * {white-space: normal; overflow: visible}
    @media (max-width: 640px) {[data-testid=stMainBlockContainer] {padding-left: 1rem; padding-right: 1rem}}
    """
    + tables.STYLE
    + ("[data-testid=stBaseButton-primary] {color: #111111}" if session.theme() == "dark" else "")
    + "</style>"
)
page = st.navigation(
    [
        st.Page("check.py", title="Check", default=True),
        st.Page("what_if.py", title="What if"),
        st.Page("network.py", title="Network"),
        st.Page("cases.py", title="Cases"),
        st.Page("overview.py", title="Overview"),
        st.Page("tuning.py", title="Tuning"),
        st.Page("about.py", title="About"),
    ],
    position="top",
)
answering = session.model().knowledge.numbers_from or "Numbers: what the experts said."
if session.store_problem():
    st.warning(
        f"The case store does not answer, so nothing can be saved or learned now. {answering} "
        + access.told(session.store_problem())
    )
if session.version_problem():
    st.warning(f"The version in use cannot answer. {answering} {access.told(session.version_problem())}")
try:
    if page.title not in OPEN and not access.granted():
        st.title(page.title, anchor=False)
        access.ask()
    else:
        page.run()
except ImpossibleEvidence as error:
    st.error(f"These answers cannot be diagnosed. {error}")
except StoreError as error:
    st.error(f"That did not work. {access.told(str(error))}")
except BayesnetError as error:
    st.error(f"That did not work. {error}")
session.settle()
