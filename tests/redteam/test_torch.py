"""PyTorch and its companions in the sandbox: the limits hold for them, and honest programs of every usual kind work."""

from __future__ import annotations

import os

import pytest

from practicum.sandbox import limits
from practicum.sandbox import process as process_module
from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.outcome import Died
from practicum.sandbox.proxy import StudentCode, StudentError

# A page that is only read takes no memory; the table that leads to it does.
PAGE_TABLES = """
import ctypes
def name():
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    base = libc.mmap(None, ctypes.c_size_t(1 << 45), 1, 2 | 32 | 0x4000, -1, ctypes.c_size_t(0))
    for step in range(1 << 18):  # 1 GiB: five times the limit, and no danger to this machine
        ctypes.c_char.from_address(base + step * (2 << 20)).value
"""
HOGS = {
    "page tables": PAGE_TABLES,
    "numpy": "import numpy as np\nx = []\ndef name():\n    while True: x.append(np.ones(1 << 18))\n",
    "shared": "import torch\nx = []\ndef name():\n    while True: x.append(torch.ones(1 << 17).share_memory_())\n",
    "torch": "import torch\nx = []\ndef name():\n    while True: x.append(torch.ones(1 << 18))\n",
    "children": "import os, time\nx = []\ndef name():\n    [os.fork() for _ in range(2)]\n"
    "    for _ in range(120): x.append(bytearray(os.urandom(1 << 10) * 1024))\n    time.sleep(60)\n",
}


@pytest.fixture(scope="module")
def with_torch(limits):
    pytest.importorskip("torch")
    # Time enough that memory is what ends each of them, however busy the machine is.
    with Sandbox(["numpy", "torch"], {**limits, "processes": 40.0, "cpu_seconds": 30.0, "wall_seconds": 300.0}) as warm:
        yield warm


@pytest.mark.parametrize("hog", HOGS)
@pytest.mark.parametrize("cgroup", [True, False], ids=["cgroup", "watched"])
def test_the_memory_limit_holds_for_torch_too(with_torch, monkeypatch, hog, cgroup):
    def refuse(*args):
        raise PermissionError("no cgroup here")

    if not cgroup:
        monkeypatch.setattr(process_module, "Cgroup", refuse)
    process = with_torch.open({"answer.py": HOGS[hog].encode()}, {}, 0)
    if cgroup and process.cgroup is None:
        process.kill()
        pytest.skip("no cgroup can be made by this user")
    highest = 0
    real = limits.usage

    def spy(pid, members=()):
        nonlocal highest
        memory, threads = real(pid, members)
        highest = max(highest, memory - process.base_memory)
        return memory, threads

    monkeypatch.setattr(process_module, "usage", spy)
    link = Link(lambda: process, 300.0)
    link.begin(60.0, 0)
    try:
        with pytest.raises((Died, StudentError)) as ended:
            StudentCode(link, {}).answer.name()
        if isinstance(ended.value, Died):
            assert ended.value.outcome == "memory", str(ended.value)
            assert "200 MiB" in str(ended.value)
        else:
            assert ended.value.type in ("MemoryError", "RuntimeError", "OSError")
        assert highest < 900 << 20
    finally:
        process.kill()


def test_a_checkpoint_hurts_only_the_sandbox_it_is_loaded_in(with_torch, tmp_path):
    mark = tmp_path / "loaded"
    source = f"""
import io, os, pickle, torch
class Evil:
    def __reduce__(self): return os.system, ("touch {mark}; kill -9 1",)
def name():
    data = io.BytesIO()
    torch.save({{"weights": Evil()}}, data)
    data.seek(0)
    torch.load(data, weights_only=False)
    return "loaded"
"""
    process = with_torch.open({"answer.py": source.encode()}, {}, 0)
    link = Link(lambda: process, 300.0)
    link.begin(60.0, 0)
    assert StudentCode(link, {}).answer.name() == "loaded"
    process.kill()
    assert not mark.exists()


def test_torch_computes_in_a_fork_of_the_warm_process(with_torch):
    source = (
        b"import torch\ndef name():\n    a = torch.ones(8, 8).requires_grad_()\n    (a @ a).sum().backward(); return a.grad\n"
    )
    process = with_torch.open({"answer.py": source}, {}, 0)
    link = Link(lambda: process, 300.0)
    link.begin(60.0, 0)
    assert StudentCode(link, {}).answer.name().sum() == 2 * 8**3
    process.kill()


