"""Where the case store lies unless told otherwise. Imported by every command, so it imports next to nothing."""

import os
from pathlib import Path

VARIABLE = "BAYESNET_DATABASE_URL"
"""The environment variable that names another store: a path or URL."""


def own_file() -> Path:
    """The user's own case store, whether it exists or not."""
    from platformdirs import user_data_path

    return user_data_path("bayesnet", appauthor=False) / "cases.db"


def is_there() -> bool:
    """Whether there is a case store to be asked."""
    return bool(os.environ.get(VARIABLE)) or own_file().exists()
