"""The HTTP API over the tables of a real run: what it reads, what it lets in, and that nothing makes it fail."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from budmodel_pipeline.api.offered import OFFERS, Offer
from budmodel_pipeline.sources.catalog import catalog
from tests.api_server import TOKEN, WRITER, Api, running_api
from tests.cli import Install, Run

BOARD = "/v1/scores?metric_id=lmarena_text.rating_overall"
# Its tables are made by `budmodel run`, which refreshes them while tests of other files look on.
PRESENT = frozenset({"age_days"})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that requests may name models in, with a link that leads out of it."""
    root = tmp_path_factory.mktemp("models")
    (root / "mine").mkdir()
    (root / "mine" / "LICENSE").write_text("Nobody may use this.")
    (root / "out").symlink_to("/etc")
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.fixture(scope="module")
def api(samples_run: Run, install: Install, models: Path) -> Iterator[Api]:
    with running_api(install(of=samples_run.at), BUDMODEL_DISK_ROOTS=str(models)) as running:
        yield running


def read(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def plainly(rows: list[dict[str, Any]]) -> list[str]:
    kept = [{name: value for name, value in row.items() if name not in PRESENT} for row in rows]
    return sorted(json.dumps(row, sort_keys=True, default=lambda number: str(number.normalize())) for row in kept)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.path)
def test_pages_hold_every_row_once_and_every_digit(api: Api, offer: Offer) -> None:
    rows: list[dict[str, Any]] = []
    path = f"/v1/{offer.path}?limit=400"
    while path:
        page = read(api.get(path))
        rows += page["items"]
        path = page["next"]
    stored = [json.loads(row, parse_float=Decimal) for row in api.at.rows(offer.relation.name)]
    expected = [{name: row[name] for name in offer.columns} for row in stored]
    # Times are written in one way by JSON and in another by jsonb.
    times = [name for name, column in offer.columns.items() if column.type.startswith("timestamp")]
    for row in (*rows, *expected):
        row.update({name: row[name] and row[name][:19] for name in times})
    assert plainly(rows) == plainly(expected)


# Of the samples one run tells no changes, and their models hold nothing to find.
NOT_IN_THE_SAMPLES = {"changes", "findings"}


@pytest.mark.parametrize(
    "offer", [one for one in OFFERS if one.path not in NOT_IN_THE_SAMPLES], ids=lambda offer: offer.path
)
def test_examples_are_real(api: Api, offer: Offer) -> None:
    asked = {name: json.dumps(one) if isinstance(one, bool) else one for name, one in offer.example.items()}
    plain = [name for name in asked if name in offer.filters and not offer.relation.columns[name].kind.is_span]
    answer = requests.get(
        f"{api.address}/v1/{offer.path}", {name: asked[name] for name in plain} | {"limit": 1000}, timeout=60
    )
    example = json.loads(json.dumps(offer.example), parse_float=Decimal)
    assert any(example.items() <= row.items() for row in hashable(read(answer)["items"])), answer.text[:2_000]


def hashable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if not isinstance(value, list | dict)} for row in rows]


def test_filters_orders_and_columns(api: Api) -> None:
    page = read(api.get(f"{BOARD}&sort=-score&fields=score&fields=rank&fields=score&limit=3"))
    assert [set(row) for row in page["items"]] == [{"score", "rank"}] * 3
    assert [row["rank"] for row in page["items"]] == [1, 2, 3]
    scores = [row["score"] for row in page["items"]]
    assert scores == sorted(scores, reverse=True)
    several = read(api.get("/v1/scores?source=bfcl&source=ugi&max_rank=1&fields=source&fields=rank&limit=1000"))["items"]
    assert {(row["source"], row["rank"]) for row in several} == {("bfcl", 1), ("ugi", 1)}
    grouped = read(api.get("/v1/groups?model_ids=openai/gpt-4o-2024-08-06"))["items"]
    assert [row["group_id"] for row in grouped] == ["openai/gpt-4o"]
    headlines = read(api.get("/v1/metrics?is_headline=true&limit=1000"))["items"]
    assert headlines
    assert all(row["is_headline"] for row in headlines)


def test_a_verdict_comes_with_its_findings_and_a_license_with_its_answers(api: Api) -> None:
    verdict = read(api.get("/v1/verdicts/hf:microsoft/phi-4"))
    assert (verdict["security_verdict"], verdict["findings"]) == ("safe", {"items": [], "next": None})
    answers = read(api.get("/v1/licenses/mit"))["answers"]
    assert len({row["question"] for row in answers["items"]}) == 22
    model = read(api.get("/v1/models/openai/gpt-4o-2024-08-06"))
    assert {row["model_id"] for row in model["comparison"]["items"]} == {"openai/gpt-4o-2024-08-06"}


