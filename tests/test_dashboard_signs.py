"""What was not asked is said: the warning signs on the page and in its address, and which question is asked when."""

import random
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bayesnet import Diagnosis, DiagnosticModel
from bayesnet.shipped import shipped

Open = Callable[..., AppTest]


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(shipped("dashboard")))
    import links

    yield links
    sys.modules.pop("links")


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the page Check with the answers of an address; the case store is left alone."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(shipped("dashboard")))
    st.cache_resource.clear()
    import session

    for name in ("begin", "settle"):
        monkeypatch.setattr(session, name, lambda: None)

    def opened(**address: str) -> AppTest:
        page = AppTest.from_file(str(shipped("dashboard") / "app.py"), default_timeout=60)
        for name, state in address.items():
            page.query_params[name] = state
        page.run()
        assert not page.exception, page.exception
        return page

    yield opened
    st.cache_resource.clear()
    for name in set(sys.modules) - before:
        if str(shipped("dashboard")) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def answers(page: AppTest) -> dict[str, str]:
    kept: dict[str, str] = page.session_state["answers"]
    return dict(kept)


def address(page: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in page.query_params.items()}


def box(page: AppTest, flag: str) -> Any:
    return next(one for one in page.checkbox if one.key.startswith(f"flag:{flag}:"))


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button}


def options(page: AppTest, question: str) -> list[str]:
    (control,) = [one for one in page.get("button_group") if one.key.startswith(f"all:{question}:")]
    return list(control.options)


def asked_next(page: AppTest) -> str | None:
    found = [one.key.split(":")[1] for one in page.get("button_group") if one.key.startswith("next:")]
    return found[0] if found else None


def all_text(page: AppTest) -> str:
    kinds = ("markdown", "info", "warning", "error", "success", "header", "subheader", "title")
    return "\n".join(str(one.value) for kind in kinds for one in page.get(kind))


# ---- the address


def test_an_address_restores_what_was_answered(links: ModuleType, model: DiagnosticModel) -> None:
    draw, knowledge = random.Random(3), model.knowledge
    names = {**{name: knowledge.states[name] for name in knowledge.questions}}
    for _ in range(200):
        some = draw.sample(list(names), draw.randrange(6))
        given = {name: draw.choice(names[name]) for name in some}
        kind = draw.randrange(3)  # signs not asked, each answered with no, each answered somehow
        if kind:
            given |= {flag: "no" if kind == 1 else draw.choice(["no", "yes"]) for flag in knowledge.red_flags}
        link = links.to_link(knowledge, given)
        found, ignored = links.from_link(knowledge, {name: [state] for name, state in link.items()})
        assert found == given
        assert ignored == []


def test_no_warning_sign_is_one_word_in_the_address(links: ModuleType, model: DiagnosticModel) -> None:
    none = dict.fromkeys(model.knowledge.red_flags, "no")
    assert links.to_link(model.knowledge, {"felt_tear": "no", **none}) == {"warning_signs": "none", "felt_tear": "no"}
    for flag in none:
        others = {name: state for name, state in none.items() if name != flag}
        assert links.to_link(model.knowledge, others) == others  # one was not answered
        assert links.to_link(model.knowledge, others | {flag: "yes"}) == others | {flag: "yes"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"pain_persists": "yes"}, {"easing": "lasting"}),
        ({"dark_urine": "yes"}, {"muscle_breakdown": "yes"}),
        ({"both_legs_weak": "yes", "saddle_numbness_or_bladder_change": "yes"}, {"cauda_equina": "yes"}),
        ({"dark_urine": "yes", "muscle_breakdown": "no"}, {"muscle_breakdown": "yes"}),
        ({"tingling_weakness": "no"}, {"tingling_weakness": "no"}),
    ],
)
def test_an_address_of_the_first_edition_is_taken_in_todays_names(
    links: ModuleType, model: DiagnosticModel, given: dict[str, str], found: dict[str, str]
) -> None:
    many = {name: [state] for name, state in given.items()}
    assert links.from_link(model.knowledge, many) == (found, [])


