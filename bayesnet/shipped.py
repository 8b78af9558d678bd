"""Where the parts that ship beside the package lie: `data/` and `dashboard/`."""

from pathlib import Path


def shipped(part: str) -> Path:
    """The folder `data` or `dashboard`: inside the package in an installed wheel, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / part
    return installed if installed.is_dir() else package.parent / part
