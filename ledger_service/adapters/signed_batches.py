"""What a centre's own machine has signed: one digest at each place, for ever. Kept beside the key, and written before a signature is told."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger_service.domain.batches import Batch, Domain
from ledger_service.errors import Refused

FILE_MODE = 0o600
ZERO = bytes(32)


class SecondDigest(Refused):
    """This machine signed something else at this place, or what comes before it is not what it signed."""

    code = "second_digest"


class SignedBatches:
    """A file of JSON lines: chain, contract, desk, seq, head."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One signer at a time on this file."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def require_new(self, domain: Domain, batch: Batch) -> None:
        """SecondDigest where another digest was signed at this place, or another batch before it."""
        known = self._heads(domain, batch.desk)
        head = batch.digest(domain)
        if known.get(batch.seq, head) != head:
            raise SecondDigest(
                f"another batch {batch.seq} of desk {batch.desk} was signed here: do not sign this one, and ask the coin office",
                f"{batch.desk}번 기관의 {batch.seq}번 묶음에는 이미 다른 내용으로 서명했습니다. 서명하지 말고 담당 부서에 문의하세요",
            )
        before = known.get(batch.seq - 1, batch.previous_head)
        if before != batch.previous_head or (batch.seq == 1 and batch.previous_head != ZERO):
            raise SecondDigest(
                f"batch {batch.seq} of desk {batch.desk} does not follow the batch that was signed here before it",
                f"{batch.desk}번 기관의 {batch.seq}번 묶음이 앞서 서명한 묶음과 이어지지 않습니다",
            )

    def remember(self, domain: Domain, batch: Batch) -> None:
        """Write it down, on the disk when this returns."""
        line = json.dumps(
            {
                "chain_id": domain.chain_id,
                "contract": domain.contract.hex(),
                "desk": batch.desk,
                "seq": batch.seq,
                "head": batch.digest(domain).hex(),
            }
        )
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _heads(self, domain: Domain, desk: int) -> dict[int, bytes]:
        try:
            lines = [json.loads(line) for line in self._path.read_text("ascii").splitlines() if line]
        except FileNotFoundError:
            return {}
        return {
            one["seq"]: bytes.fromhex(one["head"])
            for one in lines
            if (one["chain_id"], one["contract"], one["desk"]) == (domain.chain_id, domain.contract.hex(), desk)
        }
