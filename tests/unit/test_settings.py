"""Environment variables and `.env`: which wins, what is refused, what never shows."""

import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from budmodel_pipeline.settings import Origin, Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without our variables, in a folder without `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_need_be_set(clean: Path) -> None:
    settings = Settings()
    assert settings.effective_origin is Origin.SAMPLE
    assert settings.postgres_host is None
    assert settings.minio_endpoint is None
    assert settings.objects_directory == clean / ".budmodel" / "objects"


@pytest.mark.parametrize(
    ("origin", "mirror", "effective"),
    [
        (None, None, Origin.SAMPLE),
        (None, "http://mirror.internal", Origin.MIRROR),
        ("live", "http://mirror.internal", Origin.LIVE),
        ("sample", "http://mirror.internal", Origin.SAMPLE),
        ("mirror", "http://mirror.internal", Origin.MIRROR),
        ("live", None, Origin.LIVE),
        ("", "", Origin.SAMPLE),
    ],
)
def test_origin(monkeypatch: pytest.MonkeyPatch, origin: str | None, mirror: str | None, effective: Origin) -> None:
    for name, value in (("BUDMODEL_ORIGIN", origin), ("BUDMODEL_MIRROR_URL", mirror)):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert Settings().effective_origin is effective


def test_mirror_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDMODEL_ORIGIN", "mirror")
    with pytest.raises(ValidationError, match="BUDMODEL_MIRROR_URL does not say where the mirror is"):
        Settings()


def test_unknown_origin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDMODEL_ORIGIN", "production")
    with pytest.raises(ValidationError, match="'sample', 'mirror' or 'live'"):
        Settings()


def test_slashes_after_the_mirror_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDMODEL_MIRROR_URL", "http://mirror.internal/boards//")
    assert Settings().budmodel_mirror_url == "http://mirror.internal/boards"


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, clean: Path) -> None:
    (clean / ".env").write_text("POSTGRES_DB=from_file\nPOSTGRES_USER=from_file\nOF_ANOTHER_PROGRAM=1\n")
    monkeypatch.setenv("POSTGRES_DB", "from_environment")
    settings = Settings()
    assert (settings.postgres_db, settings.postgres_user) == ("from_environment", "from_file")


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied sample file names every variable and fills few."""
    defaults = Settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert Settings() == defaults


def test_home_is_absolute_and_knows_the_tilde(monkeypatch: pytest.MonkeyPatch, clean: Path) -> None:
    monkeypatch.setenv("BUDMODEL_HOME", "data")
    assert Settings().budmodel_home == clean / "data"
    monkeypatch.setenv("HOME", str(clean / "someone"))
    monkeypatch.setenv("BUDMODEL_HOME", "~/data")
    assert Settings().budmodel_home == clean / "someone" / "data"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_HOST", "db.internal")
    monkeypatch.setenv("POSTGRES_PASSWORD", "pa55word")
    monkeypatch.setenv("MINIO_SECRET_KEY", "s3cret")
    settings = Settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.database_url)):
        assert "pa55word" not in shown
        assert "s3cret" not in shown


def test_database_url_survives_any_password(monkeypatch: pytest.MonkeyPatch) -> None:
    password = "p@ss:/?#[]%20 wörd"
    monkeypatch.setenv("POSTGRES_HOST", "db.internal")
    monkeypatch.setenv("POSTGRES_PASSWORD", password)
    url = make_url(Settings().database_url.render_as_string(hide_password=False))
    assert (url.drivername, url.host, url.port, url.password) == ("postgresql+psycopg", "db.internal", 5432, password)


BAD = [
    ("BUDMODEL_HOME", "/dev/null/x"),
    ("BUDMODEL_HOME", "~nobody-of-this-name/x"),
    ("BUDMODEL_ORIGIN", "production"),
    ("BUDMODEL_ORIGIN", "mirror"),
    ("BUDMODEL_MIRROR_URL", "mirror.internal"),
    ("POSTGRES_PORT", "five"),
    ("POSTGRES_PORT", "65536"),
    ("MINIO_ENDPOINT", "127.0.0.1:9000"),
    ("MINIO_ENDPOINT", "http://[::1"),
    ("MINIO_BUCKET", "two words"),
    ("MINIO_ACCESS_KEY", "pa55\nword"),
    ("MINIO_REGION", "here and there"),
    ("HF_ENDPOINT", "huggingface.co"),
    ("HF_ENDPOINT", "https://name:pa55word@"),
    ("HF_TOKEN", "pa55 word"),
    ("BUDMODEL_CLAMD", "nowhere"),
    ("BUDMODEL_CLAMD_SIGNATURE_DAYS", "-1"),
    ("BUDMODEL_SCAN_MAX_MEGABYTES", "nan"),
    ("BUDMODEL_FILES", "some"),
    ("BUDMODEL_FILES_MAX_GIGABYTES", "-1"),
    ("BUDMODEL_FILES_MEGABYTES_PER_SECOND", "0"),
    ("OPENAI_API_KEY", "pa55wörd"),
    ("OPENAI_BASE_URL", "ftp://example.org"),
    ("BUDMODEL_LLM_USD_PER_MILLION_INPUT", "-1"),
    ("BUDMODEL_LLM_USD_PER_MILLION_OUTPUT", "NaN"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_what_cannot_be_is_said_in_a_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as refused:
        read_settings()
    assert "\n" not in str(refused.value)
    assert "pa55" not in "".join(traceback.format_exception(refused.value))


def test_every_problem_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "five")
    monkeypatch.setenv("HF_ENDPOINT", "nowhere")
    with pytest.raises(SettingsError, match=r"POSTGRES_PORT: .*; HF_ENDPOINT: "):
        read_settings()


def test_a_file_that_is_no_text_is_said(clean: Path) -> None:
    (clean / ".env").write_bytes(b"POSTGRES_DB=\xff\n")
    with pytest.raises(SettingsError, match=r"\.env .*UTF-8"):
        read_settings()


def test_the_options_of_a_command_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDMODEL_ORIGIN", "sample")
    assert read_settings(budmodel_origin="live").effective_origin is Origin.LIVE
