"""The calls of HashiCorp's terraform-exec, with the argument lists that it builds, in the order of a whole life."""

import json
import subprocess

from fleet import fleet

LOCK = ["-lock-timeout=0s", "-lock=true"]
RUN = [*LOCK, "-parallelism=10", "-refresh=true"]
# Name of the Go method, arguments, exit codes that it takes for success, and what it reads from standard output.
CALLS = [
    ("Version", ["version", "-json"], [0], "json"),
    ("Init", ["init", "-no-color", "-input=false", "-backend=true", "-get=true", "-upgrade=false"], [0], None),
    ("Get", ["get", "-no-color", "-update=false"], [0], None),
    ("Validate", ["validate", "-no-color", "-json"], [0], "json"),
    ("FormatCheck", ["fmt", "-no-color", "-write=false", "-list=true", "-diff=false", "-check=true"], [0, 3], None),
    ("FormatString", ["fmt", "-no-color", "-"], [0], None),
    ("WorkspaceShow", ["workspace", "show", "-no-color"], [0], None),
    ("WorkspaceList", ["workspace", "list", "-no-color"], [0], None),
    ("MetadataFunctions", ["metadata", "functions", "-json"], [0], "json"),
    ("ProvidersSchema", ["providers", "schema", "-json", "-no-color"], [0], "json"),
    ("Graph", ["graph", "-no-color"], [0], None),
    ("Plan", ["plan", "-no-color", "-input=false", "-detailed-exitcode", *RUN, "-out=plan"], None, None),
    ("PlanJSON", ["plan", "-no-color", "-input=false", "-detailed-exitcode", *RUN, "-json"], [0, 2], "lines"),
    ("ShowPlanFile", ["show", "-json", "-no-color", "plan"], [0], "json"),
    ("ShowPlanFileRaw", ["show", "-no-color", "plan"], [0], None),
    ("Apply", ["apply", "-no-color", "-auto-approve", "-input=false", *RUN], [0], None),
    ("ApplyJSON", ["apply", "-no-color", "-auto-approve", "-input=false", *RUN, "-json"], [0], "lines"),
    ("RefreshCmd", ["refresh", "-no-color", "-input=false", *LOCK], [0], None),
    ("RefreshJSON", ["refresh", "-no-color", "-input=false", *LOCK, "-json"], [0], "lines"),
    ("Show", ["show", "-json", "-no-color"], [0], "json"),
    ("Output", ["output", "-no-color", "-json"], [0], "json"),
    ("StatePull", ["state", "pull", "-no-color"], [0], "json"),
    ("StateMv", ["state", "mv", "-no-color", *LOCK, "simplepod_template_group.base", "simplepod_template_group.other"],
     [0], None),
    ("StateMv", ["state", "mv", "-no-color", *LOCK, "simplepod_template_group.other", "simplepod_template_group.base"],
     [0], None),
    ("Taint", ["taint", "-no-color", *LOCK, "simplepod_instance.worker"], [0], None),
    ("Untaint", ["untaint", "-no-color", *LOCK, "simplepod_instance.worker"], [0], None),
    ("Destroy", ["destroy", "-no-color", "-auto-approve", "-input=false", *RUN], [0], None),
    ("DestroyJSON", ["destroy", "-no-color", "-auto-approve", "-input=false", *RUN, "-json"], [0], "lines"),
]


def run(binary):
    """Every call; those that do not do what the library needs."""
    directory, wrong = fleet(), []
    for name, arguments, codes, reads in CALLS:
        done = subprocess.run([binary, *arguments], cwd=directory, capture_output=True, text=True, input="a=1\n")
        why = None
        if done.returncode not in (codes or [0, 2]):
            why = f"exit code {done.returncode}: {done.stderr.strip()[:160]}"
        elif reads == "json":
            answer = json.loads(done.stdout)
            if name == "Version" and "terraform_version" not in answer:
                why = "no terraform_version"
        elif reads == "lines":
            kinds = [json.loads(line)["type"] for line in done.stdout.splitlines()]
            if kinds[:1] != ["version"] or "change_summary" not in kinds:
                why = f"the stream is {kinds}"
        if why:
            wrong.append(f"{name}: {why}")
    return len(CALLS), wrong
