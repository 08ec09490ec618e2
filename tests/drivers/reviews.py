"""Reviews, read by other programs: cmark-gfm renders the comments, html-validate the page, an XML reader the JUnit report.

python3 -m venv v && v/bin/pip install cmarkgfm && npm i html-validate
v/bin/python tests/drivers/reviews.py target/debug/podform [node_modules/.bin/html-validate]
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

podform = str(Path(sys.argv[1]).resolve())
validator = str(Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else shutil.which("html-validate")
root = Path(__file__).resolve().parents[2]
environment = {**os.environ, "PODFORM_SANDBOX": "1"}


def run(directory, *arguments):
    done = subprocess.run([podform, *arguments], cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def judge(name, directory, plan):
    for limit in (8000, 20000, 60000):
        text = run(directory, "review", plan, f"-max-bytes={limit}")
        assert len(text.encode()) <= limit, (name, limit, len(text.encode()))
        page = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
        assert page.count("<details>") == page.count("</details>"), name
        assert not re.search(r"<script|<a href", page), name
    if validator:
        page = Path(directory, "review.html")
        page.write_text(run(directory, "review", plan, "-format=html"))
        done = subprocess.run([validator, str(page)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    report = ElementTree.fromstring(run(directory, "review", plan, "-format=junit"))
    sarif = json.loads(run(directory, "review", plan, "-format=sarif"))
    found = len(sarif["runs"][0]["results"])
    print(f"{name}: {len(text.encode())} bytes of Markdown, {report.get('tests')} rules, {found} findings")


for example in ("quickstart", "training-cluster", "render-farm"):
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(root / "examples" / example, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("state"))
        run(directory, "plan", "-out=new.plan")
        judge(f"{example}, new", directory, "new.plan")
        run(directory, "apply", "-auto-approve", "--fault", "boot=0")
        run(directory, "plan", "-destroy", "-out=end.plan")
        judge(f"{example}, destroyed", directory, "end.plan")
