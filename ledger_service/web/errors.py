"""Pages for what went wrong: a heading, what to do, and the number to ask with. A form that failed on our side can be sent again."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlencode

from starlette.responses import Response

from ledger_service.domain.actors import Role
from ledger_service.errors import BoramError, Unavailable
from ledger_service.web.visit import SECRETS, Visit

_TITLES = {
    403: "지금은 할 수 없습니다",
    404: "찾는 내용이 없습니다",
    405: "찾는 내용이 없습니다",
    413: "파일이 너무 큽니다",
    409: "지금은 할 수 없습니다",
    422: "입력을 확인해 주세요",
    429: "잠시 뒤에 다시 해 주세요",
    500: "처리 중 문제가 생겼습니다",
    503: "잠시 뒤에 다시 해 주세요",
}
RETRY_SECONDS = "5"
_NOT_FOR_YOU = "이 화면은 볼 수 없습니다"
_CANNOT = "처리할 수 없습니다"


class PageNotForRole(BoramError):
    """The page is for other roles. Fields: roles."""

    code = "page_not_for_role"
    status = 403


class PageFailed(BoramError):
    """Something of ours failed; nothing of it is said but the number to ask with."""

    code = "page_failed"
    status = 500


class PageMethod(BoramError):
    """The address is there and takes another method."""

    code = "page_method"
    status = 405


ROLE_WORDS = {
    Role.CLERK: "센터 입력 담당",
    Role.APPROVER: "센터 승인 담당",
    Role.VENUE: "사용처 창구",
    Role.REGISTRAR: "회원 등록 담당",
    Role.OFFICE: "코인 담당 부서",
    Role.AUDITOR: "감사",
    Role.ADMIN: "계정 관리자",
    Role.RESIDENT: "주민",
}


def not_for(roles: Collection[Role]) -> PageNotForRole:
    """The error for somebody without one of a page's roles."""
    *others, last = [ROLE_WORDS[role] for role in Role if role in roles]
    wanted = f"{', '.join(others)} 또는 {last}" if others else last
    return PageNotForRole(
        f"this page is for: {', '.join(sorted(roles))}", f"이 화면은 {wanted}만 볼 수 있습니다", roles=sorted(roles)
    )


def database_busy() -> Unavailable:
    """The error for a database that did not answer."""
    return Unavailable(
        "the books did not answer in time; nothing was lost: send the same once more",
        "장부가 제때 응답하지 않았습니다. 같은 내용을 다시 보내도 두 번 처리되지 않습니다",
    )


def files_busy() -> Unavailable:
    """The error for more files than are worked on at once; nothing was read."""
    return Unavailable(
        "several files are being worked on: send the same once more in a few seconds",
        "파일 여러 개를 처리하고 있습니다. 잠시 뒤 같은 파일을 다시 보내 주세요",
    )


def internal() -> PageFailed:
    """The error for our own fault."""
    return PageFailed(
        "something went wrong on our side: call with the number below",
        "처리 중 문제가 생겼습니다. 아래 문의 번호를 알려 주시면 확인해 드립니다",
    )


def wrong_method() -> PageMethod:
    """The error for an address that is opened in another way."""
    return PageMethod(
        "this address is not a page to open", "주소를 직접 열 수 없는 화면입니다. 처음부터 다시 해 주세요"
    )


def back_query(path: str) -> str:
    """`back=…` for the way back after signing in."""
    return urlencode({"back": path})


def words(visit: Visit, error: BoramError) -> str:
    """What an error says, in the visitor's language."""
    return error.message if visit.view.language == "en" else error.message_ko


def page(visit: Visit, error: BoramError, *, resend: bool, bare: bool = False) -> Response:
    """The page of an error. `bare`: the books are not asked for anything."""
    is_ours = error.status >= 500
    response = visit.render(
        "error.html",
        error.status,
        title=visit.say(_NOT_FOR_YOU if error.code == PageNotForRole.code else _TITLES.get(error.status, _CANNOT)),
        code=error.code,
        message=words(visit, error),
        request_id=getattr(visit.request.state, "request_id", ""),
        resend=resend and is_ours and visit.request.method == "POST" and "password" not in visit.fields,
        again=[(name, value) for name, value in visit.fields.items() if name not in SECRETS],
        asks_pin="pin" in visit.fields,
        is_ours=is_ours,
        bare=bare,
    )
    return with_wait(response, error)


def with_wait(response: Response, error: BoramError) -> Response:
    """Say when it may be tried again, where that is known."""
    if error.status == 503:
        response.headers["retry-after"] = RETRY_SECONDS
    elif "seconds" in error.fields:
        response.headers["retry-after"] = str(error.fields["seconds"])
    return response
