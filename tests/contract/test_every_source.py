"""What holds for every source in the catalog, and for one that is added as a file beside them."""

import csv
import json
import math
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
import yaml

import budmodel_pipeline.sources as package
from benchmarks.published_files import multiplied
from budmodel_pipeline.commands.published_files import files_of
from budmodel_pipeline.fetching.mirror import mirror_path
from budmodel_pipeline.model_info.price_catalogs import PRICE_CATALOGS
from budmodel_pipeline.resources.models import SAMPLE_HUB
from budmodel_pipeline.sources.catalog import catalog
from budmodel_pipeline.sources.contract import Endpoint, Entry, Parsed, Shape, Source, SourceError
from budmodel_pipeline.sources.data_terms import Allowed
from budmodel_pipeline.sources.quality import assess
from budmodel_pipeline.targets.sample_hub import sample_models
from tests.riddles import RIDDLES, TABLE

SAMPLES = Path(__file__).parents[2] / "samples"
EVERY_SOURCE = pytest.mark.parametrize("slug", list(catalog()))
# A sample is read by people and shipped to everyone.
MAX_SAMPLE_BYTES = 64 * 1024


def check_invariants(source: Source, parsed: Parsed) -> None:
    assert parsed.rows_read == parsed.rows_kept + parsed.rows_rejected
    assert parsed.score_count > 0
    keys = [entry.key for entry in parsed.entries]
    assert len(set(keys)) == len(keys)
    metrics = {metric.slug: metric for metric in (*source.metrics, *parsed.metrics)}
    assert len(metrics) == len(source.metrics) + len(parsed.metrics)
    benchmarks = {benchmark.slug for benchmark in (*source.benchmarks, *parsed.benchmarks)}
    assert {metric.benchmark for metric in metrics.values()} <= benchmarks
    for entry in parsed.entries:
        assert entry.scores, entry.key
        assert entry.published_name == entry.published_name.strip() != ""
        # Settings become a JSON column, which takes neither NaN nor Infinity.
        json.dumps(entry.settings, allow_nan=False)
        for slug, score in entry.scores.items():
            metric = metrics[slug]
            assert math.isfinite(score.value), (entry.key, slug)
            assert metric.minimum is None or score.value >= metric.minimum, (entry.key, slug, score)
            assert metric.maximum is None or score.value <= metric.maximum, (entry.key, slug, score)
            assert score.lower is None or score.lower <= score.value, (entry.key, slug, score)
            assert score.upper is None or score.upper >= score.value, (entry.key, slug, score)
            assert score.rank is None or score.rank >= 1, (entry.key, slug, score)
    assert [outcome.found for outcome in assess(source, parsed, None) if outcome.refuses] == []


def check_sample(source: Source, root: Path) -> None:
    files = files_of(source, root)
    assert max(map(len, files.values())) <= MAX_SAMPLE_BYTES
    parsed = source.parse(files)
    check_invariants(source, parsed)
    assert parsed.unknown_columns == ()
    headline = source.headline_metric().slug
    assert any(headline in entry.scores for entry in parsed.entries)


def check_order_does_not_matter(source: Source, files: Mapping[str, bytes]) -> None:
    parsed = source.parse(files)
    assert source.parse(files) == parsed
    turned = source.parse({e.name: reordered(files[e.name], e) for e in source.all_endpoints(files) if e.name in files})
    assert by_key(turned) == by_key(parsed)
    assert (turned.rows_read, turned.rows_kept) == (parsed.rows_read, parsed.rows_kept)
    assert (turned.as_of, turned.window) == (parsed.as_of, parsed.window)
    assert (turned.benchmarks, turned.metrics) == (parsed.benchmarks, parsed.metrics)


def by_key(parsed: Parsed) -> dict[str, Entry]:
    """The entries; sums of numbers in another order may differ in the last digits."""
    return {
        entry.key: replace(
            entry,
            scores={slug: score._replace(value=float(f"{score.value:.12g}")) for slug, score in entry.scores.items()},
        )
        for entry in parsed.entries
    }


