"""Classes that evaluate a text when they are made or restored: harmless where it is what they write themselves.

scipy's distributions execute the functions that parse their arguments, which they keep as a text in their state; data of
statsmodels evaluates its formula again; classes of sympy evaluate texts among their arguments.
"""

from budmodel_scanner.expressions import expression
from budmodel_scanner.pickles.values import ARGUMENT_PARSER, PLAIN, Global, Made, State

_DISTRIBUTIONS = {f"scipy.stats.{name}" for name in ("_continuous_distns", "_discrete_distns", "_distn_infrastructure")}
_DISTRIBUTIONS.add("scipy.stats._levy_stable")
_FORMULAS = "statsmodels.base.data"
_NAMED_BY_TEXT = {"Symbol", "Dummy", "Wild", "Float", "Str"}
_SHAPES = rb"(?:[A-Za-z]\w*, ?)*"
_PARSER = expression(
    rb"\ndef _parse_args\(self, (S) ?loc=0(?:, scale=1)?\):\n    return \(S\), loc, (?:scale|1)\n"
    rb"\ndef _parse_args_rvs\(self, S ?loc=0(?:, scale=1)?, size=None\):\n"
    rb"    return self\._argcheck_rvs\(S ?loc, (?:scale|1), size=size\)\n"
    rb"\ndef _parse_args_stats\(self, S ?loc=0(?:, scale=1)?, moments='mv'\):\n"
    rb"    return \(S\), loc, (?:scale|1), moments\n".replace(b"S", _SHAPES)
)
# What formulas call: functions of numbers and those by which patsy codes categories, with names, numbers and plain texts.
_CALLED = expression(
    rb"(?<![\w.])(?:C|I|Q|abs|pow|round|bs|cr|cc|te|center|scale|standardize|Treatment|Sum|Diff|Helmert|Poly|"
    rb"np\.(?:log|log2|log10|log1p|exp|expm1|sqrt|square|abs|absolute|sin|cos|tan|tanh|power|sign|maximum|minimum|floor|ceil|clip)"
    rb")[ ]?\("
)
_QUOTED = expression(rb"\"[\w \-]*\"|'[\w \-]*'")
_CALLS = expression(rb"[\w\])'\"][ \t\n]*\(")
_FORMULA = expression(rb"[\w\s.~+*/:^|,()=<>-]*")
LONGEST_PARSER = 2048


def is_argument_parser(text: bytes) -> bool:
    """Whether this is the text that scipy.stats writes: three functions that hand on their arguments."""
    return len(text) <= LONGEST_PARSER and text.startswith(b"\ndef _parse_args(") and _PARSER.fullmatch(text) is not None


def evaluates_state(value: object) -> bool:
    """Whether restoring the state of this object evaluates an entry of it."""
    return isinstance(value, Made) and (value.by.module in _DISTRIBUTIONS or value.by.module == _FORMULAS)


def evaluated_entry(by: Global, state: object) -> str | None:
    """What is wrong with the text that this state would have evaluated."""
    if not isinstance(state, State) or not state.certain:
        return "restores its state, a text of which would be evaluated, out of something else than a plain description"
    if by.module == _FORMULAS:
        formula = state.entries.get(b"formula", PLAIN)
        known = formula is PLAIN or (isinstance(formula, bytes) and _is_of_numbers(formula))
        return None if known else "has a formula evaluated that is more than names and signs"
    text = state.entries.get(b"_parse_arg_template", PLAIN)
    known = text is PLAIN or text is ARGUMENT_PARSER or (isinstance(text, bytes) and is_argument_parser(text))
    return None if known else "has a text executed that scipy does not write"


def _is_of_numbers(formula: bytes) -> bool:
    """Whether a formula calls nothing but what is known; brackets stand for anything else only where nothing is called."""
    rest = _CALLED.sub(b"+(", _QUOTED.sub(b"0", formula))
    return _FORMULA.fullmatch(rest) is not None and not _CALLS.search(rest)


def evaluated_argument(of: object, arguments: object) -> str | None:
    """What is wrong with making an instance of this class with these arguments."""
    if not isinstance(of, Global) or of.module.partition(".")[0] != "sympy":
        return None
    rest = arguments[1:] if of.name in _NAMED_BY_TEXT and isinstance(arguments, tuple) else arguments
    return "has a text evaluated, or what may hold one" if _may_hold_text(rest) else None


def _may_hold_text(value: object) -> bool:
    if isinstance(value, tuple):
        return any(map(_may_hold_text, value))
    return not (value is PLAIN or isinstance(value, int | Made | Global))
