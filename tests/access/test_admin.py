"""The first administrator: invited on the command line, once, and then a member of staff like any other."""

from __future__ import annotations

import os
from pathlib import Path

import pyotp
import pytest
from starlette.testclient import TestClient

from ledger_service.adapters.home import Home, write_secret
from ledger_service.bootstrap.installation import installed
from ledger_service.bootstrap.surfaces import app_of
from ledger_service.chain.signing import SCRYPT_ROUNDS_LIGHT
from ledger_service.commands.admin import AdminThere, create_admin
from ledger_service.commands.keys import create_keys
from ledger_service.config import read_settings
from tests.access.conftest import PASSWORD


def test_the_first_administrator_is_invited_once_and_signs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("BORAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BORAM_ENVIRONMENT", "test")
    home = tmp_path / "home"
    create_admin(home, "kim")
    create_admin(home, "kim")  # not confirmed yet: the invitation before is over
    first, second = (line for line in capsys.readouterr().out.splitlines() if len(line) == 43)
    with installed(read_settings(home=home)) as installation:
        client = TestClient(app_of(installation), base_url="http://127.0.0.1")
        accept = "/api/v1/invitations/accept"
        assert client.post(accept, json={"secret": first, "password": PASSWORD}).status_code == 401
        factor = client.post(accept, json={"secret": second, "password": PASSWORD}).json()
        totp, now = pyotp.TOTP(factor["secret"]), installation.clock.now()
        shown = {"secret": second, "code": totp.at(now - 30)}
        assert client.post("/api/v1/invitations/confirm", json=shown).json()["roles"] == ["admin"]
        body = {"name": "kim", "password": PASSWORD, "code": totp.at(installation.clock.now() + 30)}
        assert client.post("/api/v1/sessions/staff", json=body).status_code == 201
        assert client.get("/api/v1/actors/me").json()["name"] == "kim"
    with pytest.raises(AdminThere):
        create_admin(home, "lee")
    written = [file.read_bytes() for file in home.rglob("*") if file.is_file() and file.name != "service.log"]
    assert not any(second.encode() in one or PASSWORD.encode() in one for one in written)


def test_production_makes_no_token_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BORAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BORAM_ENVIRONMENT", "production")
    monkeypatch.setattr(
        "ledger_service.chain.signing.SCRYPT_ROUNDS", SCRYPT_ROUNDS_LIGHT
    )  # the cost is not what is tested
    home = Home(tmp_path / "home")
    home.prepare()
    write_secret(home.secrets / "passphrase", b"a passphrase of production")
    create_keys(home.folder)
    create_admin(home.folder, "kim")
    with installed(read_settings(home=home.folder)) as installation, installation.journal.read() as unit:
        assert [one.name for one in unit.actors.all()] == ["kim"]
        assert unit.actors.tokens_of(unit.actors.all()[0].id) == []
    assert list((home.folder / "tokens").glob("*")) == []
