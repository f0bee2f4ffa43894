"""The package that `docs/writing-a-connector.md` lets its readers write."""

from __future__ import annotations

import re
from pathlib import Path
from tomllib import loads

PAGE = (Path(__file__).parents[3] / "docs" / "writing-a-connector.md").read_text(encoding="utf-8")


def files() -> dict[str, str]:
    """Return the files that stand on the page: each in a block behind its name."""
    return dict(re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def lay_down(folder: Path) -> Path:
    """Write the package into a folder, as its readers have it in the end."""
    for name, text in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "school_meals" / "__init__.py").touch()
    return folder


def install(folder: Path) -> None:
    """Lay down beside the package what an installer makes of its entry point; the folder must be on the path."""
    project = loads(files()["pyproject.toml"])["project"]
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in offered.items())
        for group, offered in project["entry-points"].items()
    ]
    laid = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    laid.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (laid / "METADATA").write_text(metadata, encoding="utf-8")
    (laid / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
