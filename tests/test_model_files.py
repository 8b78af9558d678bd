"""Any domain loads; whatever is damaged is refused in words; the package knows no domain of its own."""

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

import bayesnet
from bayesnet import BadEvidence, BadModel, UnknownState

DOMAIN = Path(__file__).parent / "other_domain"


# ---- another domain


@pytest.fixture(scope="module")
def bicycle() -> bayesnet.DiagnosticModel:
    return bayesnet.load(DOMAIN)


def test_another_domain_loads(bicycle: bayesnet.DiagnosticModel) -> None:
    knowledge = bicycle.knowledge
    assert list(knowledge.questions) == [
        "weather",
        "oiled",
        "since",
        "getting_worse",
        "wet_shoes",
        "only_when_stopping",
    ]
    assert list(knowledge.causes) == ["dry_chain", "worn_pads"]
    assert knowledge.vignettes == ()
    assert bayesnet.load(DOMAIN / "model.toml").knowledge.id == "bicycle_squeak"


def test_another_domain_diagnoses(bicycle: bayesnet.DiagnosticModel) -> None:
    chain = bicycle.diagnose({"weather": "salty", "oiled": "long_ago", "only_when_stopping": "no"})
    assert chain.beliefs[0].cause == "dry_chain"
    pads = bicycle.diagnose({"oiled": "recently", "only_when_stopping": "yes"})
    assert pads.beliefs[0].cause == "worn_pads"
    assert next(iter(pads.groups)) == "brakes"
    # By hand: weather dry, oiled recently, so the chain is dry by its leak alone; 0.98, 0.85 and 0.99 are complements.
    joint = {(c, p): (0.02 if c else 0.98) * (0.15 if p else 0.85) for c in (0, 1) for p in (0, 1)}
    squeaks = sum(w * (1 - 0.99 * 0.3**c * 0.5**p) for (c, p), w in joint.items())
    found = bicycle.diagnose({"weather": "dry", "oiled": "recently"})
    triggered = {belief.cause: belief.triggered for belief in found.beliefs}
    assert triggered["dry_chain"] == pytest.approx(0.02 * 0.7 / squeaks, abs=1e-12)
    assert triggered["worn_pads"] == pytest.approx(0.15 * 0.5 / squeaks, abs=1e-12)


def test_another_domain_advises(bicycle: bayesnet.DiagnosticModel) -> None:
    quiet = bicycle.diagnose({"weather": "rainy", "oiled": "long_ago", "only_when_stopping": "no"})
    assert shown(quiet) == ["listen", "oil_the_chain", "ride_on"]
    grave = bicycle.diagnose({"oiled": "long_ago", "only_when_stopping": "yes", "weather": "dry"})
    assert shown(grave) == ["change_the_pads", "listen"]
    assert {item.id for item in grave.advice.withheld} == {"oil_the_chain", "ride_on"}
    assert bicycle.diagnose({"no_braking": "yes"}).advice.level.id == "workshop"


def shown(diagnosis: bayesnet.Diagnosis) -> list[str]:
    return [item.id for item in diagnosis.advice]


def why_not(diagnosis: bayesnet.Diagnosis, advice: str) -> str:
    return next(item.because for item in diagnosis.advice.withheld if item.id == advice)


DRY = {"oiled": "long_ago", "only_when_stopping": "no"}


def test_a_line_is_said_only_where_its_condition_holds(bicycle: bayesnet.DiagnosticModel) -> None:
    (open_one,), (told,) = (
        [item.do for item in bicycle.diagnose(answers).advice if item.id == "listen"]
        for answers in ({}, {"since": "weeks"})
    )
    assert open_one == ("Turn the cranks by hand.", "Nobody knows yet how long it has squeaked: note the day.")
    assert told == ("Turn the cranks by hand.",)


def test_an_item_is_withheld_by_answers_by_what_is_shown_and_by_a_level(bicycle: bayesnet.DiagnosticModel) -> None:
    assert "ride_on" in shown(bicycle.diagnose(DRY))
    assert why_not(bicycle.diagnose(DRY | {"weather": "salty"}), "ride_on") == "salt eats the chain"
    pads = {"oiled": "long_ago", "only_when_stopping": "yes", "weather": "dry"}
    assert why_not(bicycle.diagnose(pads), "ride_on") == "the brakes come first"
    assert why_not(bicycle.diagnose(DRY | {"no_braking": "yes"}), "ride_on") == "it is graver than that"
    assert why_not(bicycle.diagnose(DRY | {"getting_worse": "yes"}), "ride_on") == "a mechanic should look first"


