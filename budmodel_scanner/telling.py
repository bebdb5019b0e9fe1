"""How a scan is told on a terminal: whatever the command, the same sentences."""

from collections import Counter
from collections.abc import Iterator, Sequence

from budmodel_scanner.scanner import FileReport
from budmodel_scanner.verdict import Verdict, worst


def plain(text: str) -> str:
    """Without what a terminal would obey: names and contents are those of strangers."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def summary(files: Sequence[FileReport]) -> Iterator[str]:
    """Who looked at how many files, a line for each engine; then how many files have which verdict."""
    for engine in sorted({name for file in files for name in file.engines}):
        states = Counter(file.engines.get(engine, "not asked").partition(":")[0] for file in files)
        yield f"{engine}: " + ", ".join(f"{state} ({count:,})" for state, count in states.most_common())
    verdicts = Counter(file.verdict for file in files)
    counts = ", ".join(f"{verdicts[verdict]:,} {verdict}" for verdict in reversed(Verdict) if verdicts[verdict])
    yield f"{worst(verdicts)}: {len(files):,} files" + (f", {counts}" if counts else "")
