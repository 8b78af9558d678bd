"""Anything at all, given as a model, as cases, as answers: a right result or a refusal in words, soon, in little memory.

Fifteen examples each; BAYESNET_FUZZ=10000 makes it ten thousand.
"""

import gzip
import io
import json
import math
import os
import random
import resource
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import load
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from bayesnet import BadCases, BadFile, BadModel, BayesnetError, CaseStore, DiagnosticModel, StoreError
from bayesnet.cli.arguments import parse_answers
from bayesnet.knowledge.load import load_knowledge
from bayesnet.learning.cases.files import read_cases
from bayesnet.learning.cases.table import cases_table
from bayesnet.shipped import shipped

EXAMPLES = int(os.environ.get("BAYESNET_FUZZ", "15"))
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=10_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
MOST_MEMORY = 1e9
SHIPPED = {path.name: path.read_text(encoding="utf-8") for path in (shipped("data") / "squat_cramp").glob("*.toml")}
NASTY = [
    "0", "1", "-1", "1e-300", "1e308", "nan", "inf", "-inf", "true", "[]", "{}", '""', '"yes"', '"\\u0000"', "''",
    '"<script>alert(1)</script>"', '"=cmd|\' /C calc\'!A0"', "[[[[]]]]", "{ yes = 2 }", "{ yes = 0.5, no = 0.5 }",
    "1979-05-27", "99999999999999999999999", '"' + "x" * 5000 + '"', "0.5", "{ no = nan, yes = nan }",
]  # fmt: skip


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """What a test takes at most, beyond what was there."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < MOST_MEMORY


def in_words(error: BayesnetError) -> None:
    """A refusal says something, and says it in lines that can be read."""
    assert str(error).strip()
    assert "Traceback" not in str(error)


# ---- models


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, bytes]:
    """The shipped model's files with some lines lost, doubled, moved or given another value, or some bytes changed."""
    files = {name: text.splitlines() for name, text in SHIPPED.items()}
    for _ in range(draw(st.integers(1, 4))):
        lines = files[draw(st.sampled_from(sorted(files)))]
        at, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["value", "number", "lose", "double", "swap", "insert"]))
        if kind == "value" and "=" in lines[at]:
            lines[at] = f"{lines[at].split('=')[0]}= {draw(st.sampled_from(NASTY))}"
        elif kind == "number":
            digits = [place for place, sign in enumerate(lines[at]) if sign.isdigit()]
            if digits:
                place = draw(st.sampled_from(digits))
                lines[at] = (
                    lines[at][:place] + draw(st.sampled_from(["9", "-1", "0", "e9", "."])) + lines[at][place + 1 :]
                )
        elif kind == "lose":
            del lines[at]
        elif kind == "double":
            lines.insert(other, lines[at])
        elif kind == "swap":
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines.insert(at, draw(st.text(max_size=40)))
    raw = {name: "\n".join(lines).encode("utf-8", "surrogatepass") for name, lines in files.items()}
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(raw)))
        at = draw(st.integers(0, len(raw[name])))
        raw[name] = raw[name][:at] + draw(st.binary(max_size=8)) + raw[name][at + draw(st.integers(0, 8)) :]
    return raw


def sound(model: DiagnosticModel, seed: int) -> None:
    """A model that was taken answers: with probabilities, and in words where its numbers rule the answers out."""
    draw = random.Random(seed)
    for _ in range(3):
        questions = list(model.knowledge.questions.values())
        asked = draw.sample(questions, draw.randrange(len(questions) + 1))
        try:
            found = model.diagnose({question.id: draw.choice(question.states).id for question in asked})
        except BayesnetError as error:
            in_words(error)
            continue
        every = [belief.triggered for belief in found.beliefs] + [belief.present for belief in found.beliefs]
        assert all(math.isfinite(p) and -1e-12 <= p <= 1 + 1e-12 for p in (*every, found.unexplained))
        assert found.advice.level.label
        json.dumps(found.to_dict(), allow_nan=False)
        try:
            questions = found.next_questions()
        except BayesnetError as error:
            in_words(error)
            continue
        assert all(math.isfinite(question.value) and question.value >= 0 for question in questions)


