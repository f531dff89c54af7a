"""The two databases of an installation, the books and the people's keys: held, opened, and what to say where they cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger_service.adapters.home import lock_database
from ledger_service.config import Settings
from ledger_service.errors import Unavailable
from ledger_service.journal.engine import open_engine
from ledger_service.journal.locks import starting
from ledger_service.journal.migrate import migrate
from ledger_service.journal.snapshot import is_empty

DATABASE_ERRORS = (OperationalError, InterfaceError, PoolTimeout)
"""Of a database that does not answer now."""


class BooksUnusable(Unavailable):
    """The books or the people's keys cannot be opened: no such server, folder or database, or another kind of file."""

    code = "books_unusable"


@contextmanager
def held_databases(settings: Settings) -> Iterator[None]:
    """Hold those that are files of this machine, for this process alone. Raises HomeBusy."""
    with ExitStack() as stack:
        for path in _files(settings):
            stack.callback(lock_database(path).release)
        yield


@contextmanager
def open_databases(settings: Settings) -> Iterator[tuple[Engine, Engine]]:
    """The books and the people's keys, each behind its engine."""
    books, people_keys = open_engine(settings.books_url), open_engine(settings.key_books_url)
    try:
        yield books, people_keys
    finally:
        people_keys.dispose()
        books.dispose()


@contextmanager
def starting_books(settings: Settings, books: Engine) -> Iterator[None]:
    """Alone among all that start on these books, whose schema is brought to this version. Raises BooksUnusable."""
    with usable_books(settings), starting(books):
        migrate(books)
        yield


@contextmanager
def usable_books(settings: Settings) -> Iterator[None]:
    """Where a database cannot be opened or is none, say which and what to do."""
    try:
        yield
    except DBAPIError as error:
        places = " · ".join(make_url(url).render_as_string() for url in (settings.books_url, settings.key_books_url))
        said = str(error.orig).strip().partition("\n")[0]
        raise BooksUnusable(
            f"the books cannot be opened ({said}). Look at BORAM_DATABASE_URL and BORAM_KEYS_URL, and whether the database runs: {places}",
            f"장부를 열 수 없습니다({said}). BORAM_DATABASE_URL·BORAM_KEYS_URL 설정과 데이터베이스가 실행 중인지 확인하세요: {places}",
        ) from None
    except CommandError as error:
        raise BooksUnusable(
            f"the books are of another version of boram ({error}): start the version that wrote them, or a later one",
            f"다른 버전의 boram이 만든 장부입니다({error}). 그 버전이나 더 새로운 버전을 실행하세요",
        ) from None


def has_books(settings: Settings) -> bool:
    """Whether there are books or people's keys already, which a new master key could never read."""
    for url in (settings.books_url, settings.key_books_url):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
            continue
        engine = open_engine(url)
        try:
            with usable_books(settings):
                if not is_empty(engine):
                    return True
        finally:
            engine.dispose()
    return False


def _files(settings: Settings) -> list[Path]:
    """The databases that are files of this machine."""
    files = []
    for url in dict.fromkeys((settings.books_url, settings.key_books_url)):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            path = Path(parsed.database).absolute()
            if path.parent.is_dir():  # where it is not, opening the database says so
                files.append(path)
    return files