def test_a_level_may_leave_no_room_for_lower_ones(bicycle: bayesnet.DiagnosticModel) -> None:
    grave = bicycle.diagnose(DRY | {"crack": "yes", "getting_worse": "yes"})
    assert shown(grave) == []
    assert {item.because for item in grave.advice.withheld} == {"nothing else matters now"}
    assert grave.advice.level.says == "Get off. Do not ride before somebody has looked at it."


def test_conditions_look_at_headings_leaders_and_flags(bicycle: bayesnet.DiagnosticModel) -> None:
    items = {item.id: item.because for item in bicycle.diagnose(DRY).advice}
    assert items["ride_on"].startswith("drive: about ")
    leads = bicycle.diagnose({"oiled": "recently", "only_when_stopping": "no", "since": "today", "weather": "rainy"})
    assert leads.beliefs[0].cause == "dry_chain"
    assert "ride_on" in shown(leads)
    flagged = bicycle.diagnose({"no_braking": "yes"})
    assert next(item.because for item in flagged.advice if item.id == "walk_home") == "no braking"


def test_an_item_may_head_the_page(bicycle: bayesnet.DiagnosticModel) -> None:
    pads = bicycle.diagnose({"oiled": "recently", "only_when_stopping": "yes", "getting_worse": "yes"})
    assert pads.advice.level.id == "workshop"
    assert pads.advice.head is not None
    assert pads.advice.head.id == shown(pads)[0] == "change_the_pads"
    assert bicycle.diagnose({}).advice.head is None


def test_warning_signs_that_were_not_asked_have_words_of_their_own(bicycle: bayesnet.DiagnosticModel) -> None:
    for answers, signs, says in (
        ({}, "not asked", "First look at the warning signs. For the rest, mend it yourself."),
        ({"crack": "no"}, "partly answered", "First look at the warning signs. For the rest, mend it yourself."),
        ({"crack": "no", "no_braking": "no"}, "none", "Mend it yourself."),
        ({"warning_signs": "none"}, "none", "Mend it yourself."),
        ({"crack": "yes"}, "present", "Get off. Do not ride before somebody has looked at it."),
    ):
        d = bicycle.diagnose(answers)
        assert (d.warning_signs, d.advice.level.says) == (signs, says)
        assert d.to_dict()["warning_signs"] == signs
    with pytest.raises(BadEvidence, match="contradicts crack = yes"):
        bicycle.diagnose({"crack": "yes", "warning_signs": "none"})


def test_a_red_flag_asks_with_every_sign(bicycle: bayesnet.DiagnosticModel) -> None:
    flags = bicycle.knowledge.red_flags
    assert flags["crack"].question == "Is there a crack: in the fork; or in the frame, the handlebar or a crank?"
    assert flags["no_braking"].question == flags["no_braking"].ask
    questions = bicycle.diagnose({}).next_questions()
    assert [(q.question, q.ask) for q in questions][:2] == [(f.id, f.question) for f in flags.values()]


def test_a_question_stands_in_only_for_one_that_was_skipped(bicycle: bayesnet.DiagnosticModel) -> None:
    def asked(answers: dict[str, str], *skipped: str) -> set[str]:
        return {q.question for q in bicycle.diagnose(answers | {"warning_signs": "none"}).next_questions(skipped)}

    assert "wet_shoes" not in asked({})
    assert "wet_shoes" in asked({}, "weather")
    assert "wet_shoes" not in asked({"weather": "dry"}, "weather")


def test_a_state_is_not_offered_beside_an_answer_that_hides_it(bicycle: bayesnet.DiagnosticModel) -> None:
    def offered(answers: dict[str, str]) -> dict[str, float | None]:
        questions = bicycle.diagnose(answers | {"warning_signs": "none"}).next_questions()
        worse = next(q for q in questions if q.question == "getting_worse")
        return {outcome.answer: outcome.probability for outcome in worse.outcomes}

    assert offered({"since": "weeks"}) == {"no": pytest.approx(0.8), "yes": pytest.approx(0.2)}
    assert offered({"since": "today"}) == {"no": pytest.approx(1.0)}


def test_what_may_hide_an_answer_is_asked_before_it(bicycle: bayesnet.DiagnosticModel) -> None:
    def order(*skipped: str) -> list[str]:
        return [q.question for q in bicycle.diagnose({"warning_signs": "none"}).next_questions(skipped)]

    assert order().index("since") == order().index("getting_worse") - 1
    values = {q.question: q.value / q.cost for q in bicycle.diagnose({"warning_signs": "none"}).next_questions()}
    assert values["since"] < values["getting_worse"]
    assert order("since").index("since") > order("since").index("getting_worse")


