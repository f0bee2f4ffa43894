"""A disk that runs full in the middle of the main job: one clear line, and the next run goes on from there."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from registry.demo.invention import invent
from tests.slow.commands import environment

pytestmark = pytest.mark.slow

# A disk of our own, in a namespace that nobody else sees and that ends with its last process.
NAMESPACE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
SCRIPT = """
set -u
mount -t tmpfs -o size="$1" none "$2"
shift
folder=$1; shift
"$@" --links "$folder/links.csv" > "$folder.out" 2> "$folder.err"; echo $? > "$folder.code"
mount -o remount,size=1g "$folder"
"$@" --links "$folder.links" > "$folder.out2" 2> "$folder.err2"; echo $? > "$folder.code2"
"""


def disks_may_be_made() -> bool:
    """Tell whether this account may mount a disk of its own."""
    tried = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


if disks_may_be_made():

    @pytest.mark.parametrize("size", ["30m", "62m", "90m"], ids=["no cluster fits", "the log fills", "a table fills"])
    def test_a_full_disk_is_said_and_the_next_run_goes_on(tmp_path: Path, size: str) -> None:
        invent(tmp_path / "drop", seed=4, children=1500, on=date(2026, 10, 31))
        disk = tmp_path / "disk"
        disk.mkdir()
        job = [sys.executable, "-m", "registry", "demo", "--drop", str(tmp_path / "drop"), "--no-serve", "--json"]
        job += ["--data", str(disk / "data")]
        subprocess.run([*NAMESPACE, "sh", "-c", SCRIPT, "sh", size, str(disk), *job], check=True, env=environment())
        kept = {file.suffix: file.read_text(encoding="utf-8") for file in tmp_path.iterdir() if file.suffix}
        assert kept[".code"] == "1\n"
        assert kept[".out"] == ""
        (refusal,) = kept[".err"].splitlines()
        assert "space" in refusal
        assert str(disk) in refusal or "database" in refusal.lower()
        assert kept[".code2"] == "0\n", kept[".err2"]
        assert kept[".links"].count("\n") > 1000
