"""What a model card says in words that need no interpreting: its front matter, its links, its tables of results.

The card is text of a stranger. It is parsed, never followed.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

CARD_NAMES = ("README.md", "readme.md", "Readme.md", "README.MD")
MAX_CARD_BYTES = 2 * 1024 * 1024
MAX_FRONT_MATTER_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_ITEMS = 500
_NULLS = frozenset({"", "~", "null", "none"})
MAX_EVALUATIONS = 2_000
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_ARXIV = re.compile(
    r"arxiv(?:\.org/(?:abs|pdf|html)/|:\s*)((?:\d{4}\.\d{4,5})|(?:[a-z-]+(?:\.[a-z]{2})?/\d{7}))", re.IGNORECASE
)
_PAPER_PAGE = re.compile(r"huggingface\.co/papers/(\d{4}\.\d{4,5})", re.IGNORECASE)
_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([A-Za-z0-9][\w.-]{0,99})/([\w.-]{1,100})")
_NO_REPOSITORIES = frozenset(
    {"features", "orgs", "sponsors", "topics", "user-attachments", "settings", "about", "marketplace"}
)
_RULE = re.compile(r"^\s*\|?(\s*:?-{2,}:?\s*\|)+\s*(:?-{2,}:?\s*)?\|?\s*$")
_NUMBER = re.compile(r"^[*_`~\s]*(-?\d{1,9}(?:\.\d{1,6})?)\s*(%?)[*_`~†‡\s]*$")
_MARKUP = re.compile(r"[*_`]|<[^>]{0,200}>|\[([^\]]{0,200})\]\([^)]{0,500}\)")
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")
# Everything published is compared in this plain form.
_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A result that the publisher states about its own model: self-reported, never to be mixed with independent scores.

    `value` is as published; `unit` is "%" where the cell says so. `where` is the model-index or the heading of the table.
    """

    benchmark: str
    metric: str
    value: float
    unit: str
    where: str
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """The facts of one card. `problems` say what was there and could not be read."""

    license: str | None = None
    license_name: str | None = None
    license_link: str | None = None
    base_models: tuple[str, ...] = ()
    base_model_relation: str | None = None
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    library: str | None = None
    papers: tuple[str, ...] = ()
    github: tuple[str, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    text: str = ""
    problems: tuple[str, ...] = ()


def read_card(content: bytes, model_name: str | None = None) -> Card:
    """The facts of a README.md. Never raises: what cannot be read is among `problems`.

    `model_name` (`org/name` or `name`) finds the column of this model in tables that compare several; without it only
    tables with a single column of numbers count.
    """
    problems: list[str] = []
    if len(content) > MAX_CARD_BYTES:
        problems.append(f"the card has {len(content):,} bytes; the first {MAX_CARD_BYTES:,} were read")
    text = content[:MAX_CARD_BYTES].decode("utf-8", errors="replace").replace("\x00", "")
    front, body = _split(text, problems)
    links = f"{body}\n{front.get('paper') if isinstance(front.get('paper'), str) else ''}"
    tags = _words(front.get("tags"))
    evaluations = [*_model_index(front.get("model-index"), problems), *_tables(body, model_name)]
    return Card(
        license=", ".join(_words(front.get("license"))) or None,
        license_name=_first(front.get("license_name")),
        license_link=_first(front.get("license_link")),
        base_models=_words(front.get("base_model")),
        base_model_relation=_first(front.get("base_model_relation")),
        languages=tuple(word for word in _words(front.get("language")) if _LANGUAGE.match(word)),
        tags=tags,
        tasks=_words(front.get("pipeline_tag")),
        datasets=_words(front.get("datasets")),
        library=_first(front.get("library_name")),
        papers=_papers(links, tags),
        github=_repositories(body),
        evaluations=tuple(evaluations[:MAX_EVALUATIONS]),
        text=body,
        problems=tuple(problems),
    )


def _split(text: str, problems: list[str]) -> tuple[Mapping[str, Any], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    body = text[match.end() :]
    if len(match[1]) > MAX_FRONT_MATTER_BYTES:
        problems.append(f"the front matter has {len(match[1]):,} characters and was not read")
        return {}, body
    try:
        _refuse_depth(match[1])
        # Every value stays text: YAML's own types read the language code `no` as false and a version as a number.
        front = yaml.load(match[1], Loader=yaml.CBaseLoader)  # noqa: S506 - it makes nothing but text, lists and mappings
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problems.append(f"the front matter is not YAML: {str(error).splitlines()[0][:200]}")
        return {}, body
    if front is None:
        return {}, body
    if not isinstance(front, dict):
        problems.append(f"the front matter is a {type(front).__name__}, not a mapping")
        return {}, body
    return {key: value for key, value in front.items() if isinstance(key, str)}, body


def _refuse_depth(text: str) -> None:
    """Raises YAMLError for what no card needs: aliases, Python objects, and nesting, which crashes libyaml."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CBaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        if str(getattr(event, "tag", "")).startswith("tag:yaml.org,2002:python"):
            raise yaml.YAMLError("Python objects are not read")
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise yaml.YAMLError(f"it is nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            depth -= 1


def _words(value: Any) -> tuple[str, ...]:
    """The texts of a value that may be one text or a list of them, stripped, each once."""
    items = value if isinstance(value, list) else [value]
    words = (item.strip() for item in items[:MAX_ITEMS] if isinstance(item, str))
    return tuple(dict.fromkeys(word for word in words if word.lower() not in _NULLS and len(word) <= 300))


def _first(value: Any) -> str | None:
    return next(iter(_words(value)), None)


def _papers(text: str, tags: Iterable[str]) -> tuple[str, ...]:
    tagged = [tag[len("arxiv:") :] for tag in tags if tag.lower().startswith("arxiv:")]
    valid = [paper for paper in tagged if _ARXIV.fullmatch(f"arxiv:{paper}")]
    found = [*valid, *_ARXIV.findall(text), *_PAPER_PAGE.findall(text)]
    return tuple(dict.fromkeys(found))[:MAX_ITEMS]


def _repositories(text: str) -> tuple[str, ...]:
    found = (
        f"https://github.com/{owner}/{name.removesuffix('.git').rstrip('.')}"
        for owner, name in _GITHUB.findall(text)
        if owner.lower() not in _NO_REPOSITORIES
    )
    return tuple(dict.fromkeys(found))[:MAX_ITEMS]


def _model_index(index: Any, problems: list[str]) -> list[Evaluation]:
    """Results of the front matter: https://github.com/huggingface/hub-docs/blob/main/modelcard.md."""
    if index is None:
        return []
    found: list[Evaluation] = []
    unread = 0
    for model in _dicts(index):
        for result in _dicts(model.get("results")):
            dataset, task = _dict(result.get("dataset")), _dict(result.get("task"))
            benchmark = _first(dataset.get("name")) or _first(dataset.get("type")) or _first(task.get("name")) or ""
            for metric in _dicts(result.get("metrics")):
                value = _finite(metric.get("value"))
                name = _first(metric.get("name")) or _first(metric.get("type"))
                if value is None or name is None or not benchmark:
                    unread += 1
                    continue
                setting = " ".join(filter(None, (_first(dataset.get("config")), _first(dataset.get("split")))))
                found.append(Evaluation(benchmark, name, value, "", "model-index", setting))
    if unread:
        problems.append(f"{unread} results of the model-index have no name or no finite value")
    return found


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value[:MAX_EVALUATIONS] if isinstance(item, dict)] if isinstance(value, list) else []


def _finite(value: Any) -> float | None:
    try:
        number = (
            float(value)
            if isinstance(value, str) and len(value) <= 40 and value.isascii() and "_" not in value
            else math.nan
        )
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _tables(body: str, model_name: str | None) -> list[Evaluation]:
    """Results in tables of the body: rows of benchmarks with a column of this model, or a row of this model."""
    found: list[Evaluation] = []
    heading, lines = "", body.splitlines()
    fenced = False
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and line.startswith("#"):
            heading = _plain_text(line.lstrip("#"))
        elif not fenced and "|" in line and index + 1 < len(lines) and _RULE.match(lines[index + 1]):
            header = _cells(line)
            rows: list[list[str]] = []
            index += 2
            while index < len(lines) and "|" in lines[index] and len(rows) < MAX_ITEMS:
                rows.append(_cells(lines[index]))
                index += 1
            found += _results(header, rows, heading, model_name)
            continue
        index += 1
    return found


def _cells(line: str) -> list[str]:
    return [_plain_text(cell) for cell in line.strip().strip("|").split("|")][:100]


def _plain_text(text: str) -> str:
    return _MARKUP.sub(lambda match: match[1] or "", text[:2000]).strip()


def _results(header: list[str], rows: list[list[str]], heading: str, model_name: str | None) -> list[Evaluation]:
    rows = [row for row in rows if len(row) == len(header)]
    name = _PLAIN.sub("", model_name.rsplit("/", 1)[-1].lower()) if model_name else None
    columns = [index for index, title in enumerate(header) if index and name and _PLAIN.sub("", title.lower()) == name]
    mine = [row for row in rows if name and _PLAIN.sub("", row[0].lower()) == name]
    if not columns and len(mine) == 1:
        return [
            Evaluation(header[index][:300], "", float(match[1]), match[2], heading)
            for index, cell in enumerate(mine[0])
            if index and header[index] and (match := _NUMBER.match(cell))
        ]
    if not columns:
        numeric = [index for index in range(1, len(header)) if rows and all(_NUMBER.match(row[index]) for row in rows)]
        if len(header) != 2 or numeric != [1] or not re.search(r"eval|bench|result|perform|score", heading, re.IGNORECASE):
            return []
        columns = [1]
    if len(columns) != 1:
        return []
    column, metric = columns[0], _metric_column(header)
    return [
        Evaluation(row[0][:300], row[metric][:300] if metric else "", float(match[1]), match[2], heading)
        for row in rows
        if row[0] and (match := _NUMBER.match(row[column]))
    ]


def _metric_column(header: list[str]) -> int | None:
    return next((index for index, title in enumerate(header) if index and title.lower() in ("metric", "metrics")), None)
