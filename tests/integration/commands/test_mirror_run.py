"""`budmodel run --origin mirror`: what must come out was read from the files by hand.

The files are the real ones where they lie beside the checkout, else the samples, which hold some of their rows.
"""

import hashlib
import re

import pytest

from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.fetching.mirror import mirror_path, serve_directory
from budmodel_pipeline.sources.catalog import catalog
from tests.checkout import SAMPLES, SHARED
from tests.cli import Finished, Install, Installation

REAL = SHARED.is_dir()
FILES = SHARED / "mirror" if REAL else SAMPLES
# Rows read, kept and rejected. What is rejected: BFCL's N/A rows of format sensitivity, LiveCodeBench's problems outside
# the site's window, LLM Stats' models without a number, those that BigCodeBench ran on its hard board alone, a line of
# LiveBench that lacks cells, the rows of Epoch AI without a score or without a model
# that it knows, and what others than official providers made of models on the Open LLM Leaderboard.
ROWS = {
    "agentset_embeddings": (18, 18, 0),
    "aider_polyglot": (69, 69, 0),
    "alpacaeval": (211, 211, 0),
    "bfcl": (654, 585, 69),
    "bigcodebench": (404, 358, 46),
    "epoch_ai": (1231, 988, 243),
    "epoch_ai_external": (2879, 2460, 419),
    "eqbench": (79, 79, 0),
    "evalplus": (125, 125, 0),
    "livebench": (127, 126, 1),
    "livecodebench": (16880, 12304, 4576),
    "llm_stats": (169, 162, 7),
    "lmarena_arenas": (8440, 8440, 0),
    "lmarena_text": (7461, 7461, 0),
    "mteb": (189, 189, 0),
    "open_llm_leaderboard": (4576, 470, 4106),
    "openvlm": (284, 284, 0),
    "swebench": (322, 322, 0),
    "tau2_bench": (64, 64, 0),
    "ugi": (379, 379, 0),
    "vectara_hallucination": (96, 96, 0),
}
ROWS_OF_SAMPLES = {
    "agentset_embeddings": (6, 6, 0),
    "aider_polyglot": (14, 14, 0),
    "alpacaeval": (20, 20, 0),
    "bfcl": (108, 97, 11),
    "bigcodebench": (36, 26, 10),
    "epoch_ai": (23, 22, 1),
    "epoch_ai_external": (82, 81, 1),
    "eqbench": (13, 13, 0),
    "evalplus": (16, 16, 0),
    "helm_capabilities": (6, 6, 0),
    "livebench": (19, 18, 1),
    "livecodebench": (207, 135, 72),
    "llm_stats": (15, 14, 1),
    "lmarena_arenas": (54, 54, 0),
    "lmarena_text": (70, 70, 0),
    "metr_time_horizon": (6, 6, 0),
    "mmlu_pro": (13, 12, 1),
    "mteb": (9, 9, 0),
    "open_asr": (6, 6, 0),
    "open_llm_leaderboard": (14, 10, 4),
    "openvlm": (11, 11, 0),
    "swebench": (26, 26, 0),
    "tau2_bench": (15, 15, 0),
    "ugi": (15, 15, 0),
    "vectara_hallucination": (16, 16, 0),
}
NULL_MODEL = "NullModel (adversarial)"
OPUS = "Claude-Opus-4-5-20251101 (FC)"
OPUS_LOW = "anthropic/claude-opus-5-5 (adaptive, effort=low)"
# Published name, metric, published value and unit, canonical value.
VALUES = [
    (NULL_MODEL, "alpacaeval.length_controlled_win_rate", 86.45780691307947, "percent", 0.8645780691307947),
    (NULL_MODEL, "alpacaeval.win_rate", 76.91979180386511, "percent", 0.7691979180386511),
    (NULL_MODEL, "alpacaeval.average_length", 872, "characters", 872),
    (OPUS, "bfcl.overall_accuracy", 77.47, "percent", 0.7747),
    (OPUS, "bfcl.total_cost", 86.55, "usd", 86.55),
    ("Claude-Opus-4-5-20251101 (Prompt)", "bfcl.overall_accuracy", 33.47, "percent", 0.3347),
    (OPUS, "bfcl.latency_95th_percentile", 7.56, "seconds", 7.56),
    ("gemini-3-pro", "lmarena_text.rating_overall", 1486.6027120272704, "elo", 1486.6027120272704),
    ("claude-opus-4-5-20251101", "lmarena_text.rating_overall", 1446.431063509376, "elo", 1446.431063509376),
    (OPUS_LOW, "ugi.ugi", 54.46, "points", 54.46),
    (OPUS_LOW, "ugi.w_10", 4.2, "points", 4.2),
    (OPUS_LOW, "ugi.natint", 70.39, "points", 70.39),
]
# What the samples leave out, or have fewer problems of.
VALUES_OF_REAL_FILES = [
    ("DeepSeek-V3", "livecodebench.pass_at_1", 41.6, "percent", 0.416),
    ("DeepSeek-V3", "livecodebench.easy_pass_at_1", 78.5, "percent", 0.785),
    ("DeepSeek-V3", "livecodebench.hard_pass_at_1", 10.8, "percent", 0.108),
    ("Jamba 1.5 Large", "llm_stats.gpqa_score", 0.369, "fraction", 0.369),
    ("Jamba 1.5 Large", "llm_stats.mmlu_score", 0.812, "fraction", 0.812),
    ("Jamba 1.5 Large", "llm_stats.mmlu_pro_score", 0.535, "fraction", 0.535),
    ("gemini-3-pro", "lmarena_text.rating_german", 1521.3925542201719, "elo", 1521.3925542201719),
    ("jcorners/ingot-8b-r3", "mteb.mean_task", 0.7698263809523809, "fraction", 0.7698263809523809),
    ("jcorners/ingot-8b-r3", "mteb.type_sts", 0.91559225, "fraction", 0.91559225),
    ("jcorners/ingot-8b-r3", "mteb.task_sts17", 0.95721, "fraction", 0.95721),
    ("LLaVA-v1-7B", "openvlm.mmstar", 27.1, "percent", 0.271),
    ("LLaVA-v1-7B", "openvlm.ocrbench", 269, "points", 269),
    ("LLaVA-v1-7B", "openvlm.average_score", 31.3, "percent", 0.313),
]


