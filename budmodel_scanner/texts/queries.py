"""What a database does beyond its data when it is given a query: programs that it starts, code that it loads."""

from budmodel_scanner.texts.forms import QUERIES, matches


def query_deed(text: str) -> str | None:
    for name, found in matches(QUERIES, text):
        return f"{name}: {' '.join(found[0].split())[:80]!r}"
    return None
