"""Old versions lifted to the newest by pure functions, one step at a time.

A step stands under the type it reads: the next type, and the function that brings data into its shape. Nothing has a
second version yet; the first one adds its step here and keeps every example of the old version decoding.
"""

from collections.abc import Callable
from typing import Any

Data = dict[str, Any]

STEPS: dict[str, tuple[str, Callable[[Data], Data]]] = {}


def newest(type_: str) -> str:
    """The newest type that a type is lifted to; a type without a step is its own."""
    while type_ in STEPS:
        type_, _ = STEPS[type_]
    return type_


def lift(type_: str, data: Data) -> tuple[str, Data]:
    """Applies every step from a type on; a type without a step comes back as it is."""
    while type_ in STEPS:
        type_, step = STEPS[type_]
        data = step(data)
    return type_, data