@BOUNDED
@given(damaged(), st.integers(0, 2**32))
def test_any_model_file_is_right_or_refused(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], seed: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    try:
        knowledge = load_knowledge(folder)
    except BadModel as error:
        in_words(error)
        return
    sound(DiagnosticModel(knowledge), seed)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a=" * 50_000,
        "a.b" * 20_000 + " = 1",
        'id = "a"\nid = "b"',
        "\x00" * 1000,
        "x = '" + "y" * 10_000_000 + "'",
        "[[question]]\n" * 100_000,
        "[" + ".".join("a" * 10_000) + "]",
    ],
    ids=["lists", "tables", "dots", "doubled_key", "zeros", "ten_megabytes", "many_questions", "deep_header"],
)
def test_a_monstrous_model_file_is_refused_soon(tmp_path: Path, text: str) -> None:
    for name, shipped_text in SHIPPED.items():
        (tmp_path / name).write_text(text if name == "model.toml" else shipped_text, encoding="utf-8")
    start = time.monotonic()
    with pytest.raises(BadModel):
        load_knowledge(tmp_path)
    assert time.monotonic() - start < 10


# ---- answers

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@BOUNDED
@given(data=st.data())
def test_any_answers_are_diagnosed_or_refused(model: DiagnosticModel, data: st.DataObject) -> None:
    of_then = {old.was for old in model.knowledge.renamed}
    names = st.sampled_from([*model.knowledge.allowed_answers, *sorted(of_then), "shoes", "", "heat "]) | st.text(
        max_size=5
    )
    states = st.sampled_from(["yes", "no", "heavy", "low", "lasting", "none", "Yes", " yes", ""])
    soft = st.dictionaries(st.sampled_from(["yes", "no", "heavy"]), st.floats() | st.integers(-2, 2), max_size=3)
    given_answers: Any = data.draw(st.dictionaries(names, states | soft | ANYTHING, max_size=4) | ANYTHING)
    try:
        found = model.diagnose(given_answers)
    except BayesnetError as error:
        in_words(error)
        return
    assert all(math.isfinite(belief.triggered) for belief in found.beliefs)
    json.dumps(found.to_dict(), allow_nan=False)


@BOUNDED
@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["heat=", "=", "heat=hot_humid", "felt_tear=yes:0.5,no:nan", "heat=a:"])
    )
)
def test_any_words_in_the_shell_are_answers_or_refused(model: DiagnosticModel, words: list[str]) -> None:
    try:
        model.diagnose(parse_answers(words))
    except (BayesnetError, typer.BadParameter) as error:
        assert str(error)  # noqa: PT017


def test_any_address_opens_the_page(tmp_path: Path, model: DiagnosticModel) -> None:
    """Made-up query strings, on one server: no page breaks, and nothing unknown is taken for an answer."""
    draw = random.Random(7)
    names = [*model.knowledge.allowed_answers, *sorted({old.was for old in model.knowledge.renamed})]
    names += ["shoes", "", "__class__", "answers", "url_read", "ö", "a" * 3000]
    values = [
        "yes",
        "no",
        "none",
        "lasting",
        "hot_humid",
        "",
        "nan",
        "<script>",
        "../../etc/passwd",
        "%00",
        "\x00",
        "x" * 3000,
        "ü",
    ]

    async def visit_all(address: str) -> None:
        for _ in range(2 * EXAMPLES):
            url = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
            async with connect(url, subprotocols=["streamlit"], max_size=None, compression=None) as line:
                visitor = load.Visitor(line)
                visitor.shown = {draw.choice(names): draw.choice(values) for _ in range(draw.randrange(5))}
                asked = dict(visitor.shown)
                await visitor.look()
                assert visitor.errors == [], asked
                assert any("Why did my back cramp?" in text for text in visitor.texts), asked

    with load.dashboard(tmp_path) as (address, _):
        load.run(visit_all(address))
    assert "Traceback" not in (tmp_path / "log").read_text()


# ---- case files


@st.composite
def csv_file(draw: st.DrawFn, model: DiagnosticModel) -> bytes:
    """A table of cases, right in most cells, and some bytes of it changed."""
    questions = model.knowledge.questions
    names = draw(
        st.lists(st.sampled_from([*questions, "triggered", "count", "case_id", "recorded_at"]), max_size=6, unique=True)
    )
    if draw(st.integers(0, 9)) == 0:
        names.append(draw(st.text(max_size=10)))
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        cells = []
        for name in names:
            good = [state.id for state in questions[name].states] if name in questions else ["", "1", "muscle_strain"]
            odd = ["", "NaN", "-1", "1e999", '"', "\x00", "=1+1", "é", "2026-13-01", "9" * 30]
            cells.append(draw(st.sampled_from(good if draw(st.integers(0, 5)) else odd)))
        rows.append(draw(st.sampled_from([",", ",", ",", ";", "\t"])).join(cells))
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join([",".join(names), *rows])
    raw = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])), "replace")
    return changed(draw, raw)


