"""How the house closes: what it has said is written, and threads at work do not make a crash of its end."""

import subprocess
import sys

# scipy's Fourier transform is C++ that lets other threads run meanwhile.
BUSY = """
import threading, time
import numpy as np
from scipy.fft import rfft
from model.door import leave

def work():
    while True:
        rfft(np.ones(1 << 18))

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
print("said", end="")
leave(3)
"""


def test_threads_at_work_do_not_abort_the_process():
    ended = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=120,
                           check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "said", "")
