"""Patterns: every case becomes a key and is found again, and counting does not mind how the cases were split."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model
from stores import random_cases

from bayesnet import DiagnosticModel, TooLarge, load, tune
from bayesnet.inference.evidence import encode
from bayesnet.learning.coding import FULL, Coding, coding_of
from bayesnet.learning.counts import MOST_CASES, Counts, Sum, added, counted, nothing
from bayesnet.learning.labels import label_nodes, label_of
from bayesnet.learning.patterns import Patterns, as_patterns_of, patterns_of
from bayesnet.learning.scale import spilling
from bayesnet.learning.scale.spilling import SpillingSum, merged
from bayesnet.learning.simulation import simulate

KNOWLEDGE = load().knowledge
CODING = coding_of(KNOWLEDGE)


def as_dicts(patterns: Patterns, model: DiagnosticModel) -> Counter[str]:
    """Each pattern in words, label and all, with its weight."""
    found: Counter[str] = Counter()
    for row in range(patterns.n):
        answers = patterns.evidence.answers(row, model.tree.network.states)
        found[repr(sorted(answers.items(), key=str))] += patterns.weights[row]
    return found


def by_hand(cases: pd.DataFrame, model: DiagnosticModel) -> Counter[str]:
    """The same, a case at a time."""
    nodes, found = label_nodes(model.knowledge), Counter[str]()
    asked = [*model.knowledge.questions, model.knowledge.outcome.id]
    for case in cases.to_dict("records"):
        answers = {name: case[name] for name in asked if isinstance(case[name], str)}
        for node, no, yes in label_of(nodes, case["triggered"], case["ruled_out"], case["certainty"]):
            states = model.tree.network.states[node]
            certain = (no == 0) != (yes == 0)
            answers[node] = states[int(yes > 0)] if certain else {"no": no, "yes": yes}
        if case["count"]:
            found[repr(sorted(answers.items(), key=str))] += case["count"]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_patterns_are_the_cases(model: DiagnosticModel, seed: int) -> None:
    cases = random_cases(KNOWLEDGE, 300, seed, distinct=120)
    patterns = patterns_of(KNOWLEDGE, cases)
    assert as_dicts(patterns, model) == by_hand(cases, model)
    assert patterns.cases == cases["count"].sum()
    said = (cases["triggered"] != "") | (cases["ruled_out"] != "")
    assert patterns.labelled == cases.loc[said, "count"].sum()
    assert patterns.simulated == cases.loc[cases["origin"] == "simulated", "count"].sum()


def test_the_first_case_of_each_pattern_is_like_it() -> None:
    cases = random_cases(KNOWLEDGE, 500, 3, distinct=50)
    patterns = patterns_of(KNOWLEDGE, cases)
    keys, _ = CODING.keys(cases)
    some = (cases["count"] > 0).to_numpy()
    for row, first in enumerate(patterns.first.tolist()):
        alike = np.flatnonzero((keys == patterns.keys[:, [row]]).all(axis=0) & some)
        assert first == alike[0]


def test_keys_stand_in_order_and_each_once() -> None:
    patterns = patterns_of(KNOWLEDGE, random_cases(KNOWLEDGE, 2000, 5))
    listed = list(zip(*patterns.keys.tolist(), strict=True))
    assert listed == sorted(set(listed))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(2, 300), min_size=1, max_size=24), st.data())
def test_keys_of_any_size_are_read_back(sizes: list[int], data: st.DataObject) -> None:
    """Where 63 bits are full, a further number starts; no digit is lost."""
    states = {f"v{i}": tuple(f"s{j}" for j in range(size)) for i, size in enumerate(sizes)}
    coding = Coding(states, "v0", {})
    codes = {
        name: data.draw(st.lists(st.integers(-1, len(of) - 1), min_size=6, max_size=6)) for name, of in states.items()
    }
    table = pd.DataFrame(
        {name: pd.Categorical.from_codes(codes[name], categories=list(of)) for name, of in states.items()}
    )
    keys, _ = coding.keys(table.assign(triggered="", ruled_out="", certainty=1.0))
    assert (keys >= 0).all()
    assert keys.shape == (coding.size, 6)
    for name in states:
        assert (coding.digit(keys, name) - 1).tolist() == codes[name]
    for number in range(coding.size - 1):
        radixes = [radix for at, _, radix in coding.digits.values() if at == number]
        assert np.prod(np.array(radixes, dtype=object)) <= FULL


def test_another_label_is_another_key() -> None:
    base = random_cases(KNOWLEDGE, 1, 1).assign(count=1)
    cause, other, *_ = KNOWLEDGE.causes
    labels = [(cause, "", 1.0), (cause, "", 0.5), ("", cause, 1.0), (cause, other, 1.0), (other, cause, 1.0)]
    keys = [label_key(base, *label) for label in labels]
    assert len({*keys}) == 5
    assert min(keys) > 0
    assert label_key(base, "", "", 1.0) == label_key(base, "", "", 0.5) == 0  # nothing was said, however sure


def label_key(case: pd.DataFrame, triggered: str, ruled_out: str, certainty: float) -> int:
    table = case.assign(triggered=triggered, ruled_out=ruled_out, certainty=certainty)
    return int(CODING.keys(table)[0][-1, 0])


def test_the_key_of_a_label_is_the_same_on_every_machine() -> None:
    """Written down: tasks elsewhere and in other years must agree with it."""
    table = pd.DataFrame({"q": pd.Categorical(["x"]), "triggered": ["a"], "ruled_out": [""], "certainty": [0.75]})
    keys, labels = Coding({"q": ("x",)}, "none", {"a": "node"}).keys(table)
    assert keys.tolist() == [[1], [6927884709064065894]]
    assert labels == {6927884709064065894: (("node", 0.25, 0.75),)}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 400), max_size=6), st.booleans(), st.integers(1, 300))
def test_counting_in_parts_is_counting(seed: int, cuts: list[int], reverse: bool, in_memory: int) -> None:
    """However the cases are split, in whatever order the parts arrive, and whether they fit into memory or not."""
    cases = random_cases(KNOWLEDGE, 400, seed % 50, distinct=150)
    whole = counted(CODING, cases)
    edges = [0, *sorted(cuts), 400]
    parts = [counted(CODING, cases.iloc[a:b].reset_index(drop=True), np.arange(a, b)) for a, b in pairwise(edges)]
    parts = parts[::-1] if reverse else parts
    total = Sum(CODING)
    for part in parts:
        total.add(part)
    same(total.counts(), whole)
    same(added(parts), whole)
    with SpillingSum(CODING, in_memory) as spilling_sum:
        for part in parts:
            spilling_sum.add(part)
        found = spilling_sum.counts()
    same(found, whole)
    assert as_patterns_of(CODING, found).data_hash == as_patterns_of(CODING, whole).data_hash


def same(found: Counts, wanted: Counts) -> None:
    for name in ("keys", "weights", "first"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
    assert found.labels == wanted.labels
    assert found.simulated == wanted.simulated


@pytest.mark.parametrize("piece", [1, 2, 7])
def test_runs_are_merged_a_piece_at_a_time(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Also where one answer pattern with many labels fills whole pieces."""
    rng = np.random.default_rng(piece)
    every = []
    for _ in range(5):
        keys = np.unique(rng.integers(0, 4, (2, 40)), axis=1)
        every.append(Counts(keys, np.ones(keys.shape[1], np.int64), rng.integers(0, 99, keys.shape[1])))
    found = list(merged([iter(list(run.parts(piece))) for run in every]))
    same(added(found), added(every))
    joined = np.concatenate([part.keys for part in found], axis=1)
    np.testing.assert_array_equal(joined, added(every).keys)  # in order, and no key in two pieces


