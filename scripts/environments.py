"""The virtual environments, each made from one hashed lock.

| folder | lock | for |
|---|---|---|
| .tools/python | tools.lock (by pip) | uv, which installs all others |
| .venv | base.lock, or dev.lock which contains it | the product and its checks |
| .venv-bench | bench.lock | the peers of the benchmarks |
| .venv-convert | convert.lock | what regenerates the shipped cities |
| .tools/node | node.lock | Node for the web pages |
"""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from scripts import registry
from scripts.progress import UnableToFinishStep, call, say, step
from scripts.stamps import ROOT, TOOLS, digest, holds, one_at_a_time, stamped

REQUIREMENTS = ROOT / "requirements"
STAMP = "everlit-stamp"
PIP_INSTALL = ["install", "--quiet", "--no-input", "--require-hashes", "--disable-pip-version-check", "--retries", "5"]


def base_python() -> str:
    """The interpreter to make environments from, never one inside an environment that may be replaced."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def lock(name: str) -> Path:
    """The lock file of that name."""
    return REQUIREMENTS / f"{name}.lock"


def wanted(name: str) -> str:
    """What the stamp of an environment made from this lock says."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    package = json.dumps([about["project"], about["build-system"]])
    return f"{name} {digest(lock(name), package, '%d.%d' % sys.version_info[:2])}"


def ready(folder: Path, *names: str) -> bool:
    """Whether the environment holds what one of these locks says."""
    return (folder / "bin" / "python").exists() and any(holds(folder / STAMP, wanted(name)) for name in names)


def environment(folder: Path, *, from_lock: str, also: tuple[str, ...] = (), everlit: bool = True) -> Path:
    """Make sure the environment holds the lock, or one of `also` that contains it; return its Python.

    An out-of-date environment that held one of `also` is filled from that lock again: a demo takes no checks away.
    """
    python = folder / "bin" / "python"
    if ready(folder, from_lock, *also):
        return python
    with one_at_a_time():
        if ready(folder, from_lock, *also):
            return python
        from_lock = next((name for name in also if held(folder) == name), from_lock)
        uv = installer()
        with stamped(folder / STAMP, wanted(from_lock)):
            fill(folder, uv, from_lock, everlit=everlit)
    return python


def held(folder: Path) -> str:
    """Name of the lock an environment was last made from; empty when it was not, or not to the end."""
    stamp = folder / STAMP
    return stamp.read_text(encoding="utf-8").partition(" ")[0] if stamp.is_file() else ""


def fill(folder: Path, uv: Path, name: str, *, everlit: bool) -> None:
    """Install exactly the locked packages, and everlit itself from this folder."""
    python = folder / "bin" / "python"
    with step(f"{count(name)} locked packages ({lock(name).relative_to(ROOT)}) into {folder.relative_to(ROOT)}"):
        if not same_python(python):
            call(
                [uv, "venv", "--quiet", "--clear", "--python", base_python(), folder],
                env=uv_environment(),
                what=f"cannot make the virtual environment {folder}",
            )
        try:
            call(
                [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, lock(name)],
                cwd=ROOT,
                env=uv_environment(),
                what="uv could not install the locked packages",
            )
        except UnableToFinishStep as refusal:
            say(f"  {refusal}")
            say("  trying again with pip …")
            pip_install(python, lock(name))
        if everlit:
            call(
                [uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "--editable", ROOT],
                cwd=ROOT,
                env=uv_environment(),
                what="cannot install everlit from this folder",
            )


def pip_install(python: Path, requirements: Path) -> None:
    """Install hashed requirements into an environment with the pip of the tools."""
    call(
        [TOOLS / "python/bin/python", "-m", "pip", "--python", python, *PIP_INSTALL, "-r", requirements],
        cwd=ROOT,
        what="the packages could not be installed; is a package registry reachable (pip config list)?",
    )


def same_python(python: Path) -> bool:
    """Whether the environment works and has the version of the Python that runs this."""
    if not python.exists():
        return False
    answer = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ).stdout.strip()
    return answer == f"{'%d.%d' % sys.version_info[:2]} {python.parent.parent}"


def count(name: str) -> int:
    """How many packages a lock names."""
    return len(re.findall(r"(?m)^[A-Za-z0-9]", lock(name).read_text(encoding="utf-8")))


# ------------------------------------------------------------------------------------------ the installer


def installer() -> Path:
    """uv from tools.lock, in an environment of its own."""
    folder = TOOLS / "python"
    uv = folder / "bin" / "uv"
    if uv.exists() and ready(folder, "tools"):
        return uv
    with stamped(folder / STAMP, wanted("tools")), step("the installer (uv, requirements/tools.lock)"):
        make_tools_environment(folder)
        call(
            [folder / "bin/python", "-m", "pip", *PIP_INSTALL, "-r", lock("tools")],
            cwd=ROOT,
            what="uv could not be installed; is a package registry reachable (pip config list)?",
        )
    return uv


def make_tools_environment(folder: Path) -> None:
    """Make a virtual environment with pip, also on a Debian whose Python comes without python3-venv."""
    python = base_python()
    shutil.rmtree(folder, ignore_errors=True)
    if not has_ensurepip(python):
        add_ensurepip()
    if has_ensurepip(python):
        call([python, "-m", "venv", folder], what="cannot make a virtual environment")
        return
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode:
        raise UnableToFinishStep(
            f"{python} can make no virtual environment with pip (the modules ensurepip and pip are both missing).\n"
            "    Debian, Ubuntu: as root, apt-get install python3-venv; then run this again."
        )
    call([python, "-m", "venv", "--without-pip", folder], what="cannot make a virtual environment")
    call(
        [python, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet", "pip"],
        what="cannot put pip into the virtual environment",
    )


def has_ensurepip(python: str) -> bool:
    """Whether this Python can make a virtual environment with pip."""
    return subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0


def add_ensurepip() -> None:
    """Install Debian's python3-venv when we may."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("this Python comes without ensurepip; installing Debian's package for it …")
        try:
            apt_install("python%d.%d-venv" % sys.version_info[:2])
        except UnableToFinishStep as refusal:
            say(f"  {refusal}")


def apt_install(*packages: str) -> None:
    """Install Debian packages; only root may."""
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": system_path()}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    try:
        call(install, env=env, what="apt-get install failed")
    except UnableToFinishStep:
        call(["apt-get", "update", "--quiet"], env=env, what="apt-get update failed")
        call(install, env=env, what=f"apt-get could not install {', '.join(packages)}")


def system_path() -> str:
    """PATH with the folders of the system's own tools, which a bare environment may lack."""
    return ":".join([os.environ.get("PATH", "/usr/bin:/bin"), "/usr/local/sbin", "/usr/sbin", "/sbin"])


@functools.cache
def pip_settings() -> dict[str, str]:
    """The settings of the tools' pip, read once."""
    return registry.pip_settings(TOOLS / "python/bin/python")


def uv_environment() -> dict[str, str]:
    """The environment for uv: the machine's own, plus what pip is told about registries."""
    plain = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return plain | registry.uv_variables(pip_settings(), plain)
