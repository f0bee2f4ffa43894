"""The identity provider of npm, installed aside and run for a test."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "identity_provider"


@dataclass(frozen=True, kw_only=True)
class RealProvider:
    """The running provider; it signs nobody in before it knows its client."""

    issuer: str
    process: subprocess.Popen[str]

    def know(self, client: Mapping[str, Any]) -> None:
        """Tell the provider its client, and wait until it serves."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(client) + "\n")
        self.process.stdin.flush()
        assert any(line == "ready\n" for line in self.process.stdout)


@contextmanager
def real_provider(folder: Path) -> Iterator[RealProvider]:
    """Install the provider into a folder, as its lock file says, and run it."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    install = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=300)
    with subprocess.Popen(
        ["node", "provider.mjs"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield RealProvider(issuer=process.stdout.readline().strip(), process=process)
        finally:
            process.kill()
