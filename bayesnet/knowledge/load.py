"""A folder of model files -> Knowledge, or a BadModel that lists all that is wrong with them."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bayesnet.errors import BadModel
from bayesnet.knowledge.check import check
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.rules import AdviceFile
from bayesnet.knowledge.schema import ModelFile, SourcesFile, VignettesFile
from bayesnet.shipped import shipped

File = TypeVar("File", bound=msgspec.Struct)
Item = TypeVar("Item")

LARGEST_FILE = 5_000_000
"""Bytes. A model file is some 50 kB; a larger one is not a model file."""
NEEDED = ("model.toml", "advice.toml", "sources.toml")
OPTIONAL = ("vignettes.toml",)
DEEP_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){20}""")
"""A key a.b.c... of so many parts: the parser takes seconds and gigabytes for some thousands of them."""


def load_knowledge(path: str | Path | None = None) -> Knowledge:
    """The knowledge in a model's folder (or the folder of the given model.toml); the shipped one by default.

    Raises BadModel, naming file, item, what was given and what is allowed.
    """
    if path is not None and (not isinstance(path, str | Path) or not str(path).strip()):
        raise BadModel([f"{path!r} is no path; a model is a folder with model.toml, advice.toml and sources.toml"])
    folder = shipped("data") / "squat_cramp" if path is None else Path(path)
    if folder.name == "model.toml":
        folder = folder.parent
    if not folder.is_dir():
        raise BadModel([f"{folder}: no such folder; a model is a folder with model.toml, advice.toml and sources.toml"])
    optional = [name for name in OPTIONAL if (folder / name).exists()]
    return knowledge_of({name: _text(folder / name) for name in (*NEEDED, *optional)}, folder)


def knowledge_of(files: Mapping[str, str], path: Path) -> Knowledge:
    """The knowledge in the texts of a model's files, {file name: text}. `path` says where they are from. Raises BadModel."""
    model = _parsed("model.toml", files, ModelFile)
    advice = _parsed("advice.toml", files, AdviceFile)
    sources = _parsed("sources.toml", files, SourcesFile)
    vignettes = _parsed("vignettes.toml", files, VignettesFile) if "vignettes.toml" in files else VignettesFile()
    tables = check(model, advice, sources, vignettes)
    return Knowledge(
        id=model.id,
        title=model.title,
        ask=model.ask or model.title,
        version=model.version,
        population=model.population,
        limits=model.limits,
        disclaimer=model.disclaimer,
        questions=_by_id(model.question),
        causes=_by_id(model.cause),
        outcome=model.outcome,
        headings=_by_id(model.heading),
        tables=tables,
        levels=_by_id(advice.level),
        red_flags=_by_id(advice.red_flag),
        advice=_by_id(advice.advice),
        sources=_by_id(sources.source),
        vignettes=vignettes.vignette,
        path=path,
        files=files,
        interview=model.interview,
        renamed=model.renamed,
        provenance=model.provenance,
    )


def _by_id(items: Sequence[Item]) -> Mapping[str, Item]:
    return {item.id: item for item in items}  # type: ignore[attr-defined]


def _text(path: Path) -> str:
    """The text of one file."""
    try:
        if path.exists() and not path.is_file():
            raise BadModel([f"{path.name}: not a file"])
        if path.stat().st_size > LARGEST_FILE:
            raise BadModel([f"{path.name}: larger than {LARGEST_FILE:,} bytes; this is no model file"])
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadModel(
            [f"{path.name}: cannot be read ({error.strerror or error}); it belongs in {path.parent}"]
        ) from None
    except UnicodeDecodeError as error:
        raise BadModel([f"{path.name}: not UTF-8 text (byte {error.start})"]) from None


def _parsed(name: str, files: Mapping[str, str], schema: type[File]) -> File:
    """One TOML file, parsed and held against its schema."""
    if name not in files:
        raise BadModel([f"{name}: is missing; a model is {', '.join(NEEDED)}"])
    if DEEP_KEY.search(files[name]):
        raise BadModel([f"{name}: nested too deeply"])
    try:
        raw = tomllib.loads(files[name])
    except tomllib.TOMLDecodeError as error:
        raise BadModel([f"{name}: not valid TOML: {error}"]) from None
    except RecursionError:
        raise BadModel([f"{name}: nested too deeply"]) from None
    if links := list(_links(raw)):
        raise BadModel(
            [
                f"{name}: {text[:60]!r} holds what Markdown takes for a link or a picture; texts are plain"
                for text in links
            ]
        )
    try:
        return msgspec.convert(raw, schema)
    except msgspec.ValidationError as error:
        raise BadModel([_in_words(name, raw, str(error))]) from None


def _links(value: Any) -> Iterator[str]:
    """The texts that would be links or pictures on a page, which a browser might fetch from a stranger."""
    if isinstance(value, str):
        if re.search(r"\]\s*[(\[:]", value):
            yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _links(inner)


def _in_words(file: str, raw: Any, message: str) -> str:
    """`model.toml: question 'heat' > table > strength: Expected `float`, got `str`, not 'strong'`."""
    said, _, path = message.partition(" - at `$")
    steps: list[str] = []
    here = raw
    for name, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", path):
        if name:
            steps.append(name)
            here = here.get(name) if isinstance(here, dict) else None
        elif index.isdigit() and isinstance(here, list):
            here = here[int(index)]
            known = (here.get("id") or here.get("cause")) if isinstance(here, dict) else None
            steps[-1:] = [f"{' '.join(steps[-1:])} {repr(known) if known else int(index) + 1}".strip()]
    given = "" if "field" in said or isinstance(here, dict | list) else f", not {_short(here)}"
    return f"{file}: {' > '.join(steps) or 'the file'}: {said[:1].lower()}{said[1:]}{given}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
