"""Python files, by their syntax tree: what runs at import, what functions would do, what hides.

Ordinary modelling code and ordinary helper scripts are safe. Whoever imports a module runs all of its top, so the same call
weighs more there than in a function that somebody has to call.
"""

import ast
import tokenize
import unicodedata
import warnings
from collections.abc import Iterator
from io import StringIO

from budmodel_scanner.content import Place, UnscannedError
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.forms import one_of
from budmodel_scanner.texts.leaves import Leaf, LeafKind, judge
from budmodel_scanner.texts.python_behaviour import examine_behaviour
from budmodel_scanner.texts.unicode_tricks import examine_unicode
from budmodel_scanner.verdict import Finding, Verdict

MAX_PYTHON_CHARACTERS = 512 << 10
_MAX_FINDINGS = 25

# What costs a parser nothing: fonts, pictures and models that are written out.
_DATA = expression(r"[\w+/=-]{200,}")
_CODING = expression(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_ORDINARY_CODINGS = frozenset(
    {"utf-8", "utf8", "utf-8-sig", "latin-1", "latin1", "iso-8859-1", "iso-8859-15", "ascii", "us-ascii", "cp1252", "gbk"}
)
_DANGEROUS_TEXT = one_of("flow", "matters in Python")
_DANGEROUS_CYTHON = one_of("flow", "matters in Cython")
_FAR_RIGHT = expression(r"(?<=\S)[ \t]{60,};|;[ \t]{60,}[^\s#]")
_COMMENT = expression(r"(?m)^[ \t]*#[ \t]*([^\n]+)")
_CONFUSING = expression(r"[Il1]{6,}|[O0]{6,}|_0x[0-9a-f]{3,}|_{5,}\d*")


def examine_python(source: str, place: Place, *, script: bool | None = None) -> Iterator[Finding]:
    """What is wrong with Python source.

    `script`: whether it is run by a person rather than imported; None to tell by its name.
    Raises UnscannedError for source that this version of Python cannot parse and that shows nothing dangerous.
    """
    if len(source) > MAX_PYTHON_CHARACTERS and len(_DATA.sub("", source)) > MAX_PYTHON_CHARACTERS:
        raise UnscannedError("python.too-large", f"{len(source):,} characters of Python; {MAX_PYTHON_CHARACTERS:,} are read")
    yield from examine_unicode(source, place, "Python code")
    yield from _encoding(source, place)
    if found := _FAR_RIGHT.search(source):
        line = source.count("\n", 0, found.start()) + 1
        what = "code far to the right of other code"
        yield Finding("python.out-of-sight", Verdict.SUSPICIOUS, what, place.at(f"line {line}"))
    try:
        source, tree = _parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield from _unparsed(source, error, place)
        return
    yield from _disguised(source, tree, place)
    yield from judge(Leaf(LeafKind.NOTE, "\n".join(_COMMENT.findall(source))), place)
    count = 0
    seen: set[tuple[str, str]] = set()
    try:
        for rule, verdict, what, line in examine_behaviour(tree, place.name, script=script):
            if (rule, what) not in seen and count < _MAX_FINDINGS:
                seen.add((rule, what))
                count += 1
                yield Finding(rule, verdict, what, place.at(f"line {line}"))
    except RecursionError:
        yield Finding("python.nested-too-deep", Verdict.SUSPICIOUS, "expressions nested too deep to be read", place.at(""))


def _parsed(source: str) -> tuple[str, ast.Module]:
    """The tree of a source, which may be of Python 2. Raises what `ast.parse` raises for the source as it stands."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return source, ast.parse(source)
        except SyntaxError as error:
            newer = source.expandtabs(8)
            for form, written in _OF_PYTHON_2:
                newer = form.sub(written, newer)
            try:
                return newer, ast.parse(newer)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                raise error from None


# What Python 2 wrote otherwise: the words and signs that sources of its time are full of.
_OF_PYTHON_2 = (
    (
        expression(r"(?m)(^[ \t]*|[:;][ \t]*)print\b[ \t]*(?:>>[ \t]*[\w.]+[ \t]*,?[ \t]*)?([^(\n;#=. \t][^\n;#]*)"),
        r"\1print(\2)",
    ),
    (expression(r"(?m)^([ \t]*except[ \t]+[\w.]+|[ \t]*except[ \t]*\([\w., \t]+\))[ \t]*,[ \t]*(\w+)[ \t]*:"), r"\1 as \2:"),
    (expression(r"(?m)^([ \t]*)raise[ \t]+([\w.]+)[ \t]*,[ \t]*([^\n]+)"), r"\1raise \2(\3)"),
    (expression(r"(?m)(^[ \t]*|[:;][ \t]*)exec[ \t]+([^\n;#]+)"), r"\1exec(\2)"),
    (expression(r"(?<![\w.])0([0-7]{2,6})(?![\w.])"), r"0o\1"),
    (expression(r"(?<![\w.])(\d+)[lL](?!\w)"), r"\1"),
    (expression(r"\b[uU][rR](?=['\"])"), "r"),
    (expression(r"<>"), "!="),
    (expression(r"`([^`\n]{1,200})`"), r"repr(\1)"),
)


def _encoding(source: str, place: Place) -> Iterator[Finding]:
    for number, line in enumerate(source.split("\n", 2)[:2], start=1):
        if (found := _CODING.match(line)) and found[1].lower().replace("_", "-") not in _ORDINARY_CODINGS:
            what = f"declares the encoding {found[1]!r}, in which the code may read differently from what is shown"
            yield Finding("python.encoding", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))


def _unparsed(source: str, error: Exception, place: Place) -> Iterator[Finding]:
    line = getattr(error, "lineno", None) or 1
    if isinstance(error, RecursionError | MemoryError) or "too many" in str(error):
        yield Finding("python.nested-too-deep", Verdict.SUSPICIOUS, "code nested too deep to be parsed", place.at(""))
    elif found := (_DANGEROUS_CYTHON if place.name.endswith((".pyx", ".pxd")) else _DANGEROUS_TEXT).search(source):
        what = f"cannot be parsed ({str(error)[:80]}) and holds {found[0].strip()[:40]!r}"
        where = place.at(f"line {source.count(chr(10), 0, found.start()) + 1}")
        yield Finding("python.unparsed-danger", Verdict.SUSPICIOUS, what, where)
    else:
        raise UnscannedError("python.syntax", f"line {line} is not Python of this version: {str(error)[:120]}")


def _disguised(source: str, tree: ast.Module, place: Place) -> Iterator[Finding]:
    """Names written in look-alike letters that Python reads as ordinary ones, and names that nobody can tell apart."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    confusing = [name for name in names if _CONFUSING.fullmatch(name)]
    if len(confusing) >= 5:
        what = f"{len(confusing)} names made to be confused, such as {confusing[0]}"
        yield Finding("python.obfuscated", Verdict.SUSPICIOUS, what, place.at(""))
    if source.isascii():
        return
    try:
        for token in tokenize.generate_tokens(StringIO(source).readline):
            if token.type == tokenize.NAME and not token.string.isascii():
                plain = unicodedata.normalize("NFKC", token.string)
                mixed = plain != token.string and plain.isascii()
                if mixed or _mixes_scripts(plain):
                    what = f"the name {token.string!r} reads as another"
                    yield Finding("python.disguised-name", Verdict.SUSPICIOUS, what, place.at(f"line {token.start[0]}"))
                    return
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return


def _mixes_scripts(name: str) -> bool:
    """Latin and Cyrillic letters in one name; Greek ones are ordinary in formulas."""
    scripts = {unicodedata.name(character, "").split(" ")[0] for character in name if character.isalpha()}
    return {"LATIN", "CYRILLIC"} <= scripts