def changed(draw: st.DrawFn, raw: bytes) -> bytes:
    """Some bytes lost, added or replaced, in one example of three."""
    if draw(st.integers(0, 2)):
        return raw
    at = draw(st.integers(0, len(raw)))
    return raw[:at] + draw(st.binary(max_size=6)) + raw[at + draw(st.integers(0, 20)) :]


@st.composite
def parquet_file(draw: st.DrawFn, model: DiagnosticModel) -> bytes:
    """Columns of any type under the names of cases, as Parquet, and some bytes of it changed."""
    names = draw(
        st.lists(
            st.sampled_from([*model.knowledge.questions, "count", "case_id", "triggered"]), max_size=4, unique=True
        )
    )
    n = draw(st.integers(0, 5))
    kinds: list[st.SearchStrategy[Any]] = [
        st.sampled_from(["yes", "no", "heavy", "", None]),
        st.integers(-(2**62), 2**62) | st.none(),
        st.floats() | st.none(),
        st.booleans() | st.none(),
        st.binary(max_size=4),
        st.lists(st.integers(0, 3), max_size=2),
        st.datetimes(),
    ]
    columns = {name: draw(st.lists(draw(st.sampled_from(kinds)), min_size=n, max_size=n)) for name in names}
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return changed(draw, out.getvalue())


def read_or_refused(path: Path, model: DiagnosticModel) -> None:
    """Every row is good or bad, and never both."""
    try:
        checked = read_cases(path, model.knowledge)
    except (BadFile, BadCases) as error:
        in_words(error)
        return
    assert set(checked.rows.tolist()).isdisjoint(checked.bad_rows)
    assert len(checked.good) == len(checked.rows)
    assert not np.isnan(checked.good["certainty"].to_numpy(dtype=float)).any()
    for name in model.knowledge.questions:
        assert set(checked.good[name].dropna()) <= {state.id for state in model.knowledge.questions[name].states}


@BOUNDED
@given(data=st.data())
def test_any_csv_file_is_read_or_refused(tmp_path: Path, model: DiagnosticModel, data: st.DataObject) -> None:
    path = tmp_path / "cases.csv"
    path.write_bytes(data.draw(csv_file(model)))
    read_or_refused(path, model)


@BOUNDED
@given(data=st.data())
def test_any_parquet_file_is_read_or_refused(tmp_path: Path, model: DiagnosticModel, data: st.DataObject) -> None:
    path = tmp_path / "cases.parquet"
    path.write_bytes(data.draw(parquet_file(model)))
    read_or_refused(path, model)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, model: DiagnosticModel) -> None:
    """Ten gigabytes of zeros in ten megabytes."""
    path = tmp_path / "cases.csv.gz"
    block = gzip.compress(b"heat\n" + bytes(100_000_000), 9)
    path.write_bytes(block * 100)
    start = time.monotonic()
    with pytest.raises((BadFile, BadCases)):
        read_cases(path, model.knowledge)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_hundred_thousand_columns_are_refused(tmp_path: Path, model: DiagnosticModel, ending: str) -> None:
    path = tmp_path / f"cases.{ending}"
    names = [f"column_{at}" for at in range(100_000)]
    if ending == "csv":
        path.write_text(",".join(names) + "\n" + ",".join("1" for _ in names))
    else:
        pq.write_table(pa.table({name: [1] for name in names}), path)
    start = time.monotonic()
    with pytest.raises((BadCases, BadFile)) as refused:
        read_cases(path, model.knowledge)
    assert time.monotonic() - start < 10
    assert len(str(refused.value)) < 100_000


# ---- what is in the store


@BOUNDED
@given(
    text=st.text(max_size=30) | st.sampled_from(["", "null", "[]", '{"heat": 3}', "{", '{"heat": "warm"}', '{"a": {}}'])
)
def test_any_text_in_the_place_of_answers_is_told(tmp_path: Path, model: DiagnosticModel, text: str) -> None:
    path = tmp_path / "cases.db"
    with CaseStore(path) as store:
        store.delete_all(model.knowledge.id)
        store.add(cases_table(model.knowledge, [{"heat": "hot_humid"}]), model.knowledge.id)
        raw = sqlite3.connect(path)
        try:
            raw.execute("UPDATE cases SET answers = ?", (text,))
            raw.commit()
        finally:
            raw.close()
        try:
            table = store.table(model.knowledge)
        except (StoreError, BadCases) as error:
            in_words(error)
        else:
            assert len(table) == 1
