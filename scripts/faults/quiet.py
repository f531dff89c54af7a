"""One charge when nothing else happens: for what can only be told of a single request."""

from __future__ import annotations

import itertools
import json
import time
from http.client import HTTPConnection

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
    headers = {
        "authorization": f"Bearer {stage.world.tokens['counter']}",
        "idempotency-key": f"quiet-{next(_numbers)}",
        "content-type": "application/json",
    }
    connection = HTTPConnection("127.0.0.1", stage.service.port, timeout=60)
    try:
        connection.request("POST", "/api/v1/redemptions", json.dumps(body), headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 201:
        raise StageBroken(f"a quiet charge was answered {response.status} {answer}")
    stage.model.move(REDEEM, member, 1, answer["journal_no"], "a quiet charge")
