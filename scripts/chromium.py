"""Find the Chromium that the browser tests drive; install Debian's when there is none and we may."""

import os
import shutil
import subprocess
from pathlib import Path

from scripts.environments import apt_install
from scripts.progress import UnableToFinishStep, step

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = ("/usr/bin", "/usr/local/bin", "/snap/bin", "/opt/google/chrome")
CACHED = ("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/chrome-*/*headless*shell")


def chromium() -> Path:
    """The path of a Chromium that starts, installing it if need be; a Chinese font comes along."""
    found = find_chromium()
    if found:
        return found
    if os.geteuid() or not shutil.which("apt-get"):
        raise UnableToFinishStep(
            "the browser tests need Chromium and found none. Debian: as root, apt-get install chromium fonts-noto-cjk;"
            "\n    elsewhere install Chromium or Chrome, or name one with EVERLIT_CHROMIUM=/path/to/chromium"
        )
    fonts = () if has_chinese_font() else ("fonts-noto-cjk",)
    with step(f"Debian's Chromium (apt-get install {' '.join(('chromium', *fonts))})"):
        apt_install("chromium", *fonts)
    found = find_chromium()
    if not found:
        raise UnableToFinishStep("Debian's chromium was installed but does not start: try `chromium --version`")
    return found


def find_chromium() -> Path | None:
    """The first Chromium that answers --version: the one named, on the path, or fetched by Playwright earlier."""
    named = os.environ.get("EVERLIT_CHROMIUM")
    path = os.pathsep.join([os.environ.get("PATH", ""), *PLACES])
    on_path = [shutil.which(name, path=path) for name in NAMES]
    cached = [str(place) for pattern in CACHED for place in (Path.home() / ".cache/ms-playwright").glob(pattern)]
    for candidate in [named, *on_path, *cached]:
        if candidate and starts(candidate):
            return Path(candidate)
    return None


def starts(program: str) -> bool:
    """Whether the program answers --version."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font with Chinese characters."""
    listing = shutil.which("fc-list")
    return bool(listing) and bool(subprocess.run([str(listing), ":lang=zh"], capture_output=True).stdout.strip())
