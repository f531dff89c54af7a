"""What anybody may see: what the coins did, the rates, courses, places, and how to verify. And how the pages look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlsplit

from starlette.responses import Response

from ledger_service.domain.days import date_of
from ledger_service.domain.entries import UNITS_MAX
from ledger_service.errors import BoramError, NotFound
from ledger_service.reads import catalogue, chain, status
from ledger_service.reads.catalogue import CoinValueLine
from ledger_service.reads.entries import SETTLED
from ledger_service.reads.paging import PAGE_ROWS_MAX
from ledger_service.services import accept
from ledger_service.web.charts import bars
from ledger_service.web.plan import draw
from ledger_service.web.receipt_code import read_receipt_code
from ledger_service.web.remembered import dongs_of, gathered, impact_of
from ledger_service.web.visit import LANGUAGES, SIZES, VIEW_COOKIE_SECONDS, FieldInvalid, Visit

DESK_MAX = 65_535
SLOWLY_AFTER_SECONDS = 90  # most are in the ledger within a minute
JOURNAL_NO_MAX = 2**32 - 1


def home(visit: Visit) -> Response:
    """The first page."""
    return visit.render("public/home.html", impact=impact_of(visit), value=_value(visit))


def impact(visit: Visit) -> Response:
    """What the coins did for the district."""
    found = impact_of(visit)
    charts = {
        "months": bars([(visit.formats.month(one.month), one.credited) for one in found.months]),
        "deeds": bars([(one.name, one.coins) for one in found.deeds]),
    }
    return visit.render(
        "public/impact.html",
        impact=found,
        charts=charts,
        dongs=dongs_of(visit),
        budget=catalogue.desks(visit.context.journal, visit.today),
        value=_value(visit),
    )


def rates(visit: Visit) -> Response:
    """The one rate table, what was and what is to come."""
    found = catalogue.programmes(visit.context.journal)
    today = visit.today
    now, coming, past = [], [], []
    for line in found.programmes:
        if line.last_day is not None and line.last_day < today:
            past.append(line)
        elif line.first_day > today:
            coming.append(line)
        else:
            now.append(line)
    return visit.render(
        "public/rates.html",
        now=now,
        coming=coming,
        past=past,
        values=_with_last_days(found.coin_values),
        value=_value(visit),
    )


def places(visit: Visit) -> Response:
    """Where coins are taken, by dong, and for which courses."""
    venues = catalogue.places(visit.context.journal)
    listed = catalogue.courses(visit.context.journal, visit.today, "", PAGE_ROWS_MAX).courses
    by_desk = {
        place.number: [one for one in listed if one.desk == place.number and one.last_day >= visit.today]
        for place in venues
    }
    tiles = visit.ports.brand.plan
    order = {tile.name: place for place, tile in enumerate(tiles)}
    found = {place.dong for place in venues}
    dongs = sorted(found, key=lambda dong: (not dong, order.get(dong, len(order)), dong))
    groups = [(dong, [place for place in venues if place.dong == dong]) for dong in dongs]
    return visit.render(
        "public/places.html",
        groups=groups,
        anchors={dong: place for place, dong in enumerate(dongs, start=1)},
        plan=draw(tiles, {dong: len(there) for dong, there in groups}) if tiles and found - {""} else None,
        courses=by_desk,
        funds=[fund for fund in catalogue.programmes(visit.context.journal).funds if fund.active],
        gathered=gathered(visit),
        value=_value(visit),
    )


def courses(visit: Visit) -> Response:
    """The courses with their price in coins."""
    after = visit.request.query_params.get("after", "")[:32]
    page = catalogue.courses(visit.context.journal, visit.today, after, PAGE_ROWS_MAX)
    names = {place.number: place.name for place in catalogue.places(visit.context.journal)}
    running = [one for one in page.courses if one.last_day >= visit.today]
    return visit.render(
        "public/courses.html", courses=running, next_after=page.next_after, places=names, value=_value(visit)
    )


def verify(visit: Visit) -> Response:
    """How anybody checks the ledger; a batch is found by the numbers on a receipt."""
    desk, seq = visit.number_in_query("desk"), visit.number_in_query("seq")
    if desk is not None and seq is not None:
        return visit.go(f"/verify/{desk}/{seq}")
    found = status.status(visit.context.journal, visit.now, visit.today)
    return visit.render("public/verify.html", standing=found, value=_value(visit))


def batch(visit: Visit) -> Response:
    """One batch as the public may see it: its head and where it stands, nobody's account."""
    desk, seq = visit.number_in_path("desk"), visit.number_in_path("seq")
    if desk > DESK_MAX or not 1 <= seq <= UNITS_MAX:
        raise NotFound("there is no such batch", "그 번호의 기록 묶음이 없습니다")
    found = chain.batches_page(visit.context.journal, desk, f"{desk}-{seq - 1}", 1).batches
    if not found or found[0].seq != seq:
        raise NotFound("there is no such batch", "그 번호의 기록 묶음이 없습니다")
    names = {line.number: line.name for line in catalogue.desks(visit.context.journal, visit.today).desks}
    standing = status.status(visit.context.journal, visit.now, visit.today)
    return visit.render("public/batch.html", batch=found[0], place=names[desk], standing=standing, value=_value(visit))


