"""How verbs tell what they do and what they found."""

import json
import sys
from collections.abc import Callable
from typing import Any


def say(as_json: bool, value: Any, text: str) -> None:
    """Prints a value as JSON, or the text in its place."""
    print(json.dumps(value, default=str, ensure_ascii=False) if as_json else text)


def counting(verb: str, what: str) -> Callable[[int, int], None]:
    """Says on stderr how far a verb has come, at each whole percent."""
    said = [-1]

    def progress(done: int, of: int) -> None:
        if of and (percent := done * 100 // of) != said[0]:
            said[0] = percent
            print(f"\r{verb} {done} of {of} {what} ({percent} %)", end="", file=sys.stderr, flush=True)

    return progress
