"""Writes the table of docs/reliability.md from the raw results of `make faults`."""

import json
import sys
from collections import defaultdict
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def table(lines: list[str]) -> str:
    """A row per kind of fault: how often it was tried, and what was lost."""
    tried: dict[str, int] = defaultdict(int)
    lost: dict[str, int] = defaultdict(int)
    facts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    slowest: dict[str, float] = defaultdict(float)
    for line in lines:
        result = json.loads(line)
        fault = result["fault"]
        tried[fault] += result["tried"]
        lost[fault] += result["lost"]
        for name in ("reads", "busy"):
            facts[fault][name] += result.get(name, 0)
        slowest[fault] = max(slowest[fault], *result.get("seconds_to_end", ()), 0)
        if "status" in result:
            told = {0: "finished", 1: "told", 2: "told", 75: "told"}.get(result["status"], "ended otherwise")
            facts[fault][told] += 1
    rows = ["| fault | tried | lost | of these |", "|---|---:|---:|---|"]
    for fault in sorted(tried):
        more = ", ".join(f"{count:,} {name}" for name, count in facts[fault].items() if count)
        if slowest[fault]:
            more = f"processes gone after at most {slowest[fault]:.1f} s"
        rows.append(f"| {fault} | {tried[fault]:,} | {lost[fault]:,} | {more} |")
    return "\n".join(rows)


def main() -> None:
    """The document holds the table of the results in the file named."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(lines)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
