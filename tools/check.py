"""Run every check, say how each went and how long it took, and count them in the last line.

`check.py site readme` runs only those whose names hold one of the words; `cells` is the name of the
notebooks' cells. They count one by one, every other check counts one."""
import os
import sys
import time
import traceback

import cells
import check_notebooks  # noqa: F401
import check_package  # noqa: F401
import check_wheel  # noqa: F401
from common import CHECKS, note
from render import ROOT


def report(name, start, problems):
    print(f"{'FAILED' if problems else 'passed'}  {name}  ({time.time() - start:.1f} s)")
    for problem in problems: note(problem)
    sys.stdout.flush()


def run_check(name, function):
    "Whether the check passed; an exception in it is a failure"
    start = time.time()
    problems = []
    try: problems += function() or []
    except Exception: problems.append(traceback.format_exc())
    report(name, start, problems)
    return not problems


def run_cells():
    "How many cells of all the notebooks passed, failed and were skipped"
    start = time.time()
    tallies = []
    for tally in cells.run_all(cells.notebooks(), cells.available()):
        note(tally)
        tallies.append(tally)
    report("cells of all notebooks", start, [f"{t.path} fails" for t in tallies if t.failed])
    return cells.total(tallies)


def main(words):
    os.chdir(ROOT)
    start = time.time()
    wanted = {name: run for name, run in CHECKS.items()
              if not words or any(word in name for word in words)}
    results = [run_check(*item) for item in wanted.items()]
    passed, failed, skipped = run_cells() if not words or "cells" in words else (0, 0, 0)
    print(f"{time.time() - start:.0f} s")
    passed, failed = passed + sum(results), failed + len(results) - sum(results)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
