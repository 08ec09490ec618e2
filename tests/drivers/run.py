"""Drives podform as other programs do: `python run.py PODFORM`."""

import sys

import policies
import terraform_exec
import wrappers
from fleet import linked


def main(binary):
    terraform = linked(binary)
    plan = policies.document(terraform)
    drivers = [
        ("terraform-exec", lambda: terraform_exec.run(terraform)),
        ("tftest", lambda: wrappers.with_tftest(terraform)),
        ("python-terraform", lambda: wrappers.with_python_terraform(terraform)),
        ("Rego", lambda: policies.with_rego(plan)),
        ("terraform-compliance", lambda: policies.with_compliance(plan)),
        ("checkov", lambda: policies.with_checkov(plan)),
    ]
    bad = 0
    for name, drive in drivers:
        try:
            count, wrong = drive()
        except Exception as why:  # One driver that breaks keeps nobody from the others.
            count, wrong = 1, [f"{type(why).__name__}: {str(why)[:300]}"]
        bad += len(wrong)
        print(f"{name}: {count - len(wrong)} of {count}")
        for line in wrong:
            print(f"  {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
