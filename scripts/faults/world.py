"""What the clients of the load know of the district, and the files that they send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.faults.model import Slots

HEADER = "실적번호,회원번호,이름,생년월일,센터코드,활동코드,활동일,시작,종료,수량,비고"
CENTRE = "SVC"
BOUNDARY = "harness-boundary"
FILE_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True, slots=True)
class World:
    """What the clients know of the district."""

    tokens: dict[str, str]
    people: dict[str, str]
    """Ids by member number."""
    rows: dict[str, tuple[str, str]]
    """Name and date of birth by member number."""
    desks: dict[str, int]
    courses: tuple[str, ...]
    centre: int
    slots: Slots
    charge_desks: tuple[int, ...]
    holds_may_expire: bool = False
    """Whether the clock is moved, so that a hold may end before its time."""


def file_of(world: World, hours: Sequence[tuple[str, str, str, str, int]]) -> bytes:
    """A month's file with these hours, as a form that is sent as `FILE_TYPE`."""
    lines = [HEADER]
    for member, day, start, end, number in hours:
        name, birth_date = world.rows[member]
        lines.append(f"F{number},{member},{name},{birth_date},{CENTRE},VOL,{day},{start},{end},,")
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="month.csv"\r\n\r\n'
    return head.encode() + "\n".join(lines).encode() + f"\r\n--{BOUNDARY}--\r\n".encode()