def test_what_is_spilled_is_gone_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilling.tempfile, "tempdir", str(tmp_path))
    cases = random_cases(KNOWLEDGE, 400, 1)
    seen = 0
    with SpillingSum(CODING, 50) as total:
        for at in range(0, 400, 100):
            total.add(counted(CODING, cases.iloc[at : at + 100], np.arange(at, at + 100)))
            seen = max(seen, len(list(tmp_path.rglob("run-*.parquet"))))
        found = total.counts()
    assert seen > 1
    assert not list(tmp_path.iterdir())
    same(found, counted(CODING, cases))


def test_no_case_at_all(model: DiagnosticModel) -> None:
    patterns = as_patterns_of(CODING, nothing(CODING))
    assert (patterns.n, patterns.cases, patterns.labelled) == (0, 0.0, 0.0)
    assert tune(model, patterns).model is model


def test_more_cases_than_floats_can_count_are_refused() -> None:
    cases = random_cases(KNOWLEDGE, 2, 1).assign(count=MOST_CASES // 2)
    same(counted(CODING, cases), counted(CODING, cases))
    with pytest.raises(TooLarge, match="more than can be counted exactly"):
        counted(CODING, cases.assign(count=MOST_CASES // 2 + 1))


def test_labels_of_the_same_hash_are_not_mixed_up() -> None:
    some = counted(CODING, random_cases(KNOWLEDGE, 3, 1))
    one, other = (replace(some, labels={7: ((node, 0.0, 1.0),)}) for node in "ab")
    with pytest.raises(TooLarge, match="same 63-bit hash"):
        added([one, other])


def test_patterns_in_chunks_are_the_patterns(model: DiagnosticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether what is found out about them is kept or not, to the last bit."""
    cases = simulate(model, 3000, 2, missing=0.3, labelled=0.3)
    kept = tune(model, cases, starts=1, iterations=4)
    monkeypatch.setattr("bayesnet.learning.patterns.KEPT", 0)
    spared = tune(model, cases, starts=1, iterations=4)
    assert kept.history == spared.history
    for table in model.knowledge.tables:
        np.testing.assert_array_equal(
            kept.model.knowledge.tables[table].values, spared.model.knowledge.tables[table].values
        )


def test_the_network_is_told_what_encode_tells_it(model: DiagnosticModel) -> None:
    """Answers that all cases share are fixed, what nobody answered is not there, and the likelihoods are the same."""
    cases = simulate(model, 500, 4, missing=0.3, labelled=0.0)
    cases["heat"] = pd.Categorical.from_codes(np.full(500, -1), dtype=cases["heat"].dtype)
    asked = cases[[*KNOWLEDGE.questions, KNOWLEDGE.outcome.id]]
    plain = encode(KNOWLEDGE.states, asked)
    patterns = patterns_of(KNOWLEDGE, cases)
    assert patterns.evidence.fixed == plain.fixed
    assert {*patterns.evidence.columns} == {*plain.columns}
    logs = model.tree.log_evidence(patterns.evidence)
    assert float(patterns.weights @ logs) == pytest.approx(float(model.tree.log_evidence(plain).sum()), rel=1e-12)


def test_the_hash_is_of_the_cases_whatever_their_order() -> None:
    cases = random_cases(KNOWLEDGE, 200, 7)
    mixed = cases.sample(frac=1.0, random_state=1).reset_index(drop=True)
    assert patterns_of(KNOWLEDGE, cases).data_hash == patterns_of(KNOWLEDGE, mixed).data_hash
    more = patterns_of(KNOWLEDGE, pd.concat([cases, cases.iloc[:1].assign(count=1)]))
    assert more.data_hash != patterns_of(KNOWLEDGE, cases).data_hash


def test_cases_of_another_model_are_refused(model: DiagnosticModel) -> None:
    other = random_model(1)
    patterns = patterns_of(other.knowledge, simulate(other, 10))
    with pytest.raises(Exception, match="cases of another model"):
        tune(model, patterns)
