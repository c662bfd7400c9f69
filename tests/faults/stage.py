"""One installation under traffic: all its processes, started again when they end, and everything that is looked at."""

import contextlib
import json
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from deploy.local import keys
from deploy.local.server import Server
from deploy.local.servers import Servers
from deploy.local.state import free_ports
from services.notify import operating
from services.notify.settings import Settings as NotifySettings
from services.runtime import lag
from tests.bench.bench import say
from tests.notify.posting import Post
from tests.world.held import everything_holds, log_holds, sealed, settled, topics_hold
from tests.world.supervisor import Role, Supervisor
from tests.world.traffic import Traffic
from tests.world.world import Api, World, until

SERVICES = ("intake", "assignment", "appraisal", "notify")
ROLES: tuple[Role, ...] = (
    ("intake", "api"),
    ("intake", "relay"),
    ("intake", "project"),
    ("assignment", "relay"),
    ("assignment", "react"),
    ("appraisal", "project"),
    ("notify", "relay"),
    ("notify", "react"),
    ("notify", "send"),
)
NOTICE_LEASE = 8
"""Seconds that a claimed notice belongs to one sender."""


class Letters(Traffic):
    """The same, and residents who leave a mail address: a notice goes to each of them."""

    def _one(self) -> None:
        super()._one()
        if self._seed.random() < 0.2:
            said = {"words": "路灯不亮", "mail": f"r-{self._seed.getrandbits(48)}@mail.example"}
            command = str(uuid.UUID(int=self._seed.getrandbits(128), version=4))
            self.send("/petitions/web", {"command": command, "category": "01.02.11", "told": said})


class Stage:
    """The installation. `changes` is what the environment of its processes has beside the world's."""

    def __init__(self, servers: Servers, folder: Path, changes: Mapping[str, str] | None = None) -> None:
        self.servers = servers
        self.post = Post().open()
        self.world = World(servers.kafka_address, servers.postgres_url, folder, SERVICES)
        self.world.environment |= changes or {}
        try:
            self._start()
        except BaseException:  # also where the run is ended from outside: nothing of it goes on
            self.world.close()
            self.post.close()
            raise

    def _start(self) -> None:
        [port] = free_ports(1, set())
        address = f"http://127.0.0.1:{port}"
        told = {("intake", "api"): {"port": str(port)}, ("notify", "send"): self._sender(address)}
        self.supervisor = Supervisor(self.world, *ROLES, told=told).watch()
        self.spare = self.world.api("intake")
        first = Api(self.spare.process, address, self.world.folder / "keys")
        self.world.apis.append(first)
        until(first.ready, "intake's api is ready")
        self.clients = [Letters(first, 1, every=0.1), Letters(self.spare, 2, every=0.1)]

    def _sender(self, vault: str) -> dict[str, str]:
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": str(self.post.port),
            "smtp_tls": "none",
            "smtp_from": "noreply@county.example",
            "smtp_timeout": "1",
            "vault": vault,
            "vault_timeout": "1",
            "token_file": str(keys.make_service_token(self.world.folder / "keys", "notify")),
            "notice_lease": str(NOTICE_LEASE),
            "notice_retries": json.dumps([0.5] * 99),  # while intake is away nothing is given up
            "quiet_from": "00:00",
            "quiet_until": "00:00",
            "senders": "1",
        }

    # -- traffic

    def accepted(self) -> int:
        """How many commands were accepted by now."""
        return sum(len(client.accepted) for client in self.clients)

    def go(self) -> None:
        """Traffic from now on."""
        for client in self.clients:
            client.start()

    def rest(self) -> None:
        """No traffic from now on; what was sent has been accepted."""
        for client in self.clients:
            client.stop()

    def goes_on(self, more: int = 10) -> None:
        """Returns when each client's commands are accepted again."""
        for client in self.clients:
            seen = len(client.accepted)
            until(lambda: len(client.accepted) > seen + more, "commands are accepted again")  # noqa: B023

    # -- looking

    def look(self) -> None:
        """The full look, under no traffic: everything that was accepted is everywhere, once, and every figure equal."""
        world = self.world
        self.rest()
        both = Traffic(self.spare)
        for client in self.clients:
            both.accepted |= client.accepted
            both.contradictions += client.contradictions
        settled(world, "intake", "assignment", "notify")
        self._mails_hold()
        sealed(world, "notify")
        everything_holds(world, both)
        until(lambda: self._intake_lag() == 0, "intake's projection has caught up", every=0.3)
        log_holds(world, "notify", [])
        topics_hold(world, "notify", ("notices",))
        assert self.spare.process.poll() is None, "an api that nothing was done to has ended"

    def _intake_lag(self) -> int:
        return lag.measure(self.world.settings, "intake", has_log=True, consumer="project").behind

    def _mails_hold(self) -> None:
        """Every notice went out, was marked as sent once, and the tables are those of the log."""
        raised = (
            "SELECT data->>'notice' FROM events WHERE type LIKE '%%notice.raised%%' AND data->>'resident' IS NOT NULL"
        )
        sent = "SELECT data->>'notice' FROM events WHERE type LIKE '%%notice.sent%%' AND data->>'channel' = 'mail'"
        until(lambda: len(self._notices(sent)) >= len(self._notices(raised)), "every notice is sent", every=0.3)
        notices = self._notices(raised)
        assert notices, "nobody was to be told of anything"
        assert sorted(self._notices(sent)) == sorted(notices), "a notice is not marked as sent exactly once"
        assert set(self.post.ids()) == {f"<{notice}@county.example>" for notice in notices}
        settled(self.world, "notify")
        assert operating.verify(NotifySettings(**self.world.settings.model_dump())) == []

    def _notices(self, sql: str) -> list[str]:
        return [notice for (notice,) in self.world.query("notify", sql)]

    def close(self) -> None:
        """Ends everything, and takes its topics off the broker."""
        for client in self.clients:
            client.api.close()
        self.world.closing.set()
        self.supervisor.look()  # one that is under way may start a process; no later one does
        with contextlib.redirect_stdout(None):
            self.world.close()
        self.post.close()
        self.world.forget()