def test_the_value_of_a_question_is_what_its_answers_change(bicycle: bayesnet.DiagnosticModel) -> None:
    answers = {"warning_signs": "none", "oiled": "recently", "since": "weeks"}
    now = bicycle.diagnose(answers)
    for question in now.next_questions():
        expected = 0.0
        for outcome in question.outcomes:
            then = bicycle.diagnose({**answers, question.question: outcome.answer})
            worth = 4.0 * (then.advice.level.id != now.advice.level.id)
            worth += 2.0 * (then.beliefs[0].cause != now.beliefs[0].cause)
            worth += 0.5 * ({*shown(then)} != {*shown(now)})
            assert outcome.value == worth
            expected += worth * (outcome.probability or 0.0)
        assert question.value == pytest.approx(expected, abs=1e-12)


def test_enough_is_known_once_so_much_is_answered_and_little_is_to_be_gained(bicycle: bayesnet.DiagnosticModel) -> None:
    signs = {"warning_signs": "none"}
    assert not bicycle.diagnose({"weather": "dry", "oiled": "recently"}).next_questions().stop  # the signs are open
    one, two = signs | {"getting_worse": "no"}, signs | {"getting_worse": "no", "since": "weeks"}
    for answers, enough in ((one, False), (two, None)):
        questions = bicycle.diagnose(answers).next_questions()
        most = max(q.value for q in questions)
        assert questions.stop == (len(answers) - 1 >= 2 and most < 0.1 if enough is None else enough)
    assert bicycle.diagnose(signs | dict.fromkeys(bicycle.knowledge.questions, None)).next_questions().stop is False


def test_names_of_earlier_versions_are_taken_for_those_of_today(bicycle: bayesnet.DiagnosticModel) -> None:
    assert bicycle.diagnose({"greased": "last_year"}).answers == {"oiled": "long_ago"}
    assert bicycle.diagnose({"greased": "never"}).answers == {"oiled": {"recently": 1.0, "long_ago": 1.0}}
    soft = bicycle.diagnose({"greased": {"last_week": 0.2, "never": 0.6}})
    assert soft.answers == {"oiled": {"recently": pytest.approx(0.8), "long_ago": pytest.approx(0.6)}}
    assert bicycle.diagnose({"greased": None}).answers == {}
    assert bicycle.diagnose({"brakes_fail": "yes"}).red_flags[0].id == "no_braking"
    assert bicycle.diagnose({"brakes_fail": "no"}).warning_signs == "not asked"
    with pytest.raises(BadEvidence, match="answered twice"):
        bicycle.diagnose({"greased": "last_year", "oiled": "recently"})
    with pytest.raises(UnknownState, match="ages_ago"):
        bicycle.diagnose({"greased": "ages_ago"})


# ---- damage


@dataclass(frozen=True)
class Damage:
    """`old` in `file` becomes `new`; the message must name the file and hold every one of `says`."""

    name: str
    file: str
    old: str
    new: str
    says: tuple[str, ...]


PADS = "rows = [{ p = 0.15, range = [0.05, 0.3] }]"
SUM = "p = { dry = 0.6, rainy = 0.3, salty = 0.1 }"
RAINY_ROW = '  { given = { weather = "rainy" }, p = { recently = 0.4, long_ago = 0.6 } },\n'
HEADING = 'causes = ["worn_pads"]'
LINK = '  { cause = "worn_pads", p = 0.5, strength = 20, basis = "guess", sources = ["mechanic"] },\n'
PADS_WHEN = 'cause = "worn_pads"\nwhen = [{ triggered = 0.5 }]'

