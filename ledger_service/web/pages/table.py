"""What a page is: its handler, whom it is for, and the form that shows an error of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from ledger_service.domain.actors import Role
from ledger_service.errors import BoramError
from ledger_service.services.rate_limits import CODE, EXPORT, LOOKUP, UPLOAD
from ledger_service.web.visit import Visit

Handler = Callable[[Visit], Response]
Again = Callable[[Visit, BoramError], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """`roles` None: open to the public. `again` shows the form once more with what was typed and what is wrong with it.

    `helps`: the address names a help ({grant}), and the page is the helped resident's: "look" at it, or "sign_up" where that was allowed.
    `upload`: the form may hold a file. `knows_who`: a page that looks at the session at all. `checks_secret`: a slow hash is computed, so that
    few are at once. `looks_up`: it answers for any member number, so that few are asked a minute. `prints`: a file is
    made for it. `gives_code`: it makes a code to pay with. `asked_again`: a part of a page, which a script asks for
    every other second: that is no use of the session.
    """

    handler: Handler
    roles: frozenset[Role] | None
    again: Again | None = None
    upload: bool = False
    knows_who: bool = True
    checks_secret: bool = False
    looks_up: bool = False
    prints: bool = False
    gives_code: bool = False
    asked_again: bool = False
    helps: str | None = None

    @property
    def counted(self) -> list[str]:
        """The kinds of requests that are counted for all processes together (services/rate_limits.py)."""
        kinds = {LOOKUP: self.looks_up, UPLOAD: self.upload, EXPORT: self.prints, CODE: self.gives_code}
        return [kind for kind, is_counted in kinds.items() if is_counted]
