"""The program `boram`: its commands put together, run, and ended with the right code."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from ledger_service.cli import (
    approvals,
    closing,
    desks,
    findings,
    giving,
    loading,
    people,
    residents,
    service,
    treasury,
)
from ledger_service.cli.options import CANNOT, DONE, REFUSED
from ledger_service.commands import show
from ledger_service.commands.ask import RefusedByLedger
from ledger_service.commands.show import words
from ledger_service.environment import speaks_korean
from ledger_service.errors import BoramError

app = typer.Typer(
    name="boram",
    help=words("A civic reward ledger.", "공익활동 코인 원장."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
for room in (service, loading, approvals, residents, treasury, giving, closing, desks, people, findings):
    app.add_typer(room.app)


def main() -> NoReturn:
    """Run, and end with the right code; an error is one line, never a traceback."""
    try:
        result = app(standalone_mode=False)
    except RefusedByLedger as error:
        _end(error, REFUSED)
    except BoramError as error:
        _end(error, CANNOT)
    except KeyboardInterrupt:
        sys.exit(CANNOT)
    except UnicodeEncodeError:
        show.complain(
            words(
                "an argument or setting has bytes that are not UTF-8: type it again in a UTF-8 terminal",
                "인자나 설정에 UTF-8이 아닌 글자가 있습니다. UTF-8 터미널에서 다시 입력하세요",
            )
        )
        sys.exit(CANNOT)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or type(error).__name__
        show.complain(
            words(
                f"{what}{reason}. Look at the path and its permissions, then try again",
                f"{what}{reason}. 경로와 권한을 확인하고 다시 실행하세요",
            )
        )
        sys.exit(CANNOT)
    except Exception as error:  # noqa: BLE001  a terminal is no place for a traceback
        _usage(error)
    sys.exit(result if isinstance(result, int) else DONE)


def _end(error: BoramError, code: int) -> NoReturn:
    show.complain(error.message_ko if speaks_korean() else error.message)
    sys.exit(code)


def _usage(error: Exception) -> NoReturn:
    explain = getattr(error, "show", None)  # typer's own errors of use
    if explain is not None:
        explain()
    elif type(error).__module__.startswith("sqlalchemy."):  # by name: a client of a service loads none of it
        show.complain(
            words(
                f"the database does not answer ({type(error).__name__}): see that it runs, then try again",
                f"데이터베이스가 응답하지 않습니다({type(error).__name__}). 실행 중인지 확인하고 다시 실행하세요",
            )
        )
    else:
        name = type(error).__name__
        show.complain(words(f"unexpected {name}: please report it", f"예기치 않은 오류({name})입니다. 알려 주세요"))
    sys.exit(CANNOT)
