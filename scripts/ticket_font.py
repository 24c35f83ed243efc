"""Make the font of the printed documents again (文书字体): a subset of Noto Sans SC, bit for bit.

    npm pack @expo-google-fonts/noto-sans-sc@0.4.3        (the font as published, SIL Open Font License 1.1)
    .venv-convert/bin/python scripts/ticket_font.py expo-google-fonts-noto-sans-sc-0.4.3.tgz

Kept are all characters of GB 2312 (6,763 hanzi and its signs), hanzi of place and personal names beyond it, Latin,
Greek, and the signs documents use. `./run` never calls it; unlike everything else here it needs a package, fonttools,
which `./run convert` installs.
"""

import hashlib
import io
import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "src" / "everlit" / "data" / "fonts"
MEMBER = "package/400Regular/NotoSansSC_400Regular.ttf"
SHA256 = "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16"
NAMES = (
    "滘塱埗氹凼垌埇圳漖蓢磡鲘埕冚邨瑭喆镕堃璟焯炘昇昉玥珺琰翀赟垚犇淏"
    "妤浬瀞瀛禤稔峄峣峤崟嶝嶂坜坭坳埔堍墈墘塅塝崀崆岽曈曦彧晟旻昶晖暄"
)
SIGNS = "√✓□■○●△▲→←↑↓↔─│┌┐└┘·…—–“”‘’《》【】①②③④⑤⑥⑦⑧⑨⑩°℃±×÷≤≥≠≈∞Ω∠Σ√∅İU̇"


def gb2312() -> set[int]:
    """Code points of GB 2312."""
    points = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                points.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return points


def _read(published: tarfile.TarFile, name: str) -> bytes:
    member = published.extractfile(name)
    if member is None:
        sys.exit(f"no {name} in the archive")
    return member.read()


def main(archive: Path) -> None:
    """Cut the subset out of the published archive and write it with the licence beside it."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    with tarfile.open(archive) as published:
        original, licence = (_read(published, name) for name in (MEMBER, "package/LICENSE_FONT"))
    if hashlib.sha256(original).hexdigest() != SHA256:
        sys.exit(f"{archive} does not hold the expected {MEMBER}")
    latin = {*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3CA)}
    options = subset.Options(
        layout_features=["kern", "locl"], hinting=False, name_IDs=[0, 1, 2, 4, 5, 6, 13, 14], notdef_outline=True
    )
    options.recalc_timestamp = False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=gb2312() | latin | {ord(sign) for sign in SIGNS + NAMES})
    font = TTFont(io.BytesIO(original), recalcTimestamp=False)
    cutter.subset(font)
    FOLDER.mkdir(parents=True, exist_ok=True)
    font.save(FOLDER / "NotoSansSC-Regular-GB2312.ttf")
    (FOLDER / "OFL.txt").write_bytes(licence)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
