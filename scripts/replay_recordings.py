#!/usr/bin/env python3
"""Replays recorded answers of real Salesforce orgs against a simulated org, and tells where the two differ.

    scripts/replay_recordings.py DIR

DIR holds the recordings, one JSON file each: {"request": {...}, "status": 200, "headers": {...}, "response": ...}. They
are not part of this project. For each file the org is prepared with the records the answer tells of, the request is
sent, and status, headers and body are compared. These may differ freely: ids that the org gives out, times that it
sets, hosts, tokens, key order, and the headers of Salesforce's edge. Prints one line per file and exits with 1 when any
difference is left unexplained.

MATCHBOOK names the binary (target/debug/matchbook if unset).
"""

import json
import re
import sys
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True  # the scripts' folder stays as it is

from replay_compare import compare, compare_headers
from replay_org import Org
from replay_requests import REPLAYS

# Answers of which only names and types can be alike: they describe another org or user.
SHAPE_ONLY = {"get_record_organization.json", "identity_url.json", "limits_full.json", "userinfo.json"}

NOT_APPLICABLE = {
    "bulk2_": "Bulk API 2.0 is not simulated",
    "cdc_": "change events are not simulated",
    "error_DUPLICATE_VALUE_permission_assignment": "permission sets are not simulated",
    "fields_": "a digest of the describes, which are compared themselves",
    "index": "the list of the recordings",
    "query_parent_and_child_shape": "made up for a client's test; real parents and children are compared elsewhere",
}

# (file, place, why): regular expressions for the file's name and for "place: difference".
EXPLAINED = [
    ("client_wire", "POST /services/Soap/", "SOAP is not simulated"),
    ("client_wire", "/tooling/query", "the Tooling API is not simulated; the client goes on without it"),
    ("composite_allOrNone|composite_graph_failure", "No such column XName", "version 50 wrote no quotes"),
    ("composite_batch|limits_full", r"is missing in ours", "of the limits only those that a sync reads are told"),
    ("describe_", r"^\.childRelationships\..*is missing", "only the relationships of the simulated objects are told"),
    ("describe_", r"urls\.\w+: is missing", "links of Salesforce's own screens are not told"),
    ("describe_", r"supportedScopes\.\w+: is missing", "only the scopes everything and mine are simulated"),
    ("describe_", r"picklistValues(: recorded \d+ entries|\[\d\]\._cut)", "long picklists were cut when kept"),
    ("describe_Account_no_state", r"(byteLength|length): recorded (40|120)", "lengths are those of a newer org"),
    ("describe_Account_no_state", r"Household|RecordTypeId|defaultRecordTypeMapping", "record types of that org"),
    ("describe_Account_Person", r"recordTypeInfos|defaultRecordTypeMapping", "record types of that org"),
    ("describe_account_2026", r"(State|Country)Code\.picklistValues", "that org's list of countries and states is longer"),
    ("describe_Account_(no_state|Person)", "NearAddress", "the label is that of a newer org"),
    ("describe_OpportunityContactRole", "recordTypeInfos", "every object tells its master record type"),
    ("describe_Event", r"WhatId\.referenceTo", "objects of that org's features"),
    ("describe_.*[Aa]ccount", r"^\.fields\.\w+__c: ", "custom fields of that org"),
    ("describe_global", r"AcceptedEventRelation|DuplicateRecordSet|EventChangeEvent", "objects that are not simulated"),
    ("sobject_basic_info", r"urls\.\w+: is missing", "links of Salesforce's own screens are not told"),
    ("error_DUPLICATES", r"matchResults\[0\]\.rule", "the matching rule's name is the org's own"),
    ("error_MALFORMED_ID", r"^\.id: is missing", "the fixture kept an id of its own"),
    ("get_deleted", "a00D0000008pQRAIA2", "the fixture's object is a custom one"),
    ("get_record_account", r"^\.\w+__c: ", "custom fields of that org"),
    ("get_record_account", r"(IsPartner|IsCustomerPortal|ChannelProgram\w+): is in ours only", "features of that org"),
    ("get_record_organization", r"is missing in ours|is in ours only", "Organization has only what clients read"),
    ("get_record_user", r"is missing in ours|is in ours only", "User has only what a sync reads"),
    ("oauth_error_invalid_grant_bad", "", "the password grant is off in new orgs, and not simulated"),
    ("oauth_refresh_success", r"^\.id: ", "the fixture's id is made up"),
    ("oauth_", r"^\.(scope|token_type): is in ours only", "kept from a grant that answered without it"),
    ("query_read_list_leads", "^.nextRecordsUrl", "added by hand: a last page has none"),
    ("recent_items", r"Nango API", "the user who signed in"),
    ("soql_grammar", r"SELECT COUNT\(\) FROM Contacts|aliasid|LAST_N_DAYS", "refused for its sense, after the grammar"),
    ("upsert_300", r"Whizbang", "the fixture's object and ids are made up"),
    ("versions_list", r"recorded 36 entries, ours 38", "two releases came after the recording"),
]