def reordered(content: bytes, endpoint: Endpoint) -> bytes:
    """The same table with its rows and its columns the other way round."""
    match endpoint.format:
        case "csv":
            return turned_csv(content)
        case "parquet":
            table = pq.read_table(BytesIO(content))
            out = BytesIO()
            pq.write_table(table.take(list(range(table.num_rows))[::-1]).select(table.column_names[::-1]), out)
            return out.getvalue()
        case "zip":
            out = BytesIO()
            with zipfile.ZipFile(BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
                for name in reversed(before.namelist()):
                    after.writestr(name, turned_csv(before.read(name)))
            return out.getvalue()
        case "yaml":
            return yaml.safe_dump(turned_round(yaml.load(content, Loader=yaml.CBaseLoader)), sort_keys=False).encode()
        case "markdown":
            return re.sub(rb"(?m)^\|(?:.|\n)*\|$", lambda table: turned_markdown(table[0]), content)
        case "javascript":
            return re.sub(rb"`([^`]*)`", lambda text: b"`" + turned_csv(text[1]) + b"`", content)
        case "json":
            return json.dumps(turned_round(json.loads(content))).encode()


def turned_csv(content: bytes) -> bytes:
    header, *rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
    text = StringIO(newline="")
    csv.writer(text).writerows(row[::-1] for row in (header, *rows[::-1]))
    return text.getvalue().encode()


def turned_markdown(content: bytes) -> bytes:
    header, dashes, *rows = (line.strip(b"|").split(b"|")[::-1] for line in content.splitlines())
    return b"\n".join(b"|" + b"|".join(cells) + b"|" for cells in (header, dashes, *rows[::-1]))


def turned_round(value: Any) -> Any:
    """JSON with the keys of all objects and the objects of all lists, and of lists of lists, in reverse order."""
    if isinstance(value, dict):
        return {key: turned_round(value[key]) for key in reversed(value)}
    if isinstance(value, list) and all(isinstance(item, dict | list) for item in value):
        return [turned_round(item) for item in reversed(value)]
    return value


@EVERY_SOURCE
def test_declaration(slug: str) -> None:
    source = catalog()[slug]
    assert source.slug == slug
    assert source.slug.isidentifier()
    for url in (source.homepage, *(endpoint.url for endpoint in source.endpoints)):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname
        assert url.isascii()
        assert " " not in url
    # An SPDX identifier, or None where the publisher states none; never a guess in prose.
    assert source.license is None or (source.license and not any(map(str.isspace, source.license)))
    for name in [benchmark.slug for benchmark in source.benchmarks] + [metric.slug for metric in source.metrics]:
        assert re.fullmatch("[a-z0-9][a-z0-9_]*", name)
    for metric in source.metrics:
        assert metric.minimum is None or metric.maximum is None or metric.minimum < metric.maximum


@EVERY_SOURCE
def test_what_its_publisher_allows_is_on_record(slug: str) -> None:
    source = catalog()[slug]
    for terms in (source.terms, *(benchmark.terms for benchmark in source.benchmarks if benchmark.terms)):
        assert terms.attribution
        assert terms.evidence
        assert terms.verified_on
    # Who names no license has permitted nothing, and who names one is named with it.
    assert (source.terms.allowed is Allowed.PERMITTED) is (source.license is not None)
    if source.license:
        assert source.license.replace("-", "") in source.terms.attribution.replace("-", "").replace(" ", "")


def test_what_may_not_be_sold_is_on_record() -> None:
    """Every other license here permits it, or there is none."""
    assert [slug for slug, source in catalog().items() if source.terms.commercial is Allowed.FORBIDDEN] == ["swebench"]


@EVERY_SOURCE
def test_sample(slug: str) -> None:
    check_sample(catalog()[slug], SAMPLES)


@EVERY_SOURCE
def test_the_order_of_the_sample_does_not_matter(slug: str) -> None:
    source = catalog()[slug]
    check_order_does_not_matter(source, files_of(source, SAMPLES))


@EVERY_SOURCE
def test_benchmarks_can_read_it_many_times_over(slug: str) -> None:
    source = catalog()[slug]
    files = files_of(source, SAMPLES)
    assert source.parse(multiplied(source, files, 3)).score_count == 3 * source.parse(files).score_count


def test_what_was_never_seen_is_marked() -> None:
    """A parser that was written without a real file says so; of one source some files were seen."""
    documented = {slug: source.documented for slug, source in catalog().items() if source.documented}
    assert documented == {
        "helm_capabilities": ("core_scenarios",),
        "lmarena_arenas": (
            "document",
            "search",
            "webdev",
            "image_edit",
            "text_to_video",
            "image_to_video",
            "video_edit",
            "agent",
        ),
        "metr_time_horizon": ("results",),
        "mmlu_pro": ("results",),
        "open_asr": ("english_short",),
    }
    assert [slug for slug in documented if catalog()[slug].shape is Shape.SEEN] == ["lmarena_arenas"]


@pytest.mark.parametrize("slug", [slug for slug, source in catalog().items() if source.shape is Shape.SEEN])
def test_mirror(slug: str, mirror: Path) -> None:
    source = catalog()[slug]
    parsed = source.parse(files_of(source, mirror))
    check_invariants(source, parsed)
    assert parsed.score_count > source.parse(files_of(source, SAMPLES)).score_count


@EVERY_SOURCE
@pytest.mark.parametrize(
    "content",
    [b"", b" ", b"<!DOCTYPE html><html><body>Sign in</body></html>", b"\x00" * 64],
    ids=["empty", "blank", "html", "zeros"],
)
def test_a_file_that_is_something_else_fails_and_is_named(slug: str, content: bytes) -> None:
    source = catalog()[slug]
    good = files_of(source, SAMPLES)
    for endpoint in source.endpoints:
        with pytest.raises(SourceError) as failure:
            source.parse({**good, endpoint.name: content})
        assert failure.value.endpoint == endpoint.name


def test_no_sample_lies_around_unused() -> None:
    used = {
        mirror_path(endpoint.url)
        for source in catalog().values()
        for endpoint in source.all_endpoints(files_of(source, SAMPLES))
    }
    files = {file.relative_to(SAMPLES).as_posix() for file in SAMPLES.rglob("*") if file.is_file()}
    models = {file.relative_to(SAMPLES).as_posix() for file in SAMPLE_HUB.rglob("*")}
    assert files - models == used | {mirror_path(catalog.url) for catalog in PRICE_CATALOGS}


def test_enough_models_are_bundled_for_a_first_impression() -> None:
    assert len(sample_models(SAMPLE_HUB)) >= 5


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory whose file `riddles.py` is one of the sources, with its sample under `samples`."""
    (tmp_path / "riddles.py").write_text(RIDDLES)
    sample = tmp_path / "samples" / TABLE
    sample.parent.mkdir(parents=True)
    sample.write_text("model,accuracy\nSphinx-7B,91.5\nOedipus (high),100\n")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    catalog.cache_clear()
    yield tmp_path
    # The path first: as long as it is there, the catalog would find the file again.
    monkeypatch.undo()
    catalog.cache_clear()
    sys.modules.pop(f"{package.__name__}.riddles", None)
    vars(package).pop("riddles", None)


def test_a_source_is_one_file_and_its_sample(added: Path) -> None:
    assert "riddles" in catalog()
    source = catalog()["riddles"]
    check_sample(source, added / "samples")
    check_order_does_not_matter(source, files_of(source, added / "samples"))
    (sphinx, _) = source.parse(files_of(source, added / "samples")).entries
    assert sphinx.scores["accuracy"].value == 91.5


def test_the_added_source_is_gone_again() -> None:
    assert "riddles" not in catalog()