def proof(visit: Visit) -> Response:
    """Where the entry of a paper receipt stands: what its second QR code leads to. It tells nobody's account and no amount."""
    return visit.render("public/proof.html", place=_entry_place(visit), checked=None, error=None)


def entry_state(visit: Visit) -> Response:
    """The part of a receipt's page that moves: nothing while it stands as it did, so that nobody is told the same again."""
    place, is_slow = _entry_place(visit), "slowly" in visit.request.query_params
    if place.state not in SETTLED and is_slow == (visit.now - place.accepted_at >= SLOWLY_AFTER_SECONDS):
        return Response(status_code=204)
    return visit.render("public/state.html", place=place)


def check_form(visit: Visit, error: BoramError | None = None) -> Response:
    """The fields for a receipt's number, which leads to its place, and for the text of its QR code."""
    typed = visit.request.query_params.get("number", "")
    if typed and error is None:
        number = chain.entry_place(visit.context.journal, _receipt_number(typed)).journal_no
        return visit.go(f"/proof/{number}")
    return visit.render("public/check.html", error.status if error else 200, typed=typed, error=error)


def check_again(visit: Visit, error: BoramError) -> Response:
    """The fields with what is wrong."""
    return check_form(visit, error)


def check(visit: Visit) -> Response:
    """Whether a receipt is ours, and whether the books have it: only whoever holds the paper knows what to type."""
    found = read_receipt_code(visit.text("code"))
    if found is None:
        raise FieldInvalid(
            "this is not the text of a receipt's QR code", "영수증 QR의 글이 아닙니다. 다시 읽어 주세요", field="code"
        )
    fields, signature = found
    if not accept.is_own_receipt(visit.context, fields, signature):
        raise FieldInvalid(
            "we did not sign this: a receipt of ours reads otherwise",
            "저희가 서명한 영수증이 아닙니다. 글자가 바뀌지 않았는지 확인해 주세요",
            field="code",
        )
    is_kept = accept.receipt_is_kept(visit.context, fields)
    place = chain.entry_place(visit.context.journal, fields[0]) if is_kept else None
    return visit.render("public/proof.html", place=place, checked=date_of(fields[6]), error=None)


def change_view(visit: Visit) -> Response:
    """Text size, contrast or language; kept in a cookie of this browser, nowhere else."""
    query = visit.request.query_params
    response = visit.go(local_path(query.get("back", "/")))
    is_secure = visit.request.url.scheme == "https"
    for name, allowed in (("size", SIZES), ("lang", LANGUAGES), ("contrast", ("high", "normal"))):
        wanted = query.get(name)
        if wanted in allowed:
            response.set_cookie(
                name,
                str(wanted),
                max_age=VIEW_COOKIE_SECONDS,
                path="/",
                httponly=True,
                samesite="lax",
                secure=is_secure,
            )
    return response


def local_path(path: str) -> str:
    """A way back within this site, or the first page: never to another one."""
    parts = urlsplit(path)
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_local and path.isprintable() and "\\" not in path else "/"


def _value(visit: Visit) -> int | None:
    return catalogue.coin_value(visit.context.journal, visit.today)


def _with_last_days(values: Sequence[CoinValueLine]) -> list[tuple[CoinValueLine, date | None]]:
    """Newest first, each until the day before the next."""
    ordered = sorted(values, key=lambda one: one.first_day, reverse=True)
    return list(zip(ordered, [None, *(one.first_day - timedelta(days=1) for one in ordered)], strict=False))


def _receipt_number(typed: str) -> int:
    """A receipt's number as it is printed or typed: 1,234번, no. 1234, full-width digits."""
    digits = re.sub(r"[\s,.]|번|no", "", unicodedata.normalize("NFKC", typed).lower())
    if not re.fullmatch(r"[0-9]{1,10}", digits):
        raise FieldInvalid("the receipt's number: digits, please", "영수증 번호를 숫자로 적어 주세요", field="number")
    return _of_receipts(int(digits))


def _of_receipts(number: int) -> int:
    if number > JOURNAL_NO_MAX:
        raise NotFound("there is no such receipt", "해당 번호의 영수증이 없습니다", field="number")
    return number


def _entry_place(visit: Visit) -> chain.EntryPlace:
    return chain.entry_place(visit.context.journal, _of_receipts(visit.number_in_path("journal_no")))
