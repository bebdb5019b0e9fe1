"""Every environment variable of the pipeline, typed. `definitions.py` and the commands read them, by `read_settings`."""

import os
import re
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, NonNegativeInt, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from sqlalchemy import URL


class SettingsError(Exception):
    """A variable says what cannot be; the text names it. No value of a secret is in it."""


class Origin(StrEnum):
    """Where the bytes of a snapshot came from."""

    SAMPLE = "sample"
    MIRROR = "mirror"
    LIVE = "live"


def _http_url(url: str) -> str:
    # A password may stand before an @.
    found = f"; found {url!r}" if "@" not in url else ""
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"must begin with http:// or https://{found}")
    try:
        parts = urlsplit(url)
        whole = parts.hostname is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole or not url.isprintable() or " " in url:
        raise ValueError(f"should be a URL{found}")
    return url


def _fit_for_a_header(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]*", secret.get_secret_value()):
        raise ValueError("should consist of printable ASCII characters without blanks")
    return secret


def _secret_url(url: SecretStr) -> SecretStr:
    try:
        if url.get_secret_value():
            _http_url(url.get_secret_value())
    except ValueError:
        raise ValueError("should be a URL that begins with https:// or http://") from None
    return url


HttpUrl = Annotated[str, AfterValidator(_http_url)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_fit_for_a_header)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Read from the environment and from `.env` in the working directory; the environment wins."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    budmodel_home: Path = Path(".budmodel")
    budmodel_origin: Origin | None = None
    budmodel_mirror_url: HttpUrl | None = None

    postgres_host: str | None = None
    postgres_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    postgres_user: str = "budmodel"
    postgres_password: SecretStr = SecretStr("")
    # Makes roles and databases, and does nothing else; only `budmodel migrate` asks.
    postgres_admin_user: str | None = None
    postgres_admin_password: SecretStr = SecretStr("")
    postgres_reader_password: SecretStr = SecretStr("")
    postgres_db: str = "budmodel"
    dagster_postgres_db: str = "dagster"

    minio_endpoint: HttpUrl | None = None
    minio_bucket: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] = "budmodel"
    minio_access_key: Annotated[str, Field(pattern=r"^[!-~]*$")] = ""
    minio_secret_key: SecretStr = SecretStr("")
    minio_region: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] = "us-east-1"

    hf_endpoint: HttpUrl | None = None
    hf_token: HeaderSecret = SecretStr("")

    budmodel_clamd: str | None = None
    budmodel_clamd_signature_days: NonNegativeInt = 7

    # What a scan may download of a model, file by file; 0 scans nothing.
    budmodel_scan_max_megabytes: Amount = 64

    # Folders, separated by the system's path separator, that requests by SQL may name models in.
    budmodel_disk_roots: str = ""
    budmodel_files: Literal["none", "metadata", "all"] = "none"
    budmodel_files_max_gigabytes: Amount = 500
    budmodel_files_megabytes_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    # Prose is written where a model is named: a key that lies around on a machine must not cost its owner money.
    budmodel_llm_model: str | None = None
    openai_api_key: HeaderSecret = SecretStr("")
    openai_base_url: HttpUrl = "https://api.openai.com/v1"
    budmodel_llm_usd_per_million_input: Annotated[Decimal, Field(ge=0)] | None = None
    budmodel_llm_usd_per_million_output: Annotated[Decimal, Field(ge=0)] | None = None

    # A secret: who knows it can write where people read.
    budmodel_alert_webhook: Annotated[SecretStr, AfterValidator(_secret_url)] = SecretStr("")

    # SHA-256 hashes in hex, separated by commas: the tokens themselves are nobody's but their holders'.
    budmodel_api_tokens: Annotated[str, Field(pattern=r"^$|^[0-9a-f]{64}(,[0-9a-f]{64})*$")] = ""
    budmodel_api_reads: Literal["open", "token"] = "open"
    # Web pages, separated by commas, whose scripts may read answers.
    budmodel_api_web_origins: str = ""
    budmodel_api_requests_per_minute: NonNegativeInt = 600
    budmodel_dagster_url: HttpUrl | None = None

    @field_validator("budmodel_home")
    @classmethod
    def _directory(cls, home: Path) -> Path:
        try:
            home = home.expanduser().absolute()
        except RuntimeError:
            raise ValueError(f"there is no home of the user that {str(home)!r} names") from None
        there = next((place for place in (home, *home.parents) if os.path.lexists(place)), home)
        if os.path.lexists(there) and not there.is_dir():
            raise ValueError(f"should be a directory, or a path where one can be made; {there} is none")
        return home

    @field_validator("budmodel_clamd")
    @classmethod
    def _where_clamd_listens(cls, address: str | None) -> str | None:
        if address is None or re.fullmatch(r"unix:/.+", address):
            return address
        match = re.fullmatch(r"[\w.-]+:(\d{1,5})", address, re.ASCII)
        if match is None or not 0 < int(match[1]) < 1 << 16:
            raise ValueError(f"should be host:port or unix:/path/of/the/socket; found {address!r}")
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
    def report_file(self) -> Path:
        """Where the page of the rankings lies, unless somebody puts it elsewhere."""
        return self.budmodel_home / "report.html"

    @property
    def database_url(self) -> "URL":
        """Of the data."""
        password = self.postgres_password.get_secret_value()
        return database_url(self.postgres_host, self.postgres_port, self.postgres_user, password, self.postgres_db)


def database_url(host: str | None, port: int, user: str, password: str, database: str) -> "URL":
    """Names the driver: without it SQLAlchemy and dagster-postgres disagree about the default."""
    from sqlalchemy import URL  # Here, because many a command needs settings and no database.

    return URL.create("postgresql+psycopg", username=user, password=password, host=host, port=port, database=database)


def read_settings(**chosen: Any) -> Settings:
    """The settings of this process, with those that were `chosen` in its command. Raises SettingsError."""
    try:
        return Settings(**chosen)
    except ValidationError as error:
        problems = "; ".join(_sentence(problem) for problem in error.errors(include_input=False, include_url=False))
    except UnicodeDecodeError as error:
        problems = f".env in this folder is no text in UTF-8: {error.reason} at byte {error.start:,}"
    # Raised here, so that the input, which may be a secret, is in no traceback.
    raise SettingsError(problems)


def _sentence(problem: "ErrorDetails") -> str:
    """Names the variable, which a rule about several of them does by itself."""
    sentence = problem["msg"].removeprefix("Value error, ")
    return ": ".join([*(str(name).upper() for name in problem["loc"][:1]), sentence])
