"""UGI: what models know and will say about sensitive topics, with general knowledge, writing and political leaning."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Metric,
    Parsed,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import csv_rows, day, flag, number, percent, published_name, slug, text

DAY = partial(day, formats=("%m/%d/%Y", "%Y-%m-%d"))
TRUE_OR_FALSE = partial(flag, yes="TRUE", no="FALSE")
LARGEST_DISTANCE_KM = 20_100


def _metric(
    benchmark: str,
    column: str,
    unit: Unit,
    better: bool | None,
    minimum: float | None,
    maximum: float | None,
    title: str | None = None,
    description: str = "",
) -> Metric:
    """The metric of a column, which gives its slug and, without emoji, its title."""
    return Metric(
        slug=slug(column),
        benchmark=benchmark,
        title=title or column.encode("ascii", "ignore").decode().strip(),
        unit=unit,
        higher_is_better=better,
        minimum=minimum,
        maximum=maximum,
        description=description,
        headline=column == "UGI 🏆",
    )


def _points(benchmark: str, maximum: float, better: bool | None, titles: Mapping[str, str | None]) -> dict[str, Metric]:
    return {column: _metric(benchmark, column, Unit.POINTS, better, 0, maximum, title) for column, title in titles.items()}


# Columns of plain numbers.
NUMBERS: dict[str, Metric] = {
    **_points("ugi", 100, True, {"UGI 🏆": None, "Sensitive Info": None, "UGI non-W/10": "UGI without willingness"}),
    **_points("ugi", 10, True, {"Hazardous": None, "Entertainment": None, "SocPol": "Socio-political"}),
    **_points("ugi", 10, True, {"W/10 👍": "Willingness", "W/10-Direct": "Willingness, no refusal"}),
    **_points("ugi", 10, True, {"W/10-Adherence": "Willingness, keeps to instructions"}),
    **_points(
        "natint",
        100,
        True,
        {"NatInt 💡": "Natural intelligence", "Textbook": None, "Pop Culture": None, "World Model": None},
    ),
    # The scores are the errors further below, mapped to 0..1.
    **_points(
        "natint", 1, True, {"wm_recipe_percent_error_score": "Cooking score", "wm_geoguessr_mae_score": "Geography score"}
    ),
    **_points("natint", 1, True, {"wm_weight_percent_error_score": "Weight score", "wm_music_mae_score": "Music score"}),
    # No bounds are published for these and some others below; ours are wide, but too narrow for percents.
    "Show Rec Score": _metric("natint", "Show Rec Score", Unit.POINTS, True, -1, 1, "Show recommendation score"),
    "Show Rec Correlation": _metric(
        "natint", "Show Rec Correlation", Unit.POINTS, True, -1, 1, "Show recommendation correlation"
    ),
    **_points("natint", 10, False, {"Show Rec MAE": "Show recommendation mean absolute error"}),
    **_points("natint", 10, False, {"Show Rec Std Dev Error": "Show recommendation spread error"}),
    "wm_recipe_percent_error": _metric("natint", "wm_recipe_percent_error", Unit.PERCENT, False, 0, None, "Cooking error"),
    "wm_weight_percent_error": _metric("natint", "wm_weight_percent_error", Unit.PERCENT, False, 0, None, "Weight error"),
    "wm_geoguesser_mae": _metric(
        "natint", "wm_geoguesser_mae", Unit.POINTS, False, 0, LARGEST_DISTANCE_KM, "Geography error", "Kilometres."
    ),
    "wm_music_mae": _metric("natint", "wm_music_mae", Unit.POINTS, False, 0, None, "Music error"),
    **_points("writing", 100, True, {"Writing ✍️": "Writing"}),
    **_points("writing", 1, True, {"originality_score": "Originality"}),
    "avg_writing_style_score": _metric("writing", "avg_writing_style_score", Unit.POINTS, True, -1, 1, "Style adherence"),
    **_points("writing", 10, False, {"internal_semantic_redundancy": "Semantic redundancy"}),
    **_points("writing", 10, False, {"lexical_stuckness": "Lexical stuckness"}),
    "avg_length_error_pct": _metric("writing", "avg_length_error_pct", Unit.PERCENT, False, 0, None, "Length error"),
    # The rest describes a style; the publisher has a middle value in mind for some of it and no better end.
    "creative_writing_wc_exceeded_pct": _metric(
        "writing", "creative_writing_wc_exceeded_pct", Unit.PERCENT, None, 0, 100, "Longer than requested"
    ),
    "Dialogue_Percentage": _metric("writing", "Dialogue_Percentage", Unit.PERCENT, None, 0, 100, "Dialogue"),
    "Adjective_Adverb_Percentage": _metric(
        "writing", "Adjective_Adverb_Percentage", Unit.PERCENT, None, 0, 100, "Adjectives and adverbs"
    ),
    "Verb_to_Noun_Ratio": _metric("writing", "Verb_to_Noun_Ratio", Unit.POINTS, None, 0, None, "Verbs per noun"),
    "Readability_Grade_Level": _metric(
        "writing", "Readability_Grade_Level", Unit.POINTS, None, None, 100, "Readability grade", "US school grade."
    ),
    **_points("writing", 10, None, {"avg_nsfw_score": "Explicit lean", "avg_dark_score": "Dark lean"}),
    "Avg Thinking Chars": _metric(
        "natint", "Avg Thinking Chars", Unit.CHARACTERS, None, 0, None, "Average length of thinking"
    ),
}
AXES = (
    *("dipl", "govt", "econ", "scty"),
    *("Federal-Unitary", "Democratic-Autocratic", "Security-Freedom", "Nationalism-Internationalism", "Militarist-Pacifist"),
    *("Assimilationist-Multiculturalist", "Collectivize-Privatize", "Planned-LaissezFaire", "Isolationism-Globalism"),
    *("Irreligious-Religious", "Progressive-Traditional", "Acceleration-Bioconservative"),
)
# Columns of numbers with a percent sign.
POLITICS: dict[str, Metric] = {
    "Political Lean 📋": _metric(
        "politics", "Political Lean 📋", Unit.PERCENT, None, -100, 100, description="From -100 % (left) to 100 % (right)."
    ),
    **{axis: _metric("politics", axis, Unit.PERCENT, None, 0, 100) for axis in AXES},
}
FLAGS = {
    "Is Finetuned": "is_finetuned",
    "Is Merged": "is_merged",
    "Is Foundation": "is_foundation",
    "Is Thinking Model": "is_thinking",
}
# `#P` mixes billions with expert counts (`8x7B`) and stays as published.
FACTS = {
    "Prompt Template": "prompt_template",
    "#P": "parameters",
    "Architecture": "architecture",
    "12axes Ideology": "ideology",
}
COUNTS = {
    "Active Parameters": "active_parameters_billion",
    "Total Parameters": "total_parameters_billion",
    "Repetition Interrupts": "repetition_interrupts",
}
COLUMNS = Columns(
    required=frozenset({"author/model_name", "UGI 🏆"}),
    minor=frozenset({"Model Link", "Release Date", "Test Date", *FLAGS, *NUMBERS, *POLITICS} - {"UGI 🏆"}),
    optional=frozenset({*FACTS, *COUNTS}),
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per published name, effort included. A missing score means that the publisher left the model out, not 0."""
    ledger = Ledger()
    tested = []
    for row in csv_rows(files["leaderboard"], "leaderboard", COLUMNS, ledger):
        try:
            name = published_name(row["author/model_name"])
        except CellError as error:
            ledger.reject(str(error), row["author/model_name"])
            continue
        tested_on = ledger.cell(row, "Test Date", DAY)
        tested.append(tested_on)
        entry = ledger.entry(name, name)
        # Some links hold the effort in parentheses and lead nowhere; what they are worth is not decided here.
        entry.link = text(row.get("Model Link"))
        entry.released_on = ledger.cell(row, "Release Date", DAY)
        # The publisher asks every model itself.
        entry.standing = Standing.VERIFIED
        entry.settings = {"tested_on": tested_on and tested_on.isoformat(), **_settings(row, ledger)}
        ledger.record(entry, ledger.scores(row, NUMBERS, number) | ledger.scores(row, POLITICS, percent))
    return ledger.parsed(as_of=max(filter(None, tested), default=None), as_of_basis=AsOfBasis.NEWEST_ROW)


