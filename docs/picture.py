"""`python -m docs.picture` draws the rooms into `docs/architecture.md`, as the code is: floors, arrows, docstrings."""

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- Made by `python -m docs.picture`. -->\n", "<!-- The end of what was made. -->\n"
PIPELINE, SCANNER = "budmodel_pipeline", "budmodel_scanner"

Arrows = Mapping[str, frozenset[str]]


def floors() -> list[list[str]]:
    """The rooms from the top floor to the bottom, as the import rules have them; the scanner stands at the bottom."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    found = [layer.replace("|", " ").replace(":", " ").split() for layer in layers]
    return [*found[:-1], [*found[-1], SCANNER]]


def module_of(room: str) -> str:
    return room if room == SCANNER else f"{PIPELINE}.{room}"


def arrows(rooms: Sequence[str]) -> Arrows:
    """Which rooms each room imports from."""
    graph = grimp.build_graph(PIPELINE, SCANNER, cache_dir=None)
    inside = {room: {module_of(room), *graph.find_descendants(module_of(room))} for room in rooms}
    imported = {
        room: {name for module in inside[room] for name in graph.find_modules_directly_imported_by(module)} for room in rooms
    }
    pairs = [(one, other) for one, other in permutations(rooms, 2) if imported[one] & inside[other]]
    # It imports the modules of its commands by name, which no graph of imports shows.
    pairs.append(("cli", "commands"))
    return {room: frozenset(other for one, other in pairs if one == room) for room in rooms}


def drawn(every: Arrows) -> Iterator[tuple[str, str]]:
    """The arrows that do not follow from others: where one room reaches another over a third, that says it."""
    reached: dict[str, frozenset[str]] = {}

    def reach(room: str) -> frozenset[str]:
        if room not in reached:
            reached[room] = every[room].union(*map(reach, every[room]))
        return reached[room]

    for room, others in every.items():
        over_a_third = frozenset[str]().union(*map(reach, others))
        yield from ((room, other) for other in sorted(others - over_a_third))


def docstring_of(room: str) -> str:
    """What belongs into a room, in the words of its docstring's first line."""
    path = ROOT.joinpath(*module_of(room).split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").partition("\n")[0]


def picture() -> str:
    """Picture, numbers and table, as Markdown."""
    rows = floors()
    rooms = [room for row in rows for room in row]
    every = arrows(rooms)
    shown = list(drawn(every))
    floor = {room: number for number, row in enumerate(reversed(rows), 1) for room in row}
    upwards = sum(floor[one] < floor[other] for one, others in every.items() for other in others)
    count = sum(map(len, every.values()))
    loose = len([file for file in (ROOT / PIPELINE).glob("*.py") if file.name != "__init__.py"])
    lines = ["```mermaid", "flowchart TB"]
    for number, row in zip(range(len(rows), 0, -1), rows, strict=True):
        lines.append(f'  subgraph floor{number}["floor {number}"]')
        lines += ["    direction LR", *(f"    {room}" for room in row), "  end"]
    lines += [f"  {one} --> {other}" for one, other in shown]
    lines += [
        "```",
        "",
        f"{len(rooms)} rooms on {len(rows)} floors. An arrow means *imports from*; there are {count}, and",
        f"{upwards} of them lead upwards. Drawn are the {len(shown)} that do not follow from others. In the root of",
        f"`{PIPELINE}` lie {loose} files.",
        "",
        "| floor | room | what belongs there |",
        "|---|---|---|",
        *(f"| {floor[room]} | `{room}` | {docstring_of(room)} |" for room in rooms),
    ]
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with a picture of the code as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + picture() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
