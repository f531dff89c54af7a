"""`BORAM_HOME`: where a service keeps its state, its secrets and its address; one process at a time, or several on PostgreSQL.

books.db  keys.db          the books and the people's keys, unless settings name other databases
secrets/  keys/  tokens/   0700, their files 0600
bundles/                   one file a batch, unless a setting names another folder
outbox/                    notices to people, one file a day
runtime.json               the address of the service that runs, while it runs; of several that with an API which started last
lock                       held by whoever works on this home
*.db.lock                  beside a SQLite database, held by the one process that works on it
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger_service.errors import Refused

if TYPE_CHECKING:
    from ledger_service.config import Settings

FOLDER_MODE = 0o700
FILE_MODE = 0o600
NAME_LENGTH_MAX = 64
SHARE_TRIES_MAX = 300  # a first start that makes the keys takes seconds
SHARE_POLL_SECONDS = 0.1
LOCK_TRIES_MAX = 20
LOCK_POLL_SECONDS = 0.05


class HomeBusy(Refused):
    """Another process works on this home."""

    code = "home_busy"


class HomeUnusable(Refused):
    """The home cannot be a folder of this process's own."""

    code = "home_unusable"


class SecretMissing(Refused):
    """A secret that this start needs is not there, and may not be made up."""

    code = "secret_missing"


class SecretExposed(Refused):
    """A secret file can be read by others."""

    code = "secret_exposed"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A service that runs: where it answers, and the chain it writes to."""

    address: str
    pid: int
    rpc_url: str
    contract: str
    chain_pid: int | None


@dataclass(frozen=True, slots=True)
class Home:
    """The folder's layout."""

    folder: Path

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    @property
    def bundles(self) -> Path:
        return self.folder / "bundles"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def runtime_file(self) -> Path:
        return self.folder / "runtime.json"

    def prepare(self) -> None:
        """Make the folders, closed to others; so is every file that this process makes from now on. Raises HomeUnusable."""
        os.umask(0o077)
        try:
            self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            for folder in (self.secrets, self.keys, self.tokens, self.bundles, self.outbox, self.logs):
                folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
                if stat.S_IMODE(folder.stat().st_mode) != FOLDER_MODE:
                    folder.chmod(FOLDER_MODE)
        except OSError as error:
            raise HomeUnusable(
                f"{error.filename or self.folder} cannot be a folder of boram ({error.strerror}): name another --home or BORAM_HOME",
                f"{error.filename or self.folder} 폴더를 쓸 수 없습니다({error.strerror}). 다른 --home 또는 BORAM_HOME을 지정하세요",
            ) from None

    def lock(self) -> HomeLock:
        """Become the one process on this home. Raises HomeBusy."""
        descriptor = self._open_lock()
        if not _wait_for_flock(descriptor):
            os.close(descriptor)
            raise self._busy()
        return HomeLock(descriptor)

    def share(self) -> HomeLock:
        """Become one of several processes on this home: alone until `HomeLock.share`, if no other is there yet. Raises HomeBusy."""
        descriptor = self._open_lock()
        for _ in range(SHARE_TRIES_MAX):
            if _try_flock(descriptor, fcntl.LOCK_EX) or _try_flock(descriptor, fcntl.LOCK_SH):
                return HomeLock(descriptor)
            time.sleep(SHARE_POLL_SECONDS)  # the first one is making the keys
        os.close(descriptor)
        raise self._busy()

    def is_locked(self) -> bool:
        """Whether some process works on this home."""
        return self._is_held(fcntl.LOCK_EX)

    def runtime(self) -> Runtime | None:
        """The service that runs here, if one does: a file left by a killed process does not count."""
        try:
            content = json.loads(self.runtime_file.read_bytes())
            found = Runtime(**{name: content[name] for name in Runtime.__slots__})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if self._is_held(fcntl.LOCK_SH):
            return found  # one process works here, and it has written this
        return found if self.is_locked() and _is_alive(found.pid) else None

    def _open_lock(self) -> int:
        return os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)

    def _busy(self) -> HomeBusy:
        running = self.runtime()
        where = f"process {running.pid} at {running.address}" if running else "another boram command"
        return HomeBusy(
            f"{self.folder} is in use by {where}: stop it first, or use another --home",
            f"{self.folder} 폴더를 이미 사용 중입니다({where}). 먼저 종료하거나 다른 --home을 쓰세요",
        )

    def _is_held(self, against: int) -> bool:
        """Whether another process holds a lock that keeps this kind out."""
        try:
            descriptor = os.open(self.folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return not _try_flock(descriptor, against)
        finally:
            os.close(descriptor)

    def write_runtime(self, runtime: Runtime) -> None:
        """Say where the service answers."""
        content = {name: getattr(runtime, name) for name in Runtime.__slots__}
        write_secret(self.runtime_file, json.dumps(content).encode())

    def clear_runtime(self, pid: int) -> None:
        """The service of this process answers no more. Where another one has written since, its address stays."""
        try:
            written_by = json.loads(self.runtime_file.read_bytes())["pid"]
        except (OSError, ValueError, KeyError, TypeError):
            written_by = None
        if written_by in (pid, None):
            self.runtime_file.unlink(missing_ok=True)

    def token_file(self, name: str) -> Path:
        """Where the token of an actor's name is kept."""
        if not name or len(name) > NAME_LENGTH_MAX or name.startswith(".") or "/" in name or "\0" in name:
            raise SecretMissing(f"{name!r} is no actor's name", "사용자 이름이 올바르지 않습니다")
        return self.tokens / name


def bundles_of(settings: Settings, home: Home) -> Path:
    """Where the bundles lie, and the kept logs beside them: with the home, or where several posters share them."""
    return settings.bundles_folder or home.bundles


class HomeLock:
    """Held until released, or until the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def share(self) -> None:
        """Let others that share work beside this process from now on."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let others work on this home."""
        os.close(self._descriptor)


def lock_database(path: Path) -> HomeLock:
    """Become the one process on a SQLite database, wherever it lies. Raises HomeBusy."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    if not _wait_for_flock(descriptor):
        os.close(descriptor)
        raise HomeBusy(
            f"{path} is in use by another process, and SQLite takes one: stop it, or move the books to PostgreSQL",
            f"{path} 파일을 다른 프로세스가 사용 중입니다. SQLite는 한 프로세스만 씁니다. 먼저 종료하거나 PostgreSQL로 옮기세요",
        )
    return HomeLock(descriptor)


def _wait_for_flock(descriptor: int) -> bool:
    """The lock, as soon as whoever held it is quite gone: of a process that was killed as it started another, the child holds it until its exec."""
    for _ in range(LOCK_TRIES_MAX):
        if _try_flock(descriptor, fcntl.LOCK_EX):
            return True
        time.sleep(LOCK_POLL_SECONDS)
    return False


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_secret(path: Path, data: bytes) -> None:
    """Replace a file as a whole, mode 0600, on the disk when this returns."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    move_secret(temporary, path)


def move_secret(path: Path, to: Path) -> None:
    """Let a file take another's place in the same folder, on the disk when this returns."""
    path.replace(to)
    folder = os.open(to.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_secret(path: Path) -> bytes | None:
    """A secret file's bytes; None where there is none. Raises SecretExposed where others may read it."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise SecretExposed(
                    f"{path} can be read by others; run: chmod 600 {path}",
                    f"{path} 파일을 다른 사용자가 읽을 수 있습니다. 실행하세요: chmod 600 {path}",
                )
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
