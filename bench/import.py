"""How fast one can start: `import labdeck`, the first trial in a new store beside tensorboardX, and the magics."""

from __future__ import annotations

from _measure import Figures, alternate, call, machine, table, verdict

WHATS = {
    "import": "import labdeck",
    "first": "import labdeck, first trial, first point",
    "tensorboardX": "import tensorboardX, first point",
    "magic": "%load_ext labdeck",
}
ROUNDS = 9


def measure(what: str) -> dict[str, float]:
    """Measure once."""
    return call("tensorboardX" if what == "tensorboardX" else "labdeck", "_import_once.py", what)  # type: ignore[no-any-return]


def main() -> None:
    """Measure in turns, print the table and the verdicts."""
    print("bench/import.py: seconds, each in a fresh process with a warm file cache")
    machine()
    for what in WHATS:
        measure(what)  # fills the file cache, and the caches of compiled modules
    found = alternate(dict.fromkeys(WHATS, ROUNDS), measure)
    figures = {what: Figures(tuple(one["seconds"] for one in runs)) for what, runs in found.items()}
    known = Figures(tuple(one["known"] for one in found["first"]))
    rows = [[text, figures[what].show(lambda value: f"{value * 1000:.0f} ms")] for what, text in WHATS.items()]
    rows.append(["… and until the catalog has it", known.show(lambda value: f"{value * 1000:.0f} ms")])
    table(["what", "median (min … max, rounds)"], rows)
    heavy = sorted({str(name) for one in found["import"] for name in one["heavy"]})  # type: ignore[attr-defined]
    print(f"\nheavy modules after `import labdeck`: {', '.join(heavy) or 'none'}")
    for what, limit in (("import", 100), ("first", 110), ("magic", 300)):
        verdict(f"import, {WHATS[what]}", figures[what].median * 1000, limit, at_least=False, unit=" ms")
    beside = figures["first"].median / figures["tensorboardX"].median
    verdict("import, first trial / tensorboardX", beside, 1.0, at_least=False)
    verdict("import, heavy modules", len(heavy), 0, at_least=False, unit="")


if __name__ == "__main__":
    main()
