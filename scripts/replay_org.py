"""A simulated org in a process of its own, and how records of an answer get into it."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = {"client_id": "matchbook-demo", "client_secret": "matchbook-demo"}


class Org:
    """A simulated org in a process of its own."""

    def __init__(self):
        binary = os.environ.get("MATCHBOOK", str(ROOT / "target/debug/matchbook"))
        command = [binary, "orgsim", "--port", "0", "--world", "empty"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = re.search(r"http://[\d.:]+\d", self.process.stdout.readline()).group()
        self.token = None

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def send(self, method, path, body=None, headers=None):
        """One request as it stands: (status, headers by lower-case name, body as JSON or text)."""
        data = None
        headers = dict(headers or {})
        if isinstance(body, str):
            data = body.encode()
        elif body is not None:
            data = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        path = urllib.parse.quote(path, safe="/?&=%+:,;@!$'()*~-._")
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
            given = {name.lower(): value for name, value in answer.headers.items()}
        try:
            return answer.code if hasattr(answer, "code") else answer.status, given, json.loads(text) if text else ""
        except json.JSONDecodeError:
            return answer.code, given, text

    def call(self, method, path, body=None, headers=None):
        """A request of the session that is signed in."""
        return self.send(method, path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})

    def control(self, method, path, body=None):
        status, _, answer = self.send(method, f"/_sim/{path}", body)
        if status >= 300:
            raise RuntimeError(f"{method} _sim/{path}: {status} {answer}")
        return answer

    def sign_in(self, **form):
        form = {"grant_type": "client_credentials", **APP, **form}
        return self.form("/services/oauth2/token", form)

    def form(self, path, form):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, urllib.parse.urlencode(form), headers)

    def reset(self):
        self.control("POST", "reset", {})
        self.token = self.sign_in()[2]["access_token"]

    def described(self, name):
        """The object's fields by name, empty when the org has no such object."""
        status, _, body = self.call("GET", f"/services/data/v66.0/sobjects/{name}/describe")
        return {field["name"]: field for field in body["fields"]} if status == 200 else {}

    def load(self, rows, filler=None):
        """Loads rows as an answer holds them: with attributes, parents and children, which become records too."""
        batch = {}
        for row in rows:
            self.add(batch, row, {})
        for name, more in (filler or {}).items():
            batch.setdefault(name, []).extend(more)
        self.control("POST", "records", batch)

    def add(self, batch, row, more):
        name = row["attributes"]["type"]
        fields = self.described(name)
        record = {"Id": row["attributes"]["url"].rsplit("/", 1)[1], **more}
        for key, value in row.items():
            nested = isinstance(value, dict)
            if nested and "records" in value:
                link = {"Contact": "ContactId", "Account": "AccountId"}[name]
                for child in value["records"]:
                    self.add(batch, child, {link: record["Id"]})
            elif nested and "attributes" in value:
                self.add(batch, value, {})
            elif nested:
                parts = {key.removesuffix("Address") + part[0].upper() + part[1:]: each for part, each in value.items()}
                record.update({part: each for part, each in parts.items() if part in fields and each is not None})
            elif key in fields and value is not None:
                record[key] = value
        if record["Id"] not in [other.get("Id") for other in batch.setdefault(name, [])]:
            batch[name].append(record)
