"""A centre that keeps its own key: the service hands batches over and takes signatures, and can sign nothing itself."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ledger_service.adapters.signed_batches import SecondDigest
from ledger_service.chain.signing import create_keystore
from ledger_service.commands.sign import sign
from ledger_service.domain.handover import HandoverUnreadable, read, shown, written
from ledger_service.domain.hashing import keccak
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import Town, signer

DESK = 1


@pytest.fixture
def waiting(place: Place) -> tuple[Place, Any]:
    """Credits of a desk whose key is outside, sealed and waiting; and its poster."""
    place.town.keys.outside.add(DESK)
    people = place.town.found()
    poster = place.poster()
    poster.prepare()
    place.town.credit(DESK, people)
    poster.run_until_quiet()
    return place, poster


def handover(town: Town, poster: Any) -> dict[str, Any]:
    with town.journal.read() as unit:
        batches = [row.batch for row in unit.batches.sealed(10) if row.batch.desk == DESK]
    return written(poster._context.domain if hasattr(poster, "_context") else domain_of(poster), DESK, batches)


def domain_of(poster: Any) -> Any:
    return poster.context.domain


class Centre:
    """The centre's own machine: a keystore, its passphrase, and what it has signed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.key, self.passphrase, self.out = folder / "key.json", folder / "passphrase", folder / "signatures.json"
        if not self.key.exists():
            create_keystore(self.key, keccak(f"posting test desk {DESK}".encode()), "a passphrase", light=True)
            self.passphrase.touch(0o600)
            self.passphrase.write_text("a passphrase\n")
        self.file = folder / "batches.json"

    def sign(self, content: dict[str, Any]) -> dict[str, Any]:
        self.file.write_text(json.dumps(content))
        assert sign(self.file, self.out, self.key, self.passphrase, ask=False)
        return dict(json.loads(self.out.read_text()))


def offer(town: Town, signed: dict[str, Any]) -> None:
    with town.journal.write() as unit:
        for one in signed["batches"]:
            for each in one["signatures"]:
                unit.offers.offer(
                    DESK, one["seq"], bytes.fromhex(one["head"][2:]), bytes.fromhex(each[2:]), town.clerk, 1
                )
        unit.commit()


def state(town: Town) -> dict[str, int]:
    with town.journal.read() as unit:
        return dict(unit.backlog.batches_by_state())


def test_what_the_centre_signs_is_posted(waiting: tuple[Place, Any], tmp_path: Path) -> None:
    place, poster = waiting
    assert state(place.town) == {"sealed": 1}
    offer(place.town, Centre(tmp_path / "centre").sign(handover(place.town, poster)))
    poster.run_until_quiet()
    assert state(place.town) == {}


def test_a_signature_of_another_key_or_another_batch_is_dropped(waiting: tuple[Place, Any], tmp_path: Path) -> None:
    place, poster = waiting
    content = handover(place.town, poster)
    head = bytes.fromhex(content["batches"][0]["head"][2:])
    stranger = signer("stranger").sign_digest(head)
    other = signer(f"desk {DESK}").sign_digest(keccak(b"something else"))
    wrong = [
        {"seq": 1, "head": "0x" + head.hex(), "signatures": [f"0x{one.hex()}" for one in (stranger, other, bytes(65))]}
    ]
    offer(place.town, {"batches": wrong})
    poster.run_until_quiet()
    assert state(place.town) == {"sealed": 1}
    with place.town.journal.read() as unit:
        assert unit.offers.of(DESK, 1, head) == []
    offer(place.town, Centre(tmp_path / "centre").sign(content))
    poster.run_until_quiet()
    assert state(place.town) == {}


def test_the_digest_comes_from_the_entries_that_are_shown(waiting: tuple[Place, Any], tmp_path: Path) -> None:
    place, poster = waiting
    content = handover(place.town, poster)
    domain, [batch] = read(content)
    assert (shown(domain, batch).count, shown(domain, batch).units) == (20, 20)
    entries = content["batches"][0]["entries"]
    changed = copy.deepcopy(content)
    changed["batches"][0]["entries"] = entries[:-2] + ("00" if entries[-2:] != "00" else "01")
    with pytest.raises(HandoverUnreadable):
        Centre(tmp_path / "centre").sign(changed)
    assert not (tmp_path / "centre" / "signatures.json").exists()


def test_a_second_digest_at_a_place_is_never_signed(waiting: tuple[Place, Any], tmp_path: Path) -> None:
    place, poster = waiting
    content = handover(place.town, poster)
    centre = Centre(tmp_path / "centre")
    first = centre.sign(content)
    assert centre.sign(content) == first, "the same again is the same signature"
    domain, [batch] = read(content)
    other = written(
        domain, DESK, [type(batch)(**{name: getattr(batch, name) for name in batch.__slots__} | {"day": batch.day + 1})]
    )
    with pytest.raises(SecondDigest):
        Centre(tmp_path / "centre").sign(other)


def test_what_does_not_follow_is_never_signed(waiting: tuple[Place, Any], tmp_path: Path) -> None:
    place, poster = waiting
    content = handover(place.town, poster)
    centre = Centre(tmp_path / "centre")
    centre.sign(content)
    domain, [batch] = read(content)
    fields = {name: getattr(batch, name) for name in batch.__slots__}
    stray = type(batch)(**fields | {"seq": 2, "previous_head": keccak(b"another past")})
    with pytest.raises(SecondDigest):
        centre.sign(written(domain, DESK, [stray]))
    first = type(batch)(**fields | {"seq": 1, "previous_head": keccak(b"before the first")})
    with pytest.raises(SecondDigest):
        Centre(tmp_path / "another").sign(written(domain, DESK, [first]))


@pytest.mark.parametrize("content", [{}, [], {"version": 2, "batches": []}, {"version": 1, "batches": [{}]}, None])
def test_what_is_no_file_of_batches_is_refused(content: Any) -> None:
    with pytest.raises(HandoverUnreadable):
        read(content)
