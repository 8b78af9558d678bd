"""Fixtures that every test may use."""

import pytest
from shipped_truth import ShippedTruth

import bayesnet


@pytest.fixture(scope="session")
def model() -> bayesnet.DiagnosticModel:
    """The shipped model."""
    return bayesnet.load()


@pytest.fixture(scope="session")
def truth(model: bayesnet.DiagnosticModel) -> ShippedTruth:
    """The shipped model's posteriors by enumeration."""
    return ShippedTruth(model.knowledge)
