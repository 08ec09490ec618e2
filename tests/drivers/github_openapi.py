"""GitHub as its published description says: every call of `podform review -post=github` and of `apply -reviewed-from=github`,
and every answer to it, is validated against the OpenAPI document (GraphQL has none: its call is looked at by hand).

python3 -m venv v && v/bin/pip install openapi-schema-validator && npm i @octokit/openapi
v/bin/python tests/drivers/github_openapi.py target/debug/podform node_modules/@octokit/openapi/generated/api.github.com.json
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

podform, description = str(Path(sys.argv[1]).resolve()), sys.argv[2]
document = json.loads(Path(description).read_text())
registry = Registry().with_resource("urn:github", Resource(document, DRAFT4))
# Machines in the plan whose releases are told at lines: more than one call takes.
MACHINES = 70

FLEET = """
podform {
  fleet = "lab"
}

variable "declared" {
  default = true
}

resource "simplepod_template_group" "base" {
  name       = "lab-base"
  image_name = "ubuntu"
}
"""
MACHINE = """
resource "simplepod_instance" "w%d" {
  count             = var.declared ? 1 : 0
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.90
  template_group    = simplepod_template_group.base.id
}
"""


def at(reference):
    node = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def whole(node):
    return at(node["$ref"]) if "$ref" in node else node


def absolute(node):
    """The same schema, with references that name the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            return {"$ref": "urn:github" + node["$ref"]}
        return {name: absolute(value) for name, value in node.items()}
    return [absolute(value) for value in node] if isinstance(node, list) else node


def wrong(kind, schema, value, besides=frozenset()):
    errors = kind(absolute(schema), registry=registry).iter_errors(value)
    return {f"{[part for part in error.path if not isinstance(part, int)]} breaks {error.validator}" for error in errors} - besides


