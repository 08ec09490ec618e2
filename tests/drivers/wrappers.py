"""PyPI's tftest and python-terraform, through a whole life."""

import python_terraform
import tftest

from fleet import fleet


def with_tftest(binary):
    """Plan, apply, outputs, state and destroy, as its users write them."""
    calls, wrong = 0, []

    def check(name, ok):
        nonlocal calls
        calls += 1
        if not ok:
            wrong.append(f"tftest {name}")

    test = tftest.TerraformTest(str(fleet()), binary=binary)
    test.setup(cleanup_on_exit=False)
    plan = test.plan(output=True)
    check("plan: resources", "simplepod_instance.worker" in plan.resources)
    check("plan: values", plan.resources["simplepod_instance.worker"]["values"]["gpu_model"] == "RTX 4090")
    check("plan: changes", plan.resource_changes["simplepod_template_group.base"]["change"]["actions"] == ["create"])
    check("plan: variables", plan.variables["model"] == "RTX 4090")
    test.apply()
    outputs = test.output()
    check("output", bool(outputs["id"]))
    state = test.state_pull()
    check("state_pull", "None.simplepod_instance.worker" in state.resources)
    again = test.plan(output=True)
    check("plan again", again.resource_changes["simplepod_instance.worker"]["change"]["actions"] == ["no-op"])
    test.destroy()
    check("destroy", not test.state_pull().resources)
    return calls, wrong


def with_python_terraform(binary):
    """The same with its dictionary of flags."""
    terraform = python_terraform.Terraform(working_dir=str(fleet()), terraform_bin_path=binary)
    wrong = []
    calls = [
        ("init", lambda: terraform.init(), (0,)),
        ("validate", lambda: terraform.cmd("validate"), (0,)),
        ("plan", lambda: terraform.plan(), (2,)),
        ("apply", lambda: terraform.apply(skip_plan=True), (0,)),
        ("plan again", lambda: terraform.plan(), (0,)),
        ("plan, var", lambda: terraform.plan(var={"model": "RTX 3090"}), (2,)),
        ("show", lambda: terraform.show(), (0,)),
        ("destroy", lambda: terraform.destroy(force=python_terraform.IsNotFlagged, auto_approve=True), (0,)),
    ]
    for name, call, codes in calls:
        code, _, told = call()
        if code not in codes:
            wrong.append(f"python-terraform {name}: exit code {code}: {(told or '').strip()[:160]}")
        if name == "apply" and not terraform.output()["id"]["value"]:
            wrong.append("python-terraform output")
    return len(calls) + 1, wrong
