"""Every test. They start hundreds of processes, so what Python has compiled is kept, whoever forbids it."""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False  # pytest's own: of the tests, whose asserts it rewrites
