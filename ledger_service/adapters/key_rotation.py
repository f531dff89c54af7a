"""A new master key in the place of the old one, for a home on which nothing runs.

The new key lies beside the old one until all is done, and every step may be done again: a rotation that was cut short is finished by running it
once more, and until then nothing starts. Afterwards the old key opens nobody's data and no second factor, and no process starts with it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger_service.adapters.home import move_secret
from ledger_service.adapters.secrets import next_key_path, read_master_key, write_master_key
from ledger_service.domain.kill_points import KillPoints
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import MasterKey, SealBroken, Vault

PEOPLE_A_STEP = 500
MASTER_KEY_MARK = "master key"  # of an installation: whose books they are


def rotate_master_key(
    path: Path,
    journal: Journal,
    vault_of: Callable[[MasterKey], Vault],
    random_bytes: Callable[[int], bytes],
    now: int,
    kill_points: KillPoints,
    people_a_step: int = PEOPLE_A_STEP,
) -> None:
    """Rotate, or finish what was begun."""
    old = read_master_key(path)
    assert old is not None, "a home has a master key before it is rotated"
    coming = next_key_path(path)
    new = read_master_key(coming)
    if new is None:
        new = write_master_key(coming, old.root, random_bytes)
    kill_points.reach("after_new_key")
    older, newer = vault_of(old), vault_of(new)
    last = older.rewrap(newer, "", people_a_step)
    while last is not None:
        kill_points.reach("after_rewrap")
        last = older.rewrap(newer, last, people_a_step)
    _reseal_secrets(journal, older, newer)
    kill_points.reach("after_reseal")
    with journal.write() as unit:
        unit.master.set_installation_mark(MASTER_KEY_MARK, newer.fingerprint)
        unit.audit_log.write(now, "system", "rotate master key", newer.fingerprint.hex()[:16])
        unit.commit()
    kill_points.reach("after_mark")
    move_secret(coming, path)


def _reseal_secrets(journal: Journal, older: Vault, newer: Vault) -> None:
    with journal.write() as unit:
        for actor_id, sealed in unit.credentials.sealed_secrets():
            try:
                newer.open_secret(actor_id, sealed)
            except SealBroken:
                unit.credentials.reseal(actor_id, newer.seal_secret(actor_id, older.open_secret(actor_id, sealed)))
        unit.commit()
