"""`boram up --demo`: the sample district, loaded once, and sample people who can sign in. Never in production."""

from __future__ import annotations

import csv
import json
import secrets
from pathlib import Path
from typing import Any

import pyotp

from ledger_service.adapters.actors import add_actor
from ledger_service.adapters.home import read_secret, write_secret
from ledger_service.bootstrap.installation import Installation
from ledger_service.config import SettingsInvalid
from ledger_service.domain.actors import Actor, Role
from ledger_service.reads.actors import actor_of_name
from ledger_service.reads.residents import find_resident
from ledger_service.services import accounts, cards, credit, intake, loading, setup
from ledger_service.services.sign_in import TOTP_SECONDS

PROJECT_ROOT = Path(__file__).parents[2]
SAMPLES = PROJECT_ROOT / "tests" / "samples"
DATA = PROJECT_ROOT / "scripts" / "demo_data"
FILES = (
    ("centers", SAMPLES), ("venues", DATA), ("programmes", SAMPLES), ("funds", DATA), ("values", DATA), ("limits", DATA),
)  # fmt: skip
PIN = "314159"
PASSWORD_BYTES = 9
DONG_PLAN = DATA / "dongs.csv"
RESIDENTS = ("S104355", "S102238", "S100246")  # three who earned coins in April
STAFF = (
    ("clerk-park", (Role.CLERK,), SAMPLES / "centers.csv"),
    ("approver-choi", (Role.APPROVER,), SAMPLES / "centers.csv"),
    ("counter-jung", (Role.VENUE,), DATA / "venues.csv"),
    ("office-kim", (Role.OFFICE,), None),
    ("office-lee", (Role.OFFICE,), None),
    ("registrar-yoon", (Role.REGISTRAR,), None),
)

SignIns = dict[str, Any]


def fill(installation: Installation) -> SignIns:
    """Load the sample district into an empty home; the sign-ins. A home that was filled before gives its own again."""
    file = sign_ins_file(installation.home.folder)
    known = read_secret(file)
    if known is not None:
        return dict(json.loads(known))
    if not SAMPLES.is_dir() or installation.settings.environment == "production":
        raise SettingsInvalid(
            "--demo loads the samples of the source tree, and never in production: start without it",
            "--demo는 소스에 든 예시를 불러옵니다. 운영에서는 쓸 수 없습니다",
        )
    admin = actor_of_name(installation.journal, "admin")
    if admin is None or actor_of_name(installation.journal, "office-kim") is not None:
        raise SettingsInvalid(
            "this home has a district of its own: choose another --home for the demo",
            "이미 다른 구가 든 폴더입니다. 다른 --home을 고르세요",
        )
    context = installation.context
    office, second = (_add(installation, admin, name, (Role.OFFICE,), None) for name in ("office-kim", "office-lee"))
    loading.load_members(context, office, None, (SAMPLES / "members.csv").read_bytes())
    for kind, folder in FILES:
        proposal = setup.propose_file(context, office, None, kind, (folder / f"{kind}.csv").read_bytes())
        setup.approve_orders(context, second, None, proposal["id"])
    loading.load_courses(context, office, None, (DATA / "courses.csv").read_bytes())
    opening = setup.propose_opening(context, office, None)
    setup.approve_orders(context, second, None, opening["id"])
    people = {
        name: actor_of_name(installation.journal, name) or _add(installation, admin, name, roles, desks)
        for name, roles, desks in STAFF
    }
    month = (SAMPLES / "activities-2024-04.csv").read_bytes()
    submitted = intake.submit_import(context, people["clerk-park"], None, month, intake.SOURCE_DEFAULT)
    credit.approve(context, people["approver-choi"], None, submitted["id"])
    sign_ins = _sign_ins(installation, admin, people)
    write_secret(file, json.dumps(sign_ins, ensure_ascii=False).encode())
    return sign_ins


def sign_ins_file(home: Path) -> Path:
    """Where a demo's sign-ins are kept, readable to its owner alone."""
    return home / "tokens" / ".demo.json"


def lines(sign_ins: SignIns) -> list[tuple[str, str]]:
    """The sign-ins in English and Korean, one line each."""
    found = [
        (f"resident: card {one['card']}, PIN {one['pin']}", f"주민: 카드 {one['card']}, 비밀번호 {one['pin']}")
        for one in sign_ins["residents"]
    ]
    found += [
        (
            f"staff: {name}, password {one['password']}, one-time code: boram actor code {name}",
            f"직원: {name}, 비밀번호 {one['password']}, 인증 숫자: boram actor code {name}",
        )
        for name, one in sign_ins["staff"].items()
    ]
    return found


def code_of(home: Path, name: str) -> str | None:
    """The one-time code of a demo's member of staff, as their authenticator app would show it now."""
    known = read_secret(sign_ins_file(home))
    one = json.loads(known)["staff"].get(name) if known is not None else None
    return pyotp.TOTP(one["totp"], interval=TOTP_SECONDS).now() if one else None


def _add(installation: Installation, admin: Actor, name: str, roles: tuple[Role, ...], desks: Path | None) -> Actor:
    codes = []
    if desks is not None:
        with desks.open(encoding="utf-8-sig") as file:
            codes = [row["code"] for row in csv.DictReader(file)]
    kind = "venue:" if Role.VENUE in roles else "centre:"
    _, token = add_actor(installation.context, admin.id, name, roles, [kind + code for code in codes], None)
    write_secret(installation.home.token_file(name), token.encode())
    actor = actor_of_name(installation.journal, name)
    assert actor is not None  # added above
    return actor


def _sign_ins(installation: Installation, admin: Actor, people: dict[str, Actor]) -> SignIns:
    context, passwords = installation.context, installation.passwords
    staff = {}
    for name, actor in people.items():
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        invitation = accounts.invite(context, admin, actor.id)
        factor = accounts.accept_invitation(context, passwords, invitation, password)
        # A half minute's code is good once: that of the one before leaves the present one to the first sign-in.
        code = pyotp.TOTP(factor.secret, interval=TOTP_SECONDS).at(context.clock.now() - TOTP_SECONDS)
        accounts.confirm_invitation(context, invitation, code)
        staff[name] = {"password": password, "totp": factor.secret}
    residents = []
    for number in RESIDENTS:
        person = find_resident(context.journal, context.vault, number)
        card = cards.issue_card(context, passwords, people["registrar-yoon"], person.person_id, PIN)
        residents.append({"member_number": number, "card": card, "pin": PIN})
    return {"residents": residents, "staff": staff}
