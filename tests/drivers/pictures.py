"""The pictures of docs/review.md: the page of a plan, light and dark, and its comment as cmark-gfm renders it.

Debian's chromium, pngquant; python3 -m venv v && v/bin/pip install cmarkgfm
v/bin/python tests/drivers/pictures.py target/debug/podform
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

podform = str(Path(sys.argv[1]).resolve())
root = Path(__file__).resolve().parents[2]
images = root / "docs" / "images"
environment = {**os.environ, "PODFORM_SANDBOX": "1"}
# The largest that a page of documentation should load.
MOST_BYTES = 150_000

PAGE = """<!doctype html><meta charset=utf-8><style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 16px; color: #1f2328; }
table { border-collapse: collapse; } td, th { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }
pre { background: #f6f8fa; padding: 12px; border-radius: 6px; overflow: auto; }
code { font: 12px ui-monospace, monospace; background: #eff1f3; padding: 2px 4px; border-radius: 6px; }
blockquote { margin: 0 0 16px; padding: 0 1em; border-left: 4px solid #9a6700; }
pre code { background: none; padding: 0; }
</style>"""


def run(directory, *arguments):
    done = subprocess.run([podform, *arguments], cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def picture(name, page, directory, size, dark=False):
    file, target = Path(directory, "page.html"), images / name
    file.write_text(page)
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}"]
    command += [f"--user-data-dir={directory}/chromium", f"--screenshot={target}"]
    command += ["--blink-settings=preferredColorScheme=0"] if dark else []
    subprocess.run([*command, f"file://{file}"], check=True, capture_output=True)
    subprocess.run(["pngquant", "--force", "--strip", "--output", str(target), "64", str(target)], check=True)
    assert target.stat().st_size < MOST_BYTES, (name, target.stat().st_size)
    print(f"{name}: {target.stat().st_size} bytes")


images.mkdir(exist_ok=True)
with tempfile.TemporaryDirectory() as directory:
    fleet = Path(directory, "fleet")
    shutil.copytree(root / "examples" / "training-cluster", fleet, ignore=shutil.ignore_patterns("state"))
    run(fleet, "apply", "-auto-approve", "--fault", "boot=0")
    main = fleet / "main.hcl"
    # One more machine, and another environment: a re-rent of each.
    main.write_text(main.read_text().replace("tostring(count.index + 1)", 'tostring(count.index + 1)\n    EPOCHS      = "20"'))
    run(fleet, "plan", "-var=workers=5", "-out=p")
    page = run(fleet, "review", "p", "-format=html")
    picture("review-page.png", page, directory, "900,760")
    picture("review-page-dark.png", page, directory, "900,760", dark=True)
    comment = cmarkgfm.github_flavored_markdown_to_html(run(fleet, "review", "p"), Options.CMARK_OPT_UNSAFE)
    # GitHub draws an alert of it.
    comment = comment.replace("[!WARNING]", "<strong>Warning</strong>")
    picture("review-comment.png", PAGE + comment, directory, "900,900")
