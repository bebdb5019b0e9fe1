"""Lines of .pth files: what Python runs when it starts, and where it looks for modules."""

from collections.abc import Iterator

from budmodel_scanner.content import Content, Place
from budmodel_scanner.expressions import expression
from budmodel_scanner.texts.python_code import examine_python
from budmodel_scanner.verdict import Finding, Verdict

# What setuptools writes: its own distutils before Python's, packages that share a name, and packages in development, each by
# a module beside it, which is examined as what it is.
_OF_SETUPTOOLS = expression(
    r"import os; ?var = 'SETUPTOOLS_USE_DISTUTILS'; ?enabled = os\.environ\.get\(var, '(?:local|stdlib)'\) == 'local'; ?"
    r"enabled and __import__\('_distutils_hack'\)(?:\.add_shim\(\))?;? ?"
    r"|import (__editable___\w+_finder); ?\1\.install\(\)"
)


def is_of_setuptools(content: Content) -> bool:
    """Whether a .pth file holds no weights for a good reason."""
    text = content.read(0, _LONGEST).decode("latin-1").strip()
    return content.size < _LONGEST and _OF_SETUPTOOLS.fullmatch(text) is not None


_LONGEST = 1000


def examine_pth(text: str, place: Place) -> Iterator[Finding]:
    """https://docs.python.org/3/library/site.html: a line that begins with `import` is run each time Python starts."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _OF_SETUPTOOLS.fullmatch(line.strip()):
            continue
        if line.startswith(("import ", "import\t")):
            worse = [found for found in examine_python(line, place, script=False) if found.rule != "python.runs-code"]
            verdict = Verdict.MALICIOUS if worse else Verdict.SUSPICIOUS
            yield Finding("pth.runs-code", verdict, f"runs at every start: {line[:120]!r}", place.at(f"line {number}"))
            return
        if ".." in line or line.startswith("/"):
            what = f"adds {line[:120]!r} to the path of Python"
            yield Finding("pth.path", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))
            return
