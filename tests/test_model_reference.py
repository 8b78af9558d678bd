"""docs/model_files.md names every key that a model file may have."""

from pathlib import Path

import pytest

from bayesnet.knowledge import rules, schema
from bayesnet.knowledge.schema import Entry

TEXT = (Path(__file__).parent.parent / "docs" / "model_files.md").read_text(encoding="utf-8")
ENTRIES = {
    entry.__name__: entry
    for module in (schema, rules)
    for entry in vars(module).values()
    if isinstance(entry, type) and issubclass(entry, Entry) and entry is not Entry
}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_key_is_in_the_reference(name: str) -> None:
    lacking = [key for key in ENTRIES[name].__struct_fields__ if f"`{key}`" not in TEXT and f"{key} =" not in TEXT]
    assert not lacking
