"""Settings: `BORAM_*` of the environment, over which a command line's own options go. Nothing else reads the environment."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger_service.domain.kill_points import KILL_POINTS, ROTATION_POINTS
from ledger_service.errors import BoramError
from ledger_service.services.context import OPEN_DEBITS_MAX
from ledger_service.web.brand import CONTRAST_LEAST, contrast_with_white
from ledger_service.web.plan import read_plan

if TYPE_CHECKING:
    from typing import Self

PREFIX = "BORAM_"
IMPORT_BYTES_MAX = 32 * 2**20
CONFIRMATIONS_MAX = 10_000
FINALITY_TAGS = ("finalized", "safe")
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")


RequestsAMinute = Annotated[int, Field(ge=0, le=1_000_000)]
Text = Annotated[str, Field(min_length=1, max_length=40)]


class SettingsInvalid(BoramError):
    """A setting is missing or wrong. Fields: setting."""

    code = "settings_invalid"
    status = 500


class Settings(BaseSettings):
    """Everything that a start may be told. Each field is `BORAM_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, validate_default=True)

    home: Path = Path("var")
    environment: Literal["demo", "test", "production"] = "demo"
    district: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,31}$")] = "seocho"
    database_url: str | None = None
    keys_url: str | None = None
    rpc_url: str | None = None
    chain_id: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    chain_finality: str = "finalized"
    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    proxy: str | None = None  # the address of the TLS proxy before us, whose X-Forwarded-For is believed
    origin: str | None = (
        None  # the public address, such as https://coin.example.go.kr; several: comma between, all of one domain
    )
    passkey_domain: str | None = None  # what passkeys are bound to; the first origin's host unless given
    sign_on_issuer: str | None = None  # the district's own OpenID Connect provider for staff, if it has one
    sign_on_client_id: Annotated[str, Field(max_length=255)] | None = None
    sign_on_client_secret_file: Path | None = None
    rate_address: RequestsAMinute | None = (
        None  # requests a minute, 0 for no limit (services/rate_limits.py has what production has)
    )
    rate_public: RequestsAMinute | None = None
    rate_reads: RequestsAMinute | None = None
    rate_writes: RequestsAMinute | None = None
    rate_lookups: RequestsAMinute | None = None
    rate_uploads: RequestsAMinute | None = None
    rate_exports: RequestsAMinute | None = None
    rate_codes: RequestsAMinute | None = None
    api_processes: Annotated[int, Field(ge=1, le=1000)] = (
        1  # behind the one address: each allows its share of the limits
    )
    business_date: date | None = None
    kill_at: str | None = None
    role: Literal["all", "api", "post"] = "all"
    clock_offset_seconds: int = 0
    passphrase_file: Path | None = None
    master_key_file: Path | None = None
    keys_folder: Path | None = None
    bundles_folder: Path | None = None
    open_debits_max: Annotated[int, Field(ge=1, lt=2**63)] = OPEN_DEBITS_MAX
    alarm_outstanding_krw: Annotated[int, Field(ge=1)] | None = None
    alarm_year_issue_krw: Annotated[int, Field(ge=1)] | None = None
    district_name: Text = "서초구"
    district_name_en: Text = "Seocho-gu"
    coin_name: Text = "보람코인"
    coin_name_en: Text = "Boram coin"
    help_phone: Text = "02-000-0000"
    sms_notices: bool = False  # notices to people with a telephone become messages for the gateway
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#0b50d0"
    logo: Path | None = None
    dong_plan: Path | None = None
    import_bytes_max: Annotated[int, Field(ge=1024, le=IMPORT_BYTES_MAX)] = IMPORT_BYTES_MAX

    @field_validator(
        "home",
        "passphrase_file",
        "master_key_file",
        "keys_folder",
        "bundles_folder",
        "logo",
        "dong_plan",
        "sign_on_client_secret_file",
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator(
        "database_url",
        "keys_url",
        "rpc_url",
        "business_date",
        "kill_at",
        "chain_id",
        "proxy",
        "origin",
        "passkey_domain",
        "sign_on_issuer",
        "sign_on_client_id",
        "logo",
        "dong_plan",
        "alarm_outstanding_krw",
        "alarm_year_issue_krw",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("database_url", "keys_url")
    @classmethod
    def _known_engine(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("is sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME")
        return url

    @field_validator("rpc_url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("begins with http:// or https://")
        return url

    @field_validator("origin")
    @classmethod
    def _origins(cls, value: str | None) -> str | None:
        for one in (value or "").split(",") if value else ():
            parts = urlsplit(one.strip())
            is_local = parts.scheme == "http" and parts.hostname == "localhost"
            if not (parts.scheme == "https" or is_local) or not parts.hostname or parts.path or parts.query:
                raise ValueError("is https://HOST (http only for localhost), without a path; several: a comma between")
        return value

    @field_validator("chain_finality")
    @classmethod
    def _depth_or_tag(cls, value: str) -> str:
        if value in FINALITY_TAGS or (value.isascii() and value.isdigit() and int(value) <= CONFIRMATIONS_MAX):
            return value
        raise ValueError(f"is {' or '.join(FINALITY_TAGS)}, or a number of blocks up to {CONFIRMATIONS_MAX}")

    @field_validator("kill_at")
    @classmethod
    def _kill_point(cls, value: str | None) -> str | None:
        if value is not None:
            name, _, times = value.partition(":")
            known = (*KILL_POINTS, *ROTATION_POINTS)
            if name not in known or (times and not (times.isascii() and times.isdigit() and int(times) >= 1)):
                raise ValueError(f"is one of {', '.join(known)}, with :2 for the second time")
        return value

    @field_validator("colour")
    @classmethod
    def _readable(cls, colour: str) -> str:
        if contrast_with_white(colour) < CONTRAST_LEAST:
            raise ValueError(f"is too light for white text: the contrast is below {CONTRAST_LEAST} (WCAG 2.2, 1.4.3)")
        return colour

    @field_validator("logo")
    @classmethod
    def _picture(cls, logo: Path | None) -> Path | None:
        if logo is not None and not (logo.suffix in (".svg", ".png") and logo.is_file()):
            raise ValueError("is an .svg or .png file that is there")
        return logo

    @field_validator("dong_plan")
    @classmethod
    def _plan(cls, plan: Path | None) -> Path | None:
        if plan is not None:
            try:
                read_plan(plan)
            except OSError as error:
                raise ValueError("is a file that can be read") from error
        return plan

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.environment == "production":
            if self.business_date is not None:
                raise ValueError(
                    "BORAM_BUSINESS_DATE sets the calendar and is for demo and test: unset it in production"
                )
            if self.kill_at is not None:
                raise ValueError("BORAM_KILL_AT kills the service and is for tests: unset it in production")
            if self.clock_offset_seconds:
                raise ValueError(
                    "BORAM_CLOCK_OFFSET_SECONDS makes the clock wrong and is for tests: unset it in production"
                )
        domain = self.passkey_domain
        hosts = [str(urlsplit(one).hostname) for one in self.origins]
        if domain is not None and not (hosts and all(host == domain or host.endswith(f".{domain}") for host in hosts)):
            raise ValueError("BORAM_PASSKEY_DOMAIN is the host of BORAM_ORIGIN, or what it ends with: set both")
        if self.sign_on_issuer is not None:
            parts = urlsplit(self.sign_on_issuer)
            if parts.scheme != "https" and parts.hostname not in LOOPBACK_HOSTS:
                raise ValueError("BORAM_SIGN_ON_ISSUER begins with https://")
            if not (self.origins and self.sign_on_client_id and self.sign_on_client_secret_file):
                raise ValueError(
                    "BORAM_SIGN_ON_ISSUER wants BORAM_SIGN_ON_CLIENT_ID, BORAM_SIGN_ON_CLIENT_SECRET_FILE and BORAM_ORIGIN too"
                )
        if self.rpc_url is not None and self.chain_id is None:
            raise ValueError("BORAM_CHAIN_ID must name the chain that BORAM_RPC_URL serves: set it to the chain's id")
        if self.role != "all" and self.is_sqlite:
            raise ValueError(
                f"BORAM_ROLE={self.role} is one process of several, and SQLite takes one: put BORAM_DATABASE_URL and BORAM_KEYS_URL on "
                "PostgreSQL, or start the one process with BORAM_ROLE=all"
            )
        if self.role != "all" and self.is_embedded:
            raise ValueError(
                f"BORAM_ROLE={self.role} wants a chain that all processes reach: set BORAM_RPC_URL and BORAM_CHAIN_ID"
            )
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """The addresses under which browsers know the service; none where it was not told."""
        return tuple(one.strip().lower() for one in (self.origin or "").split(",") if one.strip())

    @property
    def is_sqlite(self) -> bool:
        """Whether books or keys are a file, which one process alone may work on."""
        return self.books_url.startswith("sqlite:") or self.key_books_url.startswith("sqlite:")

    @property
    def is_embedded(self) -> bool:
        """Whether the service runs its own chain."""
        return self.rpc_url is None

    @property
    def is_loopback_demo(self) -> bool:
        """Whether this is for trying out on one machine: never production, never an address that others reach."""
        return self.environment != "production" and self.host in LOOPBACK_HOSTS

    @property
    def books_url(self) -> str:
        """Where the books are."""
        return self.database_url or f"sqlite:///{self.home / 'books.db'}"

    @property
    def key_books_url(self) -> str:
        """Where the people's keys are: a database of their own."""
        return self.keys_url or f"sqlite:///{self.home / 'keys.db'}"


def read_settings(**given: Any) -> Settings:
    """The settings, with what the command line gives in front. Raises SettingsInvalid with one line that says what to do."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = PREFIX + str(first["loc"][0]).upper() if first["loc"] else ""
        words = str(first["msg"]).removeprefix("Value error, ")
        text = f"{where}: {words}" if where else words
        raise SettingsInvalid(
            f"{text}. Mend the setting and start again", f"설정을 고쳐 주세요: {text}", setting=where
        ) from None
    except ValueError as error:  # a variable that cannot be parsed at all
        raise SettingsInvalid(
            f"the BORAM_ variables cannot be read: {error}", "BORAM_ 설정을 읽을 수 없습니다"
        ) from None
