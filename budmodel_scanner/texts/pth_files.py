"""Lines of .pth files: what Python runs when it starts, and where it looks for modules."""

from collections.abc import Iterator

from budmodel_scanner.content import Place
from budmodel_scanner.texts.python_code import examine_python
from budmodel_scanner.verdict import Finding, Verdict


def examine_pth(text: str, place: Place) -> Iterator[Finding]:
    """https://docs.python.org/3/library/site.html: a line that begins with `import` is run each time Python starts."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(("import ", "import\t")):
            worse = [found for found in examine_python(line, place, script=False) if found.rule != "python.runs-code"]
            verdict = Verdict.MALICIOUS if worse else Verdict.SUSPICIOUS
            yield Finding("pth.runs-code", verdict, f"runs at every start: {line[:120]!r}", place.at(f"line {number}"))
            return
        if ".." in line or line.startswith("/"):
            what = f"adds {line[:120]!r} to the path of Python"
            yield Finding("pth.path", Verdict.SUSPICIOUS, what, place.at(f"line {number}"))
            return
