"""The root of Boram's errors. An error lives beside the rule that raises it; this module has only what all share."""

from __future__ import annotations

from typing import ClassVar


class BoramError(Exception):
    """Something a user can understand and mend.

    Subclasses set a stable `code` (for machines) and an HTTP `status`; the message says what is wrong and what to do, in
    English, and `message_ko` says the same in Korean. Data that a caller may need goes into `fields` (never personal data).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, message: str, message_ko: str | None = None, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.message_ko = message_ko or message
        self.fields = fields


class NotFound(BoramError):
    """What was named does not exist, or is not for this actor to see (the two look the same on purpose)."""

    code = "not_found"
    status = 404


class Forbidden(BoramError):
    """The actor is known but may not do this."""

    code = "forbidden"
    status = 403


class Refused(BoramError):
    """A well-formed request that the rules do not allow now; nothing was changed."""

    code = "refused"
    status = 409


class Invalid(BoramError):
    """A request whose content cannot be understood or is outside its bounds."""

    code = "invalid"
    status = 422


class Unavailable(BoramError):
    """A part that is needed is not ready; the same request can be sent again later."""

    code = "unavailable"
    status = 503