def _settings(row: Mapping[str, str], ledger: Ledger) -> dict[str, Any]:
    flags = {key: ledger.cell(row, column, TRUE_OR_FALSE) for column, key in FLAGS.items()}
    facts = {key: text(row.get(column)) for column, key in FACTS.items()}
    counts = {key: ledger.cell(row, column, number) for column, key in COUNTS.items()}
    return {**flags, **facts, **counts}


SOURCE = Source(
    slug="ugi",
    title="UGI Leaderboard",
    publisher="DontPlanToEnd",
    homepage="https://huggingface.co/spaces/DontPlanToEnd/UGI-Leaderboard",
    license=None,
    terms=unclear(
        "UGI Leaderboard, DontPlanToEnd, https://huggingface.co/spaces/DontPlanToEnd/UGI-Leaderboard",
        "None is stated.",
        date(2026, 9, 1),
    ),
    endpoints=(
        Endpoint(
            name="leaderboard",
            url="https://huggingface.co/spaces/DontPlanToEnd/UGI-Leaderboard/resolve/main/ugi-leaderboard-data.csv",
            format="csv",
            redirect_hosts=("*.hf.co", "*.huggingface.co"),
        ),
    ),
    benchmarks=(
        Benchmark(
            "ugi", "Uncensored General Intelligence", Domain.SENSITIVE_TOPICS, "Private questions on controversial subjects."
        ),
        Benchmark(
            "natint",
            "Natural Intelligence",
            Domain.KNOWLEDGE,
            "Textbook facts, pop culture and estimates about the world.",
        ),
        Benchmark(
            "writing",
            "UGI writing",
            Domain.WRITING,
            "Style, repetition and length of stories, weighed by human preference.",
        ),
        Benchmark("politics", "UGI politics", Domain.POLITICS, "Answers to the 12axes test."),
    ),
    metrics=(*NUMBERS.values(), *POLITICS.values()),
    columns={"leaderboard": COLUMNS},
    parse=parse,
    parser_version=3,
)