def operation(method, path):
    """The operation, its template and the values in the path; the most literal template wins."""
    found = []
    for template, item in document["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "([^/]+)", template)
        match = re.fullmatch(pattern, path)
        if match and method in item:
            names = re.findall(r"\{([^}]+)\}", template)
            found.append((len(names), template, item[method], dict(zip(names, match.groups()))))
    return min(found, key=lambda one: one[0])[1:] if found else None


class GitHub:
    def __init__(self):
        self.comments, self.checks, self.folded, self.calls, self.wrong = [], {}, [], 0, []

    def example(self, operation, status):
        media = whole(operation["responses"][status])["content"]["application/json"]
        examples = [whole(one)["value"] for one in media.get("examples", {}).values()]
        return copy.deepcopy(examples[0])

    def comment(self, example, number, body):
        return {**example, "id": number, "node_id": f"node-{number}", "body": body, "user": {**example["user"], "login": "robot"}}

    def answer(self, method, url, headers, body):
        self.calls += 1
        parts = urlsplit(url)
        if parts.path == "/graphql":
            asked = set(body) == {"query", "variables"} and "minimizeComment" in body["query"]
            self.note(method, url, [] if asked else ["not the mutation that is known"])
            self.folded.append(body["variables"]["id"])
            return 200, {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}
        found = operation(method.lower(), parts.path)
        if not found:
            self.note(method, url, ["no such operation"])
            return 404, {"message": "Not Found"}
        template, op, values = found
        problems = []
        given = {"path": values, "query": dict(parse_qsl(parts.query))}
        known = [whole(parameter) for parameter in op.get("parameters", [])]
        for name in given["query"]:
            if not any(one["in"] == "query" and one["name"] == name for one in known):
                problems.append(f"the query has {name}, which is not described")
        for parameter in known:
            text = given.get(parameter["in"], {}).get(parameter["name"])
            if text is None:
                problems += [f"{parameter['name']} is missing"] if parameter.get("required") else []
                continue
            value = int(text) if parameter["schema"].get("type") == "integer" else text
            problems += [f"{parameter['name']}: {text}" for text in wrong(OAS30WriteValidator, parameter["schema"], value)]
        if "requestBody" in op:
            schema = op["requestBody"]["content"]["application/json"]["schema"]
            problems += wrong(OAS30WriteValidator, schema, body)
            undescribed = set(body) - set(schema.get("properties", body))
            problems += [f"the body has {sorted(undescribed)}, which is not described"] if undescribed else []
            if len((body.get("output") or {}).get("annotations") or []) > 50:
                problems.append("more than 50 annotations")
        elif body is not None:
            problems.append("a body that is not described")
        if headers.get("Authorization") != "Bearer a-token" or not headers.get("User-Agent"):
            problems.append("no token, or no user agent")
        status, answer = self.done(method, template, op, values, given["query"], body)
        content = whole(op["responses"][str(status)]).get("content")
        if content:
            schema = content["application/json"]["schema"]
            # Some of the description's own examples, of which the answers are made, are not as it says.
            given = wrong(OAS30ReadValidator, schema, self.example(op, str(status)))
            problems += [f"the answer: {text}" for text in wrong(OAS30ReadValidator, schema, answer, given)]
        self.note(method, template, problems)
        return status, answer

    def note(self, method, where, problems):
        self.wrong += [f"{method} {where}: {problem}" for problem in problems]

    def done(self, method, template, op, values, query, body):
        name = f"{method} {template.split('{repo}')[-1]}"
        if name == "GET /user":
            return 200, {**self.example(op, "200"), "login": "robot"}
        if name == "GET /issues/{issue_number}/comments":
            size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
            return 200, self.comments[(page - 1) * size : page * size]
        if name == "POST /issues/{issue_number}/comments":
            self.comments.append(self.comment(self.example(op, "201"), 100 + len(self.comments), body["body"]))
            return 201, self.comments[-1]
        if name == "PATCH /issues/comments/{comment_id}":
            [found] = [one for one in self.comments if one["id"] == int(values["comment_id"])]
            found["body"] = body["body"]
            return 200, found
        if name == "DELETE /issues/comments/{comment_id}":
            self.comments = [one for one in self.comments if one["id"] != int(values["comment_id"])]
            return 204, None
        if name == "POST /check-runs":
            self.checks[4] = [body]
            return 201, {**self.example(op, "201"), "id": 4}
        if name == "PATCH /check-runs/{check_run_id}":
            self.checks[int(values["check_run_id"])].append(body)
            return 200, {**self.example(op, "200"), "id": int(values["check_run_id"])}
        if name == "GET /commits/{commit_sha}/pulls":
            pull = {**self.example(op, "200")[0], "number": 7, "merged_at": "2026-01-01T00:00:00Z"}
            return 200, [pull]
        raise AssertionError(f"podform calls {name}, which this server does not know")


github = GitHub()


class Handler(BaseHTTPRequestHandler):
    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        try:
            status, answer = github.answer(self.command, self.path, self.headers, body)
        except Exception as why:  # It is told at the end, and podform is answered.
            github.wrong.append(f"{self.command} {self.path}: {type(why).__name__}: {why}")
            status, answer = 500, {"message": "broken"}
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
environment = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GH_", "CI"))}
environment |= {
    "PODFORM_SANDBOX": "1",
    "GITHUB_TOKEN": "a-token",
    "GITHUB_REPOSITORY": "acme/fleet",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
    "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
}


def run(directory, *arguments):
    done = subprocess.run([podform, *arguments], cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode:
        github.wrong.append(f"podform {' '.join(arguments)}: {done.returncode}: {(done.stdout + done.stderr)[-600:]}")


with tempfile.TemporaryDirectory() as directory:
    Path(directory, "main.hcl").write_text(FLEET + "".join(MACHINE % n for n in range(MACHINES)))
    run(directory, "plan", "-out=p")
    run(directory, "review", "p", "-post=github")
    run(directory, "review", "p", "-post=github", "-mode=new")
    run(directory, "review", "p", "-post=github", "-mode=minimize")
    run(directory, "apply", "-auto-approve", "-reviewed-from=github", "--fault", "boot=0")
    run(directory, "plan", "-out=p", "-var=declared=false")
    run(directory, "review", "p", "-post=github", "-check")
annotations = [len(part["output"]["annotations"]) for part in github.checks.get(4, [])]
print(f"{github.calls} calls, {len(github.comments)} comments, {len(github.folded)} folded away, annotations {annotations}")
for line in github.wrong:
    print(f"  {line}")
if sum(annotations) < MACHINES or not github.folded:
    print("  not everything was met")
    sys.exit(1)
sys.exit(1 if github.wrong else 0)
