"""Fair shares: they add up, equal a count over all orders, and treat equals as equals."""

from itertools import permutations
from math import inf, log
from typing import Any

import numpy as np
import pytest
from networks import NETWORKS, random_answers
from test_explanation import STATES

from bayesnet import DiagnosticModel, Family, JunctionTree, Network
from bayesnet.diagnosis import explanation
from bayesnet.diagnosis.explanation import weigh
from bayesnet.diagnosis.shapley import EXACT_UP_TO, coalitions, sampled_shapley, shapley

ATOL = 1e-9


def by_permutations(tree: JunctionTree, node: str, given: dict[str, Any], always: dict[str, Any]) -> dict[str, float]:
    """The mean gain of each answer over all orders in which the answers may come."""

    def worth(known: frozenset[str]) -> float:
        no, yes = tree.posterior({**always, **{q: given[q] for q in known}}, [node])[node]
        return log(yes / no)

    worths: dict[frozenset[str], float] = {}
    gains = dict.fromkeys(given, 0.0)
    orders = list(permutations(given))
    for order in orders:
        known: frozenset[str] = frozenset()
        for question in order:
            after = known | {question}
            for each in (known, after):
                worths.setdefault(each, worth(each))
            gains[question] += (worths[after] - worths[known]) / len(orders)
            known = after
    return gains


@pytest.mark.parametrize("seed", range(50))
def test_shares_equal_a_count_over_all_orders_and_add_up(model: DiagnosticModel, seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = {str(q): STATES[str(q)] for q in rng.choice(list(STATES), 5, replace=False)}
    given = random_answers(asked, rng, observed=1.0)
    cause = str(rng.choice(list(model.knowledge.causes)))
    why = model.diagnose(given).explain(cause)
    expected = by_permutations(model.tree, f"{cause}__cramp", given, {"cramp": "yes"})
    assert {w.question: w.shapley for w in why.weights} == pytest.approx(expected, abs=ATOL)
    shift = log(why.posterior / (1 - why.posterior)) - log(why.prior / (1 - why.prior))
    assert sum(w.shapley for w in why.weights) == pytest.approx(shift, abs=ATOL)
    assert why.error == 0


@pytest.mark.parametrize(
    ("edition", "asked", "explained"),
    [("first_edition", 13, 7), ("model", EXACT_UP_TO, 8), ("model", 20, 2)],
    ids=["all of the first edition", "as many as are counted out", "all, estimated"],
)
def test_all_questions_at_once_add_up(edition: str, asked: int, explained: int, request: Any) -> None:
    model = request.getfixturevalue(edition)
    states = {question: model.knowledge.states[question] for question in model.knowledge.questions}
    d = model.diagnose({question: states[question][-1] for question in list(states)[:asked]})
    assert len(d.answers) == asked
    for belief in d.beliefs[:explained]:
        why = d.explain(belief.cause)
        assert why.posterior == pytest.approx(belief.triggered, abs=1e-12)
        shift = log(why.posterior / (1 - why.posterior)) - log(why.prior / (1 - why.prior))
        assert sum(w.shapley for w in why.weights) == pytest.approx(shift, abs=ATOL)
        assert (why.error == 0) is (asked <= EXACT_UP_TO)
        assert why.error < 0.05


def twins() -> JunctionTree:
    """Three equal signs of one cause."""
    sign = np.array([[0.9, 0.3], [0.1, 0.7]])
    families = {"cause": Family((), np.array([0.8, 0.2]))} | {s: Family(("cause",), sign) for s in ("a", "b", "c")}
    return JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))


def test_symmetric_answers_share_equally() -> None:
    found = weigh(twins(), "cause", {"a": "yes", "b": "yes", "c": "yes"}, {})
    assert found.shapley == pytest.approx([log(7)] * 3, abs=ATOL)


def test_a_player_who_adds_nothing_gets_nothing_and_games_add() -> None:
    members, rng = coalitions(4), np.random.default_rng(1)
    worths, others = rng.normal(size=16), rng.normal(size=16)
    dummy = np.where(members[:, 2], worths[np.arange(16) & ~4], worths)
    assert shapley(dummy, 4)[2] == pytest.approx(0, abs=ATOL)
    assert shapley(worths + others, 4) == pytest.approx(shapley(worths, 4) + shapley(others, 4), abs=ATOL)


def test_certainty_gives_an_endless_share_and_never_nan() -> None:
    shares = shapley(np.array([0.0, inf, 1.0, inf]), 2)
    assert shares[0] == inf
    assert shares[1] == pytest.approx(0.5)


def test_sampled_shares_are_near_the_exact_ones_and_state_their_error(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = JunctionTree(NETWORKS["loopy"])
    given = {"b": "b1", "c": "c0", "d": "d2", "g": "g1", "e": "e1"}
    network = twins()
    exact = weigh(network, "cause", {"a": "yes", "b": "no", "c": "yes"}, {})
    monkeypatch.setattr(explanation, "EXACT_UP_TO", 0)
    rough = weigh(network, "cause", {"a": "yes", "b": "no", "c": "yes"}, {})
    assert rough.shapley == pytest.approx(exact.shapley, abs=1e-6)  # the signs are independent: every order is the same
    assert (rough.prior, rough.posterior) == pytest.approx((exact.prior, exact.posterior), abs=1e-12)
    rough = weigh(tree, "a", given, {})
    monkeypatch.undo()
    exact = weigh(tree, "a", given, {})
    assert (np.abs(rough.shapley - exact.shapley) <= 5 * rough.errors + 1e-9).all()
    assert 0 < rough.errors.max() < 0.1
    assert rough.shapley.sum() == pytest.approx(exact.posterior - exact.prior, abs=ATOL)


def test_the_estimate_is_the_same_every_time() -> None:
    def worth(members: Any) -> Any:
        return members.sum(axis=1) ** 2.0

    one, other = sampled_shapley(worth, 6), sampled_shapley(worth, 6)
    assert (one[0] == other[0]).all()
    assert one[0] == pytest.approx([6.0] * 6, abs=0.5)


def test_fifteen_answers_are_estimated_within_their_error() -> None:
    """Naive Bayes: each answer's share is its own log likelihood ratio, whatever the order."""
    sign = np.array([[0.9, 0.3], [0.1, 0.7]])
    signs = [f"s{i}" for i in range(15)]
    families = {"cause": Family((), np.array([0.8, 0.2]))} | {s: Family(("cause",), sign) for s in signs}
    found = weigh(
        JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families)),
        "cause",
        dict.fromkeys(signs, "yes"),
        {},
    )
    assert found.shapley == pytest.approx([log(7)] * 15, abs=1e-9)


def test_an_estimate_with_an_endless_share_has_no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation, "EXACT_UP_TO", 0)
    families = {
        "cause": Family((), np.array([0.7, 0.3])),
        "sure": Family(("cause",), np.eye(2)),
        "hint": Family(("cause",), np.array([[0.8, 0.3], [0.2, 0.7]])),
    }
    tree = JunctionTree(Network(dict.fromkeys(families, ("no", "yes")), families))
    found = weigh(tree, "cause", {"sure": "yes", "hint": "yes"}, {})
    assert found.shapley[0] == inf
    assert np.isfinite(found.shapley[1])
    assert np.isfinite(found.errors).all()
