"""The quickstart in three languages, made of the contract's own methods, paths and examples: never out of date.

Each program is pasted as it stands, with a key. Python needs nothing installed, TypeScript any runtime with ``fetch``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

KEY = "mt_live_..."
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation as the contract has it. ``path`` has its parameters in braces."""

    title: str
    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Story:
    """From an empty account to a file: scan, wait, read, export, wait, download."""

    scan: Call
    scanned: Call
    leads: Call
    export: Call
    exported: Call
    download: Call


@dataclass(frozen=True, slots=True)
class Snippet:
    """One program."""

    language: str
    name: str
    how: str
    text: str


def snippets(contract: Document, public_url: str) -> list[Snippet]:
    """Return the programs, for the API below ``public_url``."""
    story, api = tell(contract), f"{public_url}/v1"
    return [
        Snippet("sh", "curl", "Paste it into a shell.", _curl(story, api)),
        Snippet("python", "Python", "Save it as quickstart.py, then: python3 quickstart.py", _python(story, api)),
        Snippet("ts", "TypeScript", "Save it as quickstart.mts, then: node quickstart.mts", _typescript(story, api)),
    ]


def tell(contract: Document) -> Story:
    """Find the operations of the story in the contract. Raise KeyError if it lacks one, or an example."""
    found = {
        operation["operationId"]: (method, path, operation)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "operationId" in operation
    }

    def call(name: str, example: str | None = None, query: tuple[str, ...] = ()) -> Call:
        method, path, operation = found[name]
        asked = urlencode({name: _example(contract, operation, name) for name in query})
        body = (
            operation["requestBody"]["content"]["application/json"]["examples"][example]["value"] if example else None
        )
        return Call(operation["summary"], method.upper(), path + ("?" + asked if asked else ""), body)

    return Story(
        call("create_scan", "bbox"), call("get_scan"), call("list_leads", query=("query", "limit")),
        call("create_export", "csv"), call("get_export"), call("download_export"),
    )  # fmt: skip


def _example(contract: Document, operation: Document, name: str) -> Any:
    for parameter in operation["parameters"]:
        kind = parameter.get("$ref", "").rpartition("/")[2]
        known = contract["components"]["parameters"][kind] if kind else parameter
        if known["name"] == name:
            return known.get("example", known["schema"].get("default"))
    raise KeyError(name)


def _curl(story: Story, api: str) -> str:
    scan, export = _flat(story.scan.body), _flat(story.export.body)
    head, kind = '-H "X-API-Key: $KEY"', "-H 'Content-Type: application/json'"
    end = "(completed|failed|cancelled)"
    return f"""export API={api}
export KEY={KEY}

# {story.scan.title}
SCAN=$(curl -s -X {story.scan.method} "$API{story.scan.path}" {head} {kind} \\
  -d '{scan}' | sed -E 's/.*"id":"(scan_[^"]+)".*/\\1/')
until curl -s "$API{_filled(story.scanned.path, "$SCAN")}" {head} | grep -qE '"status":"{end}"'; do sleep 1; done

# {story.leads.title}
curl -s "$API{story.leads.path}" {head}; echo

# {story.export.title}
EXPORT=$(curl -s -X {story.export.method} "$API{story.export.path}" {head} {kind} \\
  -d '{export}' | sed -E 's/.*"id":"(exp_[^"]+)".*/\\1/')
until curl -s "$API{_filled(story.exported.path, "$EXPORT")}" {head} | grep -qE '"status":"{end}"'; do sleep 1; done
curl -s "$API{_filled(story.download.path, "$EXPORT")}" {head} -o leads.csv
head leads.csv
"""


def _python(story: Story, api: str) -> str:
    return f'''import json
import time
import urllib.request

API = "{api}"
KEY = "{KEY}"


def call(method, path, body=None):
    """Send one request and return the answer as bytes."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {{"X-API-Key": KEY, "Content-Type": "application/json"}}
    with urllib.request.urlopen(urllib.request.Request(API + path, data, headers, method=method)) as answer:
        return answer.read()


def finished(path):
    """Wait until a scan or an export has ended."""
    while True:
        found = json.loads(call("GET", path))
        if found["status"] not in ("queued", "running"):
            return found
        time.sleep(1)


# {story.scan.title}
scan = json.loads(call("{story.scan.method}", "{story.scan.path}", {_py(story.scan.body)}))
scan = finished(f"{_filled(story.scanned.path, "{scan['id']}")}")
print(scan["status"], scan["counts"])

# {story.leads.title}
for lead in json.loads(call("GET", "{story.leads.path}"))["data"]:
    print(lead["name"], "-", lead["category"])

# {story.export.title}
export = json.loads(call("{story.export.method}", "{story.export.path}", {_py(story.export.body)}))
export = finished(f"{_filled(story.exported.path, "{export['id']}")}")
with open("leads.csv", "wb") as file:
    file.write(call("GET", f"{_filled(story.download.path, "{export['id']}")}"))
print(export["row_count"], "rows in leads.csv")
'''


def _typescript(story: Story, api: str) -> str:
    return f"""import {{ writeFile }} from "node:fs/promises";

const API = "{api}";
const KEY = "{KEY}";

async function call(method: string, path: string, body?: unknown): Promise<Response> {{
  const headers = {{ "X-API-Key": KEY, "Content-Type": "application/json" }};
  const answer = await fetch(API + path, {{ method, headers, body: body ? JSON.stringify(body) : undefined }});
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}}

async function finished(path: string): Promise<any> {{
  for (;;) {{
    const found = await (await call("GET", path)).json();
    if (!["queued", "running"].includes(found.status)) return found;
    await new Promise((resume) => setTimeout(resume, 1000));
  }}
}}

// {story.scan.title}
const made = await (await call("{story.scan.method}", "{story.scan.path}", {_flat(story.scan.body)})).json();
const scan = await finished(`{_filled(story.scanned.path, "${made.id}")}`);
console.log(scan.status, scan.counts);

// {story.leads.title}
const page = await (await call("GET", "{story.leads.path}")).json();
for (const lead of page.data) console.log(lead.name, "-", lead.category);

// {story.export.title}
const queued = await (await call("{story.export.method}", "{story.export.path}", {_flat(story.export.body)})).json();
const file = await finished(`{_filled(story.exported.path, "${queued.id}")}`);
const answer = await call("GET", `{_filled(story.download.path, "${queued.id}")}`);
await writeFile("leads.csv", Buffer.from(await answer.arrayBuffer()));
console.log(file.row_count, "rows in leads.csv");
"""


def _flat(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def _py(body: Any) -> str:
    """Return a JSON value as Python writes it, with double quotes."""
    text = json.dumps(body, ensure_ascii=False)
    return text.replace(": true", ": True").replace(": false", ": False").replace(": null", ": None")


def _filled(path: str, value: str) -> str:
    """Put a value in place of the path's only parameter."""
    start, _, rest = path.partition("{")
    return f"{start}{value}{rest.partition('}')[2]}"
