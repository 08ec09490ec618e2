"""Types into real shells, and sees what they complete: python3 tests/drivers/completions.py target/debug/podform

Needs bash, zsh, fish and elvish (apt-get install zsh fish elvish); one that is not there is told and left out. Each is given
the script that podform prints, completes flags and addresses, and runs the line with a hostile address, which must come to
the program as it is, and must run nothing.
"""
import os, pty, select, shutil, subprocess, sys, tempfile, time

PODFORM = os.path.abspath(sys.argv[1])
KEY = "$(touch pwned);`touch pwned`'!x"
FLEET = '''
podform {
  fleet = "shells"
}
resource "simplepod_template_group" "odd" {
  for_each   = toset(["$(touch pwned);`touch pwned`'!x"])
  name       = "odd"
  image_name = "alpine"
  default_tag = "1"
}
resource "simplepod_template_group" "plain" {
  name       = "plain"
  image_name = "alpine"
  default_tag = "1"
}
'''
SHELLS = {
    "bash": (["bash", "--norc", "-i"], "source <(podform completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; source <(podform completion zsh)"),
    "fish": (["fish", "--no-config", "-i"], "podform completion fish | source"),
    "elvish": (["elvish", "-norc"], "eval (podform completion elvish | slurp)"),
}


class Shell:
    def __init__(self, command, directory, environment):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(directory)
            os.environ.update(environment)
            os.execvp(command[0], command)

    def read(self, seconds):
        text, until = b"", time.time() + seconds
        while (left := until - time.time()) > 0:
            if select.select([self.terminal], [], [], left)[0]:
                try:
                    got = os.read(self.terminal, 65536)
                except OSError:
                    break
                # Shells ask who and where the terminal is, and wait for the answer.
                if b"\x1b[6n" in got:
                    os.write(self.terminal, b"\x1b[1;1R")
                if b"\x1b[c" in got or b"\x1b[0c" in got:
                    os.write(self.terminal, b"\x1b[?62;c")
                text += got
        return text.decode(errors="replace")

    def type(self, text, seconds=1.5):
        os.write(self.terminal, text.encode())
        return self.read(seconds)


def judge(name, directory):
    command, load = SHELLS[name]
    bin = os.path.join(directory, "bin")
    os.makedirs(bin, exist_ok=True)
    said = os.path.join(directory, "said")
    # Stands for podform: completes with it, and writes down what else it was given.
    with open(os.path.join(bin, "podform"), "w") as file:
        file.write(f'#!/bin/sh\ncase "$1" in __complete|completion) exec {PODFORM} "$@";; esac\n'
                   f'printf "%s\\n" "$@" > {said}\n')
    os.chmod(file.name, 0o755)
    shell = Shell(command, directory, {"PATH": f"{bin}:{os.environ['PATH']}", "TERM": "xterm", "HOME": directory,
                                       "PODFORM_SANDBOX": "1"})
    shell.read(2)
    shell.type(load + "\r", 2)
    odd, plain = f'simplepod_template_group.odd["{KEY}"]', "simplepod_template_group.plain"
    faults = []
    for typed, wanted in [
        ("podform pla\t -accept-m\t", ["plan", "-accept-missing"]),
        ("podform state sho\t simplepod_template_group.pl\t", ["state", "show", plain]),
        ("podform plan -target simplepod_template_group.pl\t", ["plan", "-target", plain]),
        ("podform plan -target=simplepod_template_group.pl\t", ["plan", f"-target={plain}"]),
        ("podform state show simplepod_template_group.od\t", ["state", "show", odd]),
        ("podform plan -replace=simplepod_template_group.od\t", ["plan", f"-replace={odd}"]),
        ("podform -chdir=. workspace select d\t", ["-chdir=.", "workspace", "select", "default"]),
    ]:
        if os.path.exists(said):
            os.remove(said)
        screen = ""
        for part in typed.split("\t")[:-1]:
            screen += shell.type(part + "\t")
        screen += shell.type("\r")
        if not os.path.exists(said):
            # Elvish asks whether the one candidate is meant.
            screen += shell.type("\r")
        got = open(said).read().splitlines() if os.path.exists(said) else None
        if got != wanted:
            faults.append(f"{typed!r} became {got}, not {wanted}: {screen[-260:]!r}")
            shell.type("\x03")
    if os.path.exists(os.path.join(directory, "pwned")):
        faults.append("an address was run")
    os.close(shell.terminal)
    return faults


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as directory:
        open(os.path.join(directory, "main.hcl"), "w").write(FLEET)
        subprocess.run([PODFORM, "apply", "-sandbox", "-auto-approve"], cwd=directory, check=True, capture_output=True)
        start = time.time()
        subprocess.run([PODFORM, "__complete", "fish", "podform", "state", "show", ""], cwd=directory, check=True,
                       capture_output=True, env={**os.environ, "PODFORM_SANDBOX": "1"})
        print(f"one question: {1000 * (time.time() - start):.0f} ms")
        for name in sys.argv[2:] or SHELLS:
            if not shutil.which(name):
                print(f"{name}: not there")
                continue
            faults = judge(name, directory)
            wrong += len(faults)
            print(f"{name}: {'good' if not faults else ''}")
            for fault in faults:
                print("  " + fault)
    sys.exit(wrong > 0)


main()