@pytest.mark.parametrize(
    ("given", "found", "told"),
    [
        (
            {"tingling_weakness": ["yes"]},
            {"tingling_weakness": "weakness"},
            "Tingling or weakness may be several answers today, and Weak is taken until you answer it anew",
        ),
        (
            {"pain_persists": ["no"]},
            {"easing": "days"},
            "How it eased may be several answers today, and Easing is taken until you answer it anew",
        ),
        ({"pain_persists": ["no", "yes"]}, {}, "`pain_persists` is answered twice"),
        ({"dark_urine": ["no"]}, {}, "there is no question `dark_urine`"),
        ({"heat": ["hot_humid", "temperate"]}, {}, "`heat` is answered twice"),
        ({"easing": ["days"], "pain_persists": ["yes"]}, {"easing": "days"}, "`easing` is answered twice"),
        ({"warning_signs": ["yes"]}, {}, "`warning_signs` cannot be `yes` (it can be none)"),
        ({"warning_signs": ["<script>`x"]}, {}, "`warning_signs` cannot be `<script> x` (it can be none)"),
        (
            {"warning_signs": ["none"], "cauda_equina": ["yes"]},
            {"cauda_equina": "yes"},
            "`warning_signs` cannot be `none` beside `cauda_equina`",
        ),
        ({"warning_signs": ["none", "none"]}, {}, "`warning_signs` is answered twice"),
    ],
)
def test_what_an_address_cannot_mean_or_may_mean_twice_is_told(
    links: ModuleType, model: DiagnosticModel, given: dict[str, list[str]], found: dict[str, str], told: str
) -> None:
    assert links.from_link(model.knowledge, given) == (found, [told])


# ---- the page


def test_with_nothing_answered_the_level_is_said_and_that_the_signs_are_open(
    open_page: Open, model: DiagnosticModel
) -> None:
    lowest = next(iter(model.knowledge.levels.values()))
    page = open_page()
    assert page.info[0].value.startswith(f"**{lowest.label_unasked}.** {lowest.says_unasked}")
    assert "(#signs)" in page.info[0].value


@pytest.mark.parametrize("seed", range(6))
def test_until_the_signs_are_answered_nothing_says_that_no_doctor_is_needed(
    open_page: Open, model: DiagnosticModel, seed: int
) -> None:
    lowest = next(iter(model.knowledge.levels.values()))
    draw = random.Random(seed)
    some = draw.sample(list(model.knowledge.questions), 4)
    given = {name: draw.choice(model.knowledge.states[name]) for name in some}
    for signs in ({}, {"illness_signs": "no"}):
        page = open_page(**given, **signs)
        assert lowest.says not in all_text(page)
        assert "(#signs)" in all_text(page)
    page = open_page(**given, warning_signs="none")
    assert "(#signs)" not in all_text(page)
    said = model.diagnose({**given, "warning_signs": "none"}).advice.level.says
    assert said in all_text(page)


def test_every_sign_is_asked_in_full_beside_its_box(open_page: Open, model: DiagnosticModel) -> None:
    page = open_page()
    for flag in model.knowledge.red_flags.values():
        label = box(page, flag.id).label
        assert label.startswith(f"**{flag.label}**")
        for part in (flag.ask, *flag.signs):
            assert part in label
    order = [one.key for one in page.main if getattr(one, "key", None)]
    boxes = [at for at, key in enumerate(order) if key.startswith("flag:")]
    assert order[boxes[-1] + 1] == "no_sign"  # below all of them
    assert min(at for at, key in enumerate(order) if key.startswith("all:")) > boxes[-1]


def test_none_of_these_answers_every_sign_and_can_be_undone(open_page: Open, model: DiagnosticModel) -> None:
    lowest = next(iter(model.knowledge.levels.values()))
    page = open_page(felt_tear="no")
    page.button(key="no_sign").click().run()
    assert answers(page) == {"felt_tear": "no", **dict.fromkeys(model.knowledge.red_flags, "no")}
    assert address(page) == {"warning_signs": "none", "felt_tear": "no"}
    assert any("none of these" in one.value for one in page.success)
    assert lowest.says in page.info[0].value
    assert not any(one.value for one in page.checkbox)
    assert "no_sign" not in keys(page)
    assert [button.label for button in page.button if button.key.startswith("undo:")] == [
        "Undo Warning signs: none of these",
        "Undo Felt a tear: No",
    ]
    for way_back in ("undo_signs", "undo:warning_signs"):
        page.button(key=way_back).click().run()
        assert answers(page) == {"felt_tear": "no"}
        assert lowest.says_unasked in page.info[0].value
        page.button(key="no_sign").click().run()


