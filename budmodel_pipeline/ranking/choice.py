"""Which of the ranked models meet what somebody needs, why, and what is not known about them. No unknown counts as a yes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# A row of marts.model_choice, with `serving_bytes` at the context that is asked for.
Row = Mapping[str, Any]

COMMERCIAL = "commercial"
# Without a context that is asked for, memory is that to serve so many tokens.
USUAL_CONTEXT = 8192
# Of a text that was read; a tag is a name that somebody gave.
TEXTS = ("text", "linked text")
HARMFUL = ("malicious", "suspicious")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; what is None or False is not. A license is `commercial` or the id of one.

    Memory is in bytes, context in tokens, `max_price` in US dollars per million tokens, three of input to one of output.
    """

    license: str | None = None
    memory: int | None = None
    context: int | None = None
    max_price: float | None = None
    max_parameters: int | None = None
    is_open: bool = False
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a model meets a condition, None where that is not known, in words."""

    met: bool | None
    said: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A model with the conditions that it meets, and what is not known about it."""

    row: Row
    why: tuple[str, ...]
    not_known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """How many models do not meet a condition, and how many of these nothing else stands against."""

    condition: str
    models: int
    by_it_alone: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Those that meet every condition, those that may (something that decides is not known), and what the others fail.

    Of those that may, the ones of which least is not known come first.
    """

    suitable: list[Choice]
    perhaps: list[Choice]
    removed: list[Removed]


def choose(rows: Iterable[Row], wanted: Wanted) -> Chosen:
    """Parts `rows` by what is wanted. Every row is in one of the lists, in its order, or counted as removed."""
    conditions = conditions_of(wanted)
    suitable: list[Choice] = []
    perhaps: list[tuple[int, Choice]] = []
    failures: list[list[str]] = []
    for row in rows:
        answers = {name: ask(row) for name, ask in conditions.items()}
        if failed := [name for name, answer in answers.items() if answer.met is False]:
            failures.append(failed)
            continue
        why = tuple(answer.said for answer in answers.values() if answer.met and answer.said)
        open_questions = tuple(answer.said for answer in answers.values() if answer.met is None)
        choice = Choice(row, why, (*open_questions, *_beside(row, wanted)))
        if open_questions:
            perhaps.append((len(open_questions), choice))
        else:
            suitable.append(choice)
    counts = {name: sum(name in failed for failed in failures) for name in conditions}
    removed = [Removed(name, count, failures.count([name])) for name, count in counts.items() if count]
    return Chosen(suitable, [choice for _, choice in sorted(perhaps, key=lambda one: one[0])], removed)


def conditions_of(wanted: Wanted) -> dict[str, Callable[[Row], Answer]]:
    """Each condition by its name. A place in the ranking and files that do no harm are always asked for."""
    asked: dict[str, Callable[[Row], Answer]] = {"ranked": _ranked}
    if wanted.license == COMMERCIAL:
        asked["license permits commercial use"] = _commercial
    elif license_id := wanted.license:
        asked[f"license is {license_id}"] = lambda row: _license(row, license_id)
    if (most := wanted.max_parameters) is not None:
        asked[f"at most {most:,} parameters"] = lambda row: _parameters(row, most)
    if wanted.is_open:
        asked["weights are published"] = _open
    if (least := wanted.context) is not None:
        asked[f"takes {least:,} tokens"] = lambda row: _context(row, least)
    if (memory := wanted.memory) is not None:
        tokens = wanted.context or USUAL_CONTEXT
        asked[f"fits {gigabytes(memory)} at {tokens:,} tokens"] = lambda row: _memory(row, memory, tokens)
    if (price := wanted.max_price) is not None:
        asked[f"costs at most {price:g} USD per million tokens"] = lambda row: _price(row, price)
    if wanted.is_safe:
        asked["files were scanned clean"] = _safe
    else:
        asked["files are not known to do harm"] = _harmless
    return asked


def gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def _ranked(row: Row) -> Answer:
    stands = f"{row['score']:.1f} ({row['lower']:.1f} to {row['upper']:.1f}) by {counted(row['benchmarks'], 'benchmark')}"
    if row["rank"] is None:
        others = row["benchmarks"] - row["self_reported"]
        return Answer(None, f"{stands}, {others or 'none'} of them measured by others than its maker: too few for a place")
    return Answer(True, f"{row['rank']:,} of {row['ranked_models']:,} in {row['scope']}, tier {row['tier']}: {stands}")


def _commercial(row: Row) -> Answer:
    name, said, basis = row["license_id"] or "its license", row["commercial_use"], row["license_basis"]
    if said == "NO":
        return Answer(False, f"{name} forbids commercial use")
    if row["commercial_doubt"]:
        return Answer(None, f"commercial use is doubtful: {row['commercial_doubt']}")
    if said == "CONDITIONAL":
        return Answer(None, f"{name} permits commercial use on conditions only, known by its {basis}: read them")
    if said != "YES":
        return Answer(None, f"whether {name} permits commercial use is not known")
    if basis not in TEXTS:
        return Answer(None, f"{name}, which permits commercial use, is known by a tag alone: no text was read")
    return Answer(True, f"{name} permits commercial use, known by its {basis}")


def _license(row: Row, wanted: str) -> Answer:
    if row["license_id"] is None:
        return Answer(None, "its license is not known")
    if row["license_id"] != wanted:
        return Answer(False, f"it is under {row['license_id']}")
    if row["license_basis"] not in TEXTS:
        return Answer(None, f"{wanted} is known by a tag alone: no text was read")
    return Answer(True, f"{wanted}, known by its {row['license_basis']}")


def _parameters(row: Row, most: int) -> Answer:
    if row["parameters"] is None:
        return Answer(None, "the number of its parameters is not known")
    return Answer(row["parameters"] <= most, f"{row['parameters']:,} parameters, {row['parameters_basis']}")


def _open(row: Row) -> Answer:
    if row["open_weights"] is None:
        return Answer(None, "whether its weights are published is not known")
    return Answer(row["open_weights"], f"its weights are {'' if row['open_weights'] else 'not '}published")


def _context(row: Row, least: int) -> Answer:
    if row["context_length"] is None:
        return Answer(None, "how many tokens it takes is not known")
    return Answer(row["context_length"] >= least, f"it takes {row['context_length']:,} tokens")


def _memory(row: Row, memory: int, tokens: int) -> Answer:
    if row["open_weights"] is False:
        return Answer(False, "its weights are not published")
    # Weights that are too large alone are, whatever the cache takes.
    if row["weight_bytes"] is not None and row["weight_bytes"] > memory:
        return Answer(False, f"its weights alone are {gigabytes(row['weight_bytes'])}")
    if row["serving_bytes"] is None:
        return Answer(None, f"how much memory it takes at {tokens:,} tokens is not known")
    return Answer(row["serving_bytes"] <= memory, f"{gigabytes(row['serving_bytes'])} of memory at {tokens:,} tokens")


def _price(row: Row, most: float) -> Answer:
    into, out, blended = (row[f"{name}_usd_per_million_tokens"] for name in ("input", "output", "blended"))
    if blended is None:
        # Three quarters of what is bought is input.
        if into is not None and 0.75 * into > most:
            return Answer(False, f"its input alone costs {into:g} USD per million tokens")
        return Answer(None, "what it costs is not known")
    parts = f"{into:g} in, {out:g} out" if out is not None else f"{into:g} in"
    least = f"{blended:g} USD per million tokens ({parts}) at {row['cheapest_provider_name']}"
    return Answer(blended <= most, f"{least}, {_beside_others(row, blended)}")


def _beside_others(row: Row, cheapest: float) -> str:
    """What the cheapest offer is among the others, so that nobody takes it for the price."""
    dearest, providers = row["dearest_blended_usd_per_million_tokens"], row["priced_providers"]
    if providers == 1:
        return "the only one with a price"
    if dearest == cheapest:
        return f"as at all {providers:,} with a price"
    return f"the cheapest of {providers:,}; the dearest takes {dearest:g}"


def _safe(row: Row) -> Answer:
    if row["verdict"] in HARMFUL:
        return Answer(False, f"its files are {row['verdict']}")
    if row["verdict"] != "safe":
        return Answer(None, _unscanned(row))
    return Answer(True, "its files were scanned clean")


def _harmless(row: Row) -> Answer:
    answer = _safe(row)
    # That nobody looked is told beside, and stands in nobody's way who did not ask for a scan.
    return answer if answer.met is not None else Answer(True, "")


def _unscanned(row: Row) -> str:
    if row["verdict"] == "error":
        return "its files could not be scanned"
    if row["target"] is None or row["open_weights"] is False:
        return "it has no files that anybody scanned"
    return "nobody scanned its files as they are now" if row["scanned_revision"] else "nobody scanned all of its files"


def _beside(row: Row, wanted: Wanted) -> tuple[str, ...]:
    """What is not known, or doubtful, about a model beyond what was asked."""
    claims, contradictions, disputed = row["self_reported"], row["license_conflicts"], row["contradicted_providers"]
    said = {
        f"{claims} of its {counted(row['benchmarks'], 'benchmark')} {'is' if claims == 1 else 'are'} its maker's word": (
            claims > 0
        ),
        "its license": "license" in row["not_known"] and wanted.license is None,
        f"{counted(contradictions, 'contradiction')} about its license": contradictions > 0,
        _unscanned(row): row["verdict"] not in ("safe", *HARMFUL) and not wanted.is_safe,
        "its context": "context" in row["not_known"] and wanted.context is None,
        f"what {counted(disputed, 'provider')} {'charges' if disputed == 1 else 'charge'}: catalogs differ": disputed > 0,
        "its price": "price" in row["not_known"] and wanted.max_price is None,
    }
    return tuple(sentence for sentence, holds in said.items() if holds)


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