EXPECTED_ROWS = ROWS if REAL else ROWS_OF_SAMPLES
EXPECTED_VALUES = [*VALUES, *(VALUES_OF_REAL_FILES if REAL else [])]


@pytest.fixture(scope="module")
def mirrored(install: Install) -> tuple[Installation, Finished]:
    """An installation that was filled from a static file server, and the run that did it.

    Of some sources nobody has a real file.
    """
    at = install()
    named = [word for source in EXPECTED_ROWS for word in ("--source", source)]
    with serve_directory(FILES) as url:
        return at, at.run("run", "--origin", "mirror", *named, BUDMODEL_MIRROR_URL=url)


def test_all_sources_succeed_and_account_for_every_row(mirrored: tuple[Installation, Finished]) -> None:
    at, finished = mirrored
    assert (finished.code, finished.err) == (0, "")
    rows = at.query("select source, origin, rows_read, rows_kept, rows_rejected from budmodel.snapshots order by 1")
    assert rows == [(source, "mirror", *counts) for source, counts in EXPECTED_ROWS.items()]
    for source, (read, kept, rejected) in EXPECTED_ROWS.items():
        assert f"✓ scores/{source}  {kept:,} of {read:,} rows, " in finished.out
        assert re.search(rf"^{source} +{read:,} +{rejected:,} .* first snapshot .* mirror$", finished.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "metric", "score", "unit", "canonical"), [*VALUES, *(VALUES_OF_REAL_FILES if REAL else [])]
)
def test_the_marts_hold_what_the_files_say(
    mirrored: tuple[Installation, Finished], name: str, metric: str, score: float, unit: str, canonical: float
) -> None:
    at, _ = mirrored
    rows = at.query(f"""
        select score::float8, unit, canonical_score::float8, canonical_unit, origin
        from marts.leaderboard where published_name = '{name}' and metric_id = '{metric}'
    """)
    canonical_unit = "fraction" if unit == "percent" else unit
    assert rows == [(score, unit, pytest.approx(canonical, rel=1e-12), canonical_unit, "mirror")]


def test_every_score_leads_back_to_the_bytes_of_the_mirror(mirrored: tuple[Installation, Finished]) -> None:
    at, _ = mirrored
    files = at.query("""
        select distinct url, sha256, object_key from marts.leaderboard join budmodel.snapshot_files using (snapshot_id)
    """)
    read = [catalog()[source] for source in EXPECTED_ROWS]
    endpoints = [each for source in read for each in source.all_endpoints(files_of(source, FILES))]
    # A supplement may be lacking, as AlpacaEval's standard errors are in the mirror.
    present = {each.url for each in endpoints if not each.supplement or (FILES / mirror_path(each.url)).exists()}
    assert {url for url, _, _ in files} == present
    for url, sha256, key in files:
        content = (FILES / mirror_path(url)).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
        assert (at.home / "objects" / key).read_bytes() == content


def test_samples_never_replace_what_the_mirror_said(mirrored: tuple[Installation, Finished]) -> None:
    at, _ = mirrored
    before = at.rows("marts.leaderboard")
    finished = at.run("run", "--source", "ugi")
    assert finished.code == 1
    assert "✗ snapshots__ugi: ugi: real data are published here, and samples never replace them." in finished.out
    assert re.search("^ugi .* not extracted .* mirror$", finished.out, re.MULTILINE)
    # Last, where it is seen.
    assert finished.out.splitlines()[-1].startswith("ugi: nothing was extracted")
    assert at.rows("marts.leaderboard") == before
