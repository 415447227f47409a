"""Compares a recorded answer with the answer of a simulated org."""

import re

ID = re.compile(r"(?<![0-9A-Za-z])([0-9a-zA-Z]{3})[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?(?![0-9A-Za-z])")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|\+0000)")
HTTP_DATE = re.compile(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d GMT")
HOST = re.compile(r"https?://[^/\"]+")
VERSION = re.compile(r"/v(xx|\d+)\.0")
ETAG = re.compile(r'"[0-9A-Za-z+/=]{8,44}(--gzip)?"')
USAGE = re.compile(r"api-usage=\d+/\d+")
LOCATOR = re.compile(r"/query/\w{18}-")

# Values that no two orgs share: only that both have one is compared.
OPAQUE = {"access_token", "refresh_token", "signature", "issued_at"}

# Headers that a client reads. Salesforce's edge adds others: date, server, cookies, encryption, request ids.
HEADERS = (
    "content-type", "cache-control", "x-content-type-options", "location", "etag", "last-modified", "sforce-limit-info"
)


def general(text):
    """The text without what each org gives out by itself: hosts, ids, times, versions, marks of a version of a text."""
    text = HOST.sub("<host>", text)
    text = VERSION.sub("/<version>", text)
    text = LOCATOR.sub("/query/<locator>-", text)
    text = HTTP_DATE.sub("<date>", text)
    text = INSTANT.sub(lambda found: f"<instant{'.fff' if found[1] else ''}{found[2]}>", text)
    text = ETAG.sub("<etag>", text)
    text = USAGE.sub("<usage>", text)
    return ID.sub(lambda found: f"<id {found[1]}>", text)


def kind(value):
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def compare(recorded, ours, path="", values=True):
    """The differences, each as (place, what differs). Without `values` names and types only; null fits any type."""
    if isinstance(recorded, str) and recorded.startswith("(cut"):
        return []
    if isinstance(recorded, dict) and isinstance(ours, dict):
        found = []
        for key, value in recorded.items():
            place = f"{path}.{key}"
            if key not in ours:
                found.append((place, "is missing in ours"))
            elif key in OPAQUE:
                found += [] if kind(value) == kind(ours[key]) else [(place, f"ours is {ours[key]!r}")]
            else:
                found += compare(value, ours[key], place, values)
        return found + [(f"{path}.{key}", "is in ours only") for key in ours if key not in recorded]
    if isinstance(recorded, list) and isinstance(ours, list):
        return compare_lists(recorded, ours, path, values)
    if not values and (recorded is None or ours is None or kind(recorded) == kind(ours)):
        return []
    if kind(recorded) == kind(ours) == "str":
        same = recorded == ours or general(recorded) == general(ours)
    else:
        same = kind(recorded) == kind(ours) and recorded == ours
    return [] if same else [(path or "body", f"recorded {short(recorded)}, ours {short(ours)}")]


def compare_lists(recorded, ours, path, values):
    """Lists of things that have names are compared name by name, others place by place."""
    for name in (name_of, relationship):
        named, other = by_name(recorded, name), by_name(ours, name)
        if named and other is not None:
            return compare(named, other, path, values)
    found = [] if len(recorded) == len(ours) else [(path, f"recorded {len(recorded)} entries, ours {len(ours)}")]
    for at, (one, other) in enumerate(zip(recorded, ours)):
        found += compare(one, other, f"{path}[{at}]", values)
    return found


def name_of(each):
    return each.get("name")


def relationship(each):
    child = each.get("childSObject")
    return child and f"{child}.{each['field']}"


def by_name(things, name):
    """The things by what names them; None when one has no name or two have the same."""
    named = {name(each) if isinstance(each, dict) else None: each for each in things}
    return named if len(named) == len(things) and None not in named else None


def compare_headers(recorded, ours):
    """The differences of the headers that a client reads; nothing when the recording kept only some headers."""
    recorded = {name.lower(): value for name, value in recorded.items()}
    if "cache-control" not in recorded:
        return []
    found = []
    for name in HEADERS:
        one, other = recorded.get(name), ours.get(name)
        one = one[0] if isinstance(one, list) else one
        if (one is None) != (other is None):
            found.append((f"header {name}", f"recorded {short(one)}, ours {short(other)}"))
        elif one is not None and general(one).lower() != general(other).lower():
            found.append((f"header {name}", f"recorded {short(one)}, ours {short(other)}"))
    return found


def short(value):
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"
