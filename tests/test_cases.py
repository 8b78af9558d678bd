"""A table of cases is taken as it is, or every bad cell is named: row, column, what was given, what is allowed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesnet
from bayesnet.errors import BadCases
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import Renamed
from bayesnet.learning.cases import cells
from bayesnet.learning.cases.repeats import RepeatedIds, hashed_ids
from bayesnet.learning.cases.table import (
    CheckedCases,
    case_columns,
    cases_table,
    check_cases,
    check_names,
    check_rows,
    columns_to_score,
)

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def known(model: bayesnet.DiagnosticModel) -> Knowledge:
    return model.knowledge


def one(known: Knowledge, **cells: object) -> CheckedCases:
    return check_cases(known, [cells])


def said(known: Knowledge, raw: Any) -> str:
    """What is said of a table that is refused as a whole."""
    with pytest.raises(BadCases) as refused:
        check_cases(known, raw)
    return " / ".join(refused.value.problems)


# ---- what a case is


def test_the_columns_stand_in_the_order_of_the_model(known: Knowledge) -> None:
    names = [column.name for column in case_columns(known)]
    ends = ["triggered", "ruled_out", "certainty", "count"]
    assert names == ["case_id", "recorded_at", "origin", "cramp", *known.questions, *ends]
    assert list(check_cases(known, []).good.columns) == names


def test_what_is_not_given_has_a_value_of_its_own(known: Knowledge) -> None:
    table = cases_table(known, [{}, {"sweating": ""}, {"count": None, "case_id": float("nan")}])
    assert table["case_id"].str.fullmatch("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}").all()
    assert table["case_id"].is_unique
    assert table["recorded_at"].isna().all()  # the store's own clock says when it was stored
    rest = table.drop(columns=["case_id", "recorded_at"]).drop_duplicates()
    assert len(rest) == 1
    row = rest.iloc[0].dropna().to_dict()
    assert row == {"origin": "import", "cramp": "yes", "triggered": "", "ruled_out": "", "certainty": 1.0, "count": 1}


def test_the_types_of_the_case_table_are_always_the_same(known: Knowledge) -> None:
    tables = [cases_table(known, raw) for raw in ([], [{}], pd.DataFrame(), pd.DataFrame({"count": [2.0]}))]
    for table in tables:
        assert table.dtypes.to_dict() == tables[0].dtypes.to_dict()
    assert str(tables[0]["recorded_at"].dtype) == "datetime64[us, UTC]"
    assert list(tables[0]["sweating"].cat.categories) == ["light", "moderate", "heavy"]


def test_a_case_table_is_taken_as_it_is(known: Knowledge) -> None:
    table = cases_table(known, [{"sweating": "heavy", "triggered": "dehydration", "count": 3}, {"cramp": "no"}])
    pd.testing.assert_frame_equal(cases_table(known, table), table)


# ---- answers


def test_an_unknown_state_is_named_with_the_nearest_right_one(known: Knowledge) -> None:
    found = check_cases(known, [{}, {"sweating": "hevy"}], first_line=16, row_word="line")
    what = "'hevy' is not allowed; did you mean 'heavy'? Allowed: light, moderate, heavy (or empty)"
    assert found.problems == (f"line 17, column sweating: {what}",)
    assert found.bad_rows == (1,)
    assert len(found.good) == 1


@pytest.mark.parametrize("value", ["HEAVY", " heavy", "Heavy "])
def test_the_hint_overlooks_case_and_spaces(known: Knowledge, value: str) -> None:
    assert "did you mean 'heavy'" in one(known, sweating=value).problems[0]


def test_the_words_na_and_none_are_no_gaps(known: Knowledge) -> None:
    found = check_cases(known, [{"sweating": word} for word in ("NA", "None", "nan", "", None, np.nan, pd.NA, pd.NaT)])
    assert [bad.value for bad in found.bad] == ["NA", "None", "nan"]
    assert found.good["sweating"].isna().sum() == 5


@pytest.mark.parametrize(
    "value",
    [{}, {"a": 1}, [], [1], {1}, np.array([1, 2]), b"heavy", 1, 1.5, True, 10**5000, object()],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "column", ["case_id", "recorded_at", "origin", "cramp", "sweating", "triggered", "certainty", "count"]
)
def test_no_cell_is_a_crash(known: Knowledge, column: str, value: object) -> None:
    found = check_cases(known, [{column: value}, {column: None}])
    numbers = {"case_id": (1,), "certainty": (1,), "count": (1,)}
    taken = not isinstance(value, bool | np.ndarray) and value in numbers.get(column, ())
    assert found.bad_rows == (() if taken else (0,))
    assert all(text.startswith(f"row 0, column {column}: ") and len(text) < 400 for text in found.problems)


def test_every_bad_cell_of_every_row_is_named(known: Knowledge) -> None:
    rows = [{"sweating": "x", "heat": "y", "count": -1, "cramp": "no", "triggered": "muscle_strain"}] * 50 + [{}]
    found = check_cases(known, rows)
    assert len(found.bad) == 200
    assert [bad.column for bad in found.bad[:4]] == ["heat", "sweating", "triggered", "count"]
    assert len(found.good) == 1


@pytest.mark.parametrize("kind", ["object", "category", "string", "str"])
def test_any_type_of_text_is_taken(known: Knowledge, kind: str) -> None:
    raw = pd.DataFrame({"sweating": ["heavy", "", None], "triggered": ["dehydration", None, ""]}).astype(kind)  # type: ignore[call-overload]
    table = cases_table(known, raw)
    assert table["sweating"].tolist()[0] == "heavy"
    assert table["sweating"].isna().tolist() == [False, True, True]
    assert table["triggered"].tolist() == ["dehydration", "", ""]


def test_one_mistake_among_many_rows_is_found(known: Knowledge) -> None:
    raw = pd.DataFrame({"sweating": np.resize(["light", "heavy"], 100_000), "count": 1})
    raw.loc[[7, 99_999], "sweating"] = "hevy"
    found = check_cases(known, raw)
    assert found.bad_rows == (7, 99_999)
    assert found.rows[7] == 8


# ---- columns


def test_an_unknown_column_is_refused_with_the_nearest_right_one(known: Knowledge) -> None:
    assert "unknown column 'Sweatin'; did you mean 'sweating'?" in said(known, [{"Sweatin": "heavy"}])


def test_red_flags_and_causes_are_no_columns_and_why(known: Knowledge) -> None:
    text = said(known, [{"severe_trauma": "yes", "muscle_strain": "yes", "poor_form": "yes"}])
    assert "'severe_trauma' is a red flag: red flags are rules" in text
    assert "'muscle_strain' is a cause: write its id into the column triggered or ruled_out" in text
    assert "'poor_form' is a cause" in text


def test_a_column_of_an_earlier_version_is_told_what_it_is_called_today(known: Knowledge) -> None:
    gone = Renamed(before="2.0", was="shoe_size")
    same = Renamed(before="2.0", was="warmth", now="heat")
    later = replace(known, renamed=(*known.renamed, gone, same))
    row = {"pain_persists": "yes", "dark_urine": "no", "shoe_size": 43, "warmth": "temperate"}
    assert said(later, [row]).split(" / ") == [
        "column 'pain_persists' is called 'easing' since 2.0: yes = lasting, no = minutes or days",
        "column 'dark_urine' is a red flag, called 'muscle_breakdown' since 2.0; leave it out",
        "column 'shoe_size' is no longer asked since 2.0; leave it out",
        "column 'warmth' is called 'heat' since 2.0",
    ]
    with pytest.raises(BadCases, match=r"'dark_urine' is called 'muscle_breakdown' since 2.0: no = an empty cell"):
        check_names(known, ["dark_urine"], columns_to_score(known))


def test_an_answer_of_an_earlier_version_is_told_what_has_become_of_it(known: Knowledge) -> None:
    lost = Renamed(before="2.1", was="easing", now="easing", states={"weeks": ()})
    rows = [{"tingling_weakness": "yes"}, *({"easing": state} for state in ("yes", "no", "weeks", "dais"))]
    assert check_cases(replace(known, renamed=(*known.renamed, lost)), rows).problems == (
        "row 0, column tingling_weakness: 'yes' is not allowed; since 2.0 it is tingling or weakness. "
        "Allowed: no, tingling, weakness (or empty)",
        "row 1, column easing: 'yes' is not allowed; since 2.0 it is lasting. Allowed: minutes, days, lasting (or empty)",
        "row 2, column easing: 'no' is not allowed; since 2.0 it is minutes or days. "
        "Allowed: minutes, days, lasting (or empty)",
        "row 3, column easing: 'weeks' is not allowed; since 2.1 no answer stands for it. "
        "Allowed: minutes, days, lasting (or empty)",
        "row 4, column easing: 'dais' is not allowed; did you mean 'days'? Allowed: minutes, days, lasting (or empty)",
    )


def test_a_column_given_twice_is_refused(known: Knowledge) -> None:
    assert "'heat' comes more than once" in said(known, pd.DataFrame([["temperate"] * 2], columns=["heat", "heat"]))


def test_a_hundred_thousand_unknown_columns_are_counted_not_listed(known: Knowledge) -> None:
    text = said(known, pd.DataFrame(np.zeros((1, 100_000))))
    assert "99,980 more unknown columns" in text
    assert len(text) < 20_000


def test_row_numbers_of_pandas_are_recognised(known: Knowledge) -> None:
    assert "index=False" in said(known, [{"Unnamed: 0": 1}])


@pytest.mark.parametrize("raw", ["x", b"x", {}, {"heat": ["temperate"]}, None, 5, [1], ["heat"], [{}, None]])
def test_what_is_no_table_is_refused(known: Knowledge, raw: object) -> None:
    assert "must be a" in said(known, raw)


# ---- causes


def test_causes_come_in_the_models_order_each_once(known: Knowledge) -> None:
    table = cases_table(known, [{"triggered": " poor_form;dehydration ; ;dehydration;"}])
    assert table["triggered"].tolist() == ["dehydration;poor_form"]


def test_an_unknown_cause_is_named_with_those_there_are(known: Knowledge) -> None:
    text = one(known, triggered="dehydration;mussle_strain").problems[0]
    assert "'mussle_strain'; did you mean 'muscle_strain'? Allowed: dehydration" in text
    assert "'dehydration,muscle_strain'" in one(known, ruled_out="dehydration,muscle_strain").problems[0]


@pytest.mark.parametrize(
    ("triggered", "ruled_out"),
    [
        ("dehydration", "muscle_strain;dehydration"),
        ("poor_form", "poor_form"),
        ("excess_flexion", "poor_form"),
        ("poor_form", "excess_flexion;excess_extension"),
    ],
)
def test_no_cause_is_both_triggered_and_ruled_out(known: Knowledge, triggered: str, ruled_out: str) -> None:
    assert "ruled_out rules out" in one(known, triggered=triggered, ruled_out=ruled_out).problems[0]


@pytest.mark.parametrize(
    ("triggered", "ruled_out"),
    [("poor_form", "excess_flexion"), ("inadequate_blood_supply", "vascular_condition"), ("", "dehydration")],
)
def test_a_heading_stands_while_one_of_its_causes_may(known: Knowledge, triggered: str, ruled_out: str) -> None:
    assert one(known, triggered=triggered, ruled_out=ruled_out).bad == ()


def test_nothing_triggers_what_did_not_happen(known: Knowledge) -> None:
    assert "what did not happen: cramp is 'no'" in one(known, cramp="no", triggered="dehydration").problems[0]
    assert one(known, cramp="no", ruled_out="dehydration").bad == ()


# ---- numbers


@pytest.mark.parametrize(
    "value", [0, -0.1, 1.0001, "0", "nan", "inf", "x", "0,5", "1_0", True, "1e-400", np.inf, Decimal(2)]
)
def test_a_certainty_is_above_0_and_up_to_1(known: Knowledge, value: object) -> None:
    text = one(known, certainty=value).problems[0]
    assert text.startswith("row 0, column certainty: ")
    assert "above 0 and up to 1" in text


@pytest.mark.parametrize("value", [1, "1", 0.5, " 0.5 ", "5e-1", np.float32(0.5), Decimal("0.5"), 5e-324])
def test_a_certainty_may_be_written_in_many_ways(known: Knowledge, value: Any) -> None:
    assert cases_table(known, [{"certainty": value}])["certainty"].tolist() == [float(value)]


@pytest.mark.parametrize("value", [-1, 0.5, "1.5", 10**12 + 1, "1e13", "nan", np.inf, "many", False, "1,000", "-1"])
def test_a_count_is_whole_and_not_negative(known: Knowledge, value: object) -> None:
    assert "a whole number from 0 to 1,000,000,000,000" in one(known, count=value).problems[0]


@pytest.mark.parametrize("value", [0, "3", "3.0", 3.0, np.int8(3), 10**12, "1e3"])
def test_a_count_may_be_written_in_many_ways(known: Knowledge, value: Any) -> None:
    assert cases_table(known, [{"count": value}])["count"].tolist() == [int(float(value))]


def test_true_is_not_one_even_beside_a_one(known: Knowledge) -> None:
    assert check_cases(known, [{"count": 1}, {"count": True}, {"count": 1.0}]).bad_rows == (1,)


# ---- times


@pytest.mark.parametrize(
    "value",
    [
        "2026-04-30T12:00:00+00:00",
        "2026-04-30T14:00:00+02:00",
        "2026-04-30 12:00",
        "20260430T120000Z",
        "2026-W18-4T12:00",
        dt.datetime(2026, 4, 30, 12),
        pd.Timestamp("2026-04-30T12:00", tz="UTC").as_unit("ns"),
        np.datetime64("2026-04-30T12:00"),
    ],
)
def test_a_time_may_be_written_in_any_way_of_iso_8601(known: Knowledge, value: object) -> None:
    for raw in ([{"recorded_at": value}], pd.DataFrame({"recorded_at": [value]})):
        assert cases_table(known, raw)["recorded_at"].tolist() == [pd.Timestamp("2026-04-30T12:00", tz="UTC")]


@pytest.mark.parametrize(
    "value",
    ["yesterday", "now", "2026-02-30", "1.5.2026", "1899-12-31T23:59", "9999-01-01", 5, "0001-01-01T00:00+23:59", "26"],
)
def test_a_time_out_of_reach_or_none_at_all_is_bad(known: Knowledge, value: object) -> None:
    for raw in ([{"recorded_at": value}], pd.DataFrame({"recorded_at": [value]})):
        found = check_cases(known, raw)
        assert [bad.column for bad in found.bad] == ["recorded_at"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_typed_times_are_taken_in_utc(known: Knowledge, unit: Any, zone: str | None) -> None:
    raw = pd.DataFrame({"recorded_at": pd.DatetimeIndex(["2026-04-30T12:00", None], tz=zone).as_unit(unit)})
    table = cases_table(known, raw)
    assert table["recorded_at"][0] == pd.Timestamp("2026-04-30T12:00", tz=zone or "UTC")
    far = pd.DataFrame({"recorded_at": np.array(["1850-01-01", "2200-01-01"], dtype=f"datetime64[{unit}]")})
    assert check_cases(known, far).bad_rows == (0, 1)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2026, 4, 30)), min_size=1),
    st.sampled_from(["", "Z", "+05:30"]),
)
def test_columns_of_times_are_read_as_their_values_one_by_one(
    model: bayesnet.DiagnosticModel, at: list[dt.datetime], end: str
) -> None:
    texts = [time.isoformat() + end for time in at if (time - dt.timedelta(hours=6)).year >= 1900]
    whole = check_rows(model.knowledge, pd.DataFrame({"recorded_at": pd.Series(texts, dtype="str")}), now=NOW)
    single = check_rows(model.knowledge, pd.DataFrame({"recorded_at": pd.Series(texts, dtype=object)}), now=NOW)
    pd.testing.assert_series_equal(whole.good["recorded_at"], single.good["recorded_at"])


# ---- case_id


@pytest.mark.parametrize("value", ["x" * 201, "a\0b", "\ud800", True, 1.5])
def test_an_id_is_short_text(known: Knowledge, value: object) -> None:
    assert "1 to 200 characters" in one(known, case_id=value).problems[0]
    if isinstance(value, str) and cells.is_unicode(value):
        assert "1 to 200 characters" in check_cases(known, pd.DataFrame({"case_id": [value]})).problems[0]


def test_numbers_serve_as_ids(known: Knowledge) -> None:
    assert cases_table(known, pd.DataFrame({"case_id": [17, 18]}))["case_id"].tolist() == ["17", "18"]
    assert cases_table(known, pd.DataFrame({"case_id": [17.0, None]}))["case_id"].tolist()[0] == "17"


def test_the_same_case_twice_is_one_case(known: Knowledge) -> None:
    found = check_cases(
        known, [{"case_id": "a", "heat": "temperate"}, {"case_id": "b"}, {"case_id": "a", "heat": "temperate"}]
    )
    assert found.good["case_id"].tolist() == ["a", "b"]
    assert found.repeated == 1
    assert found.bad == ()


def test_an_id_used_for_two_cases_names_both_rows(known: Knowledge) -> None:
    rows: Sequence[Mapping[str, object]] = [
        {"case_id": "a"},
        {"heat": "x"},
        {"case_id": "a", "count": 2},
        {"case_id": "a"},
    ]
    found = check_cases(known, rows, first_line=2, row_word="line")
    assert found.problems[1].startswith("line 4, column case_id: 'a' was used before, in line 2,")
    assert found.bad_rows == (1, 2)
    assert found.positions.tolist() == [0]
    assert found.repeated == 1


def test_a_clash_of_ids_does_not_depend_on_the_index(known: Knowledge) -> None:
    raw = pd.DataFrame({"case_id": ["a", "a"], "count": [1, 2]}, index=["same", "same"])
    assert check_cases(known, raw).bad_rows == (1,)


@given(st.lists(st.text(max_size=2), max_size=60), st.integers(1, 9))
def test_ids_that_come_more_than_once_are_found_share_by_share(ids: list[str], at_once: int) -> None:
    with RepeatedIds(at_once) as found:
        for start in range(0, len(ids), 7):
            found.add(np.array(ids[start : start + 7], dtype=object))
        repeated = found.hashes()
    expected = sorted({name for name in ids if ids.count(name) > 1})
    assert repeated.tolist() == sorted(hashed_ids(np.array(expected, dtype=object)).tolist())


# ---- for callers


def test_a_bad_table_is_raised_with_every_problem(known: Knowledge) -> None:
    with pytest.raises(BadCases, match=r"row 0, column heat: 'x'.*\(and 1 more\)") as refused:
        cases_table(known, [{"heat": "x", "count": -1}])
    assert len(refused.value.problems) == 2


def test_the_table_that_was_given_stays_as_it_is(known: Knowledge) -> None:
    raw = pd.DataFrame({"heat": ["temperate", ""], "case_id": ["a", None]}, index=[5, 7])
    before = raw.copy(deep=True)
    check_cases(known, raw)
    pd.testing.assert_frame_equal(raw, before)


def test_rows_are_called_by_the_index_of_the_table(known: Knowledge) -> None:
    assert (
        check_cases(known, pd.DataFrame({"heat": ["x"]}, index=["ann"])).problems[0].startswith("row ann, column heat")
    )


def test_columns_of_other_engines_are_taken(known: Knowledge) -> None:
    arrow = pa.table({"heat": pa.array(["temperate", None]).dictionary_encode(), "count": pa.array([1, None])})
    table = cases_table(known, arrow.to_pandas(types_mapper=pd.ArrowDtype))
    assert table["heat"].tolist()[0] == "temperate"
    assert table["count"].tolist() == [1, 1]
