"""The service's own processes: what is shipped is adopted at the start, and reaches the topic (A1)."""

from pathlib import Path

from tests.servers import Addresses
from tests.world.world import World, until


def test_A1_an_empty_installation_has_policies_and_publishes_them(servers: Addresses, tmp_path: Path) -> None:
    world = World(servers.kafka, servers.postgres, tmp_path, ("appraisal",))
    try:
        first = world.api("appraisal")
        found = first.client.get("/policies").json()
        assert [one["edition"]["policy"] for one in found] == [
            "first",
            "satisfaction",
            "three-dimensions",
            "three-levels",
        ]
        world.start("appraisal", "relay")
        until(lambda: world.lag("appraisal")["log"] == 0, "the policies are published")
        published = {body["id"]: body for _, body in world.topic("scores")}
        assert {one["event"] for one in found} == set(published)
        assert {body["type"] for body in published.values()} == {"lianxin.policy.adopted.v1"}
        again = world.api("appraisal")
        assert again.client.get("/policies").json() == found
        assert "Nothing new" in world.verb("appraisal", "policies", "adopt")
        assert "rebuilt from 4 events" in world.verb("appraisal", "policies", "rebuild")
        assert again.client.get("/policies").json() == found
    finally:
        world.close()
