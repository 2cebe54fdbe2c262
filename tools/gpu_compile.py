"""Compile the kernels for GPUs that need not be there, and say what each takes, in lines of JSON.

`gpu_compile.py` does so for compute capabilities 8.0 and 9.0 with the sizes that matter most, and
`--all` with every size in the table of the back end; for others that are about, with one size. A
process with TRITON_INTERPRET=1 cannot compile, so run it in one of its own. Triton is told that
there is a GPU, and its ordinary way to start a kernel is followed up to the machine code."""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import MockTensor

from attention_nbdev import kernels, map_kernels
from attention_nbdev.backends.triton import _TILES, tiles_for
from attention_nbdev.kernels import CallArgs, MaskArgs, Matrix

BINARIES = Path(triton.__file__).parent/"backends/nvidia/bin"
LENGTH, HEADS = 4096, 16
MAIN = 80, 90                               # compute capabilities times ten
OTHERS = {86: 99, 89: 99, 100: 227, 120: 99} # and the shared memory of a program, in KiB


class AbsentGPU:
    "What Triton asks of a driver before it compiles"
    def __init__(self, capability): self.capability = capability
    def get_current_target(self): return GPUTarget("cuda", self.capability, 32)
    def get_current_device(self): return 0
    def get_current_stream(self, device=None): return 0
    def get_active_torch_device(self): return torch.device("cuda", 0)


def resources(compiled):
    "Registers of a thread, bytes of stack (for what is spilled) and of shared memory, product unit"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        Path(file.name).write_bytes(compiled.asm["cubin"])
        told = subprocess.run([BINARIES/"cuobjdump", "-res-usage", file.name], capture_output=True,
                              text=True, check=True).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+)", told)
    units, code = ("wgmma", "tcgen05", "mma"), compiled.asm["ptx"]
    unit = next((name for name in units if f"{name}." in code), "fma")
    return {"registers": int(found[1]), "stack": int(found[2]), "shared": compiled.metadata.shared,
            "unit": unit}


def tensor(dtype, width): return Matrix(MockTensor(dtype, (1, HEADS, LENGTH, width)),
                                        (HEADS*LENGTH*width, LENGTH*width, width, 1))
def numbers(dtype=torch.float32): return MockTensor(dtype, (1, HEADS, LENGTH))