DAMAGES = [
    Damage("probability above 1", "model", PADS, "rows = [{ p = 1.3 }]", ("'worn_pads'", "1.3", "from 0 to 1")),
    Damage("negative probability", "model", PADS, "rows = [{ p = -0.1 }]", ("'worn_pads'", "-0.1", "from 0 to 1")),
    Damage("nan", "model", PADS, "rows = [{ p = nan }]", ("'worn_pads'", "nan", "from 0 to 1")),
    Damage("infinite", "model", PADS, "rows = [{ p = inf }]", ("'worn_pads'", "inf", "from 0 to 1")),
    Damage("a number as text", "model", PADS, 'rows = [{ p = "0.5" }]', ("'worn_pads'", "float", "0.5")),
    Damage("true as a number", "model", PADS, "rows = [{ p = true }]", ("'worn_pads'", "float", "bool")),
    Damage("row sum", "model", SUM, "p = { dry = 0.6, rainy = 0.3, salty = 0.0 }", ("'weather'", "0.9", "sum to 1")),
    Damage("state left out of p", "model", SUM, "p = { dry = 0.7, rainy = 0.3 }", ("'weather'", "dry, rainy", "salty")),
    Damage("stray state in p", "model", "salty = 0.1 }", "snowy = 0.1 }", ("'weather'", "snowy", "salty")),
    Damage(
        "unknown parent",
        "model",
        'parents = ["weather"]',
        'parents = ["wether"]',
        ("'oiled'", "'wether'", "did you mean 'weather'", "Allowed", "worn_pads"),
    ),
    Damage(
        "outcome as a parent",
        "model",
        'parents = ["weather"]',
        'parents = ["squeak"]',
        ("'oiled'", "'squeak'", "Allowed"),
    ),
    Damage(
        "unknown source",
        "model",
        'sources = ["mechanic"]\n' + PADS,
        'sources = ["mecanic"]\n' + PADS,
        ("'worn_pads'", "'mecanic'", "did you mean 'mechanic'", "manual"),
    ),
    Damage(
        "source not read",
        "model",
        'sources = ["mechanic"]\n' + PADS,
        'sources = ["forum"]\n' + PADS,
        ("'worn_pads'", "'forum'", "not read"),
    ),
    Damage("no source", "model", 'sources = ["mechanic"]\n' + PADS, PADS, ("'worn_pads'", "no sources")),
    Damage("no strength", "model", "strength = 25\n", "", ("'worn_pads'", "no strength")),
    Damage("strength of zero", "model", "strength = 25\n", "strength = 0\n", ("'worn_pads'", "strength", "0")),
    Damage("infinite strength", "model", "strength = 25\n", "strength = inf\n", ("'worn_pads'", "strength", "inf")),
    Damage("unknown basis", "model", 'basis = "read"', 'basis = "hearsay"', ("'neglect'", "basis", "hearsay")),
    Damage("missing row", "model", RAINY_ROW, "", ("'oiled'", "no row", "weather = rainy", "exactly one")),
    Damage("duplicate row", "model", RAINY_ROW, RAINY_ROW * 2, ("'oiled'", "more than one row", "weather = rainy")),
    Damage(
        "row for a link that is off",
        "model",
        'off = [{ oiled = "recently" }]',
        'off = [{ weather = "dry" }]',
        ("'neglect'", "oiled"),
    ),
    Damage("duplicate id", "model", 'id = "worn_pads"', 'id = "dry_chain"', ("'dry_chain'", "twice", "unique")),
    Damage("question and cause of one id", "model", 'id = "oiled"', 'id = "dry_chain"', ("'dry_chain'", "twice")),
    Damage(
        "duplicate state",
        "model",
        '{ id = "rainy", label = "Rainy" }',
        '{ id = "dry", label = "Rainy" }',
        ("'weather'", "'dry'", "twice"),
    ),
    Damage("duplicate TOML key", "model", 'version = "0.1"', 'version = "0.1"\nversion = "0.2"', ("not valid TOML",)),
    Damage(
        "unknown field", "model", 'plain = "a chain without oil"', 'plane = "x"\nplain = "x"', ("'dry_chain'", "plane")
    ),
    Damage("missing field", "model", 'plain = "a chain without oil"\n', "", ("'dry_chain'", "plain", "missing")),
    Damage(
        "unknown cause in a heading", "model", HEADING, 'causes = ["worn_pad"]', ("'brakes'", "'worn_pad'", "worn_pads")
    ),
    Damage("cause under no heading", "model", HEADING, 'causes = ["dry_chain"]', ("'worn_pads'", "no heading")),
    Damage("cause without a link", "model", LINK, "", ("'squeak'", "no link", "'worn_pads'")),
    Damage(
        "link of an unknown cause",
        "model",
        LINK,
        LINK.replace('"worn_pads"', '"worn_pad"'),
        ("'squeak'", "'worn_pad'", "worn_pads"),
    ),
    Damage(
        "unknown state in given",
        "model",
        'given = { weather = "rainy" }',
        'given = { weather = "rain" }',
        ("'oiled'", "'rain'", "did you mean 'rainy'", "salty"),
    ),
    Damage(
        "unknown parent in given",
        "model",
        'given = { weather = "rainy" }',
        'given = { wether = "rainy" }',
        ("'oiled'", "'wether'", "weather"),
    ),
    Damage(
        "range that does not hold p",
        "model",
        PADS,
        "rows = [{ p = 0.15, range = [0.2, 0.3] }]",
        ("'worn_pads'", "[0.2, 0.3]", "0.15"),
    ),
    Damage(
        "range outside 0 to 1",
        "model",
        PADS,
        "rows = [{ p = 0.15, range = [0.1, 1.2] }]",
        ("'worn_pads'", "[0.1, 1.2]", "from 0 to 1"),
    ),
    Damage("nan in a range", "model", PADS, "rows = [{ p = 0.15, range = [nan, 0.3] }]", ("'worn_pads'", "nan")),
    Damage(
        "table and gate",
        "model",
        "[cause.gate]",
        "table = { rows = [{ p = 0.1 }] }\n[cause.gate]",
        ("'dry_chain'", "not both"),
    ),
    Damage(
        "link without a number",
        "model",
        'cause = "dry_chain", p = 0.7, ',
        'cause = "dry_chain", ',
        ("'squeak'", "'dry_chain'"),
    ),
    Damage("id with a space", "model", 'id = "worn_pads"', 'id = "worn pads"', ("id", "worn pads")),
    Damage("id with two underscores", "model", 'id = "worn_pads"', 'id = "worn__pads"', ("id", "worn__pads")),
    Damage(
        "unknown level",
        "advice",
        'level = "workshop"\nwhen',
        'level = "shop"\nwhen',
        ("'see_a_mechanic'", "'shop'", "workshop"),
    ),
    Damage(
        "unknown level of a red flag",
        "advice",
        'level = "workshop"\nsays',
        'level = "shop"\nsays',
        ("'no_braking'", "'shop'", "at_home"),
    ),
    Damage("advice without when", "advice", PADS_WHEN, 'cause = "worn_pads"', ("'change_the_pads'", "always", "when")),
    Damage(
        "advice always and when", "advice", PADS_WHEN, PADS_WHEN + "\nalways = true", ("'change_the_pads'", "not both")
    ),
    Damage("empty condition", "advice", "{ triggered = 0.5 }", "{}", ("'change_the_pads'", "triggered", "answers")),
    Damage(
        "unknown cause of an advice",
        "advice",
        PADS_WHEN,
        PADS_WHEN.replace("pads", "pad"),
        ("'change_the_pads'", "'worn_pad'", "worn_pads"),
    ),
    Damage(
        "unknown question",
        "advice",
        '{ oiled = ["long_ago"] }',
        '{ oil = ["long_ago"] }',
        ("'oil_the_chain'", "'oil'", "oiled"),
    ),
    Damage("unknown answer", "advice", '["long_ago"]', '["ages_ago"]', ("'oil_the_chain'", "'ages_ago'", "long_ago")),
    Damage(
        "withheld by nothing known",
        "advice",
        '["change_the_pads"]',
        '["change_pads"]',
        ("'oil_the_chain'", "'change_pads'", "change_the_pads"),
    ),
    Damage(
        "threshold above 1",
        "advice",
        "{ triggered = 0.5 }",
        "{ triggered = 50.0 }",
        ("'change_the_pads'", "triggered", "50"),
    ),
    Damage(
        "advice from an unread source",
        "advice",
        'sources = ["mechanic"]',
        'sources = ["forum"]',
        ("'listen'", "'forum'", "not read"),
    ),
    Damage("duplicate advice", "advice", 'id = "listen"', 'id = "oil_the_chain"', ("'oil_the_chain'", "twice")),
    # ---- what the second edition of the schema brought
    Damage(
        "conflict with itself",
        "advice",
        'conflicts = ["oil_the_chain"]',
        'conflicts = ["change_the_pads"]',
        ("'change_the_pads'", "with itself", "other items"),
    ),
    Damage(
        "conflict with nothing known",
        "advice",
        'conflicts = ["oil_the_chain"]',
        'conflicts = ["oil_chain"]',
        ("'change_the_pads'", "'oil_chain'", "oil_the_chain"),
    ),
    Damage(
        "circle of withheld by",
        "advice",
        "heads = true",
        'heads = true\nwithhold = { shown = ["oil_the_chain"], because = "Oil first." }',
        ("withhold", "circle", "change_the_pads <- oil_the_chain", "must end somewhere"),
    ),
    Damage(
        "withheld by itself",
        "advice",
        "heads = true",
        'heads = true\nwithhold = { advice = ["change_the_pads"], because = "So." }',
        ("'change_the_pads'", "circle"),
    ),
    Damage(
        "withheld for nothing",
        "advice",
        "heads = true",
        'heads = true\nwithhold = { because = "So." }',
        ("'change_the_pads'", "names nothing", "answers"),
    ),
    Damage(
        "withheld by an unknown answer",
        "advice",
        'answers = { weather = ["salty"] }, because',
        'answers = { weather = ["snowy"] }, because',
        ("'ride_on'", "'snowy'", "rainy"),
    ),
    Damage(
        "withheld by an unknown level",
        "advice",
        '{ level = "workshop"',
        '{ level = "garage"',
        ("'ride_on'", "'garage'", "at_home"),
    ),
    Damage(
        "red flag without a level",
        "advice",
        'level = "workshop"\nsays = "Do not ride."',
        'says = "Do not ride."',
        ("red_flag 'no_braking'", "no level", "at_home, workshop, stop_riding"),
    ),
    Damage(
        "advice without a level",
        "advice",
        'level = "workshop"\nwhen',
        "when",
        ("'see_a_mechanic'", "no level", "at_home, workshop, stop_riding"),
    ),
    Damage(
        "unknown red flag in a condition",
        "advice",
        '["no_braking"] }',
        '["no_brakes"] }',
        ("'walk_home'", "'no_brakes'", "no_braking"),
    ),
    Damage(
        "unknown leader",
        "advice",
        'leads = ["dry_chain"]',
        'leads = ["wet_chain"]',
        ("'ride_on'", "'wet_chain'", "dry_chain"),
    ),
    Damage(
        "unknown heading in a threshold",
        "advice",
        "triggered = { drive = 0.3 }",
        "triggered = { wheels = 0.3 }",
        ("'ride_on'", "'wheels'", "brakes"),
    ),
    Damage(
        "threshold without a cause", "advice", 'cause = "worn_pads"\n', "", ("'change_the_pads'", "triggered", "cause")
    ),
    Damage(
        "unknown open question",
        "advice",
        'unanswered = ["since"]',
        'unanswered = ["sins"]',
        ("'listen'", "'sins'", "since"),
    ),
    Damage(
        "no line that is always said",
        "advice",
        '  "Turn the cranks by hand.",\n',
        "",
        ("'listen'", "do", "whatever holds"),
    ),
    Damage("no words for a level", "advice", 'says = "Mend it yourself."\n', "", ("'at_home'", "says", "missing")),
    Damage("no words for a red flag", "advice", 'says = "Do not ride."', 'says = ""', ("'no_braking'", "says")),
    Damage(
        "unknown state in an order of worse ones",
        "model",
        'worse = [["today", "weeks"]]',
        'worse = [["today", "months"]]',
        ("'since', worse", "'months'", "weeks"),
    ),
    Damage(
        "order that goes in a circle",
        "model",
        'worse = [["today", "weeks"]]',
        'worse = [["today", "weeks"], ["weeks", "today"]]',
        ("'since', worse", "circle", "must agree"),
    ),
    Damage(
        "order of one state",
        "model",
        'worse = [["today", "weeks"]]',
        'worse = [["today"]]',
        ("'since', worse", "no order", "two states"),
    ),
    Damage(
        "order over a parent that is none",
        "model",
        "rises = { weather =",
        "rises = { wether =",
        ("'neglect', rises", "'wether'", "weather"),
    ),
    Damage(
        "numbers that break their order",
        "model",
        '[["dry", "rainy", "salty"]]',
        '[["salty", "dry"]]',
        ("'neglect', rises", "weather = salty", "has 0.8", "less: 0.3"),
    ),
    Damage(
        "order over what is not yes or no",
        "model",
        'parents = ["weather"]\nstrength',
        'parents = ["weather"]\nrises = { weather = [["dry", "rainy"]] }\nstrength',
        ("'oiled'", "rises", "yes against no", "recently, long_ago"),
    ),
    Damage(
        "state hidden by its own question",
        "model",
        "hidden_by = { since =",
        "hidden_by = { getting_worse =",
        ("'getting_worse', state 'yes', hidden_by", "own"),
    ),
    Damage(
        "state hidden by an unknown answer",
        "model",
        'hidden_by = { since = ["today"] }',
        'hidden_by = { since = ["tomorrow"] }',
        ("'getting_worse'", "hidden_by", "'tomorrow'", "today, weeks"),
    ),
    Damage(
        "stands in for an unknown question",
        "model",
        'only_if_skipped = "weather"',
        'only_if_skipped = "whether"',
        ("'wet_shoes', only_if_skipped", "'whether'", "weather"),
    ),
    Damage(
        "stands in for itself",
        "model",
        'only_if_skipped = "weather"',
        'only_if_skipped = "wet_shoes"',
        ("'wet_shoes'", "only_if_skipped", "itself"),
    ),
    Damage(
        "renamed to nothing known",
        "model",
        'now = "oiled"',
        'now = "oil"',
        ("renamed 'greased'", "'oil'", "oiled", "no_braking"),
    ),
    Damage(
        "renamed to an unknown state",
        "model",
        'last_year = ["long_ago"]',
        'last_year = ["ages_ago"]',
        ("renamed 'greased'", "last_year", "'ages_ago'", "long_ago"),
    ),
    Damage("a name of the program's own", "model", 'id = "since"', 'id = "warning_signs"', ("'warning_signs'", "own")),
    Damage(
        "renamed away from what is still asked",
        "model",
        'was = "greased"',
        'was = "since"',
        ("renamed 'since'", "still asked", "'since'"),
    ),
    Damage("renamed twice", "model", 'was = "brakes_fail"', 'was = "greased"', ("renamed 'greased'", "twice")),
    Damage(
        "heading of a question's id", "model", 'id = "drive"', 'id = "since"', ("heading 'since'", "something else")
    ),
    Damage("negative worth", "model", "level = 4.0", "level = -4.0", ("interview", "level", "-4")),
    Damage("duplicate source", "sources", 'id = "manual"', 'id = "mechanic"', ("'mechanic'", "twice")),
    Damage("unknown way to read", "sources", 'read = "full"', 'read = "skimmed"', ("'manual'", "read", "skimmed")),
]


