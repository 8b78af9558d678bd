"""The wall to pgmpy: the only module that imports it, and only when its network or an exchange format is asked for."""

import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bayesnet.errors import BadFile, BadNetwork, MissingExtra
from bayesnet.inference.network import Array, Family, Network

FORMATS = ("bif", "xmlbif", "xdsl", "net", "uai")
SAFE_NAME = re.compile(r"[A-Za-z0-9_]+")


def as_network(network: Any) -> Network:
    """A Network as it is; a pgmpy DiscreteBayesianNetwork turned into one. Raises BadNetwork for anything else."""
    return network if isinstance(network, Network) else from_pgmpy(network)


def from_pgmpy(network: Any) -> Network:
    """A pgmpy DiscreteBayesianNetwork as a Network: same variables, states by name, parents in the CPD's order.

    Raises BadNetwork where it has no tables (CPDs), or is no such network at all.
    """
    if not hasattr(network, "get_cpds") or not hasattr(network, "nodes"):
        raise BadNetwork(f"{type(network).__name__!r} is neither a Network nor a pgmpy DiscreteBayesianNetwork")
    cpds = {cpd.variable: cpd for cpd in network.get_cpds()}
    for node in network.nodes():
        if node not in cpds:
            raise BadNetwork(f"{node!r} has no table")
    states = {node: tuple(cpds[node].state_names[node]) for node in network.nodes()}
    families = {}
    for node in network.nodes():
        cpd = cpds[node]
        parents = tuple(cpd.variables[1:])
        if set(parents) != set(network.get_parents(node)):
            raise BadNetwork(f"the table of {node!r} is over {', '.join(map(str, parents))}; its arcs say otherwise")
        # A CPD may list a parent's states in another order than the parent's own: order is looked up by name.
        try:
            picks = [[cpd.state_names[name].index(state) for state in states[name]] for name in (node, *parents)]
        except ValueError as error:
            raise BadNetwork(f"the table of {node!r} names a parent's states differently: {error}") from None
        families[node] = Family(parents, np.asarray(cpd.values, dtype=np.float64)[np.ix_(*picks)])
    return Network(states, families)


def to_pgmpy(network: Network) -> Any:
    """A Network as a pgmpy DiscreteBayesianNetwork. Raises MissingExtra where pgmpy is not installed."""
    _import_pgmpy()
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    made = DiscreteBayesianNetwork()
    made.add_nodes_from(network.variables)
    for variable, family in network.families.items():
        made.add_edges_from((parent, variable) for parent in family.parents)
        shape = family.table.shape
        cpd = TabularCPD(
            variable,
            shape[0],
            family.table.reshape(shape[0], -1),
            evidence=list(family.parents),
            evidence_card=list(shape[1:]),
            state_names={name: list(network.states[name]) for name in (variable, *family.parents)},
        )
        made.add_cpds(cpd)
    return made


def export(network: Network, path: str | Path, format: str) -> None:
    """Writes an exchange file, whole or not at all. `format` is one of FORMATS.

    UAI has no names: its variables and states are numbered in the network's order.
    Raises BadFile for an unknown format, a name the format cannot carry, or a path that cannot be written, and
    MissingExtra where pgmpy is not installed.
    """
    if format not in FORMATS:
        raise BadFile(f"unknown format {format!r}. Allowed: {', '.join(FORMATS)}")
    path = Path(path)
    if path.exists() and not path.is_file():
        raise BadFile(f"cannot write {path}: it exists and is not a file")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / f"network.{format}"
            if format == "uai":
                made.write_text(uai_text(network), encoding="utf-8")
            else:
                _write_with_pgmpy(network, made, format)
            made.replace(path)
    except OSError as error:
        raise BadFile(f"cannot write {path}: {error.strerror or error}") from None


def _write_with_pgmpy(network: Network, path: Path, format: str) -> None:
    for variable, states in network.states.items():
        for name in (variable, *states):
            if not SAFE_NAME.fullmatch(str(name)):
                raise BadFile(f"the name {name!r} ({variable}) does not survive {format}: use letters, digits and _")
    bayesian_network = to_pgmpy(network)
    from pgmpy import readwrite

    writer = getattr(readwrite, f"{format.upper()}Writer")(bayesian_network)
    if format == "net":
        # pgmpy 1.1 rounds NET to eight decimals, which turns small probabilities into zeros.
        writer.net_cpd = lambda variable: _nested(np.moveaxis(network.families[variable].table, 0, -1))
    writer.write(str(path))


def _nested(values: Array) -> str:
    """Numbers in nested brackets, `((0.9 0.1) (0.2 0.8))`, with every digit and no exponent."""
    if values.ndim == 0:
        return _digits(float(values))
    return f"({' '.join(_nested(part) for part in values)})"


def _digits(value: float) -> str:
    return str(np.format_float_positional(value, trim="0"))


def uai_text(network: Network) -> str:
    """The network in the UAI format (uai competition, 2008): each scope lists the parents, then the child, which varies
    fastest. Written here because pgmpy 1.1 lists scopes in an order that its tables do not follow.
    """
    number = {variable: str(i) for i, variable in enumerate(network.variables)}
    scopes, tables = [], []
    for variable, family in network.families.items():
        scope = [number[name] for name in (*family.parents, variable)]
        values = np.moveaxis(family.table, 0, -1).ravel()
        scopes.append(" ".join([str(len(scope)), *scope]))
        tables.append(f"{values.size}\n" + " ".join(_digits(value) for value in values))
    sizes = " ".join(str(len(states)) for states in network.states.values())
    return "\n".join(["BAYES", str(len(number)), sizes, str(len(scopes)), *scopes, "", *tables]) + "\n"


def _import_pgmpy() -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pgmpy.models
            import pgmpy.readwrite  # noqa: F401
    except ImportError:
        raise MissingExtra("an exchange format or a pgmpy network", "pgmpy") from None
