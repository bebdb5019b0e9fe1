"""A database in which every mart has something to say: sources in their different states, and a few models."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from budmodel_pipeline.identity.resolve import Resolution
from budmodel_pipeline.model_info.offers import Basis, Offer, Prices
from budmodel_pipeline.ranking.evidence import Evidence, PublishedScore
from budmodel_pipeline.ranking.rank import BenchmarkUse, Explained, Ranked, Ranking
from budmodel_pipeline.sources.contract import (
    AsOfBasis,
    Benchmark,
    Columns,
    Domain,
    Endpoint,
    Entry,
    IntervalBasis,
    Metric,
    Parsed,
    Rejection,
    RejectionKind,
    Score,
    Source,
    Standing,
    Unit,
)
from budmodel_pipeline.warehouse.aliases import resolve_aliases
from budmodel_pipeline.warehouse.license_records import (
    AnswerRecord,
    ConflictRecord,
    DocumentRecord,
    LicenseRecord,
    ModelLicenseRecord,
    replace_catalog,
    replace_conflicts,
    store_document,
    store_model_license,
)
from budmodel_pipeline.warehouse.migrate import migrate
from budmodel_pipeline.warehouse.model_records import ModelRecord, store_model
from budmodel_pipeline.warehouse.model_states import (
    KnownTarget,
    add_targets,
    record_extracted,
    record_target_failure,
)
from budmodel_pipeline.warehouse.price_records import CatalogFileRecord, PriceRecord, store_prices
from budmodel_pipeline.warehouse.publish import publish, register_sources
from budmodel_pipeline.warehouse.ranking_records import replace_rankings
from budmodel_pipeline.warehouse.scan_records import ScannedFile, store_scan
from budmodel_pipeline.warehouse.snapshots import (
    SnapshotFile,
    current_snapshot,
    fetched_snapshot,
    record_failure,
    record_fetched,
)

TUNED = "https://huggingface.co/tuner/gamma-tuned"

NOW = datetime.now(UTC)
FIRST, SECOND, THIRD, FOURTH = (NOW - timedelta(days=days) for days in (21, 14, 7, 0))
# Everything is read and built in this zone, where the last of these moments is a day later than in UTC.
ZONE = "Europe/Helsinki"
NEW_ENTRIES = ("Alpha (agent)", "Best of Gamma", "Gamma", "Gamma (old)", "Gamma | tuned")
LONG_AGO, LATER, LATEST = (datetime.fromisoformat(f"2025-03-{day:02}T00:30:00+02:00") for day in (2, 9, 16))


def source(slug: str) -> Source:
    """A leaderboard with a metric of each direction and one that nobody has a score of."""
    return Source(
        slug=slug,
        title=slug.title(),
        publisher="Testers",
        homepage=f"https://{slug}.example/",
        license=None,
        endpoints=(
            Endpoint(name="notes", url=f"https://{slug}.example/notes.json", format="json"),
            Endpoint(name="table", url=f"https://{slug}.example/table.csv", format="csv"),
        ),
        benchmarks=(
            Benchmark(slug="tasks", title="Tasks", domain=Domain.GENERAL),
            Benchmark(slug="exam", title="Exam", domain=Domain.SCIENCE, shared=True),
        ),
        metrics=(
            Metric(
                "accuracy", "tasks", "Accuracy", Unit.PERCENT, higher_is_better=True, minimum=0, maximum=100, headline=True
            ),
            Metric("latency", "tasks", "Latency", Unit.SECONDS, higher_is_better=False, minimum=0),
            Metric("length", "tasks", "Answer length", Unit.CHARACTERS, higher_is_better=None, minimum=0),
            Metric("exam", "exam", "Exam", Unit.PERCENT, higher_is_better=True, minimum=0, maximum=100),
            Metric("unused", "tasks", "Unused", Unit.POINTS, higher_is_better=True),
        ),
        columns={"notes": Columns(frozenset()), "table": Columns(frozenset())},
        parse=lambda _: Parsed([], [], 0, 0),
    )


ARENA, LAPSED, BROKEN, QUIET, MOVING = (source(slug) for slug in ("arena", "lapsed", "broken", "quiet", "moving"))


def entry(
    name: str,
    accuracy: float,
    latency: float | None = None,
    length: float | None = None,
    *,
    key: str | None = None,
    link: str | None = None,
    exam: float | None = None,
    standing: Standing = Standing.UNKNOWN,
) -> Entry:
    values = {"latency": latency, "length": length, "exam": exam}
    scores = {slug: Score(value) for slug, value in values.items() if value is not None}
    return Entry(
        key=key or name,
        published_name=name,
        link=link,
        settings={"shots": 5},
        standing=standing,
        scores={"accuracy": Score(accuracy, accuracy - 2, accuracy + 2, IntervalBasis.PUBLISHED), **scores},
    )


def parsed(
    *entries: Entry,
    as_of: date | None = None,
    rejections: tuple[Rejection, ...] = (),
    window: tuple[date, date] | None = None,
) -> Parsed:
    rejected = sum(rejection.rows for rejection in rejections)
    basis = AsOfBasis.STATED if as_of else AsOfBasis.UNKNOWN
    read = len(entries) + rejected
    return Parsed(list(entries), list(rejections), read, len(entries), as_of=as_of, as_of_basis=basis, window=window)


def fetch(connection: Connection, of: Source, at: datetime, origin: str) -> Any:
    current = current_snapshot(connection, of.slug)
    files = [
        SnapshotFile(endpoint.name, endpoint.url, f"{endpoint.name}{at}", size, "key", None, None, at)
        for endpoint, size in zip(of.endpoints, (20, 900), strict=True)
    ]
    snapshot = fetched_snapshot(of.slug, of.parser_version, origin, current, files, at)
    record_fetched(connection, snapshot)
    return snapshot


def release(engine: Engine, of: Source, at: datetime, content: Parsed, origin: str = "live") -> None:
    with engine.begin() as connection:
        publish(connection, of, fetch(connection, of, at, origin), content, at)


def refuse(engine: Engine, of: Source, at: datetime) -> None:
    with engine.begin() as connection:
        record_failure(connection, of.slug, "the table was empty", at, refused=fetch(connection, of, at, "live"))


def resolve(_source: str, name: str, link: str | None = None, **_beside: object) -> Resolution:
    """`Alpha (high)` is model alpha, variant high; a link to tuned weights makes another model. Nobody is sure of Delta."""
    base, _, variant = name.lower().partition(" (")
    model_id = "tuner/gamma-tuned" if link == TUNED else base
    return Resolution(
        model_id, variant.rstrip(")") or None, method="test", confidence=0.4 if base == "delta" else 1, evidence=("a", "b")
    )


def fill(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        register_sources(connection, {of.slug: of for of in (ARENA, LAPSED, BROKEN, QUIET, MOVING)})
    release(
        engine,
        ARENA,
        FIRST,
        parsed(entry("Alpha (high)", 85), entry("Alpha (low)", 80), entry("Beta", 90), entry("Delta", 50)),
    )
    release(engine, ARENA, SECOND, parsed(entry("Alpha (high)", 90), entry("Alpha (low)", 80), entry("Delta", 50)))
    refuse(engine, ARENA, SECOND + timedelta(days=1))
    release(engine, ARENA, THIRD, parsed(entry("Alpha (high)", 90), entry("Alpha (low)", 81), entry("Beta", 90)))
    newest = parsed(
        entry("Alpha (agent)", 90, standing=Standing.SELF_REPORTED),
        entry("Alpha (high)", 90, latency=3, length=900),
        entry("Alpha (low)", 80, latency=1, length=100),
        entry("Beta", 90, latency=2, length=500, exam=50, standing=Standing.VERIFIED),
        entry("Best of Gamma", 95, standing=Standing.SYSTEM),
        entry("Gamma (old)", 99, standing=Standing.CONTAMINATED),
        entry("Gamma", 70),
        entry("Gamma", 60, key="Gamma | tuned", link=TUNED),
        as_of=date(2026, 1, 5),
        rejections=(
            Rejection("table", "the name is empty", 2, "''", RejectionKind.BAD),
            Rejection("notes", "the name is empty", 1, "''", RejectionKind.BAD),
            Rejection("table", "outside the window", 4, "x", RejectionKind.BY_RULE),
        ),
    )
    release(engine, ARENA, FOURTH, newest)
    for at, origin in ((LONG_AGO, "mirror"), (LATER, "live"), (LATEST, "mirror")):
        release(engine, LAPSED, at, parsed(entry("Beta", 12.5, exam=62.5, standing=Standing.SELF_REPORTED)), origin)
    doubtful = (
        entry("Omega", 5),
        entry("OMEGA", 6),
        entry("Psi", 5, key="Psi | verified"),
        entry("Psi", 6, key="Psi | community"),
        entry("One/Sigma", 7),
        entry("Two/sig-ma", 7),
        entry("OpenAI/GPT-5-2025-08-07", 7, link="https://huggingface.co/openai/gpt-5"),
        entry("Acme/Zorb-7b-Instruct", 7, link="https://huggingface.co/acme/Zorb-7b-Instruct"),
    )
    release(engine, BROKEN, THIRD, parsed(entry("Beta", 1), *doubtful))
    refuse(engine, BROKEN, FOURTH)
    spring, summer = ((date(2026, month, 1), date(2026, month + 3, 1)) for month in (3, 6))
    for at, window, name, theta in (
        (SECOND, spring, "Iota", 80),
        (THIRD, spring, "Iota pro", 80),
        (FOURTH, summer, "Iota pro", 75),
    ):
        release(engine, MOVING, at, parsed(entry("Theta", theta, 3), entry(name, theta - 10, 2), window=window))
    with engine.begin() as connection:
        resolve_aliases(connection, resolve)
        know_more_names(connection)
        read_models(connection)
        replace_rankings(connection, {"overall": RANKING, "coding": CODING})


EXAM = PublishedScore(
    "openai/gpt-5", "exam", "science", "arena.exam", "arena", "percent", 0.75, "verified", "publisher", "GPT-5", True
)
RANKING = Ranking(
    [
        Ranked("openai/gpt-5", 80.0, 70.0, 90.0, 1, 1, ("exam", "arena/tasks"), ("arena",), 1),
        Ranked("acme/zorb-7b", 50.0, 20.0, 85.0, None, None, ("exam",), ("arena",), 0),
    ],
    [Explained(Evidence(EXAM, 0.75), 0.5)],
    [BenchmarkUse("exam", 2, True, is_thin=True), BenchmarkUse("arena/tasks", 0, False, reason="no good end")],
)
# Of the first two there are cards, of the third none.
CODING = Ranking(
    [
        Ranked(group, score, score - 5, score + 5, rank, rank, ("exam",), ("arena",), 0)
        for rank, (group, score) in enumerate((("gamma", 60.0), ("delta", 50.0), ("alpha", 40.0)), start=1)
    ],
    [],
    [],
)


def know_more_names(connection: Connection) -> None:
    """Names that a source published once, of models that others publish under another."""
    for model_id in ("openai/gpt-5", "acme/zorb-7b"):
        for statement in (
            "insert into budmodel.model_groups values (:id, 'A group', null) on conflict do nothing",
            """insert into budmodel.models (model_id, display_name, group_id, first_seen_at)
            values (:id, 'A model', :id, :now)""",
            """insert into budmodel.model_aliases
                (source, published_name, model_id, method, confidence, first_seen_at, last_seen_at)
            values ('quiet', upper(:id), :id, 'test', 1, :now, :now)""",
        ):
            connection.execute(text(statement), {"id": model_id, "now": NOW})


def variant(name: str, size: int | None) -> dict[str, Any]:
    one = {"name": name, "part": "", "part_class": None, "format": "gguf", "precision": name, "files": [name], "size": size}
    return {**one, "default": False}


QUANTIZED = [variant("Q4_K_M", 4_000_000_000), variant("Q8_0", 8_000_000_000), variant("odd", None)]


def offer(
    provider: str, into: float | None, out: float | None, basis: Basis = "priced", mode: str = "standard", above: int = 0
) -> Offer:
    prices = Prices(basis, into, out, 0.5, None)
    return Offer("models.dev", provider, provider.title(), "beta", "beta", "Beta", mode, above, None, prices)


OFFERS = [
    offer("dear", 5, 20),
    offer("cheap", 2, 8),
    # Out for less, in for more: dearer than `cheap` at three to one, and cheaper at one to one.
    offer("lopsided", 3, 6),
    offer("half", 0.5, None),
    offer("gift", 0, 0, "free"),
    offer("plan", None, None, "unclear"),
    offer("cheap", 0.1, 0.1, mode="batch"),
    offer("cheap", 99, 999, above=200_000),
    replace(offer("past", 0.01, 0.01), status="deprecated"),
]
NOBODYS = offer("auto", 1, 1)
# Another catalog: what it has the same, otherwise, and alone.
OTHERS = [
    replace(offer(provider, into, out), catalog="litellm", published_id=f"{provider}/beta")
    for provider, into, out in (("cheap", 2.0005, 8), ("dear", 4, 20), ("plan", 4, 9), ("past", 1, 1))
]


def price(one: Offer, model_id: str | None) -> PriceRecord:
    told = one.prices
    unmatched = None if model_id else "it chooses a model"
    return PriceRecord(
        one.catalog, one.provider, one.published_id, one.mode, one.context_above, one.provider_name, one.name, one.status,
        model_id, None, unmatched, told.basis, told.input, told.output, told.cache_read, told.cache_write, [], [],
        one.precedence, one.retires_on, **asdict(one.abilities),
    )  # fmt: skip


# How the model is run is another product.
THINKING = replace(price(offer("thinker", 0.2, 0.2), "makers/beta"), variant="thinking=on")
# The least price for input alone, and for input and output together.
OF_GAMMA = [
    price(offer(name, into, out), "gamma") for name, into, out in (("coy", 0.1, None), ("fair", 1, 3), ("steep", 0.9, 5))
]


def read_models(connection: Connection) -> None:
    """Beta at two revisions, its derivative with facts of all the wrong types, and a model that could not be read."""
    base, derived = "hf:makers/Beta", "hf:tuner/beta-tuned"
    places = [
        KnownTarget(target, "hugging_face", target.removeprefix("hf:"), model_id, "arena")
        for target, model_id in ((base, "makers/beta"), (derived, None), ("hf:makers/Locked", None))
    ]
    add_targets(connection, places, THIRD)
    facts = {"parameters_unique": 7, "context_length": 4096, "tags": ["one", "two"], "tool_use": True, "license": "mit"}
    facts |= {"kv_cache_bytes_per_token": 100, "kv_cache_bytes_per_token_beyond_window": 60, "kv_cache_window": 1024}
    odd = {
        "parameters_unique": "many",
        "context_length": 10**30,
        "tags": "one",
        "tool_use": "yes",
        "created_at": "yesterday",
    }
    claim = {"text": "Writes well.", "quote": "writes well", "offset": 3}
    prose = {"model": "writer-1", "prose": {"description": claim, "use_cases": [claim], "strengths": [], "limitations": []}}
    result = {"benchmark": "MMLU", "metric": "acc", "value": 71.5, "unit": "%", "where": "model-index", "setting": ""}
    for target, revision, at, values, parents, results, variants, written in (
        (base, "a" * 40, THIRD, {"parameters_unique": 6}, [], [], [], None),
        (base, "b" * 40, FOURTH, facts, [], [result], QUANTIZED, prose),
        (
            derived,
            "c" * 40,
            FOURTH,
            odd,
            [{"base_model": "Makers/beta", "relation": "finetune", "method": "card"}],
            [],
            [],
            None,
        ),
    ):
        told = {name: {"value": value, "method": "stated", "evidence": "", "reason": None} for name, value in values.items()}
        name = target.removeprefix("hf:")
        store_model(
            connection, ModelRecord(target, revision, name, "live", at, told, parents, results, variants, written, [], [])
        )
        record_extracted(connection, target, revision, at)
    answers = [
        AnswerRecord("sha256:abc", question, value, "NEUTRAL", "Because.", None, None, None, "terms")
        for question, value in (("commercial-use", "YES"), ("commercial-limits", "CONDITIONAL"), ("credit", "YES"))
    ]
    document = DocumentRecord(
        "sha256:abc", "abc", "content/abc", "identified", "llama3.1", None, "Open Source but Restrictive", "LOW", 1.0,
        [], [], ["llama3.1"], "words", "", None, "1", FOURTH,
    )  # fmt: skip
    store_document(connection, document, answers)
    store_model_license(connection, ModelLicenseRecord(base, "b" * 40, "sha256:abc", "text", "LICENSE", "mit", FOURTH))
    replace_catalog(connection, [LicenseRecord("llama3.1", None, "Open Source but Restrictive", "LOW", "1")])
    told_by = ConflictRecord(base, "tag_vs_text", "text", "license", "conflict", "mit", "llama3.1", "The tag says mit.")
    replace_conflicts(connection, [told_by])
    finding = {"engine": "budmodel", "rule": "pickle.dangerous-global", "severity": "malicious", "what": "w", "place": "p"}
    scanned = [
        ScannedFile("a.pkl", 7, "f" * 64, "malicious", {"budmodel": "examined"}, False, [finding]),
        ScannedFile("config.json", 2, "e" * 64, "safe", {"budmodel": "examined"}, True, []),
    ]
    store_scan(connection, base, "b" * 40, "malicious", {"rules": "1"}, scanned, FOURTH)
    read_other_places(connection)
    read_small_open_model(connection)
    record_target_failure(connection, "hf:makers/Locked", "gated", "the owner decides who may read it", 1, None)
    file = CatalogFileRecord("models.dev", "https://c.example", "live", "f" * 64, "sha256/ff/f", 9, FOURTH)
    store_prices(
        connection, file, [*(price(one, "makers/beta") for one in OFFERS), price(NOBODYS, None), THINKING, *OF_GAMMA]
    )
    other = replace(file, catalog="litellm", sha256="e" * 64, fetched_at=THIRD)
    fairer = price(replace(offer("fair", 1, 4), catalog="litellm"), "gamma")
    store_prices(connection, other, [*(price(one, "makers/beta") for one in OTHERS), fairer])


def read_small_open_model(connection: Connection) -> None:
    """Gamma: small, clean, and permitted by its license text, which its tag contradicts."""
    target, revision = "hf:makers/Gamma", "d" * 40
    add_targets(connection, [KnownTarget(target, "hugging_face", "makers/Gamma", "gamma", "arena")], THIRD)
    facts: dict[str, object] = {"parameters_unique": 7 * 10**9, "weight_bytes": 14 * 10**9, "context_length": 32768}
    facts |= {"kv_cache_bytes_per_token": 100_000, "kv_cache_bytes_per_token_beyond_window": 100_000}
    facts |= {"created_at": "2026-01-02T00:00:00Z"}
    told = {name: {"value": value, "method": "stated", "evidence": "", "reason": None} for name, value in facts.items()}
    store_model(connection, ModelRecord(target, revision, "Gamma", "live", FOURTH, told, [], [], [], None, [], []))
    record_extracted(connection, target, revision, FOURTH)
    document = DocumentRecord(
        "sha256:def", "def", "content/def", "identified", "apache-2.0", None, "Permissive", "MOST", 1.0,
        [], [], ["apache-2.0"], "words", "", None, "1", FOURTH,
    )  # fmt: skip
    permitted = AnswerRecord("sha256:def", "commercial-use", "YES", "GOOD", "Because.", None, None, None, "terms")
    store_document(connection, document, [permitted])
    store_model_license(connection, ModelLicenseRecord(target, revision, "sha256:def", "text", "LICENSE", "mit", FOURTH))
    of_gamma = ConflictRecord(target, "tag_vs_text", "text", "license", "conflict", "mit", "apache-2.0", "The tag says mit.")
    of_delta = ConflictRecord(
        "hf:makers/Delta", "derivative_vs_base", "base", "commercial use", "conflict", "mit", "cc-by-nc-4.0",
        "Its base forbids.",
    )  # fmt: skip
    replace_conflicts(connection, [of_gamma, of_delta])
    store_scan(connection, target, revision, "safe", {"rules": "1"}, [], FOURTH)


def read_other_places(connection: Connection) -> None:
    """An older copy of Gamma, of which nobody knows the license; and Delta in a catalog, and on the hub without weights.

    Delta's files changed since they were scanned clean, and its license, known by a tag alone,
    permits what that of its base model forbids.
    """
    for target, provider, model_id, facts in (
        ("hf:copier/Gamma", "hugging_face", "gamma", {"weight_bytes": 1, "created_at": "2025-01-02T00:00:00Z"}),
        ("cloud:makers/delta", "cloud_model", "delta", {"open_weights": False, "context_length": 9}),
        ("hf:makers/Delta", "hugging_face", "delta", {"parameters_unique": 5}),
    ):
        uri = target.partition(":")[2]
        add_targets(connection, [KnownTarget(target, provider, uri, model_id, "arena")], THIRD)
        told = {name: {"value": value, "method": "stated", "evidence": "", "reason": None} for name, value in facts.items()}
        store_model(connection, ModelRecord(target, "e" * 40, uri, "live", FOURTH, told, [], [], [], None, [], []))
        record_extracted(connection, target, "e" * 40, FOURTH)
    named = DocumentRecord(
        "tag:mit", None, None, "identified", "mit", None, "Permissive", "MOST", 1.0, [], [], ["mit"], "name", "", None, "1",
        FOURTH,
    )  # fmt: skip
    store_document(
        connection, named, [AnswerRecord("tag:mit", "commercial-use", "YES", "GOOD", "So.", None, None, None, "tag")]
    )
    delta = "hf:makers/Delta"
    store_model_license(connection, ModelLicenseRecord(delta, "e" * 40, "tag:mit", "tag", "mit", "mit", FOURTH))
    store_scan(connection, delta, "d" * 40, "safe", {"rules": "1"}, [], THIRD)
