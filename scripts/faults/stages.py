"""Making stages of each kind."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from ledger_service.chain.anvil import CHAIN_ID
from scripts.faults.chains import CONFIRMATIONS
from scripts.faults.disks import UNMOUNT, mount_small_disk, unmount
from scripts.faults.launcher import Launcher
from scripts.faults.model import Model
from scripts.faults.outside import OutsideChain
from scripts.faults.postgres import SERVICES, SharedPostgres
from scripts.faults.proxy import Proxy
from scripts.faults.stage import SETTINGS, Service, Stage, StageMissing, Template, found_district, world_of

TURNS = {"postgres": "roles"}
"""Stages that become others without a district of their own being founded."""

STAGE_SECONDS = {"embedded": 1.2, "small disk": 1.2, "outside": 12.0, "postgres": 16.0, "roles": 17.0}
"""What making one takes, as measured four at once."""


class Stages:
    """Makes stages in folders of their own."""

    def __init__(self, launcher: Launcher, template: Template, folder: Path, shared: SharedPostgres) -> None:
        self._launcher, self._template, self._folder, self._shared = launcher, template, folder, shared
        self._numbers = itertools.count(1)

    def make(self, kind: str) -> Stage:
        """A new stage, ready for load."""
        folder = self._folder / f"{kind}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        if kind == "embedded":
            stage = self._template.stage(folder)
            stage.service.start()
            stage.service.wait()
            return stage
        if kind == "small disk":
            disk = folder / "home"
            if not mount_small_disk(disk):
                raise StageMissing("a file system of its own cannot be mounted here")
            stage = self._template.stage(folder)
            stage.kind = kind
            self._launcher.at_end(*UNMOUNT, str(disk))
            stage.closers.append(lambda: unmount(disk))
            stage.service.start()
            stage.service.wait()
            return stage
        if kind == "outside":
            return self._outside(folder, kind, {})
        if kind == "postgres":
            postgres = self._shared.server()
            books, keys = postgres.new_databases()
            stage = self._outside(folder, kind, {"database_url": books, "keys_url": keys})
            stage.postgres = postgres
            self._add_services(stage, SERVICES - 1)
            return stage
        if kind == "roles":
            postgres = self._shared.server()
            books, keys = postgres.new_databases()
            stage = self._outside(folder, kind, {"database_url": books, "keys_url": keys})
            stage.postgres = postgres
            self._share_the_work(stage)
            return stage
        raise ValueError(kind)

    def turn(self, stage: Stage, kind: str) -> bool:
        """Make another kind of a stage that is there; False where that cannot be."""
        if TURNS.get(stage.kind) != kind:
            return False
        for service in stage.services:
            service.stop()
        self._share_the_work(stage)
        stage.kind = kind
        return True

    def _add_services(self, stage: Stage, count: int) -> None:
        """More services on the same books."""
        for number in range(2, 2 + count):
            service = self._beside(stage, f"home-{number}", {})
            stage.services.append(service)
            service.start()
            service.wait()

    def _share_the_work(self, stage: Stage) -> None:
        """Two processes that serve and two that post, in the place of the one that founded the district."""
        stage.service.stop()
        stage.services = [self._beside(stage, f"api-{number}", {"role": "api"}) for number in (1, 2)]
        stage.posters = [self._beside(stage, f"post-{number}", {"role": "post"}) for number in (1, 2)]
        for service in (*stage.posters, *stage.services):
            service.start()
        for service in stage.services:
            service.wait()

    def _beside(self, stage: Stage, name: str, settings: dict[str, str]) -> Service:
        """Another service of the same books, with a home of its own and the same secrets and bundles."""
        home = stage.home.parent / name
        home.mkdir(mode=0o700)
        for shared in ("keys", "secrets", "tokens", "bundles"):
            (home / shared).symlink_to(stage.home / shared)
        return Service(self._launcher, home, stage.service.settings | settings)

    def _outside(self, folder: Path, kind: str, more: dict[str, str]) -> Stage:
        """A district founded on a chain of others, behind a proxy that lets everything pass."""
        home = folder / "home"
        self._template.keys_into(home)
        chain = OutsideChain(self._launcher, folder)
        proxy = Proxy(chain.port)
        sender = json.loads((home / "keys" / "sender.json").read_text())["address"]
        chain.call("anvil_setBalance", "0x" + sender.removeprefix("0x"), hex(10**24))
        settings = {"rpc_url": proxy.url, "chain_id": str(CHAIN_ID), "chain_finality": str(CONFIRMATIONS)} | more
        service = Service(self._launcher, home, SETTINGS | settings)
        model = Model()
        closers = [chain.close, proxy.close]
        try:
            service.start()
            service.wait()
            known = found_district(service, model)
            chain.contract = service.runtime()["contract"]
        except BaseException:
            if service.pid is not None:
                service.kill()
            for close in closers:
                close()
            raise
        world = world_of(known)
        return Stage(kind, self._launcher, home, [service], model, world, chain=chain, proxy=proxy, closers=closers)
