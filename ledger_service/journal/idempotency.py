"""Stored answers: the same key and body give the same answer, for ever."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from ledger_service.errors import Invalid
from ledger_service.journal.schema import idempotency


class KeyReused(Invalid):
    """An idempotency key came again with another body."""

    code = "idempotency_key_reused"


_ANSWER = select(idempotency.c.body_hash, idempotency.c.answer).where(
    idempotency.c.actor_id == bindparam("whose"), idempotency.c.key == bindparam("this")
)
_STORE = insert(idempotency)


class Idempotency:
    """Repository of stored answers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def answer(self, actor_id: str, key: str, body_hash: bytes) -> Any | None:
        """The stored answer of this key, or None; KeyReused where the body was another one."""
        row = self._connection.execute(_ANSWER, {"whose": actor_id, "this": key}).one_or_none()
        if row is None:
            return None
        if row.body_hash != body_hash:
            raise KeyReused(
                "this Idempotency-Key was used with another body: send a new key for a new request",
                "같은 요청 번호로 다른 내용이 왔습니다. 새 요청에는 새 번호를 쓰세요",
            )
        return json.loads(row.answer)

    def store(self, actor_id: str, key: str, body_hash: bytes, answer: Any, now: int) -> None:
        """Write: the answer, in the transaction of the command it answers."""
        row = {
            "actor_id": actor_id,
            "key": key,
            "body_hash": body_hash,
            "answer": json.dumps(answer),
            "created_at": now,
        }
        self._connection.execute(_STORE, row)
