"""One request when nothing else happens: for what can only be told of a single one."""

from __future__ import annotations

import itertools
import json
import time
from http.client import HTTPConnection
from typing import Any

from scripts.faults.model import REDEEM
from scripts.faults.stage import Stage, StageBroken

_numbers = itertools.count(time.time_ns())


def quiet_charge(stage: Stage) -> None:
    """Charge one coin of the first member who has one, and tell the model."""
    for member in stage.world.slots.members:
        if stage.model.accounts[member].available >= 1:
            break
    else:
        raise StageBroken("nobody has a coin left")
    body = {"person_id": stage.world.people[member], "desk": stage.world.charge_desks[0], "coins": 1}
    answer = quiet_post(stage, "counter", "/api/v1/redemptions", json.dumps(body).encode())
    stage.model.move(REDEEM, member, 1, answer["journal_no"], "a quiet charge")


def quiet_post(stage: Stage, actor: str, path: str, body: bytes, content_type: str = "application/json") -> Any:
    """One request that has to succeed. Raises StageBroken."""
    status, answer = try_quiet_post(stage, actor, path, body, content_type)
    if not 200 <= status < 300:
        raise StageBroken(f"{path}, when all was quiet, was answered {status} {answer}")
    return answer


def try_quiet_post(
    stage: Stage, actor: str, path: str, body: bytes, content_type: str = "application/json"
) -> tuple[int, Any]:
    """One request, and what it was answered."""
    headers = {
        "authorization": f"Bearer {stage.world.tokens[actor]}",
        "idempotency-key": f"quiet-{next(_numbers)}",
        "content-type": content_type,
    }
    connection = HTTPConnection("127.0.0.1", stage.service.port, timeout=60)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