def request_of(recording):
    """(method, path with query, body, headers) of what was asked, or None when it was not kept."""
    asked = recording.get("request")
    if not asked:
        return None
    path = asked.get("path") or re.sub(r"^https?://[^/]+", "", asked["uri"])
    if asked.get("params"):
        path += "?" + urllib.parse.urlencode(asked["params"], quote_via=urllib.parse.quote)
    text = json.dumps([path, asked.get("body")]).replace("/vxx.0/", "/v60.0/")
    path, body = json.loads(text)
    return asked["method"], path, body, {}


def replayed(org, name, recording):
    """The differences between a recording and our answer."""
    org.reset()
    status, headers, answer = REPLAYS[name](org, recording, request_of(recording))
    recorded_status = recording.get("status")
    if isinstance(recorded_status, dict):
        recorded_status = recorded_status["code"]
    found = []
    if recorded_status not in (None, status):
        found.append(("status", f"recorded {recorded_status}, ours {status}"))
    found += compare_headers(recording.get("headers") or {}, headers)
    found += compare(recording["response"], answer, values=name not in SHAPE_ONLY)
    if "_trimmed" in recording:
        found = [each for each in found if each[1] != "is in ours only"]
    return found


def judge(org, path):
    """(verdict, the reasons or differences) of one file."""
    for start, why in NOT_APPLICABLE.items():
        if path.name.startswith(start):
            return "not applicable", [why]
    if path.name not in REPLAYS:
        return "DIFFERENT", ["the script does not know this file"]
    try:
        found = replayed(org, path.name, json.loads(path.read_text()))
    except (RuntimeError, KeyError, IndexError, TypeError, AttributeError, UnboundLocalError) as error:
        return "DIFFERENT", [f"could not be replayed: {type(error).__name__}: {error}"]
    reasons, left = [], []
    for place, difference in found:
        line = f"{place}: {difference}"
        why = next((why for file, where, why in EXPLAINED if re.search(file, path.name) and re.search(where, line)), None)
        if why is None:
            left.append(line)
        elif why not in reasons:
            reasons.append(why)
    if left:
        return "DIFFERENT", left
    return ("explained", reasons) if reasons else ("same", [])


def main():
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: replay_recordings.py DIR")
    org = Org()
    counts = {}
    try:
        for path in sorted(Path(sys.argv[1]).iterdir()):
            verdict, lines = judge(org, path)
            counts[verdict] = counts.get(verdict, 0) + 1
            shown = lines if verdict != "DIFFERENT" else lines[:12] + [f"… {len(lines) - 12} more"] * (len(lines) > 12)
            joined = "; ".join(shown) if verdict != "DIFFERENT" else "".join(f"\n    {line}" for line in shown)
            print(f"{path.name} | {verdict}{': ' if shown else ''}{joined}")
    finally:
        org.stop()
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    return 1 if "DIFFERENT" in counts else 0


if __name__ == "__main__":
    sys.exit(main())
