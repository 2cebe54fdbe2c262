"Execute notebooks from top to bottom and keep their outputs in them"
import argparse
import sys
from pathlib import Path

import nbformat
from cells import available, notebooks, skipped
from execnb.nbio import read_nb
from nbclient import NotebookClient
from nbdev.clean import nbdev_clean
from nbdev.process import NBProcessor


class Client(NotebookClient):
    "A client that says which cell is running, and passes on its warnings and progress bars"
    def __init__(self, file, flags=()):
        super().__init__(nbformat.read(file, 4), kernel_name="python3", timeout=None,
                         resources={"metadata": {"path": str(Path(file).parent)}},
                         coalesce_streams=True, on_cell_start=self.announce,
                         extra_arguments=["--log-level=ERROR",
                                          "--InlineBackend.figure_formats=retina"])
        self.heading = ""
        for cell, seen in zip(self.nb.cells, NBProcessor(nb=read_nb(file)).nb.cells):
            if skipped(seen, flags): cell.metadata.tags = [self.skip_cells_with_tag]
        self.total = sum(cell.cell_type == "code" for cell in self.nb.cells)
        self.done = 0

    def announce(self, cell, cell_index):
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            self.heading = cell.source.splitlines()[0].strip("# ")
        if cell.cell_type == "code":
            self.done += 1
            print(f"  cell {self.done:2} of {self.total}  {self.heading}", flush=True)

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "stream":
            name, text = msg["content"]["name"], msg["content"]["text"]
            progress = name == "stdout" and "\r" in text
            if name == "stderr" or progress: print(text, end="", file=sys.stderr, flush=True)
        return super().process_message(msg, cell, cell_index)


def execute(file, flags=()):
    "The notebook in `file` with the outputs of a fresh run; cells it skips keep theirs"
    print(file, flush=True)
    return Client(file, flags).execute()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=["nbs"], help="notebooks or folders")
    parser.add_argument("--flags", nargs="*", default=[], help="more test flags whose cells run")
    args = parser.parse_args()
    files = notebooks(args.paths)
    for file in files:
        nbformat.write(execute(file, args.flags + available()), file)
        nbdev_clean.__wrapped__(file)
    if not files: print(f"Nothing to run: no notebooks in {' '.join(args.paths)} yet")
