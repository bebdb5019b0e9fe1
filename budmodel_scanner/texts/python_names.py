"""What the names and constants of a Python file stand for, as far as reading tells: imports, aliases, texts in pieces."""

import ast
import base64
import binascii
import codecs
import operator
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.python_deeds import FINDS_BY_NAME

_MAX_DEPTH = 60
_MAX_CHARACTERS = 100_000
_MAX_STEPS = 20_000
_MAX_NUMBER = 1 << 64
_FIELDS = expression(r"(?:[^{}]|\{\d?\}){1,1000}")
_WIDE = expression(r"%[^a-z%]{0,20}\d{3}|\*")
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.BitXor: operator.xor,
    ast.Mod: operator.mod,
}
_BUILTINS = {"__builtins__", "builtins", "builtins.__dict__", "__dict__", "__builtins__.__dict__", "globals().__builtins__"}
_BUILTIN_PREFIXES = ("builtins.", "__builtins__.", "__builtin__.")
_OF_BASE64 = ("b64decode", "standard_b64decode", "urlsafe_b64decode", "b32decode", "b16decode", "b85decode", "a85decode")
_DECODERS: dict[str, Callable[[str | bytes], bytes]] = {
    **{f"base64.{name}": getattr(base64, name) for name in _OF_BASE64},
    **{f"binascii.{name}": getattr(binascii, name) for name in ("unhexlify", "a2b_hex", "a2b_base64")},
}


