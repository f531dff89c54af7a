"""The unit of work: one command, one transaction, with its repositories at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from ledger_service.journal.access_log import LOOKING, AccessLog
from ledger_service.journal.account_ends import AccountEnds
from ledger_service.journal.accounts import Accounts
from ledger_service.journal.actors import Actors
from ledger_service.journal.approvals import Approvals
from ledger_service.journal.arrivals import Arrivals
from ledger_service.journal.attendances import Attendances
from ledger_service.journal.audit_log import AuditLog
from ledger_service.journal.backlog import Backlog
from ledger_service.journal.batches import Batches
from ledger_service.journal.chain_marks import ChainMarks
from ledger_service.journal.checks import Checks
from ledger_service.journal.closes import Closes
from ledger_service.journal.conflicts import Deadlock, RowConflict
from ledger_service.journal.consents import Consents
from ledger_service.journal.conversions import Conversions
from ledger_service.journal.corrections import Corrections
from ledger_service.journal.courses import Courses
from ledger_service.journal.credentials import Credentials
from ledger_service.journal.desk_keys import DeskKeyOrders
from ledger_service.journal.entries import Entries
from ledger_service.journal.expiries import Expiries
from ledger_service.journal.findings import FindingRows
from ledger_service.journal.freezes import Freezes
from ledger_service.journal.gifts import Gifts
from ledger_service.journal.helpers import Helpers
from ledger_service.journal.idempotency import Idempotency
from ledger_service.journal.keepsakes import Keepsakes
from ledger_service.journal.kept_logs import KeptLogs
from ledger_service.journal.kept_rows import KeptRows
from ledger_service.journal.limits import Limits
from ledger_service.journal.locks import WRITE_WAIT_SECONDS, WriteTurns, intake_lock
from ledger_service.journal.loose_acts import LooseActs
from ledger_service.journal.lots import Lots
from ledger_service.journal.master import Master
from ledger_service.journal.master_changes import MasterChanges
from ledger_service.journal.messages import Messages
from ledger_service.journal.notices import Notices
from ledger_service.journal.objections import Objections
from ledger_service.journal.offers import Offers
from ledger_service.journal.orders import Orders
from ledger_service.journal.outside import Outside
from ledger_service.journal.passkeys import Passkeys
from ledger_service.journal.people import People
from ledger_service.journal.posts import Posts
from ledger_service.journal.records import Records
from ledger_service.journal.replaced import Replaced
from ledger_service.journal.returning import Returning
from ledger_service.journal.sealing import Sealing
from ledger_service.journal.sessions import Sessions, Throttles
from ledger_service.journal.settling import Settling
from ledger_service.journal.sign_on import SignOn
from ledger_service.journal.spending import Spending
from ledger_service.journal.transactions import Transactions
from ledger_service.journal.treasury_keepsakes import TreasuryKeepsakes
from ledger_service.journal.untold import UntoldMoves
from ledger_service.journal.upkeep import Upkeep

DEADLOCK_STATES = frozenset({"40P01", "40001"})


class Unit:
    """What a transaction can reach. A repository method says whether it writes; only a unit of `Journal.write` may."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.connection)

    @cached_property
    def people(self) -> People:
        return People(self.connection)

    @cached_property
    def actors(self) -> Actors:
        return Actors(self.connection)

    @cached_property
    def master(self) -> Master:
        return Master(self.connection)

    @cached_property
    def limits(self) -> Limits:
        return Limits(self.connection)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self.connection)

    @cached_property
    def records(self) -> Records:
        return Records(self.connection)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self.connection)

    @cached_property
    def desk_keys(self) -> DeskKeyOrders:
        return DeskKeyOrders(self.connection)

    @cached_property
    def passkeys(self) -> Passkeys:
        return Passkeys(self.connection)

    @cached_property
    def sign_on(self) -> SignOn:
        return SignOn(self.connection)

    @cached_property
    def entries(self) -> Entries:
        return Entries(self.connection)

    @cached_property
    def spending(self) -> Spending:
        return Spending(self.connection)

    @cached_property
    def gifts(self) -> Gifts:
        return Gifts(self.connection)

    @cached_property
    def lots(self) -> Lots:
        return Lots(self.connection)

    @cached_property
    def expiries(self) -> Expiries:
        return Expiries(self.connection)

    @cached_property
    def corrections(self) -> Corrections:
        return Corrections(self.connection)

    @cached_property
    def conversions(self) -> Conversions:
        return Conversions(self.connection)

    @cached_property
    def ends(self) -> AccountEnds:
        return AccountEnds(self.connection)

    @cached_property
    def freezes(self) -> Freezes:
        return Freezes(self.connection)

    @cached_property
    def untold(self) -> UntoldMoves:
        return UntoldMoves(self.connection)

    @cached_property
    def notices(self) -> Notices:
        return Notices(self.connection)

    @cached_property
    def courses(self) -> Courses:
        return Courses(self.connection)

    @cached_property
    def checks(self) -> Checks:
        return Checks(self.connection)

    @cached_property
    def closes(self) -> Closes:
        return Closes(self.connection)

    @cached_property
    def idempotency(self) -> Idempotency:
        return Idempotency(self.connection)

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(self.connection)

    @cached_property
    def sealing(self) -> Sealing:
        return Sealing(self.connection)

    @cached_property
    def batches(self) -> Batches:
        return Batches(self.connection)

    @cached_property
    def posts(self) -> Posts:
        return Posts(self.connection)

    @cached_property
    def settling(self) -> Settling:
        return Settling(self.connection)

    @cached_property
    def backlog(self) -> Backlog:
        return Backlog(self.connection)

    @cached_property
    def transactions(self) -> Transactions:
        return Transactions(self.connection)

    @cached_property
    def keepsakes(self) -> Keepsakes:
        return Keepsakes(self.connection)

    @cached_property
    def treasury_keepsakes(self) -> TreasuryKeepsakes:
        return TreasuryKeepsakes(self.connection)

    @cached_property
    def kept_logs(self) -> KeptLogs:
        return KeptLogs(self.connection)

    @cached_property
    def kept_rows(self) -> KeptRows:
        return KeptRows(self.connection)

    @cached_property
    def loose_acts(self) -> LooseActs:
        return LooseActs(self.connection)

    @cached_property
    def master_changes(self) -> MasterChanges:
        return MasterChanges(self.connection)

    @cached_property
    def outside(self) -> Outside:
        return Outside(self.connection)

    @cached_property
    def upkeep(self) -> Upkeep:
        return Upkeep(self.connection)

    @cached_property
    def replaced(self) -> Replaced:
        return Replaced(self.connection)

    @cached_property
    def returning(self) -> Returning:
        return Returning(self.connection)

    @cached_property
    def findings(self) -> FindingRows:
        return FindingRows(self.connection)

    @cached_property
    def chain_marks(self) -> ChainMarks:
        return ChainMarks(self.connection)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.connection)

    @cached_property
    def throttles(self) -> Throttles:
        return Throttles(self.connection)

    @cached_property
    def arrivals(self) -> Arrivals:
        return Arrivals(self.connection)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.connection)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self.connection)

    @cached_property
    def offers(self) -> Offers:
        return Offers(self.connection)

    @cached_property
    def objections(self) -> Objections:
        return Objections(self.connection)

    @cached_property
    def helpers(self) -> Helpers:
        return Helpers(self.connection)

    @cached_property
    def attendances(self) -> Attendances:
        return Attendances(self.connection)

    @cached_property
    def access_log(self) -> AccessLog:
        return AccessLog(self.connection)