PROGRAMS = {
    "threads": """
def program():
    torch.set_num_threads(2)
    a = torch.ones(64, 64, requires_grad=True)
    (a @ a).sum().backward()
    return float(a.grad.sum())
""",
    "a loader with workers": """
from torch.utils.data import DataLoader, TensorDataset
def program():
    data = TensorDataset(torch.arange(64.0).reshape(32, 2))
    return float(sum(x.sum() for x, in DataLoader(data, batch_size=4, num_workers=2)))
""",
    "a tensor that two processes share": """
import torch.multiprocessing as mp
def child(queue, tensor, done):
    tensor += 1
    queue.put(tensor * 2)
    done.wait(60)
def program():
    context = mp.get_context("fork")
    queue, done, tensor = context.Queue(), context.Event(), torch.ones(3).share_memory_()
    process = context.Process(target=child, args=(queue, tensor, done))
    process.start()
    got = queue.get(timeout=60)
    result = float(got.sum()) + float(tensor.sum())
    done.set()
    process.join()
    return result
""",
    "multiprocessing": """
import multiprocessing as mp
from multiprocessing import shared_memory
def program():
    with mp.Pool(2) as pool:
        squares = pool.map(abs, [-1, -2])
    array, block = mp.Array("d", 4), shared_memory.SharedMemory(create=True, size=16)
    array[1], block.buf[0] = 2.0, 7
    found = [squares, array[1], block.buf[0]]
    block.close()
    block.unlink()
    with mp.Manager() as manager:
        shared = manager.dict(a=1)
        return [*found, dict(shared)]
""",
    "joblib": """
import math
from joblib import Parallel, delayed
def program():
    return [Parallel(2, backend=name)(delayed(math.floor)(x + 0.5) for x in range(3)) for name in ("loky", "threading")]
""",
    "other programs": """
import asyncio, subprocess, sys
async def other():
    process = await asyncio.create_subprocess_exec(sys.executable, "-Ic", "print(5)", stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode() + str(await asyncio.to_thread(len, "abc"))
def program():
    shell = subprocess.run("echo $((1 + 1)) | cat > out; cat out", shell=True, capture_output=True, text=True)
    return [shell.stdout + shell.stderr, asyncio.run(other())]
""",
    "files": """
import fcntl, shutil, sqlite3, tempfile
import numpy as np
def program():
    shutil.copy2(np.__file__, "copy.py")
    with sqlite3.connect("a.db") as base:
        base.execute("create table t(a)")
        base.execute("insert into t values (1)")
    with open("lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    mapped = np.memmap("m.dat", dtype=float, mode="w+", shape=(10,))
    mapped[:] = 1
    mapped.flush()
    with tempfile.TemporaryDirectory() as folder:
        np.save(folder + "/a.npy", mapped)
        return [base.execute("select count(*) from t").fetchone()[0], float(np.load(folder + "/a.npy").sum())]
""",
    "scikit-learn": """
import numpy as np
def program():
    from scipy.optimize import minimize
    from sklearn.linear_model import LogisticRegression
    x = np.random.normal(size=(60, 2))
    fitted = LogisticRegression().fit(x, x[:, 0] > 0)
    return [bool(fitted.score(x, x[:, 0] > 0) > 0.9), bool(minimize(lambda v: (v**2).sum(), [1.0, 1.0]).fun < 1e-6)]
""",
}
RESULTS = {
    "threads": 2 * 64**3,
    "a loader with workers": sum(range(64)),
    "a tensor that two processes share": 18.0,
    "multiprocessing": [[1, 2], 2.0, 7, {"a": 1}],
    "joblib": [[0, 1, 2], [0, 1, 2]],
    "other programs": ["2\n", "5\n3"],
    "files": [1, 10.0],
    "scikit-learn": [True, True],
}


LONG = "scikit-learn"  # seconds of imports


@pytest.mark.parametrize("program", [pytest.param(p, marks=pytest.mark.thorough) if p == LONG else p for p in PROGRAMS])
def test_honest_programs_work_as_at_home(with_torch, program):
    if program == "joblib" and os.environ.get("PYTHONPATH"):
        pytest.skip("a fresh interpreter in the sandbox has no PYTHONPATH, and joblib starts some")
    process = with_torch.open({"answer.py": ("import torch\n" + PROGRAMS[program]).encode()}, {}, 0)
    link = Link(lambda: process, 300.0)
    link.begin(120.0, 0)
    try:
        assert StudentCode(link, {}).answer.program() == RESULTS[program]
    finally:
        process.kill()
