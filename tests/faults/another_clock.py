"""Processes that go by another clock."""

import shutil
import subprocess
from pathlib import Path

FAKETIME = shutil.which("faketime")
WANTED = "no faketime here: `make field` installs it"


class Clock:
    """What time a process believes it is, by libfaketime: its wall clock alone, as when somebody or NTP sets it."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "faketime"
        self.set(0)
        assert FAKETIME is not None
        library = subprocess.check_output([FAKETIME, "-m", "-f", "+0s", "printenv", "LD_PRELOAD"], text=True).strip()
        self.surroundings = {
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self._said), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
        }  # fmt: skip

    def set(self, seconds: int) -> None:
        fresh = self._said.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}s\n")
        fresh.chmod(0o644)
        fresh.replace(self._said)
