"""A sealed file opens to the same bytes, and to nothing where it was cut, reordered, changed, or sealed under another key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ledger_service.adapters import sealed_files
from ledger_service.adapters.sealed_files import SealedFileBroken, open_file, seal_file

KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32
PIECE = 64
HEADER = 32


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_files, "PIECE_BYTES", PIECE)


def sealed(folder: Path, content: bytes) -> Path:
    source, target = folder / "plain", folder / "sealed"
    source.write_bytes(content)
    seal_file(source, target, KEY, lambda count: b"\x07" * count)
    return target


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE])
def test_what_was_sealed_opens_to_the_same_bytes(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * 2
    target = sealed(tmp_path, content[:size])
    open_file(target, tmp_path / "opened", KEY)
    assert (tmp_path / "opened").read_bytes() == content[:size]
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("sealed", "opened")} == {0o600}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[: HEADER + PIECE + 16],  # the end is missing, and what is left are whole pieces
        lambda data: data[:HEADER],
        lambda data: data[:HEADER] + data[HEADER + 80 : HEADER + 160] + data[HEADER : HEADER + 80] + data[HEADER + 160 :],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data + data[-80:],
    ],
    ids=["cut", "cut at a piece", "emptied", "reordered", "changed", "header changed", "longer"],
)  # fmt: skip
def test_what_is_not_what_was_sealed_does_not_open(tmp_path: Path, change: object) -> None:
    target = sealed(tmp_path, b"x" * 3 * PIECE)
    target.write_bytes(change(target.read_bytes()))  # type: ignore[operator]
    with pytest.raises(SealedFileBroken):
        open_file(target, tmp_path / "opened", KEY)


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    target = sealed(tmp_path, b"x")
    with pytest.raises(SealedFileBroken):
        open_file(target, tmp_path / "opened", OTHER_KEY)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    sealed(tmp_path, b"x")
    with pytest.raises(FileExistsError):
        sealed(tmp_path, b"y")
