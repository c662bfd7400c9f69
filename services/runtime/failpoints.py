"""Named places where a fault test may end or stop the process. Unarmed they cost one look into an empty dict.

LIANXIN_FAILPOINT arms one: `relay.after-send=kill`, or `react.before-commit=stop@3` for the third time it is reached.
"""

import os
import signal

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_armed: dict[str, tuple[signal.Signals, int]] = {}


def arm(setting: str) -> None:
    """Arms the place a setting names. Raises ValueError for a setting that is none."""
    name, _, action = setting.partition("=")
    verb, _, times = action.partition("@")
    if not name or verb not in _SIGNALS:
        raise ValueError(f"LIANXIN_FAILPOINT is not <name>=kill|stop[@times]: {setting!r}")
    _armed[name] = (_SIGNALS[verb], int(times or 1))


def armed(name: str) -> bool:
    """Whether reaching this place will end or stop the process, now or later."""
    return name in _armed


def any_armed() -> bool:
    """Whether any place is armed."""
    return bool(_armed)


def reach(name: str) -> None:
    """Counts down an armed place and sends the signal when its turn has come."""
    if name in _armed:
        action, left = _armed[name]
        _armed[name] = (action, left - 1)
        if left == 1:
            os.kill(os.getpid(), action)


if os.environ.get("LIANXIN_FAILPOINT"):
    arm(os.environ["LIANXIN_FAILPOINT"])
