"""Fixtures that every test may use."""

import pytest

import bayesnet


@pytest.fixture(scope="session")
def model() -> bayesnet.DiagnosticModel:
    """The shipped model."""
    return bayesnet.load()
