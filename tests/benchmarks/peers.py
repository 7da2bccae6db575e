"""Other people's readers, each installed once in a virtual environment of its own and run there."""

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / ".venv-peers"  # ignored by git


class PeerMissingError(Exception):
    """The peer cannot be installed here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A released package to compare with.

    Attributes
    ----------
    name
        Of its folder.
    requirement
        The package in its pinned version.
    alone
        What to install beside it where its own list of dependencies is set aside, and the Python it asks for with it;
        empty to install it as it asks.
    """

    name: str
    requirement: str
    alone: tuple[str, ...] = ()

    @property
    def stamp(self) -> str:
        """What is installed for it."""
        return " ".join((self.requirement, *self.alone))


DOLFYN = Peer("mhkit", "mhkit==1.1.2")
SEABIRDSCIENTIFIC = Peer("seabirdscientific", "seabirdscientific==3.1.1")
SEABIRD = Peer("seabird", "seabird==0.12.0")
SEASENSELIB = Peer("seasenselib", "seasenselib==0.6.1")
PYRSKTOOLS = Peer("pyrsktools", "pyrsktools==1.3.0")
PYADPS = Peer(
    "pyadps",
    "pyadps==1.1.0",
    # It asks for Python 3.12, and for the packages of a viewer; its reading runs on 3.11 with these, which it also asks
    # for, and with `requests`, which it imports and does not ask for.
    ("numpy==1.26.4", "pandas==2.2.3", "xarray==2024.2.0", "scipy==1.14.1", "pygeomag==1.1.0", "requests==2.32.3"),
)


def interpreter(peer: Peer) -> Path:
    """Path of the Python in which the peer is installed, made on first use.

    Raises
    ------
    PeerMissingError
        The package does not install.
    """
    home = FOLDER / peer.name
    python, stamp = home / "bin" / "python", home / "installed.txt"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{peer.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_installed(stamp, peer):
            _call([sys.executable, "-m", "venv", "--clear", str(home)], peer)
            install = [str(python), "-m", "pip", "install", "--quiet"]
            if peer.alone:
                _call([*install, *peer.alone], peer)
                install += ["--no-deps", "--ignore-requires-python"]
            _call([*install, peer.requirement], peer)
            stamp.write_text(peer.stamp)
    return python


def installed(peer: Peer) -> Path | None:
    """Path of the Python in which the peer is installed already; None where it is not."""
    home = FOLDER / peer.name
    return home / "bin" / "python" if _is_installed(home / "installed.txt", peer) else None


def _is_installed(stamp: Path, peer: Peer) -> bool:
    return stamp.exists() and stamp.read_text() == peer.stamp


def _call(command: list[str], peer: Peer) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing said"]
        raise PeerMissingError(f"{peer.requirement} does not install: {said[-1]}")


def run(python: Path | str, script: str, *arguments: str, cores: int | None = None) -> dict[str, Any]:
    """Run a script in a fresh process; what it prints last is its result, as JSON.

    Parameters
    ----------
    cores
        How many cores it may use; None for all.
    """
    # The script's own folder on the path first, nothing of ours: a peer must not import this project by accident.
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY) if python == sys.executable else ""}
    if cores is not None:
        script = f"import os\nos.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-{cores}:])\n{script}"
    done = subprocess.run(
        [str(python), "-c", script, *arguments], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"{python} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
