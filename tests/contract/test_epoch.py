"""Epoch's hub: both layouts of its zip, own runs apart from copies, and what is left out."""

import csv
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO, StringIO
from pathlib import Path

import pytest

from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.sources import epoch_ai, epoch_ai_external
from budmodel_pipeline.sources.contract import Entry, IntervalBasis, Parsed, Source, SourceError, Standing
from budmodel_pipeline.sources.data_terms import Allowed
from budmodel_pipeline.sources.epoch_hub import HUB, OWN_TABLES, tables_of

SAMPLE = (Path(__file__).parents[2] / "samples" / mirror_path(HUB.url)).read_bytes()
OWN, COPIES = epoch_ai.SOURCE, epoch_ai_external.SOURCE
METADATA = "benchmark,in_eci,source_file,score_column,scale,random_baseline,score_ceiling,release_date,superseded_by\n"


def zipped(tables: Mapping[str, bytes | str]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in tables.items():
            archive.writestr(f"{name}.csv", content)
    return out.getvalue()


def changed(**tables: bytes | str | None) -> dict[str, bytes]:
    """The sample with other tables; None leaves one out."""
    before = {**tables_of(SAMPLE), **tables}
    return {HUB.name: zipped({name: content for name, content in before.items() if content is not None})}


def newer() -> dict[str, bytes]:
    """The sample in the layout since the summer of 2026."""
    before = tables_of(SAMPLE)
    tables: dict[str, bytes | str] = {name: before[name] for name in before if not name.startswith(("eci", "epoch_"))}
    tables["epoch_capabilities_index/eci_scores"] = (
        "Model,Display name,eci,eci_ci_low,eci_ci_high,date,Organization,model_versions\n"
        "GPT-5.4,GPT-5.4,155.9,153.1,158.2,2026-03-05,OpenAI,\n"
    )
    tables["epoch_capabilities_index/processed_data_for_eci"] = "model_id,benchmark_id,performance\n"
    tables["epoch_capabilities_index/edi_scores"] = "benchmark,edi,slope\n"
    tables["benchmark_metadata"] = (
        f"{METADATA}GPQA Diamond,True,gpqa_diamond.csv,mean_score,1.0,0.25,1.0,2023-11-20,\n"
        "Aider polyglot,True,aider_polyglot_external.csv,Percent correct,0.01,0,1.0,2024-12-21,\n"
    )
    tables["model_metadata"] = "model_version,model_group,date\n,,\n"
    return {HUB.name: zipped(tables)}


def entries(parsed: Parsed) -> dict[str, Entry]:
    return {entry.key: entry for entry in parsed.entries}


def renamed(table: str, before: str, after: str) -> bytes:
    return tables_of(SAMPLE)[table].replace(before.encode(), after.encode(), 1)


def test_own_runs_are_its_own_and_copies_are_of_others() -> None:
    assert {metric.run_by for metric in OWN.metrics} == {"publisher"}
    assert {metric.run_by for metric in COPIES.metrics} == {"other"}
    assert {board.table for board in epoch_ai.RUNS} == OWN_TABLES
    assert {entry.standing for entry in OWN.parse({HUB.name: SAMPLE}).entries} == {Standing.VERIFIED}
    assert Standing.VERIFIED not in {entry.standing for entry in COPIES.parse({HUB.name: SAMPLE}).entries}
    shared = {benchmark.slug for source in (OWN, COPIES) for benchmark in source.benchmarks if benchmark.shared}
    assert {"gpqa_diamond", "swe_bench_verified", "mmlu", "hle", "aider_polyglot", "simpleqa_verified"} <= shared


def test_a_standard_error_gives_an_interval_that_ends_at_0_and_1() -> None:
    content = renamed("gpqa_diamond", ",0.8358585858585859", ",0.99")
    rows = list(csv.DictReader(StringIO(content.decode())))
    found = OWN.parse(changed(gpqa_diamond=content)).entries[0].scores["gpqa_diamond"]
    assert found.lower == pytest.approx(found.value - 1.96 * float(rows[0]["stderr"]))
    assert found.interval_basis is IntervalBasis.STANDARD_ERROR
    for entry in OWN.parse({HUB.name: SAMPLE}).entries:
        for score in entry.scores.values():
            assert score.upper is None or score.upper <= 1


def test_the_newer_layout_is_read_alike() -> None:
    for source in (OWN, COPIES):
        old, new = (entries(source.parse(files)) for files in ({HUB.name: SAMPLE}, newer()))
        of_index = {key for key in (*old, *new) if "epoch_capabilities_index" in key or "eci_scores" in key}
        assert {key: new.get(key) for key in old if key not in of_index} == {
            key: entry for key, entry in old.items() if key not in of_index
        }
    index = entries(OWN.parse(newer()))["GPT-5.4 | eci_scores"].scores["capabilities_index"]
    assert (index.value, index.lower, index.upper) == (155.9, 153.1, 158.2)
    assert OWN.parse(newer()).missing_columns == COPIES.parse(newer()).missing_columns == ()
    assert COPIES.parse(newer()).unknown_columns == ()


@pytest.mark.parametrize(
    ("files", "reported"),
    [
        (lambda: changed(piqa_external=None), "hub: the table piqa_external"),
        (
            lambda: changed(piqa_external=renamed("piqa_external", "Score", "Main score")),
            "hub: the column 'Score' of the table piqa_external",
        ),
        (
            lambda: changed(benchmark_metadata=f"{METADATA}PIQA,True,piqa_external.csv,Diamond score,1.0,,,,\n"),
            "hub: the table piqa_external, which now scores by 'Diamond score'",
        ),
        (
            lambda: changed(benchmark_metadata=f"{METADATA}PIQA,True,piqa_external.csv,Score,0.01,,,,\n"),
            "hub: the table piqa_external, whose scale is now 0.01",
        ),
        (
            lambda: changed(benchmark_metadata=f"{METADATA}PIQA,True,piqa_external.csv,Score,100,,,,\n"),
            "hub: the table piqa_external, whose scale is now 100",
        ),
        (
            lambda: changed(benchmark_metadata=f"{METADATA}PIQA,True,piqa_external.csv,Score,per mille,,,,\n"),
            "hub: the table piqa_external, whose scale is now per mille",
        ),
    ],
    ids=["gone", "renamed", "another column", "a smaller scale", "a larger scale", "a scale that is no number"],
)
def test_a_table_that_is_another_now_is_left_out_and_reported(files: Callable[[], dict[str, bytes]], reported: str) -> None:
    parsed = COPIES.parse(files())
    assert parsed.missing_columns == (reported,)
    assert not any("piqa" in entry.scores for entry in parsed.entries)
    assert len(parsed.entries) == len(COPIES.parse({HUB.name: SAMPLE}).entries) - 2


def test_a_table_that_nobody_declared_is_reported_and_not_guessed() -> None:
    parsed = COPIES.parse(changed(frontiermath_v2="Model version,mean_score\no3,0.5\n"))
    assert parsed.unknown_columns == ("hub: the table frontiermath_v2",)
    assert parsed.score_count == COPIES.parse({HUB.name: SAMPLE}).score_count


def test_without_its_headline_it_is_another_zip() -> None:
    for source, headline in ((OWN, "gpqa_diamond"), (COPIES, "mmlu_external")):
        with pytest.raises(SourceError) as failure:
            source.parse(changed(**{headline: None}))
        assert failure.value.check == "columns"


def test_a_zip_that_was_cut_off_is_refused() -> None:
    for content in (SAMPLE[:-200], SAMPLE[200:], b"PK\x05\x06"):
        with pytest.raises(SourceError):
            OWN.parse({HUB.name: content})


@pytest.mark.parametrize(
    ("name", "source", "standing"),
    [
        ("Qwen-7B", "Qwen Technical Report", Standing.SELF_REPORTED),
        ("falcon-7b", "Qwen Technical Report", Standing.UNKNOWN),
        ("claude-opus-4-5-20251101", "Opus 4.5 System Card", Standing.SELF_REPORTED),
        ("PaLM 540B", "The Falcon Series of Open Language Models", Standing.UNKNOWN),
        ("qwen3-max", "Qwen leaderboard", Standing.UNKNOWN),
    ],
)
def test_a_paper_about_its_own_model_is_a_self_report(name: str, source: str, standing: Standing) -> None:
    table = f"Model version,EM,Source,id\n{name},0.5,{source},1\n"
    [entry] = [one for one in COPIES.parse(changed(mmlu_external=table)).entries if "mmlu" in one.scores]
    assert entry.standing is standing


@pytest.mark.parametrize(
    ("agent", "standing"),
    [
        (" Terminus 2     ", Standing.UNKNOWN),
        ("Mini-SWE-Agent", Standing.UNKNOWN),
        ("", Standing.UNKNOWN),
        ("Droid", Standing.SYSTEM),
    ],
)
def test_agents_of_others_are_systems(agent: str, standing: Standing) -> None:
    table = f"Model version,Agent,Accuracy mean,Accuracy SE,id\ngpt-5.3-codex,{agent},0.7,0.02,1\n"
    [entry] = [one for one in COPIES.parse(changed(terminalbench_external=table)).entries if "terminalbench" in one.scores]
    assert entry.standing is standing


def test_what_a_publisher_forbids_is_not_read() -> None:
    assert not any("arc_agi" in metric.slug for metric in COPIES.metrics)
    [terms] = [benchmark.terms for benchmark in COPIES.benchmarks if benchmark.terms]
    assert (terms.allowed, terms.commercial) == (Allowed.PERMITTED, Allowed.FORBIDDEN)


def values(source: Source, mirror: Path, *places: tuple[str, str, str]) -> list[float]:
    parsed = source.parse({HUB.name: (mirror / mirror_path(HUB.url)).read_bytes()})
    found = {
        (entry.published_name, metric, entry.key.split(" | ")[-1]): score
        for entry in parsed.entries
        for metric, score in entry.scores.items()
    }
    return [found[place].value for place in places]


def test_values_of_the_real_file(mirror: Path) -> None:
    """Read by hand."""
    assert values(
        OWN,
        mirror,
        ("gpt-5.4-mini-2026-03-17_high", "gpqa_diamond", "AQF46S9hBhosKPEMy3fyB9"),
        ("gpt-5.4-nano-2026-03-17_high", "frontiermath", "SZpkpKjZLWJvmXWPQsMpbv"),
        ("muse-spark", "capabilities_index", "epoch_capabilities_index"),
    ) == [0.8358585858585859, 0.2586, 154.4360527684353]
    assert values(
        COPIES,
        mirror,
        ("amazon.nova-pro-v1:0", "mmlu", "recIRlQ5EAWn5dxqD"),
        ("Qwen3-235B-A22B", "aider_polyglot", "recPTyOmNpRhK82Et"),
        ("gpt-5.2-2025-12-11_high", "metr_time_horizon", "rect0q40LX3bSJ36F"),
    ) == [0.82, 59.6, 352.249302]
