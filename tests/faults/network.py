"""The network between the services and a server is bad for longer than a lease, a session and a request may take.

Every process reaches Kafka and PostgreSQL through a proxy; what is looked at afterwards does not.
"""

import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.servers import Servers
from deploy.local.state import free_ports
from tests.faults.stage import Stages, own_servers
from tests.faults.tally import Tally
from tests.world.proxy import BACK, OUT, Proxy
from tests.world.world import until

PART = "network"
LASTS = 20.0
"""Seconds: longer than a relay's lease (5), a consumer's session (10), and the time of a transaction (10)."""
FAULTS: dict[str, tuple[str, Callable[[Proxy], None]]] = {
    "cut": ("connections cut, none made", Proxy.cut),
    "out": ("nothing arrives at it", lambda proxy: proxy.hole(OUT)),
    "back": ("nothing comes back from it", lambda proxy: proxy.hole(BACK)),
    "slow": ("200 ms later, ± 100", lambda proxy: proxy.slow(0.2, 0.1)),
    "reset": ("reset after 3,000 bytes", lambda proxy: proxy.reset_after(3_000, OUT)),
}
# One more listener, whose clients are told to come through the proxy. The last of two equal keys holds.
VIA = """\
listeners=CLIENTS://{address},VIA://127.0.0.1:{behind},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://{address},VIA://{proxy}
listener.security.protocol.map=CLIENTS:PLAINTEXT,VIA:PLAINTEXT,CONTROLLER:PLAINTEXT
"""


def run(tally: Tally, times: int) -> None:
    """Each fault upon each server, on one installation."""
    cases = [(server, name) for _ in range(times) for server in ("kafka", "postgres") for name in FAULTS]
    cases = [case for case in cases if tally.wanted(" ".join(case))]
    if not cases:
        return
    proxies: dict[str, Proxy] = {}

    def prepared(servers: Servers) -> None:
        kafka = Kafka(servers.kafka.launch.folder.parent)
        [behind] = free_ports(1, {*kafka.listens.values()})
        proxies["kafka"] = Proxy(("127.0.0.1", behind))
        proxies["postgres"] = Proxy(Path(servers.postgres_url.partition("host=")[2]) / ".s.PGSQL.5432")
        names = {"address": kafka.address, "behind": behind, "proxy": proxies["kafka"].address}
        with (servers.kafka.launch.folder / "server.properties").open("a") as file:
            file.write(VIA.format(**names, controller=kafka.listens["kafka-controller"]))

    def changes() -> dict[str, str]:
        through = f"postgresql://postgres@{proxies['postgres'].address}/?sslmode=disable&gssencmode=disable"
        return {"LIANXIN_KAFKA": proxies["kafka"].address, "LIANXIN_POSTGRES": through}

    with own_servers(prepared) as (servers, folder):
        stages = Stages(servers, folder, changes)
        for server, name in cases:
            said, fault = FAULTS[name]
            before = len(tally.wrongs)
            with tally.case(PART, f"{server} {name}", [server], said) as hit:
                stage = stages.get()
                proxy = proxies[server]
                passed, resets = sum(proxy.passed.values()), proxy.resets
                assert passed, "nobody comes through the proxy"
                fault(proxy)
                began = time.monotonic()
                until(lambda: time.monotonic() > began + LASTS, "it has lasted long enough", every=0.3)  # noqa: B023
                assert name != "reset" or proxy.resets > resets, "no connection was broken"
                hit.append(server)
                proxy.pass_on()
                stage.goes_on()
                stage.look()
                stage.go()
            proxies[server].pass_on()
            if len(tally.wrongs) > before:
                stages.drop()
        stages.drop()
        for proxy in proxies.values():
            proxy.close()
