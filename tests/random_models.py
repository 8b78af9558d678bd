"""Small diagnostic models of random shape: gates over tables, findings below causes, numbers with random strengths."""

from pathlib import Path

import numpy as np
import tomlkit

from bayesnet import DiagnosticModel
from bayesnet.knowledge.load import knowledge_of

LEVELS = [{"id": "calm", "label": "Calm", "says": "Wait."}]
ADVICE = [{"id": "rest", "title": "Rest", "level": "calm", "always": True, "do": ["Rest."], "sources": ["nobody"]}]
SOURCES = [{"id": "nobody", "cite": "Nobody", "read": "none"}]
MARKED = {"basis": "guess", "sources": ["nobody"]}


def random_model(seed: int, causes: int = 2, findings: int = 2, roots: int = 2) -> DiagnosticModel:
    """Roots of two or three states, causes by table or gate over them, findings by gate over the causes."""
    rng = np.random.default_rng(seed)
    sizes = {f"r{i}": int(rng.integers(2, 4)) for i in range(roots)}
    questions = [_question(name, size, {"table": _table(rng, size, {})}) for name, size in sizes.items()]
    names = [f"c{i}" for i in range(causes)]
    made = []
    for name in names:
        under = {parent: sizes[parent] for parent in sizes if rng.random() < 0.7} or {"r0": sizes["r0"]}
        by = {"gate": _gate(rng, under)} if rng.random() < 0.6 else {"table": _table(rng, 2, under)}
        made.append({"id": name, "label": name, "plain": name, **by})
    for i in range(findings):
        above = [name for name in names if rng.random() < 0.7] or names[:1]
        questions.append(_question(f"f{i}", 2, {"gate": {"leak": _row(rng, 2), "links": _short(rng, above)}}))
    model = {
        "id": "random",
        "title": "Random",
        "version": "1",
        "population": "Nobody",
        "question": questions,
        "cause": made,
        "outcome": {"id": "happened", "label": "It", "gate": {"leak": _row(rng, 2), "links": _short(rng, names)}},
        "heading": [{"id": "all_of_them", "label": "All", "causes": names}],
    }
    files = {
        "model.toml": tomlkit.dumps(model),
        "advice.toml": tomlkit.dumps({"level": LEVELS, "advice": ADVICE}),
        "sources.toml": tomlkit.dumps({"source": SOURCES}),
    }
    return DiagnosticModel(knowledge_of(files, Path("random")))


def _question(name: str, size: int, by: dict) -> dict:
    states = ["no", "yes"] if "gate" in by else [f"s{i}" for i in range(size)]
    listed = [{"id": state, "label": state} for state in states]
    return {"id": name, "label": name, "section": "all", "ask": "?", "help": "?", "states": listed, **by}


def _row(rng: np.random.Generator, size: int, names: list[str] | None = None, given: dict | None = None) -> dict:
    p = rng.dirichlet(np.full(size, 2.0))
    p = np.clip(p, 0.02, None) / np.clip(p, 0.02, None).sum()
    value = float(p[1]) if names is None else {name: float(x) for name, x in zip(names, p, strict=True)}
    return {**({"given": given} if given else {}), "p": value, "strength": float(rng.integers(2, 20)), **MARKED}


def _table(rng: np.random.Generator, size: int, parents: dict[str, int], binary: bool = False) -> dict:
    names = None if binary or (size == 2 and parents) else [f"s{i}" for i in range(size)]
    givens = [{}]
    for parent, count in parents.items():
        givens = [{**given, parent: f"s{i}"} for given in givens for i in range(count)]
    return {"parents": list(parents), "rows": [_row(rng, size, names, given) for given in givens]}


def _gate(rng: np.random.Generator, parents: dict[str, int]) -> dict:
    """A link per parent, and one over all of them; the first state of the first parent switches its link off."""
    links = []
    for parent, count in parents.items():
        table = _table(rng, 2, {parent: count}, binary=True)
        off = {"off": [{parent: "s0"}]} if not links else {}
        rows = table["rows"][1:] if off else table["rows"]
        links.append({"id": f"by_{parent}", "parents": [parent], "rows": rows, **off})
    if len(parents) > 1:
        turned = dict(reversed(parents.items()))
        links.append({"id": "by_all", **_table(rng, 2, turned, binary=True)})
    return {"leak": _row(rng, 2), "links": links}


def _short(rng: np.random.Generator, causes: list[str]) -> list[dict]:
    return [
        {"cause": name, "p": float(rng.uniform(0.1, 0.9)), "strength": float(rng.integers(2, 20)), **MARKED}
        for name in causes
    ]
