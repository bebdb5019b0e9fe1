"""Every environment variable of the pipeline, typed. Read by `definitions.py` and `cli.py` alone."""

import re
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import NonNegativeInt, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from sqlalchemy import URL


class Origin(StrEnum):
    """Where the bytes of a snapshot came from."""

    SAMPLE = "sample"
    MIRROR = "mirror"
    LIVE = "live"


class Settings(BaseSettings):
    """Read from the environment and from `.env` in the working directory; the environment wins."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    budmodel_home: Path = Path(".budmodel")
    budmodel_origin: Origin | None = None
    budmodel_mirror_url: str | None = None

    postgres_host: str | None = None
    postgres_port: int = 5432
    postgres_user: str = "budmodel"
    postgres_password: SecretStr = SecretStr("")
    postgres_db: str = "budmodel"
    dagster_postgres_db: str = "dagster"

    minio_endpoint: str | None = None
    minio_bucket: str = "budmodel"
    minio_access_key: str = ""
    minio_secret_key: SecretStr = SecretStr("")
    minio_region: str = "us-east-1"

    hf_endpoint: str | None = None
    hf_token: SecretStr = SecretStr("")

    budmodel_clamd: str | None = None
    budmodel_clamd_signature_days: NonNegativeInt = 7

    # What a scan may download of a model, file by file; 0 scans nothing.
    budmodel_scan_max_megabytes: float = 64

    # Folders, separated by the system's path separator, that requests by SQL may name models in.
    budmodel_disk_roots: str = ""
    budmodel_files: Literal["none", "metadata", "all"] = "none"
    budmodel_files_max_gigabytes: float = 500
    budmodel_files_megabytes_per_second: float | None = None

    # Prose is written where a model is named: a key that lies around on a machine must not cost its owner money.
    budmodel_llm_model: str | None = None
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    budmodel_llm_usd_per_million_input: Decimal | None = None
    budmodel_llm_usd_per_million_output: Decimal | None = None

    @field_validator("budmodel_home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("budmodel_clamd")
    @classmethod
    def _where_clamd_listens(cls, address: str | None) -> str | None:
        if address is None or re.fullmatch(r"unix:/.+", address):
            return address
        match = re.fullmatch(r"[\w.-]+:(\d{1,5})", address, re.ASCII)
        if match is None or not 0 < int(match[1]) < 1 << 16:
            raise ValueError(f"BUDMODEL_CLAMD is {address!r}, but should be host:port or unix:/path/of/the/socket")
        return address

    @field_validator("budmodel_mirror_url")
    @classmethod
    def _without_trailing_slash(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else None

    @model_validator(mode="after")
    def _mirror_has_an_address(self) -> "Settings":
        if self.budmodel_origin is Origin.MIRROR and not self.budmodel_mirror_url:
            raise ValueError("BUDMODEL_ORIGIN is mirror, but BUDMODEL_MIRROR_URL does not say where the mirror is")
        return self

    @property
    def effective_origin(self) -> Origin:
        """The origin asked for; without a word, a mirror where one is named and the bundled samples elsewhere."""
        return self.budmodel_origin or (Origin.MIRROR if self.budmodel_mirror_url else Origin.SAMPLE)

    @property
    def objects_directory(self) -> Path:
        """Where objects lie when no MinIO is configured."""
        return self.budmodel_home / "objects"

    @property
    def database_url(self) -> "URL":
        """Of the data. Names the driver: without it SQLAlchemy and dagster-postgres disagree about the default."""
        from sqlalchemy import URL  # Here, because many a command needs settings and no database.

        return URL.create(
            "postgresql+psycopg",
            username=self.postgres_user,
            password=self.postgres_password.get_secret_value(),
            host=self.postgres_host,
            port=self.postgres_port,
            database=self.postgres_db,
        )
