"""What the dashboard does with a case that was deleted, but not yet for good."""

import sys

import pytest
from streamlit.testing.v1 import AppTest

from bayesnet.errors import TracesLeft
from bayesnet.shipped import shipped


class _Store:
    """A store whose file cannot be written anew the first time."""

    def __init__(self) -> None:
        self.tries: list[list[str]] = []

    def delete(self, case_ids: list[str]) -> int:
        self.tries.append(case_ids)
        if len(self.tries) == 1:
            raise TracesLeft(
                "1 case is deleted, but traces are left in the file; delete again: another program is using it"
            )
        return 0


def _page() -> None:
    import saving
    import streamlit as st

    if st.button("Delete"):
        saving.delete("a1")
    saving.show_traces()


def test_traces_of_a_deleted_case_are_told_and_removed_when_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(shipped("dashboard")))
    store = _Store()
    try:
        monkeypatch.setattr("session.store", lambda: store)
        monkeypatch.setattr("access.exposed", lambda: False)
        page = AppTest.from_function(_page).run()
        assert not page.warning
        page.button[0].click().run()
        assert "traces are left" in page.warning[0].value
        page.button(key="traces").click().run()
        assert not page.warning
        assert not page.exception
        assert store.tries == [["a1"], ["a1"]]
    finally:
        for name in ("saving", "session", "access"):
            sys.modules.pop(name, None)
