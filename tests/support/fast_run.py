"""`se3 run` with the forwarder of `fast_forwarder`: python -m tests.support.fast_run."""

import sys
from typing import IO

from app.cli import processes
from app.cli.main import main
from app.cli.processes import Child


def _fast_forwarder(environment: dict[str, str] | None = None, log_file: IO[bytes] | None = None) -> Child:
    return Child("forwarder", ("-m", "tests.support.fast_forwarder"), 5.0, False, environment, log_file)


if __name__ == "__main__":
    processes.forwarder = _fast_forwarder  # before `main` imports the command that starts it
    sys.argv[1:] = ["run"]
    main()
