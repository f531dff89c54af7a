"""`boram admin create`: the first administrator of a home, who signs in with a password and a second factor."""

from __future__ import annotations

import sys
from pathlib import Path

from ledger_service.bootstrap.installation import installed
from ledger_service.commands.show import say
from ledger_service.config import read_settings
from ledger_service.domain.actors import Actor, Role
from ledger_service.errors import Refused
from ledger_service.services.accounts import invite_in

BY = "system"


class AdminThere(Refused):
    """An administrator signs in already: they invite others, and another administrator helps after a lost phone."""

    code = "admin_there"


def create_admin(home: Path | None, name: str) -> None:
    """Add the administrator, or take the one who has no password yet, and print an invitation once."""
    with installed(read_settings(home=home)) as installation:
        context = installation.context
        with context.journal.write() as unit:
            for one in unit.actors.all():
                found = unit.credentials.of(one.id)
                if one.has(Role.ADMIN) and found is not None and found.confirmed_at is not None:
                    raise AdminThere(
                        f"{one.name} is an administrator already, and invites others",
                        f"이미 {one.name} 관리자가 있습니다. 그 관리자가 다른 사람을 초대합니다",
                    )
            actor = unit.actors.by_name(name)
            if actor is None:
                actor = Actor(context.new_id(), name, frozenset({Role.ADMIN}), frozenset())
                unit.actors.add(actor, None, context.clock.now())
                unit.audit_log.write(context.clock.now(), BY, "add actor", actor.id, roles=[Role.ADMIN])
            elif not actor.has(Role.ADMIN):
                raise AdminThere(
                    f"{name} is no administrator: choose another name",
                    f"{name} 계정은 관리자가 아닙니다. 다른 이름을 쓰세요",
                )
            secret = invite_in(context, unit, BY, actor)
            unit.commit()
    say(
        f"invitation of {name}, shown once, good for three days; they set password and second factor at /invitation of the service's address:",
        f"{name} 관리자 초대 번호입니다. 한 번만 표시되고 3일 동안 유효합니다. 서비스 주소의 /invitation 화면에서 비밀번호를 정하세요:",
    )
    sys.stdout.write(secret + "\n")
