"""What a case turned out to be, as evidence: a likelihood on the nodes "this cause triggered it".

As sure as the one who said so: certainty c says c against 1 - c.
"""

from collections.abc import Mapping

from bayesnet.errors import UnknownName
from bayesnet.knowledge.gates import heading_node, link_node
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.knowledge.schema import NO, YES
from bayesnet.learning.cases.cells import CAUSE_SEPARATOR

Label = tuple[tuple[str, float, float], ...]
"""(node, likelihood of "no", likelihood of "yes") of every node that something was said of, sorted; () for no label."""


def label_nodes(knowledge: Knowledge) -> dict[str, str]:
    """What a label may name -> the node that says it triggered the outcome. A cause comes before a heading of the same id."""
    headings = {heading: heading_node(knowledge, heading) for heading in knowledge.headings}
    return headings | {cause: link_node(knowledge.outcome.id, cause) for cause in knowledge.causes}


def split_labels(text: str) -> list[str]:
    """The ids in "a;b"."""
    return [name.strip() for name in text.split(CAUSE_SEPARATOR) if name.strip()]


def label_of(nodes: Mapping[str, str], triggered: str, ruled_out: str, certainty: float) -> Label:
    """What was said of a case, with `nodes` as from `label_nodes`. Raises UnknownName for what is no cause or heading."""
    found: dict[str, tuple[float, float]] = {}
    for text, state in ((triggered, YES), (ruled_out, NO)):
        for name in split_labels(text):
            if name not in nodes:
                raise UnknownName("cause or heading", name, nodes)
            no, yes = found.get(nodes[name], (1.0, 1.0))
            said = (1 - certainty, certainty) if state == YES else (certainty, 1 - certainty)
            found[nodes[name]] = (no * said[0], yes * said[1])
    return tuple((node, no, yes) for node, (no, yes) in sorted(found.items()))
