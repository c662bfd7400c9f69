"""Which tests are to find the faults of a module: those that speak of it and take seconds."""

RUNTIME = "tests/runtime"
RECEIVED = tuple(f"{RUNTIME}/test_{name}.py" for name in ("receiver", "ended_lanes", "parked"))
FOLD = tuple(f"tests/appraisal/test_{name}.py" for name in ("projection", "coverage", "orders", "answers", "api"))
MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "inbox": ("services/runtime/inbox.py", (f"{RUNTIME}/test_sort.py", f"{RUNTIME}/test_sort_model.py")),
    "gather": ("services/runtime/gather.py", (f"{RUNTIME}/test_gather.py",)),
    "log": ("services/runtime/log.py", (f"{RUNTIME}/test_log.py", f"{RUNTIME}/test_gather.py")),
    "receiver": ("services/runtime/receiver.py", RECEIVED),
    "marks": ("services/runtime/marks.py", RECEIVED),
    "parked": ("services/runtime/parked.py", (f"{RUNTIME}/test_parked.py",)),
    "projections": ("services/appraisal/projections.py", FOLD),
    "takeback": ("services/runtime/takeback.py", (f"{RUNTIME}/test_recover.py",)),
    "recover": ("services/runtime/recover.py", (f"{RUNTIME}/test_recover.py",)),
    "readback": ("services/runtime/readback.py", (f"{RUNTIME}/test_recover.py", f"{RUNTIME}/test_relay.py")),
    "publish": ("services/runtime/publish.py", (f"{RUNTIME}/test_publish.py", f"{RUNTIME}/test_relay.py")),
    "relay": ("services/runtime/relay.py", (f"{RUNTIME}/test_relay.py",)),
}
"""By name: the module, and its tests."""