def test_a_ticked_sign_is_yes_and_unticked_it_is_open(open_page: Open, model: DiagnosticModel) -> None:
    page = open_page()
    box(page, "cauda_equina").check().run()
    assert answers(page) == {"cauda_equina": "yes"}
    assert "no_sign" not in keys(page)  # it would contradict the box
    top = list(model.knowledge.levels.values())[-1]
    said, sign = page.error[0].value, model.knowledge.red_flags["cauda_equina"]
    assert said.startswith(f"**{top.label}.** {sign.label}: {sign.says}")
    assert said.endswith(f"{top.do_first} {top.says}")
    box(page, "cauda_equina").uncheck().run()
    assert answers(page) == {}
    assert "no_sign" in keys(page)


def test_a_sign_that_was_answered_with_all_others_is_no_again(open_page: Open, model: DiagnosticModel) -> None:
    page = open_page(warning_signs="none")
    none = answers(page)
    assert set(none.values()) == {"no"}
    for first, second in (("illness_signs", "risk_history"), ("cauda_equina", "illness_signs")):
        box(page, first).check().run()
        assert answers(page) == none | {first: "yes"}
        assert "Undo Warning signs: no to 6 of 7" in {button.label for button in page.button}
        box(page, second).check().run()
        for flag in (first, second):
            box(page, flag).uncheck().run()
        assert answers(page) == none
    assert address(page) == {"warning_signs": "none"}


def test_a_sign_alone_in_an_address_says_nothing_of_the_others(open_page: Open) -> None:
    page = open_page(illness_signs="no")
    assert answers(page) == {"illness_signs": "no"}
    assert "no_sign" in keys(page)
    box(page, "cauda_equina").check().run()
    box(page, "cauda_equina").uncheck().run()
    assert answers(page) == {"illness_signs": "no"}


def test_answers_that_make_no_sense_beside_another_are_not_offered(open_page: Open) -> None:
    assert "Not easing" in options(open_page(), "easing")
    assert "Not easing" not in options(open_page(time_since="today"), "easing")
    assert "Not easing" in options(open_page(time_since="days"), "easing")
    page = open_page(time_since="today", easing="lasting")
    assert "Not easing" in options(page, "easing")  # it was answered
    assert answers(page)["easing"] == "lasting"


def test_heat_is_asked_only_where_sweating_was_left_open(open_page: Open) -> None:
    page, asked = open_page(warning_signs="none"), []
    while (question := asked_next(page)) is not None:
        asked.append(question)
        page.button(key="next").click().run()
    assert asked.index("sweating") < asked.index("heat")
    assert len(asked) == len(set(asked))
    page = open_page(warning_signs="none", sweating="light")
    while (question := asked_next(page)) is not None:
        assert question != "heat"
        page.button(key="next").click().run()


def test_what_takes_long_is_worked_out_once_and_only_when_it_is_seen(
    open_page: Open, model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"next_questions": 0, "explain": 0, "flips": 0}
    for name in made:
        monkeypatch.setattr(Diagnosis, name, _counted(made, name))
    page = open_page(felt_tear="yes")
    assert made == {"next_questions": 1, "explain": 1, "flips": 0}
    page.run()
    assert made["next_questions"] == 1
    made.update(dict.fromkeys(made, 0))
    many = {name: model.knowledge.states[name][0] for name in list(model.knowledge.questions)[:11]}
    page = open_page(**many)
    assert made == {"next_questions": 1, "explain": 0, "flips": 0}
    assert "Each answer's share of that shift" in {one.label for one in page.expander}


def _counted(made: dict[str, int], name: str) -> Callable[..., Any]:
    real = getattr(Diagnosis, name)

    def counted(*args: Any, **options: Any) -> Any:
        made[name] += 1
        return real(*args, **options)

    return counted