class WriteUnit(Unit):
    """A unit that may write. Leaving it without `commit` rolls everything back."""

    def commit(self) -> None:
        """Make the unit's work durable, with the access log's rows of the people it touched. A unit commits once."""
        looking = LOOKING.get()
        if looking is not None:
            self.access_log.write(looking)
        self.connection.commit()
        if looking is not None:
            looking.all_written()


class Journal:
    """The books behind one engine."""

    def __init__(self, engine: Engine, *, write_wait_seconds: int = WRITE_WAIT_SECONDS) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._write_engine = engine.execution_options(boram_write=True)
        self._turn: Any = WriteTurns(write_wait_seconds) if self.is_sqlite else nullcontext()
        self.intake_lock = intake_lock(engine)

    @contextmanager
    def write(self) -> Iterator[WriteUnit]:
        """A transaction that may write: serial on SQLite, READ COMMITTED with row locks on PostgreSQL.

        Raises RowConflict where a constraint refuses, Deadlock where PostgreSQL ended it, TakesTooLong where no turn came. Rows are locked in one
        order everywhere: approval or enrolment, course, hold or redemption, account, limits, and the counter of journal numbers last.
        """
        with self._turn, self._write_engine.connect() as connection:
            connection.begin()
            try:
                yield WriteUnit(connection)
            except IntegrityError as error:
                raise RowConflict from error
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) in DEADLOCK_STATES:
                    raise Deadlock from error
                raise

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """A transaction that only reads; on SQLite it sees one moment."""
        with self.engine.connect() as connection:
            yield Unit(connection)

    @contextmanager
    def read_moment(self) -> Iterator[Unit]:
        """A transaction that only reads, and sees one moment however many questions it asks: for sums that have to fit together."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield Unit(connection)