def refusal(folder: Path) -> BadModel:
    with pytest.raises(BadModel) as caught:
        bayesnet.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(caught.value.problems[0])
    return caught.value


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the other domain, to damage."""
    return Path(shutil.copytree(DOMAIN, tmp_path / "model"))


def test_the_copy_is_sound_before_it_is_damaged(copy: Path) -> None:
    assert bayesnet.load(copy).knowledge.id == "bicycle_squeak"


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_is_refused_in_words(damage: Damage, copy: Path) -> None:
    path = copy / f"{damage.file}.toml"
    text = path.read_text(encoding="utf-8")
    assert damage.old in text
    path.write_text(text.replace(damage.old, damage.new, 1), encoding="utf-8")
    problems = refusal(copy).problems
    assert any(p.startswith(f"{damage.file}.toml: ") and all(s in p for s in damage.says) for p in problems), problems


def test_an_order_that_a_fact_breaks_is_refused(copy: Path) -> None:
    """Salted roads, where the link is off, stand above rain, where it is not."""
    path = copy / "model.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('  { given = { weather = "salty", oiled = "long_ago" }, p = 0.8 },\n', "")
    text = text.replace(
        'off = [{ oiled = "recently" }]', 'off = [{ oiled = "recently" }, { weather = "salty", oiled = "long_ago" }]'
    )
    path.write_text(text, encoding="utf-8")
    problems = refusal(copy).problems
    assert any("'neglect', rises" in p and "weather = rainy" in p and "is off" in p for p in problems), problems


def test_rows_that_stand_above_each_other_are_refused(copy: Path) -> None:
    """Each leaves out a parent, so that each may be the higher one."""
    path = copy / "model.toml"
    text = path.read_text(encoding="utf-8")
    start = text.index('rises = { weather = [["dry", "rainy", "salty"]] }')
    end = text.index("]\n", text.index("rows = [", start)) + 2
    rows = """parents = ["oiled", "since", "getting_worse"]
