"""Settings: a wrong one is one line that says what to do; production refuses what is for trying out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ledger_service.config import SettingsInvalid, read_settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("BORAM_")]:
        monkeypatch.delenv(name)


def test_without_settings_it_is_a_demo_under_var_on_the_loopback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings()
    assert settings.home == tmp_path / "var"
    assert (settings.environment, settings.host, settings.is_embedded) == ("demo", "127.0.0.1", True)
    assert settings.books_url == f"sqlite:///{tmp_path}/var/books.db"
    assert settings.key_books_url == f"sqlite:///{tmp_path}/var/keys.db"


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORAM_PORT", "9000")
    monkeypatch.setenv("BORAM_BUSINESS_DATE", "2024-05-02")
    assert read_settings().port == 9000
    assert read_settings(port=0, host=None).port == 0
    assert read_settings().business_date == date(2024, 5, 2)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RPC_URL", "KILL_AT", "BUSINESS_DATE", "DATABASE_URL", "CHAIN_ID"):
        monkeypatch.setenv(f"BORAM_{name}", "")
    assert read_settings().is_embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"), ("PORT", "70000"), ("PORT", "-1"), ("ENVIRONMENT", "prod"), ("BUSINESS_DATE", "soon"),
        ("KILL_AT", "never"), ("KILL_AT", "after_seal:0"), ("KILL_AT", "after_seal:x"), ("DISTRICT", "Seo cho"),
        ("DATABASE_URL", "mysql://x"), ("RPC_URL", "ws://x"), ("CHAIN_FINALITY", "soon"), ("CHAIN_FINALITY", "-1"),
        ("CHAIN_FINALITY", "99999"), ("IMPORT_BYTES_MAX", "0"), ("CHAIN_ID", "0"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_line_with_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"BORAM_{name}", value)
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    assert f"BORAM_{name}" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"), [("business_date", date(2024, 5, 2)), ("kill_at", "after_seal"), ("clock_offset_seconds", 60)]
)
def test_production_refuses_what_is_for_trying_out(name: str, value: object) -> None:
    with pytest.raises(SettingsInvalid, match=f"BORAM_{name.upper()}"):
        read_settings(environment="production", **{name: value})
    assert read_settings(environment="test", **{name: value})


def test_a_chain_of_others_is_named_by_its_id() -> None:
    with pytest.raises(SettingsInvalid, match="BORAM_CHAIN_ID"):
        read_settings(rpc_url="http://127.0.0.1:8545")
    assert not read_settings(rpc_url="http://127.0.0.1:8545", chain_id=7).is_embedded


@pytest.mark.parametrize("finality", ["finalized", "safe", "0", "12"])
def test_finality_is_a_tag_or_a_depth(finality: str) -> None:
    assert read_settings(chain_finality=finality).chain_finality == finality
