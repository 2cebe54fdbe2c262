"""Compile the kernels for GPUs that need not be there, and say what each takes.

`gpu_compile.py 80 90` compiles for compute capabilities 8.0 and 9.0 and prints a line of JSON for each kernel.
A process that has set TRITON_INTERPRET=1 cannot compile, so this is run in one of its own."""
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

TOOLS = Path(triton.__file__).parent/"backends/nvidia/bin"


class AbsentGPU:
    "What Triton asks of a driver before it compiles"
    def __init__(self, capability): self.capability = capability
    def get_current_target(self): return GPUTarget("cuda", self.capability, 32)
    def get_current_device(self): return 0
    def get_current_stream(self, device=None): return 0
    def get_active_torch_device(self): return torch.device("cuda", 0)


def pretend(capability): triton.runtime.driver.set_active(AbsentGPU(capability))


def resources(compiled):
    "Registers of a thread, bytes of stack (where registers are spilled to) and of shared memory"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        Path(file.name).write_bytes(compiled.asm["cubin"])
        told = subprocess.run([TOOLS/"cuobjdump", "-res-usage", file.name], capture_output=True,
                              text=True, check=True).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+)", told)
    ptx = compiled.asm["ptx"]
    unit = next((name for name in ("wgmma", "mma.sync") if name in ptx), None)
    return {"registers": int(found[1]), "stack": int(found[2]), "shared": compiled.metadata.shared, "unit": unit}
