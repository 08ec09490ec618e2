"""Reviews, read by other programs: cmark-gfm renders the comments, html5lib and html-validate read the page, an XML reader the
JUnit report. Of the examples, and of plans of 1, 82 and 10,000 machines whose every name means harm.

python3 -m venv v && v/bin/pip install cmarkgfm html5lib && npm i html-validate
v/bin/python tests/drivers/reviews.py target/release/podform [node_modules/.bin/html-validate]
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cmarkgfm
import html5lib
from cmarkgfm.cmark import Options

podform = str(Path(sys.argv[1]).resolve())
validator = str(Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else shutil.which("html-validate")
root = Path(__file__).resolve().parents[2]
environment = {**os.environ, "PODFORM_SANDBOX": "1"}

# One line, and several of which each would act if it stood alone.
EVIL = (
    "`a``b```c | d </details></summary></code></pre> --> <!-- x --> \u202eabc\u2066 @all #1 GH-7 !3 ::set-output name=x::y "
    "<script>alert(1)</script><img src=x onerror=alert(1)> [x](https://e.vil/) ![i](https://e.vil/i.png) &lt; \\ $x$ :tada: "
    "www.e.vil https://e.vil ~~s~~ **b** _e_ \"q\" 's'"
)
LINES = (
    "::set-output name=x::y\n/close\n# heading\n```\n</details>\n| a | b |\n> [!CAUTION]\n- x\n<script>alert(1)</script>\n"
    "::error::x"
)
# What a comment is made of.
TAGS = set("html head body h3 p strong blockquote ul li code pre table thead tbody tr th td details summary em".split())
# What a page must not hold: nothing loads, runs or leads away.
ACTING = {"script", "img", "a", "link", "iframe", "object"}


def run(directory, *arguments, codes=(0,)):
    done = subprocess.run([podform, *arguments], cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode in codes, (arguments, done.stdout, done.stderr)
    return done.stdout


def comment(name, text, limit):
    size = max(len(text.encode()), len(text.encode("utf-16-le")) // 2)
    assert size <= limit, (name, limit, size)
    assert "digest=sha256:" in text.partition("\n")[0] and "\u202e" not in text, name
    # Commands of a runner, and of GitLab.
    fence = None
    for line in text.splitlines():
        if fence is None and (begin := re.match(r"`{3,}", line)):
            fence = begin.group()
        elif line.rstrip() == fence:
            fence = None
        assert not line.lstrip().startswith("::"), (name, line)
        assert fence is not None or not line.startswith("/"), (name, line)
    page = cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    tags = {node.tag for node in tree.iter() if isinstance(node.tag, str)}
    assert tags <= TAGS, (name, limit, tags - TAGS)
    for tag in ("details", "summary", "code", "pre", "table"):
        assert page.count(f"<{tag}") == page.count(f"</{tag}>"), (name, limit, tag)
    for table in tree.iter("table"):
        assert {len(list(row)) for row in table.iter("tr")} == {6}, name
    return size


def judge(name, directory, plan):
    began = time.monotonic()
    sizes = [comment(name, run(directory, "review", plan, f"-max-bytes={limit}"), limit) for limit in (8000, 20000, 60000)]
    page = Path(directory, "review.html")
    page.write_text(run(directory, "review", plan, "-format=html"))
    tree = html5lib.parse(page.read_text(), namespaceHTMLElements=False)
    assert not ACTING & {node.tag for node in tree.iter()}, name
    if validator:
        done = subprocess.run([validator, str(page)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    report = ElementTree.fromstring(run(directory, "review", plan, "-format=junit"))
    sarif = json.loads(run(directory, "review", plan, "-format=sarif"))
    shown = [run(directory, "review", plan, f"-format={form}") for form in ("summary", "json", "gitlab")]
    shown += [run(directory, "show", plan), run(directory, "show", "-detail", plan)]
    for text in shown:
        assert "\u202e" not in text and not re.search(r"^\s*::", text, re.MULTILINE), name
    found = len(sarif["runs"][0]["results"])
    seconds = time.monotonic() - began
    print(f"{name}: {sizes} bytes of Markdown, {report.get('tests')} rules, {found} findings, {seconds:.1f} s")


def hostile(count, edit=""):
    machines = {f"{EVIL} {n}": f"{EVIL} value {n}" for n in range(count)}
    group = {
        "name": EVIL,
        "image_name": "img",
        "default_tag": f"t{edit}",
        "category_name": EVIL,
        "env_variables": {"X": EVIL + edit, "Y": LINES},
        "start_script": LINES + edit,
        "notes": LINES,
        "registry": {"host": "h.example", "username": EVIL, "password": "pw"},
    }
    machine = {
        "for_each": machines,
        "gpu_model": "RTX 4090",
        "fallback_gpu_models": ["RTX 3090", "RTX 3060", "RTX 5090", "RTX A4000", "L40S", EVIL],
        "max_price_per_gpu": 100,
        "template_group": "${simplepod_template_group.g.id}",
        "name": "${each.key}",
        "notes": LINES + "${each.key}",
        "env_variables": {"A": "${each.value}" + edit, "B": LINES},
        "start_script": f"{LINES}\n{EVIL}",
        "offer": {"not_hosts": [EVIL]},
    }
    broken = {"condition": "${length(simplepod_instance.w) == 99}", "error_message": f"{EVIL}. {LINES}."}
    return json.dumps(
        {
            "podform": {"fleet": "lab"},
            "resource": {"simplepod_template_group": {"g": group}, "simplepod_instance": {"w": machine}},
            "check": {"c": {"assert": [broken]}},
            "output": {"o": {"value": {EVIL: LINES, "k": EVIL + edit}}, "p": {"value": EVIL + LINES + edit}},
        }
    )


for example in ("quickstart", "training-cluster", "render-farm"):
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(root / "examples" / example, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("state"))
        run(directory, "plan", "-out=new.plan")
        judge(f"{example}, new", directory, "new.plan")
        run(directory, "apply", "-auto-approve", "--fault", "boot=0")
        run(directory, "plan", "-destroy", "-out=end.plan")
        judge(f"{example}, destroyed", directory, "end.plan")

for count in (1, 82, 10_000):
    with tempfile.TemporaryDirectory() as directory:
        main = Path(directory, "main.hcl.json")
        main.write_text(hostile(count))
        market = [word for switch in ("hosts=15000", "balance=100000000", "boot=0") for word in ("--fault", switch)]
        run(directory, "plan", "-out=new.plan", *market)
        judge(f"hostile {count}, new", directory, "new.plan")
        if count > 100:
            continue
        run(directory, "apply", "-auto-approve", *market)
        # Half of them go, the others change.
        main.write_text(hostile(count // 2, edit="2"))
        run(directory, "plan", "-out=next.plan")
        judge(f"hostile {count}, half", directory, "next.plan")
        run(directory, "plan", "-destroy", "-out=end.plan")
        judge(f"hostile {count}, destroyed", directory, "end.plan")
