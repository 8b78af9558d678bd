"""The case store: collected cases and model versions, kept in SQLite by default or in PostgreSQL by URL."""

from bayesnet.learning.store.leftovers import left_out
from bayesnet.learning.store.saving import Added
from bayesnet.learning.store.store import CaseStore
from bayesnet.learning.store.versions import ModelVersion

__all__ = ["Added", "CaseStore", "ModelVersion", "left_out"]
