#!/usr/bin/env python3
"""A client of the helm-wrapper API, written from its README alone (Python's standard library).

    client.py BASE NAMESPACE CHART-0.tgz CHART-1.tgz

Lists, uploads, upgrades with install, sets values in all ways, rolls back, updates repositories, deletes; prints each step and ends with
1 when an answer is not what the README promises. HELMD_TOKEN, when set, is sent as a bearer token.
"""
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Failed(Exception):
    """An answer that the README does not promise."""


class Client:
    def __init__(self, base):
        self.base = base.rstrip("/")

    def _send(self, method, path, body, kind, query):
        url = self.base + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        request = urllib.request.Request(url, data=body, method=method)
        request.add_header("Content-Type", kind)
        token = os.environ.get("HELMD_TOKEN")
        if token:
            request.add_header("Authorization", "Bearer " + token)
        with urllib.request.urlopen(request, timeout=300) as answer:
            if answer.status != 200:
                raise Failed(f"{method} {path}: HTTP {answer.status}")
            return answer.read()

    def call(self, method, path, body=None, **query):
        """data of an answer with code 0."""
        data = None if body is None else json.dumps(body).encode()
        answer = json.loads(self._send(method, path, data, "application/json", query))
        if answer["code"] != 0:
            raise Failed(answer.get("error", "no error text"))
        return answer.get("data")

    def error(self, method, path, body=None, **query):
        """error of an answer with code 1."""
        try:
            data = self.call(method, path, body, **query)
        except Failed as failed:
            return str(failed)
        raise Failed(f"{method} {path} should fail, and answers {data!r}")

    def upload(self, file):
        edge = uuid.uuid4().hex
        with open(file, "rb") as archive:
            content = archive.read()
        head = (
            f"--{edge}\r\nContent-Disposition: form-data; name=\"chart\"; filename=\"{os.path.basename(file)}\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        answer = json.loads(self._send("POST", "/api/charts/upload", body, f"multipart/form-data; boundary={edge}", {}))
        if answer["code"] != 0:
            raise Failed(answer["error"])


def same(what, got, want):
    if got != want:
        raise Failed(f"{what}: {got!r}, and not {want!r}")
    print(f"ok  {what}")


def walk(base, namespace, first, second):
    client = Client(base)
    releases = f"/api/namespaces/{namespace}/releases"
    release = releases + "/greeter"
    old, new = os.path.basename(first), os.path.basename(second)

    same("nothing is installed", client.call("GET", releases, {"all": True}), [])
    for file in (first, second):
        client.upload(file)
    uploads = client.call("GET", "/api/charts/upload")
    same("uploads are listed", [name in uploads for name in (old, new)], [True, True])
    same("the environment", "HELM_NAMESPACE" in client.call("GET", "/api/envs"), True)
    about = client.call("GET", "/api/charts", chart=old, info="chart")
    same("show chart", about["name"] + "-" + about["version"] + ".tgz", old)
    same("show values", isinstance(client.call("GET", "/api/charts", chart=old, info="values"), str), True)
    names = [file["name"] for file in client.call("GET", "/api/charts", chart=old)]
    same("show all", "Chart.yaml" in names, True)

    same("there is no release yet", client.error("GET", release + "/status"), "release: not found")
    body = {
        "install": True,
        "values": "replicaCount: 2\nextra:\n  from: values\n",
        "set": ["replicaCount=1", "list={a,b}", "text=one\\,two", "map.key\\.with\\.dots=x", "items[1].name=second"],
        "set_string": ["number=5"],
        "description": "by the client",
        "insecure_skip_verify": "",
    }
    client.call("PUT", release, body, chart=old)
    given = client.call("GET", release)
    same("--set over --values", given["replicaCount"], 1)
    same("values text", given["extra"], {"from": "values"})
    same("set array", given["list"], ["a", "b"])
    same("set escape of a comma", given["text"], "one,two")
    same("set escape of dots", given["map"], {"key.with.dots": "x"})
    same("set of an index", given["items"][1], {"name": "second"})
    same("set_string", given["number"], "5")
    same("values as YAML", "number: \"5\"" in client.call("GET", release, output="yaml"), True)

    status = client.call("GET", release + "/status")
    same("status", (status["status"], status["revision"]), ("deployed", "1"))
    same("upgrade", client.call("PUT", release, {"install": True, "reuse_values": True}, chart=new), None)
    same("values are kept", client.call("GET", release)["list"], ["a", "b"])
    same("roll back", client.call("PUT", release + "/versions/1", {"history_max": 5}), None)
    history = client.call("GET", release + "/histories")
    same("history", [(r["revision"], r["description"]) for r in history][:1], [(3, "Rollback to 1")])
    same("manifest", "kind:" in client.call("GET", release, info="manifest"), True)
    same("hooks", isinstance(client.call("GET", release, info="hooks"), list), True)
    same("notes", isinstance(client.call("GET", release, info="notes"), str), True)
    listed = client.call("GET", releases, {"filter": "^greeter$", "deployed": True, "limit": 5})
    same("list", [(r["name"], r["revision"]) for r in listed], [("greeter", "3")])
    same("install of a name in use", client.error("POST", release, {}, chart=old), "cannot re-use a name that is still in use")
    same("dry run", client.call("POST", releases + "/other", {"dry_run": True}, chart=old), None)

    repositories = client.call("GET", "/api/repositories")
    same("repositories", [r["name"] for r in repositories], ["local"])
    same("update repositories", client.call("PUT", "/api/repositories"), None)
    found = client.call("GET", "/api/repositories/charts", keyword="hello")
    same("search", "local/hello" in [chart["name"] for chart in found], True)
    same("install from a repository", client.call("POST", releases + "/second", {"version": found[0]["version"]}, chart="local/hello"), None)
    same("a repository of no such name", client.error("DELETE", "/api/repositories/nothing") != "", True)
    same("remove the repository", client.call("DELETE", "/api/repositories/local"), None)
    same("it is gone", client.call("GET", "/api/repositories"), [])
    same("add it again", client.call("POST", "/api/repositories", {"name": "local", "url": repositories[0]["url"]}), None)
    same("it is back", client.call("GET", "/api/repositories"), repositories)

    for name in ("greeter", "second"):
        same("delete " + name, client.call("DELETE", releases + "/" + name), None)
    same("nothing is left", client.call("GET", releases, {"all": True}), [])


if __name__ == "__main__":
    try:
        walk(*sys.argv[1:5])
    except (Failed, urllib.error.URLError, KeyError, TypeError) as error:
        print(f"FAILED  {error!r}")
        sys.exit(1)