rises = { oiled = [["recently", "long_ago"]], since = [["today", "weeks"]], getting_worse = [["no", "yes"]] }
strength = 15
basis = "guess"
sources = ["manual"]
rows = [
  { given = { since = "weeks", getting_worse = "no" }, p = 0.3 },
  { given = { oiled = "recently", getting_worse = "yes" }, p = 0.3 },
  { given = { oiled = "long_ago", since = "today" }, p = 0.3 },
  { given = { oiled = "recently", since = "today", getting_worse = "no" }, p = 0.1 },
  { given = { oiled = "long_ago", since = "weeks", getting_worse = "yes" }, p = 0.5 },
]
"""
    head = text[:start].replace('label = "Not oiled"\nparents = ["weather", "oiled"]\n', 'label = "Not oiled"\n')
    text = head + rows + text[end:]
    path.write_text(text, encoding="utf-8")
    problems = refusal(copy).problems
    assert any("'neglect', rises" in p and "above each other" in p for p in problems), problems


def test_a_cycle_is_refused_with_its_arcs(copy: Path) -> None:
    path = copy / "model.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        "rows = [{ p = { dry = 0.6, rainy = 0.3, salty = 0.1 }, range = { rainy = [0.2, 0.5] } }]",
        ('parents = ["dry_chain"]\nrows = [{ p = { dry = 0.6, rainy = 0.3, salty = 0.1 } }]'),
    )
    path.write_text(text, encoding="utf-8")
    message = str(refusal(copy))
    assert message.startswith("model.toml: the arcs form a cycle: ")
    steps = message.split(": ")[-1].split(" -> ")
    arcs = {("weather", "oiled"), ("weather", "dry_chain"), ("oiled", "dry_chain"), ("dry_chain", "weather")}
    assert steps[0] == steps[-1]
    assert set(pairwise(steps)) <= arcs


def test_every_problem_is_listed(copy: Path) -> None:
    damages = [
        ("model", PADS, "rows = [{ p = 1.3 }]"),
        ("model", RAINY_ROW, ""),
        ("advice", '["long_ago"]', '["ages"]'),
    ]
    for file, old, new in damages:
        path = copy / f"{file}.toml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    found = refusal(copy)
    assert len(found.problems) >= 3
    assert f"and {len(found.problems) - 1} more" in str(found)


FILES = ("model.toml", "advice.toml", "sources.toml")
CONTENTS = {
    "empty": b"",
    "binary garbage": bytes(range(256)),
    "not TOML": b"this is = = not TOML",
    "other TOML": b"[tool.ruff]\nline-length = 120\n",
    "an unclosed array": b"a = [1, 2",
    "deep nesting": b"a = " + b"[" * 5000,
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", CONTENTS)
def test_a_foreign_file_is_refused(content: str, file: str, copy: Path) -> None:
    (copy / file).write_bytes(CONTENTS[content])
    assert str(refusal(copy)).startswith(f"{file}: ")


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_refused_with_the_place_it_belongs_to(file: str, copy: Path) -> None:
    (copy / file).unlink()
    message = str(refusal(copy))
    assert message.startswith(f"{file}: ")
    assert str(copy) in message


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_a_files_place_is_refused(file: str, copy: Path) -> None:
    (copy / file).unlink()
    (copy / file).mkdir()
    assert str(refusal(copy)).startswith(f"{file}: ")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path / "nowhere") in str(refusal(tmp_path / "nowhere"))


def test_a_file_too_large_is_refused(copy: Path) -> None:
    (copy / "model.toml").write_bytes(b"# " + b"x" * 5_000_001)
    assert str(refusal(copy)).startswith("model.toml: larger than")


def test_a_byte_order_mark_is_no_damage(copy: Path) -> None:
    """Windows' editors write one."""
    path = copy / "model.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert bayesnet.load(copy).knowledge.id == "bicycle_squeak"


