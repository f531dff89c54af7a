"""The sample district's setup without its courses and most of its members: what a test of processes needs, soon done."""

from __future__ import annotations

import csv
import io

from scripts.demo import DATA, MASTER_FILES, SAMPLES
from scripts.running import RunningBoram

CENTRES = ["SVC", "YJSW", "JWSW"]
PEOPLE = 200


def members(people: int = PEOPLE) -> bytes:
    """The first members of the sample."""
    lines = (SAMPLES / "members.csv").read_text("utf-8-sig").splitlines()
    return "\n".join(lines[: people + 1]).encode()


def first_members(count: int) -> list[dict[str, str]]:
    """Their rows."""
    return list(csv.DictReader(io.StringIO(members(count).decode())))


def set_up_small(service: RunningBoram, people: int = PEOPLE) -> None:
    """Load, approve, open; clerk, approver and counter may act."""
    office, second = service.add_actor("office", "office"), service.add_actor("second", "office")
    for kind, file in MASTER_FILES:
        if kind == "courses":
            continue
        data = members(people) if kind == "members" else file.read_bytes()
        loaded = office.try_upload(f"/api/v1/master/{kind}", data).json()
        if loaded["id"]:
            second.post(f"/api/v1/approvals/{loaded['id']}/approve")
    opening = office.post("/api/v1/orders/opening")
    second.post(f"/api/v1/approvals/{opening['id']}/approve")
    service.wait_until_settled(office)
    service.add_actor("clerk", "clerk", desks=CENTRES)
    service.add_actor("approver", "approver", desks=CENTRES)
    service.add_actor("counter", "venue", desks=["SENIOR", "POOL"])


__all__ = ["DATA", "SAMPLES", "first_members", "members", "set_up_small"]