def test_csv_has_every_digit_and_says_where_it_goes_on(api: Api) -> None:
    columns = ["target", "tasks", "parameters_unique", "kv_cache_bytes_per_token", "open_weights"]
    path = "/v1/cards?sort=-parameters_unique&limit=4&" + "&".join(f"fields={name}" for name in columns)
    items = read(api.get(path))["items"]
    answer = api.get(path, accept="text/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert re.fullmatch(r'</v1/cards\?.*offset=4.*>; rel="next"', answer.headers["link"])
    lines = list(csv.reader(answer.text.splitlines()))
    written = [
        ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in row.values()]
        for row in items
    ]
    assert lines == [columns, *written]


def test_what_a_client_holds_is_not_sent_again(api: Api) -> None:
    first = api.get(BOARD)
    again = api.get(BOARD, if_none_match=f'"another", W/{first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    as_csv = api.get(BOARD, if_none_match=first.headers["etag"], accept="text/csv")
    assert (as_csv.status_code, as_csv.headers["etag"] == first.headers["etag"]) == (200, False)
    for path in ("/v1/cards/hf:microsoft/phi-4", "/v1/models", "/v1/models/microsoft/phi-4", "/v1/groups/openai/gpt-4o"):
        assert api.get(path, if_none_match=api.get(path).headers["etag"]).status_code == 304, path
    # What tells the present is never the same.
    assert "etag" not in api.get("/v1/sources").headers


@pytest.mark.parametrize("path", [BOARD, "/v1/models/microsoft/phi-4", "/healthz", "/docs", "/leaderboard/models-uris"])
def test_the_head_of_an_answer_is_that_of_the_answer(api: Api, path: str) -> None:
    whole, head = api.get(path), requests.head(f"{api.address}{path}", timeout=30)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag"):
        assert head.headers.get(name) == whole.headers.get(name)
    assert requests.head(f"{api.address}/v1/nothing", timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("body", "form", "status", "said"),
    [
        (b"target=hf:a/b", "application/x-www-form-urlencoded", 415, "it came as application/x-www-form-urlencoded"),
        (b"[" * 30_000, "application/json", 400, "nested by the thousand"),
        (b"\x1f\x8b\x08", "application/json", 400, "not compressed"),
        (b"{", "application/json", 422, "JSON decode error"),
    ],
)
def test_a_body_that_is_no_json_is_told_what_it_has_to_be(api: Api, body: bytes, form: str, status: int, said: str) -> None:
    asked = {**WRITER, "Content-Type": form}
    answer = requests.post(f"{api.address}/v1/requests", body, headers=asked, timeout=30)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_a_page_of_other_tables_is_refused(api: Api) -> None:
    following = read(api.get(f"{BOARD}&limit=1"))["next"]
    assert api.get(following).status_code == 200
    refused = api.get(re.sub(r"build=\d+", "build=1", following))
    assert (refused.status_code, "rebuilt" in refused.json()["detail"]) == (409, True)


HOSTILE = ["' or '1'='1", "x'; drop table marts.leaderboard; --", "\\", "%", "${jndi:x}", "a\r\nx: y", "ж" * 900, ":value"]


@pytest.mark.parametrize("words", HOSTILE)
def test_what_is_asked_is_no_sql(api: Api, words: str) -> None:
    quoted = requests.utils.quote(words, safe="")  # type: ignore[attr-defined]
    assert read(api.get(f"/v1/scores?source={quoted}"))["items"] == []
    assert api.get(f"/v1/models/{quoted}").status_code == 404
    assert read(api.get(f"/leaderboard/models-uris?model_uris={quoted}"))["unknown"] == [words]
    assert read(api.get(BOARD))["items"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/scores?sort=score;--", 422, "sort"),
        ("/v1/scores?fields=pg_sleep(9)", 422, "fields"),
        ("/v1/scores?source=%00", 422, "source"),
        ("/v1/models/%00", 404, "none of the models"),
        ("/v1/scores?limit=1001", 422, "limit"),
        ("/v1/scores?offset=-1", 422, "offset"),
        ("/v1/scores?min_score=NaN", 422, "min_score"),
        ("/v1/scores?colour=red", 422, "colour"),
        ("/v1/scores?min_as_of=yesterday", 422, "min_as_of"),
        ("/v1/nothing", 404, "/docs"),
        ("/v1/requests/0", 422, "request_id"),
        ("/v1/requests/9223372036854775807", 404, "no request"),
        ("/v1/cards/../../etc/passwd", 404, "/docs"),
        ("/v1/cards/..%2F..%2Fetc%2Fpasswd", 404, "none of the cards"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(api: Api, path: str, status: int, said: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


def test_numbers_beyond_every_column_are_numbers(api: Api) -> None:
    assert read(api.get(f"/v1/scores?min_rank={10**30}"))["items"] == []
    assert read(api.get(f"/v1/scores?min_score={'9' * 300}"))["items"] == []


def test_a_request_is_a_row_and_its_state_is_told(api: Api) -> None:
    answer = api.send("POST", "/v1/requests", {"target": "hf:microsoft/phi-4", "by": "ann", "priority": 7})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    row = api.at.query(
        "select provider, uri, requested_by, priority, status from budmodel.extraction_requests"
        f" where request_id = {answer.json()['request_id']}"
    )
    assert row == [("hugging_face", "microsoft/phi-4", "ann", 7, "queued")]
    assert api.get(answer.headers["location"]).json() == answer.json()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer another"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer"}],
    ids=["none", "another", "basic", "empty"],
)
def test_nothing_is_written_without_a_token(api: Api, headers: dict[str, str]) -> None:
    before = api.at.query("select count(*) from budmodel.extraction_requests")
    for method, path, body in (
        ("POST", "/v1/requests", {"target": "hf:microsoft/phi-4"}),
        ("POST", "/model-info/extract", {"model_uri": "microsoft/phi-4", "provider_type": "hugging_face"}),
        ("POST", "/model-info/cloud-model/extract", {"model_uri": "openai/gpt-4o"}),
        ("POST", "/model-info/scan", {"model_path": "hf:microsoft/phi-4"}),
        ("POST", "/model-info/license-faq", {"license_source": "mit"}),
        ("DELETE", "/model-info/local-models?path=/x", None),
        ("POST", "/leaderboard/extraction-cron", None),
        ("POST", "/leaderboard/extraction-cron/trigger", None),
    ):
        answer = api.send(method, path, body, headers)
        assert (path, answer.status_code, answer.headers["www-authenticate"]) == (path, 401, "Bearer")
    assert api.at.query("select count(*) from budmodel.extraction_requests") == before


@pytest.mark.parametrize("path", ["/etc/passwd", "{root}/../x", "{root}/out/passwd", "{root}/loop", "{root}x", "mine", "."])
def test_paths_lie_below_the_roots(api: Api, models: Path, path: str) -> None:
    word = path.format(root=models)
    for method, where, body in (
        ("POST", "/v1/requests", {"target": word}),
        ("POST", "/model-info/scan", {"model_path": word}),
        ("POST", "/model-info/extract", {"model_uri": word, "provider_type": "disk"}),
        ("DELETE", f"/model-info/local-models?path={word}", None),
    ):
        assert api.send(method, where, body).status_code == 422, where


def test_a_license_is_no_way_to_read_files(api: Api, models: Path) -> None:
    (api.at.folder / "secret.txt").write_text("the words of nobody else")
    for word in ("secret.txt", str(api.at.folder / "secret.txt"), str(models / "out" / "passwd")):
        answer = api.send("POST", "/model-info/license-faq", {"license_source": word})
        assert "nobody else" not in answer.text
        assert "root:" not in answer.text
    below = api.send("POST", "/model-info/license-faq", {"license_source": str(models / "mine" / "LICENSE")})
    assert below.json()["license_details"]["state"] == "unknown"


def test_old_addresses_of_models(api: Api, models: Path) -> None:
    mine = str(models / "mine")
    for path, body, kind in (
        ("extract", {"model_name": "mine", "model_uri": mine, "provider_type": "disk", "debug": False}, "model_extraction"),
        ("scan", {"model_path": mine}, "security_scan"),
        ("cloud-model/extract", {"model_uri": "openai/gpt-4o"}, "cloud_model_extraction"),
    ):
        answer = api.send("POST", f"/model-info/{path}", body)
        assert (answer.status_code, answer.json()["object"]) == (202, kind)
        assert api.get(answer.headers["location"]).json()["status"] == "queued"
    withdrawn = api.send("DELETE", f"/model-info/local-models?path={mine}").json()["request_ids"]
    assert len(withdrawn) == 2
    assert {api.get(f"/v1/requests/{number}").json()["error"] for number in withdrawn} == {"withdrawn"}
    assert (models / "mine" / "LICENSE").exists()
    secret = api.send(
        "POST", "/model-info/extract", {"model_uri": "a/b", "provider_type": "hugging_face", "hf_token": "hf_x"}
    )
    assert (secret.status_code, "HF_TOKEN" in secret.text, "hf_x" in secret.text) == (422, True, False)
    told = api.send("POST", "/model-info/license-faq", {"license_source": "Apache 2.0"}).json()["license_details"]
    assert (told["license_id"], len(told["answers"])) == ("apache-2.0", 22)


def test_old_addresses_of_leaderboards(api: Api) -> None:
    asked = "model_uris=openai/gpt-4o-2024-08-06&model_uris=hf:microsoft/phi-4&model_uris=nobody/z"
    told = read(api.get(f"/leaderboard/models/compare?{asked}&benchmark_fields=mmlu-pro&benchmark_fields=nothing"))
    assert told["unknown"] == ["nobody/z", "nothing"]
    first, second = told["leaderboards"]
    assert (first["model_info"]["uri"], second["model_info"]["model_id"]) == ("openai/gpt-4o-2024-08-06", "microsoft/phi-4")
    assert [one["eval_name"] for one in second["benchmarks"]] == ["llm_stats.mmlu_pro_score"]
    every = read(api.get(f"/leaderboard/models-uris?{asked}"))["leaderboards"]
    stored = api.at.query("select count(*) from marts.model_comparison where model_id = 'microsoft/phi-4'")
    assert [(len(every[1]["benchmarks"]),)] == stored
    sized = read(api.get("/leaderboard/model-params?model_uri=microsoft/phi-4&k=2"))["leaderboards"]
    assert sized[0]["model_info"] == {"uri": "microsoft/phi-4", "model_id": "microsoft/phi-4", "num_params": 14659507200}
    health = read(api.get("/leaderboard/extraction-cron/health"))
    assert (len(health["sources"]), health["is_stale"]) == (len(catalog()), False)


def test_an_extraction_needs_a_dagster(api: Api) -> None:
    answer = api.send("POST", "/leaderboard/extraction-cron/trigger")
    assert (answer.status_code, "set BUDMODEL_DAGSTER_URL" in answer.json()["detail"]) == (503, True)
    due = api.send("POST", "/leaderboard/extraction-cron")
    assert (due.status_code, due.json()["run_id"]) == (200, None)
    assert due.json()["message"].startswith("No source is due")


def test_operations_see_it(api: Api) -> None:
    assert api.get("/healthz").json() == {"status": "ok", "marts": "built"}
    seen = api.get("/metrics").text
    assert 'budmodel_source_status{source="bfcl",status="ok"} 1.0' in seen
    assert re.search(r'budmodel_api_requests_total\{method="GET",route="/healthz",status="200"\} \d', seen)


def test_the_page_of_documentation_asks_nobody_else(api: Api) -> None:
    page = api.get("/")
    assert page.url == f"{api.address}/docs"
    asked = re.findall(r"""(?:src|href|url)(?:=|: )["']([^"']+)""", page.text)
    assert asked == ["swagger/swagger-ui.css", "swagger/favicon-32x32.png", "swagger/swagger-ui-bundle.js", "openapi.json"]
    assert all(api.get(f"/{path}").status_code == 200 for path in asked)
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_every_method_has_a_name_of_its_own_and_an_example(api: Api) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    every = [(path, method, about) for path, methods in paths.items() for method, about in methods.items()]
    names = [about["operationId"] for _, _, about in every]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.endswith(("_get", "_post", "_delete"))], "as nobody would call a method"
    assert "{value}" not in "".join(paths)


