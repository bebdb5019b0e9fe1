"""Models from the command line: ask for one, have it served, look at what is known of it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from budmodel_pipeline.fetching.mirror import serve_directory
from budmodel_pipeline.resources.models import SAMPLE_HUB
from budmodel_pipeline.targets.sample_hub import serve_sample_hub
from tests.cli import Finished, Install, Installation, Run, fails_clearly

QWEN = "hf:Qwen/Qwen3-32B"
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}

# The runs before the first test take minutes where others use the processors as well.
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, slots=True)
class Served:
    """An installation where people asked for models, and the run that served them."""

    at: Installation
    answers: tuple[Finished, ...]
    run: Finished

    def request(self, target: str) -> dict[str, Any]:
        """The row of the request for `target`."""
        ((row,),) = self.at.query(f"select to_jsonb(r) from budmodel.extraction_requests r where target = '{target}'")
        found: dict[str, Any] = row
        return found


@pytest.fixture(scope="module")
def served(install: Install) -> Served:
    at = install()
    (at.folder / "model").mkdir()
    (at.folder / "model" / "config.json").write_text(json.dumps(CONFIG))
    answers = (
        at.run("request", QWEN, "--by", "ann", "--priority", "5"),
        at.run("request", "hf:nobody/nothing", "--by", "bob"),
        at.run("request", "model"),
    )
    return Served(at, answers, at.run("run", "--source", "alpacaeval", BUDMODEL_DISK_ROOTS=str(at.folder)))


def test_a_request_is_queued_and_says_how_to_go_on(served: Served) -> None:
    for answer in served.answers:
        assert (answer.code, answer.err) == (0, "")
    assert f"Request 1 for {QWEN} is queued" in served.answers[0].out
    assert f"budmodel model {QWEN}" in served.answers[0].out


def test_a_request_waits_as_long_as_it_is_told(served: Served) -> None:
    finished = served.at.run("request", QWEN, "--wait", "--timeout", "0", "--json")
    row = json.loads(finished.out)
    assert (finished.code, finished.err, row["status"], row["key"]) == (1, "", "queued", QWEN)
    fails_clearly(served.at.run("request", QWEN, "--timeout", "5"), 2)


def test_a_request_waits_until_it_is_served(served: Served) -> None:
    with served.at.started("request", "hf:microsoft/phi-4", "--wait", "--json") as process:
        assert process.stdout is not None
        while not (waiting := served.at.query("select 1 from budmodel.extraction_requests where uri = 'microsoft/phi-4'")):
            pass
        assert waiting
        served.at.query(
            "update budmodel.extraction_requests set status = 'failed', error = 'why'"
            " where uri = 'microsoft/phi-4' returning 1"
        )
        out, err = process.communicate()
    assert (process.returncode, err, json.loads(out)["error"]) == (1, "", "why")


def test_a_run_serves_it_and_the_row_says_so(served: Served) -> None:
    # A model that is not there is the matter of who asked for it, not of the run.
    assert served.run.code == 0, served.run
    assert f"✓ model_info {QWEN}" in served.run.out
    row = served.request(QWEN)
    assert (row["status"], row["error"], row["attempts"]) == ("succeeded", None, 1)
    assert (row["requested_by"], row["priority"]) == ("ann", 5)
    assert row["finished_at"]
    assert served.at.query(f"select status from runs where run_id = '{row['run_id']}'", dagster=True) == [("SUCCESS",)]
    (card,) = served.at.json("model", QWEN)["cards"]
    assert (card["num_layers"], card["origin"]) == (64, "sample")


def test_a_request_for_what_is_not_there_fails_in_words(served: Served) -> None:
    row = served.request("hf:nobody/nothing")
    assert row["status"] == "failed"
    assert "no such repository" in row["error"]
    last = served.run.out.splitlines()[-1]
    assert last.startswith("hf:nobody/nothing: nobody/nothing: no such repository"), served.run.out
    known = served.at.run("model", "hf:nobody/nothing")
    assert known.code == 0
    assert "no such repository" in known.out


def test_a_folder_is_asked_for_from_where_one_stands(served: Served) -> None:
    row = served.request(str(served.at.folder / "model"))
    assert (row["status"], row["error"]) == ("succeeded", None)
    assert served.at.json("model", "model") == served.at.json("model", str(served.at.folder / "model"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("hf:qwen", "expected a repository such as org/name; found 'qwen'"),
        ("hf:Qwen/Qwen3-32B@main", "a request follows the main branch; ask for hf:Qwen/Qwen3-32B, or inspect"),
        ("cloud:openai", "expected the id of a model such as openai/"),
        ("ftp://host.example/model.gguf", "expected an http or https URL"),
        ("https://me:secret@host.example/model.gguf", "expected a URL without a user and password"),
        ("Qwen/Qwen3-32B", "a model of the hub is hf:Qwen/Qwen3-32B"),
        ("", "expected a uri of 1 to 1,000 printable characters"),
    ],
)
def test_a_wrong_target_is_refused_in_words(tmp_path: Path, target: str, words: str) -> None:
    at = Installation(tmp_path)
    message = fails_clearly(at.run("request", target))
    assert words in message
    assert "secret" not in message
    # No database was started for it.
    assert not at.home.exists()


@pytest.mark.parametrize("name", ["qwen/qwen3-32b", "Qwen3-32B (FC)", "qwen3-32b (prompt)", QWEN, "Qwen/Qwen3-32B"])
def test_a_model_by_any_of_its_names(samples_run: Run, name: str) -> None:
    known = samples_run.at.json("model", name)
    assert known["model_id"] == "qwen/qwen3-32b"
    assert {alias["published_name"] for alias in known["names"]} >= {
        "Qwen3-32B (FC)",
        "Qwen3-32B (Prompt)",
        "Qwen/Qwen3-32B",
    }
    assert [card["target"] for card in known["cards"]] == [QWEN]
    assert {score["source"] for score in known["scores"]} >= {"bfcl", "eqbench"}
    assert known["trouble"] == []


def test_a_closed_model_is_known_from_catalogs(samples_run: Run) -> None:
    (card,) = samples_run.at.json("model", "openai/gpt-4o-2024-08-06")["cards"]
    assert (card["target"], card["provider"]) == ("cloud:openai/gpt-4o-2024-08-06", "cloud_model")
    assert card["context_length"] == 128_000
    assert card["facts"]["context_length"]["method"] == "stated by models.dev"


def test_a_model_has_the_prices_of_its_providers(samples_run: Run) -> None:
    known = samples_run.at.json("model", "microsoft/phi-4")
    assert [(price["provider"], price["basis"]) for price in known["prices"]] == [
        ("azure", "priced"),
        ("github-models", "unclear"),
        ("openrouter", "priced"),
    ]
    (card,) = known["cards"]
    assert (card["price_providers"], card["cheapest_provider"]) == (2, "openrouter")
    said = samples_run.at.run("model", "microsoft/phi-4").out
    assert "2 providers with a price, input 0.065 to 0.125, output 0.14 to 0.5, cheapest OpenRouter, 1 without" in said
    assert "Prices as of 20" in said


def test_a_model_for_people(samples_run: Run) -> None:
    finished = samples_run.at.run("model", "qwen/qwen3-32b")
    assert (finished.code, finished.err) == (0, "")
    head, *rest = finished.out.splitlines()
    assert re.match(r"qwen/qwen3-32b: \d names, ", head)
    assert [line.split("  ")[0] for line in rest[:6]] == ["maker", "size", "context", "license", "verdict", "memory"]
    assert "apache-2.0, by its name alone" in rest[3]
    # Of each leaderboard a line, the best first.
    best = re.search(r"^best ranks +\d+ of \d+ in \S+: .*\n( +\d+ of \d+ in \S+: .*\n)+", finished.out, re.MULTILINE)
    assert best is not None
    assert " in bfcl.overall_accuracy: " in best[0]
    for line in ("32,762,123,264", "stated in config.json", "the repository has no weight files", "bfcl.overall_accuracy"):
        assert line in finished.out


def test_an_unknown_name_suggests(samples_run: Run) -> None:
    message = fails_clearly(samples_run.at.run("model", "qwen3"))
    assert "There is no model 'qwen3'. Do you mean one of: " in message
    assert "qwen/qwen3-32b" in message
    assert "Nothing resembles it" in fails_clearly(samples_run.at.run("model", "nobody knows"))


def test_a_closed_model_is_inspected_with_what_providers_charge(tmp_path: Path) -> None:
    at = Installation(tmp_path)
    finished = at.run("inspect", "cloud:openai/gpt-4o-mini", BUDMODEL_ORIGIN="sample")
    assert (finished.code, finished.err) == (0, "")
    said = "3 providers with a price, input 0.15, output 0.6, cheapest Azure, 1 without a clear price"
    assert f"US dollars per million tokens: {said}" in finished.out
    found = json.loads(at.run("inspect", "cloud:openai/gpt-4o-mini", "--json", BUDMODEL_ORIGIN="sample").out)
    assert found["fields"]["context_length"]["value"] == 128_000
    offered = {offer["provider"]: offer["prices"] for offer in found["prices"]}
    assert sorted(offered) == ["azure", "github-models", "openai", "openrouter"]
    assert (offered["openrouter"]["cache_read"], offered["github-models"]["basis"]) == (0.075, "unclear")
    with serve_directory(tmp_path) as empty:
        lost = at.run("inspect", "cloud:openai/gpt-4o-mini", BUDMODEL_MIRROR_URL=empty)
    assert "models.dev/api.json" in fails_clearly(lost)
    assert "no catalog knows this model" in fails_clearly(at.run("inspect", "cloud:no/body", BUDMODEL_ORIGIN="sample"))
    # No database was started for it.
    assert not at.home.exists()


def test_a_model_of_a_hub_is_inspected_at_a_revision(tmp_path: Path) -> None:
    with serve_sample_hub(SAMPLE_HUB) as endpoint:
        finished = Installation(tmp_path).run("inspect", f"{QWEN}@main", "--json", HF_ENDPOINT=endpoint)
        missing = Installation(tmp_path).run("inspect", "hf:nobody/nothing", HF_ENDPOINT=endpoint)
    assert (finished.code, finished.err) == (0, "")
    found = json.loads(finished.out)
    assert (found["provider"], found["name"]) == ("hugging_face", "Qwen/Qwen3-32B")
    assert found["architecture"]["parameters_unique"] == 32_762_123_264
    assert found["fields"]["license"]["value"] == "apache-2.0"
    assert "no such repository" in fails_clearly(missing)
