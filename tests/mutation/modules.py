"""Which tests are to find the faults of a module: those that speak of it and take seconds; slow ones come last."""

Tests = tuple[str, ...]
RUNTIME = "tests/runtime"
RECEIVED = tuple(f"{RUNTIME}/test_{name}.py" for name in ("receiver", "ended_lanes", "parked"))
FOLD = tuple(f"tests/appraisal/test_{name}.py" for name in ("projection", "coverage", "orders", "answers", "api"))
PLAYED = ("tests/simulation/test_simulation.py::test_all_that_always_holds_holds_in_every_history",)
"""Sixty histories, in seven seconds."""
SENT, RECOVERED = (f"{RUNTIME}/test_relay.py",), (f"{RUNTIME}/test_recover.py",)
"""Relays as real processes, and restored databases: half a minute."""
MODULES: dict[str, tuple[str, tuple[Tests, ...]]] = {
    "inbox": ("services/runtime/inbox.py", ((f"{RUNTIME}/test_sort.py", f"{RUNTIME}/test_sort_model.py"),)),
    "gather": ("services/runtime/gather.py", ((f"{RUNTIME}/test_gather.py",),)),
    "log": ("services/runtime/log.py", ((f"{RUNTIME}/test_log.py", f"{RUNTIME}/test_gather.py"),)),
    "receiver": ("services/runtime/receiver.py", (RECEIVED,)),
    "marks": ("services/runtime/marks.py", (RECEIVED,)),
    "parked": ("services/runtime/parked.py", ((f"{RUNTIME}/test_parked.py",),)),
    "projections": ("services/appraisal/projections.py", (FOLD,)),
    "takeback": ("services/runtime/takeback.py", (PLAYED, RECOVERED)),
    "recover": ("services/runtime/recover.py", (PLAYED, RECOVERED)),
    "readback": ("services/runtime/readback.py", (PLAYED, SENT, RECOVERED)),
    "publish": ("services/runtime/publish.py", ((f"{RUNTIME}/test_publish.py",), PLAYED, SENT)),
    "relay": ("services/runtime/relay.py", (PLAYED, SENT)),
}
"""By name: the module, and its tests. What some do not find goes on to the next."""
