"""A model on its way to other processes, which unpack it once."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256

from threadpoolctl import threadpool_limits

from bayesnet.diagnosis.model import DiagnosticModel
from bayesnet.knowledge.knowledge import Knowledge
from bayesnet.learning.model_files import model_texts


def packed(knowledge: Knowledge) -> bytes:
    """A model's knowledge, to be sent along with a task."""
    return pickle.dumps(knowledge)


@lru_cache(maxsize=2)
def unpacked(sent: bytes) -> DiagnosticModel:
    """The model in what `packed` made; the tables it looks up are made once in a process."""
    return DiagnosticModel(pickle.loads(sent))  # noqa: S301 - from the same program, by way of the engine


def fingerprint(knowledge: Knowledge) -> str:
    """SHA-256 of a model's files, with its numbers as they are."""
    digest = sha256()
    for name, text in sorted(model_texts(knowledge).items()):
        digest.update(f"{name}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()


@contextmanager
def one_thread() -> Iterator[None]:
    """No library starts threads of its own: tasks share the processors, and sums come out the same everywhere."""
    with threadpool_limits(1):
        yield
