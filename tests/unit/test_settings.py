"""Environment variables and `.env`: which wins, what is refused, what never shows."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from budmodel_pipeline.settings import Origin, Settings


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
