"""Licenses of models, from a real hub into a real database: evidence, quotes that stand in the stored text, conflicts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text

from budmodel_pipeline.licensing.questions import QUESTIONS
from budmodel_pipeline.services.llm import Llm
from budmodel_pipeline.services.object_store import ObjectStore
from budmodel_pipeline.targets.hub import Hub
from budmodel_pipeline.targets.hub_requests import HubPolicy
from budmodel_pipeline.targets.opening import Providers
from budmodel_pipeline.targets.target import parse_target
from budmodel_pipeline.warehouse.model_states import add_targets
from budmodel_pipeline.workflows.model_discovery import known_target
from budmodel_pipeline.workflows.model_licensing import Licensed, license_models, refresh_catalog
from budmodel_pipeline.workflows.model_reading import ModelReading, extract_models
from tests.checkout import ROOT
from tests.hub_server import Failure, HubServer
from tests.llm_server import llm_server

CARD = "---\nlicense: {tag}\n{more}---\n# A model\n"
SHIPS = (
    "THE SHIP LICENSE AGREEMENT, VERSION 1\n\n1. Grant. Subject to these terms, the Licensor hereby grants the Licensee a "
    "non-exclusive, worldwide right to use, reproduce and modify the weights on ships of its own. 2. Restrictions. The "
    "Licensee may not use the weights to earn money, and shall not redistribute or sublicense them or derivative works of "
    "them to anybody who has no ship. 3. Attribution. The Licensee must name the shipyard in everything that it publishes. "
    "4. Termination. The Licensor may terminate this agreement at any time. 5. Disclaimer. The weights are provided without "
    "warranty of any kind, and in no event shall the Licensor be liable for damages that arise from their use at sea.\n"
)
EARNING = "The Licensee may not use the weights to earn money"
SILENT = {"value": "SILENT", "quote": None, "explanation": "The text does not speak about it."}


def card(tag: str, more: str = "") -> bytes:
    return CARD.format(tag=tag, more=more).encode()


def reading(engine: Engine, hub: HubServer, llm: Llm | None = None) -> ModelReading:
    client = Hub(hub.endpoint, policy=HubPolicy(attempts=1, read_timeout=2.0), sleep=lambda _: None)
    return ModelReading(engine, Providers(hub=client), "live", llm, threads=2)


def look(how: ModelReading, store: ObjectStore, *names: str) -> dict[str, Licensed]:
    """What is found for models of the hub, which are extracted first."""
    targets = [f"hf:{name}" for name in names]
    with how.engine.begin() as connection:
        add_targets(connection, [known_target(parse_target(target), "tests") for target in targets], datetime.now(UTC))
    # Prose is of no concern here.
    extracted = extract_models(targets, replace(how, llm=None))
    assert [outcome.problem for outcome in extracted if outcome.problem] == []
    found = {outcome.target: outcome for outcome in license_models(targets, how, store)}
    assert [outcome.problem for outcome in found.values() if outcome.problem] == []
    return {target.removeprefix("hf:"): outcome.result for target, outcome in found.items() if outcome.result}


def rows(engine: Engine, query: str) -> list[Mapping[str, Any]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def test_the_text_goes_before_the_tag_and_every_quote_stands_in_it(
    engine: Engine, hub: HubServer, store: ObjectStore
) -> None:
    apache = (ROOT / "LICENSE").read_bytes()
    hub.add("org/text", {"README.md": card("mit"), "LICENSE": apache})
    hub.add("org/same", {"README.md": card("apache-2.0"), "LICENSE": apache})
    hub.add("org/tag", {"README.md": card("apache-2.0")})
    hub.add("org/nothing", {"README.md": b"# A model\nMIT was a school.\n"})
    found = look(reading(engine, hub), store, "org/text", "org/same", "org/tag", "org/nothing")
    told = {name: (outcome.license_id, outcome.evidence) for name, outcome in found.items()}
    assert told == {
        "org/text": ("apache-2.0", "text"),
        "org/same": ("apache-2.0", "text"),
        "org/tag": ("apache-2.0", "tag"),
        "org/nothing": (None, "none"),
    }
    assert len(rows(engine, "select * from budmodel.license_documents where text_sha256 is not null")) == 1
    quotes = rows(
        engine,
        """select quote, quote_start, quote_end, text_sha256 from budmodel.license_answers
           join budmodel.license_documents using (document_id) where quote is not null""",
    )
    assert len(quotes) > 5
    for one in quotes:
        stored = store.get_content(one["text_sha256"]).decode()
        assert stored[one["quote_start"] : one["quote_end"]] == one["quote"]
    assert (
        rows(engine, "select count(distinct question) as n from budmodel.license_answers group by document_id")[0]["n"] == 22
    )


def test_a_tag_against_its_text_and_a_derivative_against_its_base_are_conflicts(
    engine: Engine, hub: HubServer, store: ObjectStore
) -> None:
    apache = (ROOT / "LICENSE").read_bytes()
    hub.add("org/contradiction", {"README.md": card("mit"), "LICENSE": apache})
    hub.add("org/closed", {"README.md": card("cc-by-nc-4.0")})
    hub.add("org/freed", {"README.md": card("mit", "base_model: Org/Closed\n")})
    hub.add("org/faithful", {"README.md": card("cc-by-nc-4.0", "base_model: org/closed\n")})
    look(reading(engine, hub), store, "org/contradiction", "org/closed", "org/freed", "org/faithful")
    with engine.begin() as connection:
        known, _ = refresh_catalog(connection)
    assert known > 75
    found = rows(engine, "select * from budmodel.license_conflicts where severity = 'conflict' order by target, dimension")
    told = {(one["target"], one["kind"], one["other"]) for one in found}
    assert told == {
        ("hf:org/contradiction", "tag_vs_text", "text"),
        ("hf:org/freed", "derivative_vs_base", "Org/Closed"),
    }
    assert any(one["dimension"] == "commercial use" for one in found)


def test_what_was_a_conflict_is_none_after_it_was_corrected(engine: Engine, hub: HubServer, store: ObjectStore) -> None:
    hub.add("org/closed", {"README.md": card("cc-by-nc-4.0")})
    hub.add("org/freed", {"README.md": card("mit", "base_model: org/closed\n")})
    how = reading(engine, hub)
    look(how, store, "org/closed", "org/freed")
    hub.commit("org/freed", {"README.md": card("cc-by-nc-4.0", "base_model: org/closed\n")})
    look(how, store, "org/freed")
    with engine.begin() as connection:
        _, conflicts = refresh_catalog(connection)
    assert [one for one in conflicts if one.severity == "conflict"] == []


def test_a_model_that_cannot_be_read_keeps_its_last_license_and_says_why(
    engine: Engine, hub: HubServer, store: ObjectStore
) -> None:
    hub.add("org/one", {"README.md": card("mit")})
    how = reading(engine, hub)
    look(how, store, "org/one")
    hub.fail("/api/models/org/one", Failure(503))
    (outcome,) = license_models(["hf:org/one"], how, store)
    assert outcome.problem is not None
    assert "org/one" in outcome.problem
    assert [one["evidence"] for one in rows(engine, "select evidence from budmodel.model_licenses")] == ["tag"]


def test_a_text_that_nobody_knows_is_read_by_the_language_model_once(
    engine: Engine, hub: HubServer, store: ObjectStore
) -> None:
    for name in ("one", "two"):
        hub.add(f"org/{name}", {"README.md": card("other"), "LICENSE": SHIPS.encode()})
    slugs = [question.slug for question in QUESTIONS]
    forbidden = {"value": "NO", "quote": EARNING, "explanation": "Earning money is forbidden."}
    with llm_server() as server:
        server.answer = lambda _: {**dict.fromkeys(slugs, SILENT), "commercial-use": forbidden}
        how = reading(engine, hub, Llm(server.base_url, "key", "model"))
        assert look(how, store, "org/one")["org/one"].state == "unknown"
        assert len(server.requests) == 2  # Two readings that have to agree.
        look(how, store, "org/two")
        assert len(server.requests) == 2
        classified = "select license_type, suitability from budmodel.license_documents"
        (read,) = rows(engine, classified)
    # The key has run out: what was read when it had not is what is known.
    look(reading(engine, hub), store, "org/one")
    assert rows(engine, classified) == [read]
    assert None not in read.values()
    (answer,) = rows(engine, "select * from budmodel.license_answers where question = 'commercial-use'")
    assert (answer["value"], answer["quote"], answer["method"]) == ("NO", EARNING, "llm")
    (document,) = rows(engine, "select llm from budmodel.license_documents")
    assert (document["llm"]["state"], document["llm"]["input_tokens"]) == ("read", 2000)


def test_without_a_language_model_an_unknown_text_stays_unknown(engine: Engine, hub: HubServer, store: ObjectStore) -> None:
    hub.add("org/one", {"README.md": card("other"), "LICENSE": SHIPS.encode()})
    found = look(reading(engine, hub), store, "org/one")
    assert (found["org/one"].license_id, found["org/one"].state, found["org/one"].evidence) == (None, "unknown", "text")


def test_an_unread_license_beside_a_tag_that_permits_is_a_conflict(
    engine: Engine, hub: HubServer, store: ObjectStore
) -> None:
    hub.add("org/unread", {"README.md": card("apache-2.0"), "LICENSE": bytes(range(256)) * 20})
    hub.add("org/own", {"README.md": card("apache-2.0"), "LICENSE": SHIPS.encode()})
    hub.add("org/linked", {"README.md": card("mit", "license_link: terms.txt\n")})
    found = look(reading(engine, hub), store, "org/unread", "org/own", "org/linked")
    assert {name: (one.state, one.license_id, one.evidence) for name, one in found.items()} == {
        "org/unread": ("unknown", None, "text"),
        "org/own": ("unknown", None, "text"),
        "org/linked": ("unknown", None, "link"),
    }
    with engine.begin() as connection:
        _, conflicts = refresh_catalog(connection)
    assert {(one.target, one.severity, one.found) for one in conflicts} == {
        (f"hf:org/{name}", "conflict", "unknown") for name in ("unread", "own", "linked")
    }
    held = rows(engine, "select target, document_id, passed_over from budmodel.model_licenses order by target")
    assert [one["passed_over"] for one in held] == [["license mit"], ["license apache-2.0"], ["license apache-2.0"]]
    assert len({one["document_id"] for one in held}) == 3
