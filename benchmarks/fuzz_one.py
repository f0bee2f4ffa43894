"""Fuzzes one parser in this process: `fuzz_one.py NAME CORPUS [options of libFuzzer]`; without a name, lists them."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """List the parsers, or fuzz the one that is named."""
    if len(sys.argv) == 1:
        from fuzz_parsers import PARSERS

        print("\n".join(PARSERS))
        return
    import atheris

    with atheris.instrument_imports(include=["registry", "connectors", "matching"]):
        from fuzz_parsers import PARSERS, seeds
    name, corpus = sys.argv[1], Path(sys.argv[2])
    for place, seed in enumerate(seeds(name)):
        (corpus / f"seed-{place}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], PARSERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
