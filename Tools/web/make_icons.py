# SPDX-License-Identifier: Apache-2.0
"""Draws the app's PNG icons from icons/icon.svg with Chromium.

    python Tools/web/make_icons.py [--chromium /usr/bin/chromium]

Versions: playwright 1.65.2
"""

import argparse
import base64
from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).resolve().parents[2] / "Sources/RetortServer/Resources/app/icons"
# Maskable icons are cut to a circle by some launchers: the drawing keeps to the middle, the colour goes to the edge.
SHAPES = {
    "icon-192.png": (192, 1.0, "transparent"),
    "icon-512.png": (512, 1.0, "transparent"),
    "icon-maskable-512.png": (512, 0.76, "#0b6b5d"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the app's icons.")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    source = base64.b64encode((ICONS / "icon.svg").read_bytes()).decode()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for name, (size, scale, background) in SHAPES.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(
                f'<body style="margin:0;background:{background}"><img src="data:image/svg+xml;base64,{source}" '
                f'style="display:block;width:{size * scale}px;margin:{size * (1 - scale) / 2}px">'
            )
            page.screenshot(path=ICONS / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