def masks():
    "Names of masks and what kernels are told about them"
    none = dict.fromkeys(MaskArgs._fields) | {"slopes_shift": 0}
    one = Matrix(numbers(torch.int32), (1,))
    ids, four = Matrix(numbers(torch.int64), (0, 1)), (0, 0, LENGTH//32, 1)
    full = dict(low=-512, high=0, free=one, ends=one, q_ids=ids, k_ids=ids, slopes=numbers(),
                bits=Matrix(numbers(torch.int32), four), bias=Matrix(numbers(), (0, LENGTH, 0, 1)),
                by_row=Matrix(numbers(torch.int32), (0, 0, 2, 1)),
                by_col=Matrix(numbers(torch.int32), (0, 0, 2, 1)))
    packed = {name: full[name] for name in ("high", "ends", "q_ids", "k_ids", "by_row", "by_col")}
    return {name: MaskArgs(**none | fields) for name, fields in
            (("causal", {"high": 0}), ("documents", packed), ("everything", full))}


def compiled(name, dtype, width, tiles, call):
    "The machine code of one kernel"
    every, precision = call == "everything", "tf32" if call == "causal, tf32" else "ieee"
    t, mask = tensor(dtype, width), masks()[call.removesuffix(", tf32")]
    args = CallArgs(LENGTH, LENGTH, HEADS, 4, .125, 30. if every else None,
                    numbers(torch.int64) if every else None, .1 if every else 0., 1.)
    speed = dict(num_warps=tiles.warps, num_stages=tiles.stages, grid=(1,))
    if name == "delta":
        kernels.delta_kernel.device_caches.clear()
        return kernels.delta_kernel.warmup(t, t, numbers(), numbers(), args, M=tiles.rows, DV=width,
                                           D_V=width, **speed)
    sizes = dict(M=tiles.rows, N=tiles.cols, D=width, DV=width, D_K=width, D_V=width,
                 PRECISION=precision, **speed)
    bias = mask.bias if every else None
    some = numbers() if every else None
    outs = {"forward": (t, numbers(), some, some), "queries": (t, bias),
            "keys": (t, t)}[name]
    inputs = (t, t, t) if name == "forward" else (t, t, t, t, numbers(), numbers())
    kernel = getattr(kernels, f"{name}_kernel")
    kernel.device_caches.clear() # it does not expect a card to change
    return kernel.warmup(*inputs, *outs, mask, args, **sizes)


def compiled_map(name, dtype, width, tiles, blocks=256, count=8):
    "The machine code of a kernel that looks at the map"
    rows, cols, warps, stages = tiles
    t, mask = tensor(dtype, width), masks()["causal"]
    args = CallArgs(LENGTH, LENGTH, HEADS, 4, .125, None, None, 0., 1.)
    sizes = dict(M=rows, N=cols, D=width, D_K=width, PRECISION="ieee", num_warps=warps,
                 num_stages=stages, grid=(1,))
    outs, rest = (), ()
    if name == "topk": outs, rest, sizes["K"] = (numbers(torch.int64),), (count,), count
    if name == "pool":
        sides = [map_kernels.patches(LENGTH, blocks, n) for n in (rows, cols)]
        for side, size in zip(sides, ("GM", "GN")):
            sizes[size] = max(16, triton.next_power_of_2(side.group))
        outs = [x._replace(cell=numbers(torch.int32), starts=numbers(torch.int32)) for x in sides]
    kernel = getattr(map_kernels, f"{name}_kernel")
    kernel.device_caches.clear()
    return kernel.warmup(t, t, numbers(), numbers(), *outs, mask, args, *rest, **sizes)


def jobs(all_sizes, capability):
    "What to compile: kernel, number format, width, tiles, kind of mask"
    if capability not in MAIN:
        for name in ("forward", "queries", "keys"):
            tiles = tiles_for(name, 128, 2, kibibytes=OTHERS[capability])
            yield name, torch.bfloat16, 128, tiles._replace(shared=OTHERS[capability]), "causal"
        return
    yield "delta", torch.bfloat16, 64, tiles_for("forward", 64, 2), "causal"
    for name in ("forward", "queries", "keys"):
        yield name, torch.float16, 64, tiles_for(name, 64, 2), "causal"
        yield name, torch.float32, 64, tiles_for(name, 64, 4), "causal, tf32"
    for (name, size, width), found in _TILES.items():
        dtype = torch.bfloat16 if size == 2 else torch.float32
        if not all_sizes and (width == 256 or size == 4 and width > 64): continue
        for tiles in found if all_sizes else found[:1]: yield name, dtype, width, tiles, "causal"
        if size == 2 and (all_sizes or width == 64): yield name, dtype, width, found[0], "documents"
        if all_sizes or (size, width) == (2, 64):
            yield name, dtype, width, tiles_for(name, width, size, busy=True), "everything"


def main(all_sizes):
    for capability in (*MAIN, *OTHERS):
        triton.runtime.driver.set_active(AbsentGPU(capability))
        for name, dtype, width, tiles, call in jobs(all_sizes, capability):
            said = {"sm": capability, "kernel": name, "call": f"{str(dtype)[6:]} {width} {call}"}
            said |= tiles._asdict() | {"promised": tiles.shared}
            said |= resources(compiled(name, dtype, width, tiles, call))
            print(json.dumps(said), flush=True)
        for (name, size, width), tiles in map_kernels._TILES.items() if capability in MAIN else ():
            dtype = torch.bfloat16 if size == 2 else torch.float32
            if not all_sizes and (size, width) != (2, 64): continue
            said = {"sm": capability, "kernel": name, "call": f"{str(dtype)[6:]} {width} causal"}
            said |= dict(zip(("rows", "cols", "warps", "stages"), tiles)) | {"promised": 99}
            said |= resources(compiled_map(name, dtype, width, tiles))
            print(json.dumps(said), flush=True)


if __name__ == "__main__": main("--all" in sys.argv)