@dataclass(frozen=True, slots=True)
class Names:
    """`aliases`: what names of this file were imported as or set to. `constants`: texts that names are set to once.
    `looped`: what names stand for one after another; `given`: what parameters are called with."""

    aliases: dict[str, str] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    looped: dict[str, list[ast.expr]] = field(default_factory=dict)
    given: dict[str, list[ast.expr]] = field(default_factory=dict)
    _found: dict[int, str | None] = field(default_factory=dict)
    _steps_left: list[None] = field(default_factory=lambda: [None] * _MAX_STEPS)
    _sought: set[str] = field(default_factory=set)

    def dotted(self, node: ast.expr, depth: int = 0) -> str | None:
        """The dotted name that an expression stands for, `os.system` for `getattr(__import__("os"), "sys" + "tem")` too."""
        if id(node) in self._found:
            return self._found[id(node)]
        found = self._dotted(node, depth + 1) if depth < _MAX_DEPTH else None
        if found is not None:
            for prefix in _BUILTIN_PREFIXES:
                found = found.removeprefix(prefix)
        self._found[id(node)] = found
        return found

    def _dotted(self, node: ast.expr, depth: int) -> str | None:
        match node:
            case ast.Name():
                return self.aliases.get(node.id, node.id)
            case ast.Attribute(attr="f_builtins"):
                return "builtins.__dict__"
            case ast.Attribute():
                found = f"{self.dotted(node.value, depth) or '?'}.{node.attr}"
                return self.aliases.get(found, found)
            case ast.Call(func=ast.Call(func=getter, args=[key, *_]), args=[given, *_]) if (
                self.dotted(getter, depth) == "operator.attrgetter"
            ):
                return f"{self.dotted(given, depth)}.{self.text(key, depth)}"
            case ast.Call(func=function, args=arguments):
                called = self.dotted(function, depth)
                if called and called.endswith(".__getattribute__") and len(arguments) == 2:
                    called = "getattr"
                if called and called.endswith((".get", ".__getattribute__", ".__getitem__", ".pop")) and arguments:
                    holder, sought = called.rpartition(".")[0], self.text(arguments[0], depth)
                    direct = f"{holder}.{sought}" if called.endswith("bute__") else None
                    if sought and (known := direct or self._looked_up(holder, sought)):
                        return known
                if called == "functools.reduce" and len(arguments) == 3 and self.dotted(arguments[0], depth) == "getattr":
                    parts = arguments[1].func if isinstance(arguments[1], ast.Call) else arguments[1]
                    way = self.text(parts.value, depth) if isinstance(parts, ast.Attribute) else None
                    return f"{self.dotted(arguments[2], depth)}.{way}"
                if called in {"getattr", "object.__getattribute__"} and len(arguments) >= 2:
                    owner, name = self.dotted(arguments[0], depth), self.text(arguments[1], depth)
                    return f"{owner}.{name}" if owner and name else None
                if called in {"__import__", "importlib.import_module", "importlib.__import__"} and arguments:
                    return self.text(arguments[0], depth)
                if called in FINDS_BY_NAME and arguments and (told := self.text(arguments[0], depth)):
                    return told.replace(":", ".")
                if called in {"globals", "locals"}:
                    return "globals()"
                if called == "vars" and arguments:
                    return f"{self.dotted(arguments[0], depth)}.__dict__"
                return None if called is None else self.aliases.get(f"{called}()", f"{called}()")
            case ast.Subscript(value=value, slice=index):
                owner, name = self.dotted(value, depth), self.text(index, depth)
                if owner is None or name is None:
                    return f"{owner}[]" if owner else None
                return self._looked_up(owner, name) or f"{owner}[]"
            case ast.NamedExpr():
                return self.dotted(node.value, depth)
            case ast.IfExp(body=body, orelse=other):
                return self.dotted(body, depth) or self.dotted(other, depth)
        return None

    def _looked_up(self, owner: str, name: str) -> str | None:
        """What a name stands for in a dictionary of modules or of names."""
        if owner == "globals()" or owner.endswith("sys.modules"):
            return self.aliases.get(name, name)
        if owner in _BUILTINS:
            return name
        return f"{owner.removesuffix('.__dict__')}.{name}" if owner.endswith(".__dict__") else None

    def text(self, node: ast.expr, depth: int = 0) -> str | None:
        """The text that an expression comes to, pieces, codes and encodings put together; None where it is not constant."""
        try:
            found = self._constant(node, depth)
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
            return None
        if isinstance(found, bytes):
            return found.decode("latin-1")
        return found if isinstance(found, str) else None

    def _constant(self, node: ast.expr, depth: int) -> object:
        """Raises ValueError, TypeError or LookupError for what is not constant."""
        if depth > _MAX_DEPTH:
            raise ValueError("too deep")
        depth += 1
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name) if name in self.constants:
                return self._named(name, depth)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if f"{owner}.{name}" in self.constants:
                return self._named(f"{owner}.{name}", depth)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._constant(item, depth) for item in items[:10_000]]
            case ast.JoinedStr(values=parts):
                return "".join(str(self._constant(part, depth)) for part in parts)
            case ast.FormattedValue(value=value):
                return self._constant(value, depth)
            case ast.IfExp(test=ast.Constant(value=holds), body=body, orelse=other):
                return self._constant(body if holds else other, depth)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self._constant(operand, depth)
                return -inner if isinstance(inner, int) else inner
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATIONS:
                first, second = self._constant(left, depth), self._constant(right, depth)
                size = sum(len(value) for value in (first, second) if isinstance(value, str | bytes | list))
                numbers = isinstance(first, int) and isinstance(second, int) and max(abs(first), abs(second)) < _MAX_NUMBER
                alike = type(first) is type(second) and isinstance(operation, ast.Add)
                filled = isinstance(first, str) and isinstance(operation, ast.Mod) and not _WIDE.search(first)
                if size < _MAX_CHARACTERS and (numbers or alike or filled):
                    return _OPERATIONS[type(operation)](first, tuple(second) if isinstance(second, list) else second)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
                whole = self._constant(value, depth)
                ends = [None if end is None else self._constant(end, depth) for end in (lower, upper, step)]
                if isinstance(whole, str | bytes | list):
                    return whole[slice(*ends)]
            case ast.Subscript(value=value, slice=index):
                whole, at = self._constant(value, depth), self._constant(index, depth)
                if isinstance(whole, str | bytes | list | dict):
                    return whole[at]  # type: ignore[call-overload, index]
            case ast.Dict(keys=keys, values=values) if None not in keys:
                pairs = zip(keys[:1_000], values, strict=False)
                return {self._constant(key, depth): self._constant(value, depth) for key, value in pairs if key is not None}
            case ast.ListComp(elt=made) | ast.GeneratorExp(elt=made) | ast.SetComp(elt=made):
                return [within._constant(made, depth) for within in self._steps(node, depth)]
            case ast.DictComp(key=key, value=value):
                return {it._constant(key, depth): it._constant(value, depth) for it in self._steps(node, depth)}
            case ast.Call():
                return self._call(node, depth)
        raise ValueError("not constant")

    def _named(self, name: str, depth: int) -> object:
        if name in self._sought:
            raise ValueError("made of itself")
        self._sought.add(name)
        try:
            return self._constant(self.constants[name], depth)
        finally:
            self._sought.discard(name)

    def _steps(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp, depth: int) -> Iterator["Names"]:
        """The names as each step of a comprehension has them. Of all comprehensions of a file, so many steps are taken."""
        step, *others = node.generators
        target, items = step.target, self._constant(step.iter, depth)
        if others or step.ifs or not isinstance(items, str | bytes | list):
            raise ValueError("not constant")
        within = Names(
            self.aliases, dict(self.constants), self.looped, self.given, _steps_left=self._steps_left, _sought=self._sought
        )
        for item in items:
            if not self._steps_left:
                raise ValueError("too long")
            self._steps_left.pop()
            pairs = zip(target.elts, item, strict=True) if isinstance(target, ast.Tuple) and isinstance(item, list) else ()
            for one, part in pairs or ((target, item),):
                if isinstance(one, ast.Name):
                    within.constants[one.id] = ast.Constant(part)
            yield within

    def _call(self, node: ast.Call, depth: int) -> object:
        name = self.dotted(node.func, depth)
        arguments = node.args
        if name == "chr" and arguments:
            code = self._constant(arguments[0], depth)
            return chr(code) if isinstance(code, int) else None
        if name in {"bytes", "bytearray", "str"} and arguments:
            return _bytes(self._constant(arguments[0], depth))
        if name in {"bytes.fromhex", "bytearray.fromhex"} and arguments:
            return bytes.fromhex(str(self._constant(arguments[0], depth)))
        if name in _DECODERS and arguments:
            encoded = self._constant(arguments[0], depth)
            return _DECODERS[name](encoded) if isinstance(encoded, str | bytes) else None
        if name in {"codecs.decode", "codecs.encode"} and len(arguments) > 1:
            encoded, codec = self._constant(arguments[0], depth), self._constant(arguments[1], depth)
            if isinstance(encoded, str) and codec in {"rot13", "rot_13"}:
                return codecs.decode(encoded, "rot13")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "to_bytes" and arguments:
            number, length = self._constant(node.func.value, depth), self._constant(arguments[0], depth)
            if isinstance(number, int) and isinstance(length, int) and length < _MAX_CHARACTERS:
                return number.to_bytes(length, "little" if "little" in ast.unparse(node) else "big")
        if name == "enumerate" and arguments:
            items = self._constant(arguments[0], depth)
            return [list(pair) for pair in enumerate(items)] if isinstance(items, str | bytes | list) else None
        if name == "reversed" and arguments:
            turned = self._constant(arguments[0], depth)
            return turned[::-1] if isinstance(turned, str | bytes | list) else None
        if name == "map" and len(arguments) == 2 and self.dotted(arguments[0], depth) == "chr":
            codes = self._constant(arguments[1], depth)
            if isinstance(codes, list | bytes):
                return [chr(code) for code in codes if isinstance(code, int)]
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, depth)
        raise ValueError("not constant")

    def _method(self, node: ast.Call, function: ast.Attribute, depth: int) -> object:
        receiver = self._constant(function.value, depth)
        if function.attr == "join" and isinstance(receiver, str) and node.args:
            return receiver.join(str(part) for part in self._parts(node.args[0], depth))
        arguments = [self._constant(argument, depth) for argument in node.args]
        match function.attr, receiver, arguments:
            case "decode", bytes(), _:
                return receiver.decode("latin-1")
            case "encode", str(), _:
                return receiver.encode()
            case (("lower" | "upper" | "strip" | "swapcase" | "title"), str(), []):
                return str(getattr(receiver, function.attr)())
            case (("split" | "rsplit" | "partition" | "rpartition"), str(), _):
                return list(getattr(receiver, function.attr)(*arguments))
            case "replace", str(), [str() as old, str() as new] if len(receiver) * (len(new) + 1) < _MAX_CHARACTERS:
                return receiver.replace(old, new)
            case "format", str(), _ if _FIELDS.fullmatch(receiver):
                return receiver.format(*map(str, arguments))
        raise ValueError("not constant")

    def _parts(self, node: ast.expr, depth: int) -> list[object]:
        """The items of a list, or of `chr(x) for x in [...]`."""
        if isinstance(node, ast.GeneratorExp | ast.ListComp) and len(node.generators) == 1:
            with suppress(ValueError, TypeError, LookupError):
                made = self._constant(node, depth)
                return made if isinstance(made, list) else []
            codes = self._constant(node.generators[0].iter, depth)
            is_chr = isinstance(node.elt, ast.Call) and self.dotted(node.elt.func, depth) == "chr"
            if isinstance(codes, list | bytes) and is_chr:
                # An offset or a key applied to each code hides the text; which text it is does not matter here.
                return [chr(code) for code in codes if isinstance(code, int) and 0 <= code < 0x110000]
        found = self._constant(node, depth)
        if isinstance(found, list | str):
            return list(found)
        raise ValueError("not constant")


def _bytes(value: object) -> object:
    if isinstance(value, list):
        return bytes(code for code in value if isinstance(code, int) and 0 <= code < 256)
    return value
