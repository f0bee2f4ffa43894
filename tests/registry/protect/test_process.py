"""What no other process may get out of this one."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ctypes, json, resource, subprocess, sys
from registry.protect.process import harden_process
harden_process()
harden_process()
PR_GET_DUMPABLE = 3
child = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
told = {
    "dumpable": ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) if sys.platform == "linux" else 0,
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "core_of_child": int(subprocess.run([sys.executable, "-c", child], capture_output=True).stdout),
}
print(json.dumps(told))
"""


def test_no_core_is_written_and_nobody_looks_into_the_process() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stdout == '{"dumpable": 0, "core": [0, 0], "core_of_child": 0}\n'
