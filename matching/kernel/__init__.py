"""The kernel: compares and weighs pairs of packed rows, many millions a second, or a few without any delay.

One loop is compiled, its twin is numpy, and both give the same results. Whoever asks of a few pairs while the loop is
not compiled yet is answered by the twin.
"""

from __future__ import annotations

from matching.kernel.relatives import relatives
from matching.kernel.tables import Tables
from matching.kernel.weighing import ready, wait_until_ready, weigh

__all__ = ["Tables", "ready", "relatives", "wait_until_ready", "weigh"]
