"""What every test starts with."""

import os

# Tests compute on small tensors: a second thread would only wait, and make two runs differ in the last bits.
os.environ.setdefault("OMP_NUM_THREADS", "1")
