"""The pages' words in English, by the Korean that the templates are written in. A Korean text without a row here fails a test."""

from __future__ import annotations

from ledger_service.web.words import (
    account,
    centre,
    files,
    helping,
    kiosk,
    objections,
    office,
    outcomes,
    public,
    registrar,
    resident,
    shared,
    staff,
    titles,
    treasury,
    venue,
)

PARTS = (
    account,
    centre,
    files,
    helping,
    kiosk,
    objections,
    office,
    outcomes,
    public,
    registrar,
    resident,
    shared,
    staff,
    titles,
    treasury,
    venue,
)
ENGLISH: dict[str, str] = {korean: english for part in PARTS for korean, english in part.WORDS.items()}
