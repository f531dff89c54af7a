"""A marked person's coins from end to end on a real chain: nothing of the person is in calldata, events, bundles, receipts, books or print."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from ledger_service.adapters.passwords import Argon2Passwords
from ledger_service.domain.actors import Role
from ledger_service.domain.hashing import keccak
from ledger_service.posting.sealed_json import canonical, open_json
from ledger_service.printing.statement import statement_pdf
from ledger_service.reads import closes as closes_read
from ledger_service.services import cards, donate
from ledger_service.services.cards import NewResident
from tests.integration.posting.hall import Hall, audit_of

NAME, PHONE, NUMBER, STREET, BORN = "카나리아순", "010-7313-8642", "CANARY77731", "카나리아동", "1957-09-23"
PIN = "735918"

# Six digits stand in one of some thousand random hashes, keys and ids by chance: about one run in fifty.
LONG_HEXADECIMAL = re.compile(rb"[0-9a-f]{12,}")


def hashes_in(data: bytes, mark: str) -> bytes:
    """The hashes of a mark that lie in the data, which are long hexadecimal digits themselves."""
    return b"".join(one for one in spellings(mark) if len(one) >= 32 and one in data)


def spellings(mark: str) -> Iterator[bytes]:
    """A mark as it may lie somewhere, and what a hash of it would be: on a chain that is as good as the mark."""
    for text in (mark, mark.replace("-", "")):
        plain = text.encode()
        yield from (plain, json.dumps(text)[1:-1].encode(), text.encode("utf-16-le"), text.encode("cp949"))
        yield from (hashlib.sha256(plain).digest(), keccak(plain), hashlib.sha256(plain).hexdigest().encode())


def chain_of(hall: Hall) -> bytes:
    """Every transaction's input and every event of the chain."""
    rpc, parts = hall.poster.chain.rpc, []
    for number in range(int(rpc.call("eth_blockNumber"), 16) + 1):
        block: dict[str, Any] = rpc.call("eth_getBlockByNumber", [hex(number), True])
        parts += [bytes.fromhex(one["input"][2:]) for one in block["transactions"]]
        logs: list[dict[str, Any]] = rpc.call("eth_getLogs", [{"fromBlock": hex(number), "toBlock": hex(number)}])
        parts += [bytes.fromhex("".join(one[2:] for one in [log["data"], *log["topics"]])) for log in logs]
    return b"".join(parts)


def bundles_of(hall: Hall, folder: Path) -> tuple[bytes, bytes]:
    """The bundles as they lie on the disk, and with their outer seal opened."""
    sealed, opened = [], []
    for path in sorted((folder / "bundles").rglob("*.json")):
        data = path.read_bytes()
        opened.append(canonical(open_json(data, hall.books.context.vault.bundle_key)[1]))
        sealed.append(data)
    return b"".join(sealed), b"".join(opened)


def text_of(pdf: bytes, folder: Path) -> bytes:
    """What a PDF says; without the tool for it, its bytes."""
    tool = shutil.which("pdftotext")
    if tool is None:
        return pdf
    (folder / "printed.pdf").write_bytes(pdf)
    return subprocess.run([tool, folder / "printed.pdf", "-"], check=True, capture_output=True).stdout + pdf


def test_nothing_of_a_marked_person_leaves_the_books(hall: Hall, tmp_path: Path) -> None:
    context = hall.books.context
    registrar = hall.books.actor("registrar", Role.REGISTRAR)
    new = NewResident(
        member_number=NUMBER, name=NAME, birth_date=date.fromisoformat(BORN), phone=PHONE, residence=STREET
    )
    person = cards.open_resident(context, registrar, None, new)["person_id"]
    cards.issue_card(context, Argon2Passwords(light=True), registrar, person, PIN)
    hall.members.append({"회원번호": NUMBER, "이름": NAME, "생년월일": BORN})
    hall.earn([len(hall.members) - 1], "2024-05-01")
    hall.settle()
    redemption = hall.charge("GYM", len(hall.members) - 1, 9)
    donate.donate(context, hall.books.office, None, person, "WARM", 3)
    hall.settle()
    hall.refund("GYM", redemption, 2)
    hall.settle()
    hall.today("2024-06-03")
    closed = hall.close("2024-05", "GYM")
    assert audit_of(hall, tmp_path).holds
    printed = closes_read.statement(hall.books.journal, hall.counter("GYM"), closed["id"])
    sealed, opened = bundles_of(hall, tmp_path)
    places = {
        "the chain": chain_of(hall),
        "the bundles": sealed,
        "the bundles without their outer seal": opened,
        "what an auditor is given": (tmp_path / "books.jsonl").read_bytes(),
        "a venue's printed statement": text_of(statement_pdf(printed, 1_717_400_000), tmp_path),
    }
    with hall.books.journal.read() as unit:
        row = unit.people.by_id(person)
    assert row is not None
    assert row.account in places["the chain"], "the account is there, and is random"
    assert all(len(data) > 1_000 for data in places.values())
    for where, data in places.items():
        for mark in (NAME, PHONE, NUMBER, STREET, BORN, PIN, person):
            if mark == person and where not in ("the chain", "a venue's printed statement"):
                continue  # random ids are what bundles and exports know people by
            looked_at = LONG_HEXADECIMAL.sub(b"", data) + hashes_in(data, mark) if mark == PIN else data
            assert not [one for one in spellings(mark) if one in looked_at], f"{mark} is in {where}"
    assert context.vault.of(person).open("name", row.name_sealed) == NAME, "there was something to be found"
