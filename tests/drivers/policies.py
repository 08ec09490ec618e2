"""Policies over `show -json`: what must fail fails, and what must pass passes, on resources and on data sources."""

import json
import pathlib
import shutil
import subprocess
import sys

from fleet import fleet

HERE = pathlib.Path(__file__).parent / "policies"
TOOLS = pathlib.Path(sys.executable).parent

# A rule over the document, and whether the plan breaks it.
REGO = [
    ("a model that is not allowed", 'deny contains r.address if { r := input.resource_changes[_]; r.change.after.gpu_model != "A100"; r.mode == "managed"; r.type == "simplepod_instance" }', True),
    ("a model that is allowed", 'deny contains r.address if { r := input.resource_changes[_]; r.type == "simplepod_instance"; r.change.after.gpu_model != "RTX 4090" }', False),
    ("a data source of the configuration", 'deny contains r.address if { r := input.configuration.root_module.resources[_]; r.mode == "data"; r.expressions.gpu_model.constant_value != "A100" }', True),
    ("a data source as it was read", 'deny contains r.address if { r := input.prior_state.values.root_module.resources[_]; r.mode == "data"; r.values.gpu_model == "RTX 4090" }', True),
    ("an unknown output", 'deny contains name if { input.output_changes[name].after_unknown == true }', True),
    ("an offer above a price", 'deny contains r.address if { r := input.podform.rents[_]; to_number(r.offer.price_per_gpu) > 0.1 }', True),
    ("an old plan", 'deny contains "old" if { not input.timestamp }', False),
]


def document(binary):
    """The plan as a file of JSON."""
    directory = fleet()
    subprocess.run([binary, "plan", "-out=plan"], cwd=directory, check=True, capture_output=True)
    shown = subprocess.run([binary, "show", "-json", "plan"], cwd=directory, check=True, capture_output=True, text=True)
    path = directory / "plan.json"
    path.write_text(shown.stdout)
    return path


def with_rego(path):
    """Each rule alone."""
    import regopy

    wrong = []
    for name, rule, breaks in REGO:
        rego = regopy.Interpreter()
        rego.add_module("policy", f"package policy\n\nimport rego.v1\n\n{rule}\n")
        rego.set_input(json.loads(path.read_text()))
        found = json.loads(str(rego.query("x = data.policy.deny")))["bindings"]["x"]
        if bool(found) != breaks:
            wrong.append(f"{name}: {found}")
    return len(REGO), wrong


def with_compliance(path):
    """Features of one directory must pass, those of the other must fail."""
    features = sorted((HERE / "compliance").glob("*/*.feature"))
    wrong = []
    for feature in features:
        directory = path.parent / feature.stem
        directory.mkdir(exist_ok=True)
        shutil.copy(feature, directory)
        done = subprocess.run(
            [str(TOOLS / "terraform-compliance"), "-p", str(path), "-f", str(directory), "--no-ansi"],
            capture_output=True, text=True,
        )
        must_fail = feature.parent.name == "fails"
        if (done.returncode == 1) != must_fail or "SKIPPING" in done.stdout:
            wrong.append(f"terraform-compliance, {feature.stem}: {done.returncode} {done.stdout.strip()[-300:]}")
    return len(features), wrong


def with_checkov(path):
    """Its own form of rules."""
    done = subprocess.run(
        [str(TOOLS / "checkov"), "-f", str(path), "--framework", "terraform_plan", "--external-checks-dir",
         str(HERE / "checkov"), "-c", "CKV2_PODFORM_1,CKV2_PODFORM_2,CKV2_PODFORM_3", "-o", "json", "--quiet"],
        capture_output=True, text=True,
    )
    report = json.loads(done.stdout)
    failed = {check["check_id"] for check in report.get("results", {}).get("failed_checks", [])}
    wanted = {"CKV2_PODFORM_1", "CKV2_PODFORM_3"}
    return 3, [] if failed == wanted else [f"failed are {sorted(failed)}, not {sorted(wanted)}"]