class Stages:
    """The stage at hand on one set of servers; a new one after something did not hold: the next starts whole."""

    def __init__(self, servers: Servers, folder: Path, changes: Callable[[], Mapping[str, str]] = dict) -> None:
        self.servers, self._folder, self._changes = servers, folder, changes
        self._at_hand: Stage | None = None

    def get(self) -> Stage:
        """The stage under traffic."""
        if self._at_hand is None:
            self._at_hand = Stage(self.servers, Path(tempfile.mkdtemp(dir=self._folder)), self._changes())
            self._at_hand.go()
            self._at_hand.goes_on()
        return self._at_hand

    def drop(self) -> None:
        """Takes it away."""
        if self._at_hand:
            stage, self._at_hand = self._at_hand, None
            try:
                stage.close()
            except Exception as error:  # the next one stands on its own
                say(f"the stage did not close in good order: {error!r}")


@contextlib.contextmanager
def own_servers(prepared: Callable[[Servers], None] = lambda _: None) -> Iterator[tuple[Servers, Path]]:
    """Kafka and PostgreSQL of one part alone, with a folder; nothing of them is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="lianxin-faults-", dir="/tmp", ignore_cleanup_errors=True) as name:
        servers = Servers(Path(name) / "servers")
        try:
            prepared(servers)
            servers.start()
            yield servers, Path(name)
        finally:
            servers.kill()
            servers.remove()


def power_cut(server: Server) -> None:
    """A server ends without a goodbye, and starts again."""
    server.kill()
    server.start()


def state(process: "subprocess.Popen[bytes] | Server") -> str:
    """T: it stands; empty or Z: it has ended."""
    try:
        return Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""
