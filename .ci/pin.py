"""Pin every package of the resolution, transitive ones too, in pyproject.toml.

``uv run python .ci/pin.py`` writes ``[tool.uv] constraint-dependencies`` from what uv resolved;
``--check`` fails when the two differ. uv.lock itself cannot be kept: it names the host each file
came from, and installations elsewhere use other hosts. To upgrade: empty the list, remove
uv.lock, ``uv lock``, then run this.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
LIST = re.compile(r"^constraint-dependencies = \[.*?^\]\n", re.MULTILINE | re.DOTALL)


def resolved() -> list[str]:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    own = tomllib.loads(PROJECT.read_text())["project"]["name"]
    packages = [package for package in lock["package"] if package["name"] != own]
    return sorted(f"{package['name']}=={package['version']}" for package in packages)


def main() -> None:
    text = PROJECT.read_text()
    lines = "".join(f'    "{pin}",\n' for pin in resolved())
    pinned = LIST.sub(f"constraint-dependencies = [\n{lines}]\n", text, count=1)
    if pinned == text:
        print("Every package is pinned.")
    elif "--check" in sys.argv:
        sys.exit("The pins differ from what uv resolved; run: uv run python .ci/pin.py")
    else:
        PROJECT.write_text(pinned)
        print("Pinned in pyproject.toml.")


if __name__ == "__main__":
    main()
