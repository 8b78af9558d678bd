"""About: what this is not, its limits, privacy, and every source."""

import session
import streamlit as st

READ = {
    "full": "read in full",
    "excerpt": "read as abstract or excerpt",
    "second_hand": "read through somebody else's page",
    "not_read": "not read; nothing rests on it",
    "none": "no source",
}


def show() -> None:
    """The page."""
    knowledge = session.model().knowledge
    st.title("About", anchor=False)
    st.markdown(
        f"**{knowledge.disclaimer}** It weighs what you answer against "
        f"{len(knowledge.causes)} mechanisms and says how likely each one triggered it. It examines nobody, and it can be "
        "wrong. If you are worried, or a warning sign applies, see a professional whatever it says."
    )
    st.header("For whom", anchor=False)
    st.markdown(knowledge.population)
    st.header("What it does not know", anchor=False)
    st.markdown("\n".join(f"- {limit}" for limit in knowledge.limits))
    st.header("What the words mean", anchor=False)
    st.markdown(
        "- **Triggered**: this cause set it off, given your answers. Several can do so at once.\n"
        "- **Present**: the mechanism is at work at all. Another cause may still have done it.\n"
        "- **Before**: the same with nothing answered.\n"
        "- **Plausibly**: the 90% credible interval that the uncertain numbers leave.\n"
        "- **Unexplained**: none of the known causes triggered it."
    )
    st.header("Privacy", anchor=False)
    st.markdown(
        "Everything runs on the machine that serves this page. Nothing is sent elsewhere, unless whoever runs it named a case "
        "store elsewhere, and no usage is counted. Answers are kept only if you save a case. They "
        "stand in the page's address so that it can be shared: it lands in this browser's history, so mind who can see it."
    )
    st.header("Sources", anchor=False)
    made = knowledge.provenance
    if made and made.simulated:
        st.warning(f"{made.simulated:,} of the cases behind the numbers are simulated: made up, not people.")
    st.markdown(f"Model *{knowledge.title}*, version {knowledge.version_name}. {knowledge.numbers_from}")
    with st.expander(f"All {len(knowledge.sources)} sources"):
        for source in knowledge.sources.values():
            where = f" {source.where}." if source.where else ""
            says = f" {source.says}" if source.says else ""
            st.markdown(f"- {source.cite}.{where} *{READ[source.read]}.*{says}")


show()
