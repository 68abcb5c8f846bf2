"""The file that figures are saved in, and what has changed since."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tests.bench.figures import Figure
from tests.bench.noise import TOO_MUCH

VERSION = 1


class NotSaved(Exception):
    """A file is not one in which figures were saved. The text says what is wrong."""


class Machine(BaseModel):
    """The machine on which something was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str

    @classmethod
    def this(cls) -> "Machine":
        """Return this machine."""
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            memory_gb=round(psutil.virtual_memory().total / 1e9),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
        )

    def __str__(self) -> str:
        """Return a line for people."""
        return (
            f"{self.cores} cores of {self.processor}, {self.memory_gb} GB, {self.system}, "
            f"Python {self.python}"
        )


class Measured(BaseModel):
    """The figures of one measurement. `noise` is the share of the CPU that others took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    machine: Machine = Field(default_factory=Machine.this)
    rounds: int
    size: float
    noise: float
    figures: list[Figure]

    @property
    def disturbed(self) -> bool:
        """Whether others took so much of the CPU that rates and times mean little."""
        return self.noise > TOO_MUCH


class Saved(BaseModel):
    """The figures of all measurements by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    measurements: dict[str, Measured]


def read(path: Path) -> Saved:
    """Return what was saved in a file. Raises NotSaved if it is of another kind or version."""
    try:
        return Saved.model_validate_json(path.read_bytes())
    except OSError as error:
        raise NotSaved(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise NotSaved(
            f"{path} has no figures of version {VERSION}, which --save writes: "
            f"{place + ': ' if place else ''}{first['msg']}."
        ) from error


def save(path: Path, measured: Mapping[str, Measured], *, noisy: bool = False) -> list[str]:
    """Save figures, and keep those of other measurements that the file has. Raises NotSaved.

    Disturbed measurements are saved only if `noisy`; returns the names of those that were not.
    """
    kept = {name: found for name, found in measured.items() if noisy or not found.disturbed}
    before = read(path).measurements if path.exists() else {}
    if kept:
        path.write_text(as_json({**before, **kept}))
    return sorted(measured.keys() - kept.keys())


def as_json(measured: Mapping[str, Measured]) -> str:
    """Return the text of a file with these figures."""
    return Saved(measurements=dict(measured)).model_dump_json(indent=2) + "\n"


def _processor() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
