"""Run Lighthouse (mobile) on the main pages, print its scores, fail when one is too low.

``uv run python .ci/lighthouse.py``; needs npm and a Chromium. Lighthouse itself goes into
``.local/``, where git does not look. Of each page the median of several runs counts, because
performance is a measurement; on a busy machine it comes out lower than it is.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from served import ROOT, browser, chromium, program, served

VERSION = "13.5.0"
TOOLS = ROOT / ".local" / "lighthouse"
RUNS = 3
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LEAST = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
# Path, and whether it is looked at logged in. A person's own page asks search engines to stay
# out, which costs points: its SEO does not count.
PAGES = [("/", False), ("/roadmap/3/", False), ("/progress/", True)]


def install() -> Path:
    lighthouse = TOOLS / "node_modules" / ".bin" / "lighthouse"
    held = TOOLS / "node_modules" / "lighthouse" / "package.json"
    if not held.exists() or json.loads(held.read_text())["version"] != VERSION:
        TOOLS.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
        command = ["npm", "install", *quiet, "--prefix", str(TOOLS), f"lighthouse@{VERSION}"]
        subprocess.run(command, check=True)
    return lighthouse


def measure(lighthouse: Path, url: str, cookie: str) -> dict[str, Any]:
    headers = TOOLS / "headers.json"
    headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
    try:
        done = subprocess.run(
            [
                lighthouse,
                url,
                "--quiet",
                "--output=json",
                f"--only-categories={','.join(CATEGORIES)}",
                f"--extra-headers={headers}",
                f"--chrome-flags={' '.join(['--headless=new', *chromium.ARGUMENTS])}",
            ],
            env=os.environ | {"CHROME_PATH": program()},
            stdout=subprocess.PIPE,
            check=True,
        )
    finally:
        headers.unlink()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def score(report: dict[str, Any], category: str) -> int:
    return round(100 * (report["categories"][category]["score"] or 0))


def lost(report: dict[str, Any], category: str) -> list[str]:
    """Give what a page lost points for."""
    audits = report["audits"]
    return [
        f"    {audits[one['id']]['title']} {audits[one['id']].get('displayValue', '')}".rstrip()
        for one in report["categories"][category]["auditRefs"]
        if one["weight"] and (audits[one["id"]]["score"] or 0) < 1
        if audits[one["id"]]["scoreDisplayMode"] not in {"notApplicable", "manual"}
    ]


def main() -> int:
    lighthouse = install()
    low = []
    print(f"| page | {' | '.join(CATEGORIES)} |\n|---|{'---|' * len(CATEGORIES)}")
    with served() as site:
        with browser() as chrome, chrome.new_context() as context:
            site.log_in(context)
            cookies = context.cookies()
        session = next(one["value"] for one in cookies if one["name"] == "sessionid")
        for path, logged_in in PAGES:
            cookie = f"sessionid={session}" if logged_in else ""
            reports = [measure(lighthouse, site.url + path, cookie) for _ in range(RUNS)]
            for report in reports:
                assert report["finalDisplayedUrl"] == site.url + path, report["finalDisplayedUrl"]
            cells = []
            for category in CATEGORIES:
                counts = not (logged_in and category == "seo")
                points = round(statistics.median(score(one, category) for one in reports))
                cells.append(str(points) if counts else "–")
                if counts and points < LEAST[category]:
                    low += [f"{path}: {category} {points}", *lost(reports[-1], category)]
            print(f"| `{path}` | {' | '.join(cells)} |", flush=True)
    print("\n".join(low), file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
