"""What most of many cases could change, against each case's own fixes."""

import numpy as np
import pytest

from bayesnet import DiagnosticModel, UnknownState, simulate


def some_cases(model: DiagnosticModel, n: int) -> list[dict[str, str]]:
    table = simulate(model, n, 3, 0.3, 0.0)
    rows = table[list(model.knowledge.questions)].astype(object).to_dict("records")
    return [{str(k): v for k, v in row.items() if isinstance(v, str)} for row in rows]


def test_it_is_the_mean_of_every_cases_what_if(model: DiagnosticModel) -> None:
    cases = some_cases(model, 30)
    found = model.common_fixes(cases)
    assert [fix.lowered for fix in found] == sorted((fix.lowered for fix in found), reverse=True)
    for fix in found:
        each = np.array([model.what_if(case, {fix.habit: fix.to}).lowered for case in cases])
        assert fix.lowered == pytest.approx(each.mean(), abs=1e-12)
        assert fix.helps == (each > 1e-6).sum()
        assert fix.cases == len(cases)
        for state in model.knowledge.habits[fix.habit].states:
            other = np.mean([model.what_if(case, {fix.habit: state.id}).lowered for case in cases])
            assert other <= fix.lowered + 1e-12


def test_one_case_has_its_own_fixes(model: DiagnosticModel) -> None:
    case = {"posture": "flexed", "sweating": "heavy"}
    common, own = model.common_fixes([case]), model.fixes(case)
    assert [(fix.habit, fix.to) for fix in common] == [(fix.habit, fix.to) for fix in own]
    np.testing.assert_allclose([fix.lowered for fix in common], [fix.lowered for fix in own], atol=1e-12)


def test_no_case_has_no_fix_and_a_bad_one_is_named(model: DiagnosticModel) -> None:
    assert model.common_fixes([]) == ()
    with pytest.raises(UnknownState, match="upside_down"):
        model.common_fixes([{"posture": "upside_down"}])
