"""OpenVLM Leaderboard: vision-language models, all run by the publisher with VLMEvalKit.

The publisher keeps one object per model: `META` and one object per dataset. Of a dataset the leaderboard counts the key
`Overall` (of OCRBench `Final Score`); beside it stand sub-categories and figures quoted from others, some of them text.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial
from statistics import fmean
from typing import Any

from budmodel_pipeline.sources.contract import (
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    Metric,
    Parsed,
    Score,
    Source,
    SourceError,
    Standing,
    Unit,
)
from budmodel_pipeline.sources.data_terms import unclear
from budmodel_pipeline.sources.ledger import CellError, Ledger
from budmodel_pipeline.sources.reading import day, flag, load_json, number, published_name, require_columns, text
from budmodel_pipeline.sources.shared_benchmarks import MMMU_VAL

WHOLE = "average"
BENCHMARKS = (
    Benchmark(WHOLE, "OpenVLM average", Domain.VISION, "The eight benchmarks below together."),
    Benchmark(
        "mmbench_v11",
        "MMBench v1.1",
        Domain.VISION,
        "Multiple choice on perception and reasoning, in English and Chinese.",
        part_of=WHOLE,
    ),
    Benchmark(
        "mmstar", "MMStar", Domain.VISION, "Multiple choice that cannot be answered without the image.", part_of=WHOLE
    ),
    MMMU_VAL,
    Benchmark("mathvista", "MathVista", Domain.VISION, "Mathematics in visual contexts.", part_of=WHOLE),
    Benchmark(
        "ocrbench",
        "OCRBench",
        Domain.VISION,
        "Reading text: recognition, documents, key information, formulas.",
        part_of=WHOLE,
    ),
    Benchmark("ai2d", "AI2D", Domain.VISION, "Questions on science diagrams.", part_of=WHOLE),
    Benchmark("hallusionbench", "HallusionBench", Domain.VISION, "Illusions and hallucinations.", part_of=WHOLE),
    Benchmark(
        "mmvet",
        "MM-Vet",
        Domain.VISION,
        "Open questions that need several abilities at once, graded by a model.",
        part_of=WHOLE,
    ),
)


def _metric(slug: str, title: str, *, unit: Unit = Unit.PERCENT, maximum: float = 100, description: str = "") -> Metric:
    return Metric(
        slug=slug,
        benchmark=slug,
        title=title,
        unit=unit,
        higher_is_better=True,
        minimum=0,
        maximum=maximum,
        description=description,
    )


AVERAGE_SCORE = Metric(
    slug="average_score",
    benchmark=WHOLE,
    title="Avg Score",
    unit=Unit.PERCENT,
    higher_is_better=True,
    minimum=0,
    maximum=100,
    description="Mean of the eight benchmarks, OCRBench divided by 10; absent where one is missing. The site rounds it.",
    headline=True,
)
MMBENCH_V11 = _metric(
    "mmbench_v11", "MMBench v1.1", description="Mean of the English and the Chinese test set; both are needed."
)
OCRBENCH = _metric("ocrbench", "OCRBench final score", unit=Unit.POINTS, maximum=1000)
MMBENCH_SETS = ("MMBench_TEST_EN_V11", "MMBench_TEST_CN_V11")
BY_DATASET = {
    "MMStar": _metric("mmstar", "MMStar"),
    "MMMU_VAL": _metric("mmmu_val", "MMMU validation"),
    "MathVista": _metric("mathvista", "MathVista"),
    "OCRBench": OCRBENCH,
    "AI2D": _metric("ai2d", "AI2D"),
    "HallusionBench": _metric("hallusionbench", "HallusionBench"),
    "MMVet": _metric("mmvet", "MM-Vet"),
}
DAY = partial(day, formats=("%Y/%m/%d",))
TIME = partial(day, formats=("%Y%m%d%H%M%S",))
YES_OR_NO = partial(flag, yes="Yes", no="No")
COUNTED_KEY = dict.fromkeys((*MMBENCH_SETS, *BY_DATASET), "Overall") | {"OCRBench": "Final Score"}
META_KEYS = ("Parameters", "Language Model", "Vision Model", "Org", "Time", "Verified", "OpenSource")
COLUMNS = Columns(
    required=frozenset({"META.Method", *(f"{dataset}.{key}" for dataset, key in COUNTED_KEY.items())}),
    optional=frozenset(f"META.{key}" for key in META_KEYS),
    ignored=frozenset(
        {"META.key", "META.dir_name"}
        # Datasets that the site offers beside its default eight; some are sums or ratios, not percentages.
        | {
            "SEEDBench_IMG",
            "SEEDBench2",
            "SEEDBench2_Plus",
            "CCBench",
            "MMBench_TEST_EN",
            "MMBench_TEST_CN",
            "MME",
            "LLaVABench",
        }
        | {
            "COCO_VAL",
            "RealWorldQA",
            "POPE",
            "ScienceQA_VAL",
            "ScienceQA_TEST",
            "MMT-Bench_VAL",
            "BLINK",
            "QBench",
            "ABench",
        }
        | {"MTVQA", "TextVQA_VAL", "ChartQA_TEST", "OCRVQA_TESTCORE"}
    ),
)


def parse(files: Mapping[str, bytes]) -> Parsed:
    """One entry per model, under the publisher's key; the published name is the one that the site shows."""
    ledger = Ledger()
    payload = load_json(files["leaderboard"], "leaderboard", ledger)
    if not isinstance(payload, dict) or not isinstance(results := payload.get("results"), dict):
        raise SourceError("leaderboard", "an object with the object 'results'", _kind(payload), "columns")
    if not results:
        raise SourceError("leaderboard", "results of models", "an empty object")
    require_columns(_columns(results), "leaderboard", COLUMNS, ledger)
    for model, row in results.items():
        ledger.read()
        try:
            described = _describe(model, row, ledger)
        except CellError as error:
            ledger.reject(str(error), model)
            continue
        ledger.record(ledger.entries.setdefault(described.key, described), _scores(row, ledger))
    return ledger.parsed(as_of=ledger.cell(payload, "time", TIME))


