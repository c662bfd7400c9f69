"""The faults that a module can be given: each a piece of its text and what stands there instead."""

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
LOGGERS = {"logger"}
"""What is said in the log of the process is left alone."""


@dataclass(frozen=True)
class Mutant:
    """One fault: what kind, where, and the whole text of the module with it."""

    kind: str
    line: int
    text: str

    def diff(self, path: Path, original: str) -> str:
        """As a unified diff."""
        lines = difflib.unified_diff(
            original.splitlines(), self.text.splitlines(), str(path), f"{path}: {self.kind}", n=2, lineterm=""
        )
        return "\n".join(lines)


def mutants(text: str) -> list[Mutant]:
    """Every fault of a module, in the order of its lines."""
    tree = ast.parse(text)
    starts, data = [0], text.encode()
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def put(node: ast.expr | ast.stmt, instead: str) -> str:
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        return (data[:start] + instead.encode() + data[end:]).decode()

    found = [Mutant(kind, at.lineno, put(at, instead)) for node in _walk(tree) for at, kind, instead in _faults(node)]
    return sorted({mutant.text: mutant for mutant in found if _compiles(mutant.text)}.values(), key=lambda m: m.line)


def _compiles(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _walk(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """What may be given a fault: no annotations, decorators, docstrings, f-strings, nor what is only logged."""
    if isinstance(node, ast.JoinedStr) or _is_said(node):
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child)


def _is_said(node: ast.AST) -> bool:
    """A docstring, or a call of a logger."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    called = node.value.func if isinstance(node.value, ast.Call) else None
    return isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in LOGGERS


def _faults(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """What is replaced, kind of fault, and what stands there instead."""
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield node.test, "condition", f"(not ({ast.unparse(node.test)}))"
    for kind, instead in _instead(node):
        yield node, kind, instead


def _instead(node: ast.expr | ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                yield "comparison", _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield "boolean", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for at in range(len(node.values)):
            rest = [*node.values[:at], *node.values[at + 1 :]]
            yield "boolean", _with(node, values=rest) if len(rest) > 1 else f"({ast.unparse(rest[0])})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "boolean", f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield "operator", _with(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Constant):
        yield from _constant(node.value)
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield "name", NAMES[node.id]
    elif isinstance(node, ast.stmt):
        yield from _statement(node)


def _constant(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool):
        yield "constant", str(not value)
    elif isinstance(value, int | float):
        yield "constant", repr(value + 1)
    elif isinstance(value, str):
        yield "constant", repr(f"{value}x")


def _statement(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Return) and node.value and not _is_none(node.value):
        yield "return", "return None"
    elif isinstance(node, ast.Continue | ast.Break):
        yield "jump", "break" if isinstance(node, ast.Continue) else "continue"
    elif isinstance(node, ast.Raise | ast.Expr | ast.Assign | ast.AugAssign | ast.Delete | ast.Assert):
        yield "statement", "pass"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(node: ast.expr, **fields: object) -> str:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return f"({ast.unparse(changed)})"
