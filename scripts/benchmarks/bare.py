"""The least that a charge over HTTP could be: FastAPI, one row in SQLite, one durable commit. What ours is measured against."""

from __future__ import annotations

import sqlite3
import sys
import threading

import uvicorn
from fastapi import FastAPI, Header
from pydantic import BaseModel


class Charge(BaseModel):
    """The same body as ours."""

    person_id: str
    desk: int
    coins: int


def bare(path: str) -> FastAPI:
    """One endpoint, one table, one writer at a time."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE charges (key TEXT PRIMARY KEY, person TEXT, desk INTEGER, coins INTEGER)")
    lock, app = threading.Lock(), FastAPI()

    @app.post("/api/v1/redemptions", status_code=201)
    def charge(new: Charge, idempotency_key: str = Header()) -> dict[str, object]:
        with lock:
            connection.execute("BEGIN IMMEDIATE")
            row = (idempotency_key, new.person_id, new.desk, new.coins)
            connection.execute("INSERT INTO charges VALUES (?, ?, ?, ?)", row)
            connection.execute("COMMIT")
        return {"id": idempotency_key, "coins": new.coins, "state": "accepted"}

    return app


if __name__ == "__main__":
    uvicorn.run(bare(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False)