def _kind(payload: object) -> str:
    return f"the keys {', '.join(sorted(payload))}"[:300] if isinstance(payload, dict) else type(payload).__name__


def _columns(results: Mapping[str, object]) -> list[str]:
    """`META.<key>`, `<dataset>.<counted key>` of the eight and the bare names of all other datasets."""
    found: dict[str, None] = {}
    for row in results.values():
        if not isinstance(row, dict):
            continue
        for name, value in row.items():
            if name == "META" and isinstance(value, dict):
                found.update(dict.fromkeys(f"META.{key}" for key in value))
            elif (key := COUNTED_KEY.get(name)) is None:
                found[name] = None
            elif isinstance(value, dict) and key in value:
                found[f"{name}.{key}"] = None
    return list(found)


def _describe(model: str, row: object, ledger: Ledger) -> Entry:
    meta = row.get("META") if isinstance(row, dict) else None
    method = meta.get("Method") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(method, list) or len(method) != 2:
        raise CellError("META.Method is not a name and a link")
    verified = ledger.cell(meta, "Verified", YES_OR_NO)
    return Entry(
        key=published_name(model),
        published_name=published_name(method[0]),
        link=text(method[1]),
        organization=text(meta.get("Org")),
        released_on=ledger.cell(meta, "Time", DAY),
        # The publisher says which results it has verified, and not where the others come from.
        standing=Standing.VERIFIED if verified else Standing.UNKNOWN,
        settings={
            "parameters": text(meta.get("Parameters")),
            "language_model": text(meta.get("Language Model")),
            "vision_model": text(meta.get("Vision Model")),
            "verified": verified,
            "open_source": ledger.cell(meta, "OpenSource", YES_OR_NO),
        },
    )


def _scores(row: Mapping[str, Any], ledger: Ledger) -> dict[str, Score]:
    values = {metric: _counted(row, dataset, ledger) for dataset, metric in BY_DATASET.items()}
    english, chinese = (_counted(row, dataset, ledger) for dataset in MMBENCH_SETS)
    values[MMBENCH_V11] = None if english is None or chinese is None else (english + chinese) / 2
    scores = {metric.slug: Score(value) for metric, value in values.items() if value is not None}
    if len(scores) == len(values):
        percents = [score.value / 10 if slug == OCRBENCH.slug else score.value for slug, score in scores.items()]
        scores[AVERAGE_SCORE.slug] = Score(fmean(percents))
    return scores


def _counted(row: Mapping[str, Any], dataset: str, ledger: Ledger) -> float | None:
    result = row.get(dataset)
    if result is None:
        return None
    key = COUNTED_KEY[dataset]
    try:
        if not isinstance(result, dict):
            raise CellError(f"{dataset} is not an object")
        return number(result.get(key), f"{dataset} {key}")
    except CellError as error:
        ledger.unread(f"{dataset}.{key}", str(error), result, is_score=True)
        return None


SOURCE = Source(
    slug="openvlm",
    title="OpenVLM Leaderboard",
    publisher="OpenCompass",
    homepage="https://huggingface.co/spaces/opencompass/open_vlm_leaderboard",
    license=None,
    terms=unclear(
        "OpenVLM Leaderboard, OpenCompass, https://huggingface.co/spaces/opencompass/open_vlm_leaderboard",
        "None is stated for the data; Apache-2.0 is that of the code, VLMEvalKit.",
        date(2026, 9, 1),
    ),
    endpoints=(Endpoint(name="leaderboard", url="https://cdn.opencompass.org.cn/assets/OpenVLM.json", format="json"),),
    benchmarks=BENCHMARKS,
    metrics=(AVERAGE_SCORE, MMBENCH_V11, *BY_DATASET.values()),
    columns={"leaderboard": COLUMNS},
    parse=parse,
    parser_version=3,
)
