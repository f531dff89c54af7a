"""The gateway for where there is none: messages become lines of a file that only this user can read."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ledger_service.services.messages import MessageNotSent

FILE_MODE = 0o600


class SmsFile:
    """Appends each message to a file, for a demo, a test, or a gateway that reads a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, phone: str, text: str) -> None:
        """One JSON line, on the disk when this returns. Raises MessageNotSent."""
        line = json.dumps({"phone": phone, "text": text}, ensure_ascii=False) + "\n"
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
            with os.fdopen(descriptor, "ab") as file:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise MessageNotSent from error
