"""The command `labdeck`: look after a store from a terminal."""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labdeck.errors import LabdeckError, NotFound
from labdeck.store.open import locate, open_store
from labdeck.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from labdeck.runs.imports.bring_in import Progress
    from labdeck.store.open import Store
    from labdeck.wire.records import ExperimentRecord
    from labdeck.wire.transfers import Imported

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, ends of lines, changes of direction, half surrogate pairs."""
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_SHOWN_NAMES = 10
_MOST_DAYS = 36_500
_MOST_GIGABYTES = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code.

    Args:
        arguments: Words after `labdeck`; None takes those of the process.

    Returns:
        0 when all is well, 1 when `check` found an error or the command could not be carried out, 2 when it was
        written wrongly.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LabdeckError as error:
        _say(f"labdeck: {error}", sys.stderr)
    except KeyboardInterrupt:
        print("labdeck: interrupted", file=sys.stderr)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="labdeck", description="An ML studio inside your own JupyterLab.")
    parser.add_argument("--version", action="version", version=__version__)
    nouns = parser.add_subparsers(required=True, metavar="{store,import}")
    store = nouns.add_parser("store", help="look after the place where experiments are kept")
    verbs = store.add_subparsers(required=True, metavar="{where,check,gc,export,import}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--store", help="a folder or a postgresql:// URL; default $LABDECK_STORE, else your user data")

    where = verbs.add_parser("where", parents=[shared], help="say where the store is")
    where.set_defaults(run=_where)

    check = verbs.add_parser("check", parents=[shared], help="examine every file; exit code 1 if something is lost")
    check.set_defaults(run=_check)

    gc = verbs.add_parser("gc", parents=[shared], help="remove what was deleted long ago, pack what has ended")
    gc.add_argument("--days", type=_days, default=30.0, help="keep what was deleted within so many days; default 30")
    gc.add_argument("--dry-run", action="store_true", help="only say what would go")
    gc.set_defaults(run=_gc)

    export = verbs.add_parser("export", parents=[shared], help="write experiments into one file")
    export.add_argument("file", type=Path, help="the archive to write, lab.zip for example")
    export.add_argument("experiments", nargs="*", metavar="experiment", help="name or id; default all")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    export.set_defaults(run=_export)

    bring = verbs.add_parser("import", parents=[shared], help="bring in experiments from such a file")
    bring.add_argument("file", type=Path, help="the archive to read")
    bring.add_argument("--max-gb", type=_gigabytes, default=64.0, help="most it may unpack to; default 64")
    bring.set_defaults(run=_import)
    _add_import(nouns.add_parser("import", parents=[shared], help="bring in what another tracker kept, or an archive"))
    return parser


def _add_import(parser: argparse.ArgumentParser) -> None:
    from labdeck.runs.imports.detect import KINDS

    parser.add_argument("path", help="an archive, MLflow's mlruns or mlflow.db, TensorBoard's or W&B's folder")
    parser.add_argument("--from", dest="kind", choices=KINDS, help="what wrote it; default what it looks like")
    parser.add_argument("--experiment", help="the experiment that takes all runs; default their own")
    parser.add_argument("--deleted", action="store_true", help="take the runs, too, that were deleted in MLflow")
    parser.add_argument(
        "--links", action="store_true", help="take files linked from elsewhere; if you trust the folder"
    )
    parser.set_defaults(run=_import_from)


def _where(options: argparse.Namespace) -> int:
    location = locate(options.store)
    _say(location.display)
    if location.display != str(location.folder):
        _say(f"files: {location.folder}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from labdeck.store.maintenance import check

    with open_store(locate(options.store), create=False) as store:
        found = check(store)
        for defect in found:
            _say(f"{defect.severity}: {defect.path}: {defect.message} ({defect.remedy})")
        errors = sum(defect.severity == "error" for defect in found)
        if not found:
            _say(f"{store.location.display}: all is well")
        else:
            _say(f"{_count(errors, 'error')}, {_count(len(found) - errors, 'warning')}")
    return 1 if errors else 0


def _gc(options: argparse.Namespace) -> int:
    from labdeck.store.maintenance import DAY, collect

    with open_store(locate(options.store), create=False) as store:
        freed = collect(store, deleted_before=time.time() - options.days * DAY, dry_run=options.dry_run)
    _say(f"{_count(freed.trials, 'deleted trial')} {_would(options.dry_run)} for good")
    _say(
        f"{_count(freed.orphans, 'folder')} and {_count(freed.artifacts, 'file')} of no trial {_would(options.dry_run)}"
    )
    if not options.dry_run:
        _say(f"{_count(freed.packed, 'ended trial')} packed, {_count(freed.events, 'event')} pruned")
    _say(f"{_shown_size(freed.bytes)} {'would be ' if options.dry_run else ''}freed")
    return 0


def _export(options: argparse.Namespace) -> int:
    from labdeck.store.archive import export_archive

    if options.file.exists() and not options.force:
        raise LabdeckError(f"{options.file} is there already", "name another file, or add --force")
    with open_store(locate(options.store), create=False) as store:
        if options.experiments:
            records = [_experiment(store, ref) for ref in options.experiments]
        else:
            records = list(store.catalog.experiments())
        done = export_archive(store, list(dict.fromkeys(record.id for record in records)), options.file)
    for line in done.left_out:
        _say(f"left out: {line}", sys.stderr)
    counts = f"{_count(done.experiments, 'experiment')}, {_count(done.trials, 'trial')}"
    _say(f"{options.file}: {counts}, {_shown_size(done.size)}")
    return 0


def _experiment(store: Store, ref: str) -> ExperimentRecord:
    try:
        return store.catalog.experiment(ref)
    except NotFound as error:
        names = [record.name for record in store.catalog.experiments()]
        rest = len(names) - _SHOWN_NAMES
        shown = ", ".join(names[:_SHOWN_NAMES]) + (f" and {rest:,} more" if rest > 0 else "")
        raise NotFound(error.message, f"there are: {shown}" if names else "there are none in this store") from None


def _import(options: argparse.Namespace) -> int:
    from labdeck.store.unarchive import import_archive

    with open_store(locate(options.store)) as store:
        done = import_archive(store, options.file, max_bytes=int(options.max_gb * 2**30))
    return _say_imported(done)


def _import_from(options: argparse.Namespace) -> int:
    from labdeck.runs.imports.detect import to_path
    from labdeck.studio import Studio

    place = to_path(options.path)  # before a store is made
    with Studio(options.store) as studio:
        done = studio.import_from(
            place, options.kind, options.experiment, _say_progress, deleted=options.deleted, links=options.links
        )
    return _say_imported(done)


def _say_imported(done: Imported) -> int:
    for line in done.skipped:
        _say(f"left out: {line}", sys.stderr)
    for name in done.experiments:
        _say(name)
    counts = f"{_count(done.trials, 'new trial')}, {done.completed:,} completed, {done.unchanged:,} here already"
    _say(f"{counts}; {_count(done.points, 'point')}, {_count(done.artifacts, 'file')}")
    return 0


def _say_progress(progress: Progress) -> None:
    """Keep one line of a terminal up to date; a pipe or a file gets none."""
    if not sys.stderr.isatty():
        return
    left = "" if progress.left is None else f", {progress.left:,.0f} s left"
    end = "\n" if progress.done == progress.total else ""
    print(f"\r{progress.done:,} of {progress.total:,} runs{left}\x1b[K", end=end, file=sys.stderr, flush=True)


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days <= _MOST_DAYS:
        raise argparse.ArgumentTypeError("give a number of days, 0 or more")
    return days


def _gigabytes(text: str) -> float:
    size = float(text)
    if not 0 < size <= _MOST_GIGABYTES:
        raise argparse.ArgumentTypeError("give a number of gigabytes")
    return size


def _say(text: str, stream: TextIO | None = None) -> None:
    """Print a line in which names do nothing to the terminal, and which its encoding can hold."""
    stream = sys.stdout if stream is None else stream
    shown = _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    encoding = stream.encoding or "utf-8"
    print(shown.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _would(dry_run: bool) -> str:
    return "would go" if dry_run else "gone"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _shown_size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1000:  # noqa: PLR2004 - the step between units
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


if __name__ == "__main__":
    sys.exit(main())
