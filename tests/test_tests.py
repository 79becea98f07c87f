# SPDX-License-Identifier: Apache-2.0
"""No test can end well without having checked anything: each path through it reaches an assertion."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MODULES = sorted(TESTS.rglob("test_*.py"))

JUSTIFIED = {
    "export/test_faults.py::test_full_disk": "only root can mount a small file system",
    "data/test_share_folder.py::test_the_same_through_ray": "Ray is an extra of its own",
    "data/test_share_folder.py::test_a_ray_cluster_that_is_not_there": "Ray is an extra of its own",
    "firmware/test_instructions.py::test_equals_tflm": "skipped where a core has no kernel of its own for the operator",
}
"""Tests that may be skipped from within, and why."""

CHECKS = ("pytest.raises", "np.testing.", "torch.testing.")


def test_each_test_reaches_an_assertion_on_every_path() -> None:
    found = {f"{path.relative_to(TESTS)}::{name}" for path in MODULES for name in unchecked(path)}
    assert found == set(JUSTIFIED)


@pytest.mark.parametrize(
    "body",
    [
        "if not found:\n  return\nassert found",
        "if found:\n  assert found",
        "for one in found:\n  assert one",
        "for one in (1, 2):\n  if one in found:\n    continue\n  assert one",
        "pytest.skip('not today')\nassert found",
        "try:\n  found()\n  assert False\nexcept ValueError:\n  pass",
        "def inner():\n  assert found\nprint(inner)",
        "for one in (1, 2):\n  for other in (1, 2):\n    return\nassert found",
    ],
)
def test_what_hides_an_assertion_is_seen(body: str) -> None:
    assert not checks(ast.parse(body).body, {})


@pytest.mark.parametrize(
    "body",
    [
        "print()\nassert found",
        "if found:\n  assert found\nelse:\n  with pytest.raises(ValueError):\n    found()",
        "for one in (1, 2):\n  assert one",
        "np.testing.assert_array_equal(found, 1)",
        "subprocess.run(found, check=True)",
        "with open(found) as file:\n  assert file",
        "for one in found:\n  if one:\n    break\nassert found",
        "try:\n  found()\nexcept ValueError as error:\n  assert error\nelse:\n  assert found",
    ],
)
def test_what_always_asserts_is_seen(body: str) -> None:
    assert checks(ast.parse(body).body, {})


def unchecked(path: Path) -> Iterator[str]:
    """The tests of a module that can end well without a check."""
    functions = functions_of(path)
    for name, function in functions.items():
        if name.startswith("test_") and not checks(function.body, functions):
            yield name


@cache
def functions_of(path: Path) -> dict[str, ast.FunctionDef]:
    """The functions that a module defines or has from another module of the tests, by name."""
    functions: dict[str, ast.FunctionDef] = {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            other = functions_of(TESTS.parent.joinpath(*str(node.module).split(".")).with_suffix(".py"))
            functions |= {one.asname or one.name: other[one.name] for one in node.names if one.name in other}
    return functions


def checks(body: list[ast.stmt], functions: dict[str, ast.FunctionDef]) -> bool:
    """Whether every way through `body` meets a check before it ends."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.Assert) or _checks_within(statement, functions):
            return True
        if leaves(statement):
            return False
    return False


def _checks_within(statement: ast.stmt, functions: dict[str, ast.FunctionDef]) -> bool:
    match statement:
        case ast.If(body=body, orelse=orelse):
            return checks(body, functions) and checks(orelse, functions)
        case ast.For(iter=iterable, body=body):
            return _has_elements(iterable) and checks(body, functions)
        case ast.With(items=items, body=body):
            return any(_is_check(one.context_expr, functions) for one in items) or checks(body, functions)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            ways = [[*body, *orelse], *(handler.body for handler in handlers)]
            return checks(finalbody, functions) or all(checks(way, functions) for way in ways)
        case ast.While(test=ast.Constant(value=True), body=body):
            return checks(body, functions)
        case ast.While():
            return False
    return any(_is_check(node, functions) for node in ast.walk(statement))


def _has_elements(iterable: ast.expr) -> bool:
    """A literal that is not empty, a range up to a constant, or a constant of the module, in capitals."""
    match iterable:
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return bool(elements)
        case ast.Call(func=ast.Attribute(value=constant, attr="items" | "keys" | "values")):
            return _has_elements(constant)
        case ast.Call(func=ast.Name(id="enumerate" | "zip" | "sorted" | "range"), args=[first, *_]):
            return _has_elements(first)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper()
        case ast.Constant(value=value):
            return bool(value)
    return False


def _is_check(node: ast.AST, functions: dict[str, ast.FunctionDef]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    must = any(key.arg == "check" and ast.unparse(key.value) == "True" for key in node.keywords)
    if name.startswith(CHECKS) or must:
        return True
    others = {key: one for key, one in functions.items() if key != name}
    return name in functions and checks(functions[name].body, others)


def leaves(statement: ast.stmt) -> bool:
    """Whether a statement can end the test, or the turn of a loop that it stands in, before what follows it."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return False
    if isinstance(statement, ast.Return | ast.Continue | ast.Break):
        return True
    if isinstance(statement, ast.Expr | ast.Assign) and any(_skips(node) for node in ast.walk(statement)):
        return True
    inside = (one for one in ast.iter_child_nodes(statement) if isinstance(one, ast.stmt | ast.ExceptHandler))
    if isinstance(statement, ast.For | ast.While):
        return any(_returns(one) for one in inside)
    return any(leaves(one) if isinstance(one, ast.stmt) else any(map(leaves, one.body)) for one in inside)


def _returns(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Return) or _skips(one) for one in ast.walk(node))


def _skips(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.skip", "pytest.importorskip")
