"""Bytes that were good: bits flipped, cut, doubled, mixed; by Hypothesis, so that what fails is made small."""

from hypothesis import strategies as st


@st.composite
def spoilt(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """One of the good, with one to four things done to it."""
    value = draw(good)
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(value))] * 2)))
        how = draw(st.sampled_from(["flip", "cut", "drop", "double", "put", "mix"]))
        if how == "flip" and start < len(value):
            bit = 1 << draw(st.integers(0, 7))
            value = value[:start] + bytes([value[start] ^ bit]) + value[start + 1 :]
        elif how == "cut":
            value = value[:end]
        elif how == "drop":
            value = value[:start] + value[end:]
        elif how == "double":
            value = value[:end] + value[start:]
        elif how == "put":
            value = value[:start] + draw(st.binary(max_size=8) | st.sampled_from(NASTY)) + value[end:]
        elif how == "mix":
            other = draw(good)
            value = value[:start] + other[min(start, len(other)) :]
    return value


NASTY = (
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b'"',
    b"\n",
    b"\r",
    b",",
    b"[" * 2_000,
    b"9" * 5_000,
    b"1e400",
    b"NaN",
    "\ufeff".encode(),
    "９".encode(),
    "²".encode(),
)
"""What parsers stumble over."""
