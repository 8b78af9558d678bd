"""JSON in a column of text, which another program may have damaged."""

from typing import Any, TypeVar

import msgspec

from bayesnet.errors import StoreError

T = TypeVar("T")
TEXTS = msgspec.json.Decoder(dict[str, str])
"""Answers of a case, {question: state}; files of a version, {name: text}."""
VALUES = msgspec.json.Decoder(dict[str, Any])


def read_json(decoder: msgspec.json.Decoder[T], text: str, what: str) -> T:
    """The value, held against its type. Raises StoreError, which names `what` it is and not what it holds."""
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreError(f"{what} in the case store is damaged, and cannot be read: {error}") from None