# ---- no domain in the package

PACKAGE = Path(bayesnet.__file__).parent
DOMAIN_WORDS = (
    r"cramps?|squats?|dehydrat\w*|postures?|sweat\w*|muscles?|vascular|nerves?|flexion|electrolytes?|spasms?|lumbar"
    r"|barbells?|lift\w*|workouts?|reps?|water|urine|tears?|tingling|ache\w*"
    r"|(?<!roll )(?<!rolled )(?<!rolled_)backs?|pain"  # to roll back is to undo
)
WORD = re.compile(rf"(?<![a-z])({DOMAIN_WORDS})(?![a-z])")
HELP_TEXTS = PACKAGE / "cli"
"""Its help texts show an example from the shipped model; their identifiers know no domain either."""
SHIPPED_FOLDER = ("load.py", "squat_cramp")


def docstrings(tree: ast.Module) -> set[int]:
    """The `id`s of the nodes that are docstrings, those below an assignment included."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    lone = [statement.value for body in bodies for statement in body if isinstance(statement, ast.Expr)]
    return {id(value) for value in lone if isinstance(value, ast.Constant)}


def identifiers(tree: ast.Module) -> Iterator[str]:
    """Every name that is defined, used, imported or passed as a keyword."""
    for node in ast.walk(tree):
        for field in ("id", "name", "attr", "arg", "module", "asname"):
            if isinstance(text := getattr(node, field, None), str):
                yield text


def strings(tree: ast.Module) -> Iterator[str]:
    """Every string that is no docstring."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


def of_a_domain(texts: Iterator[str]) -> set[str]:
    return {text for text in texts if WORD.search(text.lower())}


MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


@each_module
def test_no_identifier_of_the_package_names_a_domain(path: Path) -> None:
    assert of_a_domain(identifiers(parsed(path))) == set()


@each_module
def test_no_string_of_the_package_names_a_domain(path: Path) -> None:
    if HELP_TEXTS not in path.parents:
        found = of_a_domain(strings(parsed(path)))
        assert {text for text in found if (path.name, text) != SHIPPED_FOLDER} == set()


def test_the_search_for_domain_words_finds_them() -> None:
    code = '"""A squat."""\ndef cramp_in(posture): return "sweating heavily"\nback_of = x.muscle\ncallback = 1'
    assert of_a_domain(identifiers(ast.parse(code))) == {"cramp_in", "back_of", "posture", "muscle"}
    assert of_a_domain(strings(ast.parse(code))) == {"sweating heavily"}
