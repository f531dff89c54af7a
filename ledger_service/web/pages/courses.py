"""Courses from a file: the coin office's for every venue, and a venue's own. They bind nobody, so they are there at once."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from ledger_service.errors import BoramError
from ledger_service.reads import catalogue
from ledger_service.reads.catalogue import DeskLine
from ledger_service.reads.master_files import courses_to_come
from ledger_service.reads.paging import PAGE_ROWS_DEFAULT
from ledger_service.services import loading
from ledger_service.web.file_columns import COURSES, column_lines, filled_in
from ledger_service.web.pages.venue import desk_of
from ledger_service.web.visit import Visit

CODE_LENGTH_SHOWN_MAX = 40
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose courses a page is of: one venue's, or (None) everybody's."""

    address: str
    desk: DeskLine | None

    @property
    def number(self) -> int | None:
        return None if self.desk is None else self.desk.number


def courses(visit: Visit, error: BoramError | None = None) -> Response:
    """The courses by code, what became of the last file, and the form for another."""
    place, query = _place_of(visit), visit.request.query_params
    after = query.get("after", "")[:CODE_LENGTH_SHOWN_MAX]
    page = catalogue.courses(visit.context.journal, visit.today, after, PAGE_ROWS_DEFAULT, place.number)
    added, known = visit.number_in_query("added"), visit.number_in_query("known")
    return visit.render(
        "courses.html",
        error.status if error else 200,
        place=place,
        page=page,
        names={one.number: one.name for one in catalogue.places(visit.context.journal)},
        columns=column_lines(COURSES),
        loaded=None if added is None or known is None else (added, known, visit.number_in_query("differing") or 0),
        error=error,
    )


def courses_again(visit: Visit, error: BoramError) -> Response:
    """The page with what is wrong, by line."""
    return courses(visit, error)


def load(visit: Visit) -> Response:
    """Add the courses of the file."""
    place, upload = _place_of(visit), visit.upload()
    answer = loading.load_courses(visit.context, visit.me, visit.once(), upload.data)
    return visit.go(place.address, **answer)


def to_come(visit: Visit) -> Response:
    """A file of the courses that are not over: what the next term's is made from."""
    rows = courses_to_come(visit.context.journal, visit.today, _place_of(visit).number)
    return visit.file(filled_in(COURSES, rows), CSV, f"{COURSES}.csv")


def to_fill(visit: Visit) -> Response:
    """A file of courses without rows."""
    return visit.file(filled_in(COURSES, []), CSV, f"{COURSES}.csv")


def _place_of(visit: Visit) -> _Place:
    if "desk" not in visit.path:
        return _Place("/office/courses", None)
    desk = desk_of(visit)
    return _Place(f"/desk/{desk.number}/courses", desk)