def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    refused = api.send("POST", "/v1/requests", {"target": "x" * 70_000})
    assert (refused.status_code, "65,536" in refused.json()["detail"]) == (413, True)


def test_nobody_else_is_let_in_by_a_browser(api: Api) -> None:
    assert "access-control-allow-origin" not in api.get("/v1/sources?limit=1", origin="https://evil.example").headers


def test_settings_open_and_close_it(samples_run: Run) -> None:
    with running_api(
        samples_run.at,
        BUDMODEL_API_READS="token",
        BUDMODEL_API_REQUESTS_PER_MINUTE="6",
        BUDMODEL_API_WEB_ORIGINS="https://dashboard.example",
    ) as closed:
        assert closed.get("/v1/sources").status_code == 401
        assert closed.get("/metrics").status_code == 401
        known = closed.get("/v1/sources", origin="https://dashboard.example", **WRITER)
        assert (known.status_code, known.headers["access-control-allow-origin"]) == (200, "https://dashboard.example")
        assert [closed.get("/healthz").status_code for _ in range(3)] == [200] * 3
        refused = closed.get("/healthz")
        assert (refused.status_code, 0 < int(refused.headers["retry-after"]) <= 60) == (429, True)


def test_nothing_that_the_description_allows_makes_it_fail(api: Api) -> None:
    """And little of what it does not allow. An extraction without a Dagster fails on purpose."""
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{api.address}/openapi.json"]
    command += ["--checks", checks, "--phases", "examples,fuzzing", "--max-examples", "12", "--seed", "11", "--no-color"]
    command += ["--exclude-path-regex", "extraction-cron(/trigger)?$", "-H", f"Authorization: Bearer {TOKEN}"]
    command += ["--mode", "all", "--generation-database", "none"]
    finished = subprocess.run(command, cwd=api.at.folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout[-6_000:]
