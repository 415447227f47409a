"""How each recording is replayed: what is loaded into the org, and what is sent."""

import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

from replay_org import APP

LATE = "2030-01-01T00:00:00.000+0000"

# A replay is a function of (org, recording, request) that gives our (status, headers, body). `request` is (method, path
# with its query, body, headers) of what was asked, or None when it was not kept.


def as_recorded(org, recording, request):
    return org.call(*request)


def rows_of(recording):
    return recording["response"]["records"]


def query(soql=None, batch=None, **options):
    """The rows of the answer are loaded, with others behind them up to the total of the answer."""

    def replay(org, recording, request):
        rows = rows_of(recording)
        fill = recording["response"]["totalSize"] - len(rows)
        name = rows[0]["attributes"]["type"]
        fields = org.described(name)
        sort = {key: LATE for key in ("CreatedDate", "LastModifiedDate", "SystemModstamp") if key in fields}
        label = "LastName" if "LastName" in fields else "Name" if "Name" in fields else "Subject"
        org.load(rows, {name: [{**sort, label: f"Filler {at}"} for at in range(fill)]})
        method, path, body, headers = request or ("GET", None, None, {})
        if soql:
            path = f"/services/data/v{options.get('version', '60.0')}/query?q={urllib.parse.quote(soql)}"
        if batch:
            headers = {"Sforce-Query-Options": f"batchSize={batch}"}
        status, given, answer = org.call(method, path, body, headers)
        in_order_of(rows, answer)
        return status, given, answer

    return replay


def in_order_of(rows, answer):
    """Leaves the rows that were recorded, in their order: which of equal rows comes first is left open."""
    if "records" in answer:
        at = {row["attributes"]["url"].rsplit("/", 1)[1]: place for place, row in enumerate(rows)}
        place = lambda row: at.get(row["attributes"]["url"].rsplit("/", 1)[1], len(rows))
        answer["records"] = sorted(answer["records"], key=place)[: len(rows)]


def later_page(soql, version, page, skip):
    """The rows of the answer come on the page after `skip` other rows."""

    def replay(org, recording, request):
        rows = rows_of(recording)
        total = recording["response"]["totalSize"]
        early = [f"2020-01-01T00:{at // 60 % 60:02}:{at % 60:02}.000+0000" for at in range(skip)]
        other = [
            {"Name": f"Filler {at:05}", "CreatedDate": at_time, "LastModifiedDate": at_time, "SystemModstamp": at_time}
            for at, at_time in enumerate(early)
        ]
        late = {"CreatedDate": LATE, "LastModifiedDate": LATE, "SystemModstamp": LATE}
        other += [{"Name": f"Last {at:05}", **late} for at in range(total - skip - len(rows))]
        if "CreatedDate" not in rows[0]:
            middle = "2021-01-01T00:00:00.000+0000"
            rows = [{**row, "CreatedDate": middle, "SystemModstamp": f"2021-01-01T00:00:0{at}.000+0000"} for at, row in enumerate(rows)]
        org.load(rows, {"Account": other})
        path = f"/services/data/v{version}/query?q={urllib.parse.quote(soql)}"
        options = {"Sforce-Query-Options": f"batchSize={page}"}
        next_page = org.call("GET", path, None, options)[2]["nextRecordsUrl"]
        status, given, answer = org.call("GET", next_page)
        answer["records"] = answer["records"][: len(rows)]
        return status, given, answer

    return replay


def after_loading(batch):
    def replay(org, recording, request):
        org.control("POST", "records", batch)
        return org.call(*request)

    return replay


def sent(method, path, body=None, load=None, headers=None):
    """For answers that were kept without their request."""

    def replay(org, recording, request):
        if load:
            org.control("POST", "records", load)
        return org.call(method, path, body, headers)

    return replay


def twice(replay):
    def again(org, recording, request):
        replay(org, recording, request)
        return org.call(*request)

    return again


def refresh_token(org):
    redirect = "http://localhost:1717/OauthRedirect"
    form = {
        "response_type": "code", "client_id": APP["client_id"], "redirect_uri": redirect, "decision": "allow",
        "scope": "api refresh_token", "state": "s",
    }

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        data = urllib.parse.urlencode(form).encode()
        urllib.request.build_opener(Stay).open(f"{org.url}/services/oauth2/authorize", data, timeout=60)
    except urllib.error.HTTPError as answer:
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["location"]).query)["code"][0]
    return org.sign_in(grant_type="authorization_code", code=code, redirect_uri=redirect)[2]["refresh_token"]


def refreshed(org, recording, request):
    return org.sign_in(grant_type="refresh_token", refresh_token=refresh_token(org))


def not_modified(org, recording, request):
    """The recording's date lies after its org's last change, as this one does for ours."""
    text = json.dumps(request).replace("Thu, 03 Sep 2020 21:35:07 GMT", "Tue, 01 Jan 2030 00:00:00 GMT")
    return org.call(*json.loads(text))


def one_row(replay):
    """The row was kept without the list around it."""

    def unwrapped(org, recording, request):
        status, given, answer = replay(org, recording, request)
        return status, given, answer[0]

    return unwrapped


def identity(org, recording, request):
    address = urllib.parse.urlsplit(org.sign_in()[2]["id"]).path
    return org.call("GET", address)


def duplicate(org, recording, request):
    found = recording["response"][0]["duplicateResut"]
    person = found["matchResults"][0]["matchRecords"][0]["record"]["Id"]
    org.control("POST", "records", {"Contact": [{"Id": person, "LastName": "Lee", "Email": "lee@acme.com"}]})
    rule = {"object": "Contact", "match": ["Email"], "mode": "alert", "message": found["errorMessage"],
            "name": found["duplicateRule"]}
    org.control("POST", "rules", {"duplicate": [rule]})
    body = {"LastName": "Lee", "Email": "lee@acme.com"}
    return org.call("POST", "/services/data/v50.0/sobjects/Contact", body)


def deleted_list(org, recording, request):
    org.control("POST", "records", {"Account": [{"Id": "001dM00003kREKdQAO", "Name": "Gone"}]})
    org.call("DELETE", "/services/data/v60.0/sobjects/Account/001dM00003kREKdQAO")
    org.control("PATCH", "settings", {"advance_ms": 120_000})
    return org.call("GET", window("Account/deleted"))


def updated_list(org, recording, request):
    ids = recording["response"]["ids"]
    org.control("POST", "records", {"Contact": [{"Id": record, "LastName": "Changed"} for record in ids]})
    for record in ids:
        org.call("PATCH", f"/services/data/v60.0/sobjects/Contact/{record}", {"FirstName": "X"})
    org.control("PATCH", "settings", {"advance_ms": 120_000})
    return org.call("GET", window("Contact/updated"))


def window(resource):
    now = datetime.now(timezone.utc)
    start = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"/services/data/v60.0/sobjects/{resource}/?start={start}&end={end}"


def recent(*names):
    """The records of the answer are made, the last one first."""

    def replay(org, recording, request):
        for name in reversed(names):
            org.call("POST", "/services/data/v63.0/sobjects/Account", {"Name": name})
        return org.call(*request)

    return replay


def describe(name, settings=None):
    def replay(org, recording, request):
        if settings:
            org.control("PATCH", "settings", settings)
        return org.call("GET", f"{BASE}/sobjects/{name}/describe")

    return replay


def twice_the_same(path, rows, key, value):
    """An upsert whose key several records have."""

    def replay(org, recording, request):
        org.control("POST", "records", {"Contact": [{"LastName": f"Row {at}", key: value} for at in range(rows)]})
        return org.call("PATCH", path, {"LastName": "X"})

    return replay


def upserted_again(org, recording, request):
    method, path, body, headers = request
    rows = [{"Id": row["id"], "LastName": "Old", "Email": sent_row["Email"]}
            for row, sent_row in zip(recording["response"], body["records"]) if not row["created"]]
    org.control("POST", "records", {"Contact": rows})
    return org.call(method, path, body, headers)


def record_with(settings):
    """The row of the answer is loaded and read."""

    def replay(org, recording, request):
        if settings:
            org.control("PATCH", "settings", settings)
        org.load([recording["response"]])
        return org.call(*request)

    return replay


def organization(org, recording, request):
    address = org.sign_in()[2]["id"].split("/")[-2]
    return org.call("GET", f"{BASE}/sobjects/Organization/{address}")


def users(org, recording, request):
    org.load(rows_of(recording))
    status, given, answer = org.call(*request)
    answer["totalSize"] -= 1  # the user who signed in
    in_order_of(rows_of(recording), answer)
    return status, given, answer


def groups(org, recording, request):
    """Sums by campaign; groups come in no order."""
    org.control("POST", "records", GROUPS)
    soql = "SELECT CampaignId, SUM(Amount) FROM Opportunity GROUP BY CampaignId"
    status, given, answer = org.call("GET", f"{BASE}/query?q={urllib.parse.quote(soql)}")
    recorded = [row["CampaignId"] for row in rows_of(recording)]
    answer["records"].sort(key=lambda row: recorded.index(row["CampaignId"]))
    return status, given, answer


def key_prefixes(org, recording, request):
    """The prefixes of the objects that we have."""
    recorded = recording["keyPrefix"]
    status, given, answer = org.call("GET", f"{BASE}/sobjects")
    ours = {each["name"]: each["keyPrefix"] for each in answer["sobjects"] if each["keyPrefix"]}
    recording["response"] = {name: recorded.get(name) for name in ours}
    return status, given, ours


def grammar(org, recording, request):
    """Whether each query is refused by the grammar; what comes after the grammar is not asked here."""
    recording["response"] = {case["soql"]: case["official_grammar_ok"] for case in recording["cases"]}
    ours = {}
    for case in recording["cases"]:
        status, given, answer = org.call("GET", f"{BASE}/query?q={urllib.parse.quote(case['soql'])}")
        ours[case["soql"]] = not (status == 400 and answer[0]["errorCode"] == "MALFORMED_QUERY")
    return 200, {}, ours


def client_requests(org, recording, request):
    """What three clients send is routed: no answer says that there is no such resource or method."""
    org.control("POST", "records", {"Contact": [{"Id": "003dM00001wBXYDQA4", "LastName": "A"}]})
    field = {"name": "Ext__c", "label": "Ext", "type": "string", "length": 40, "externalId": True}
    org.control("POST", "fields", {"Contact": [field]})
    mine = org.sign_in()[2]["id"].split("/")
    recording["response"], ours = {}, {}
    for client, requests in list(recording.items()):
        for one in requests if isinstance(requests, list) else []:
            place = f"{client.split(' ')[0]} {one['method']} {one['path'].split('?')[0]}"
            headers = {
                name: value for name, value in (one["headers"] or {}).items()
                if name.lower() in ("content-type", "x-prettyprint", "sforce-call-options")
            }
            path = one["path"].replace("oauth_token=00DdM00000vfgTu!AQ.x", f"oauth_token={org.token}")
            path = path.replace("00DdM00000vfgTuUAI", mine[-2]).replace("005dM00000awSFJQA2", mine[-1])
            status, _, answer = org.call(one["method"], path, one["body"], headers)
            lost = status == 405 or status == 404 and "The requested resource does not exist" in str(answer)
            recording["response"][place], ours[place] = "routed", f"{status} {answer}" if lost else "routed"
    return 200, {}, ours


BASE = "/services/data/v60.0"
CONTACTS = f"{BASE}/composite/sobjects"
ACCOUNT_QUERY = (
    "SELECT Id, Name, AccountNumber, Industry, Type, BillingCity, BillingState, BillingCountry, Phone, Website, "
    "CreatedDate, LastModifiedDate, SystemModstamp FROM Account ORDER BY SystemModstamp ASC"
)
CONTACT = {"attributes": {"type": "Contact"}}
GROUPS = {
    "Campaign": [{"Id": "701E0000000JuFHIA0", "Name": "A"}, {"Id": "701E00000005ZqAIAU", "Name": "B"}],
    "Opportunity": [
        {"Name": "A", "CampaignId": "701E0000000JuFHIA0", "Amount": 300},
        {"Name": "B", "CampaignId": "701E00000005ZqAIAU", "Amount": 100},
        {"Name": "C", "Amount": 400},
    ],
}

REPLAYS = {
    "client_wire_requests.json": client_requests,
    "collections_create_200.json": as_recorded,
    "collections_delete_200.json": after_loading(
        {"Account": [{"Id": "001dM00003kREKdQAO", "Name": "A"}, {"Id": "001dM00003kREKeQAO", "Name": "B"}]}
    ),
    "collections_update_INVALID_CROSS_REFERENCE_KEY.json": as_recorded,
    "collections_upsert_JSON_PARSER_ERROR.json": as_recorded,
    "collections_upsert_contact_email_created_false.json": upserted_again,
    "collections_upsert_contact_email_created_true.json": as_recorded,
    "composite_304_etag.json": not_modified,
    "composite_NOT_FOUND.json": as_recorded,
    "composite_allOrNone_PROCESSING_HALTED.json": sent(
        "POST", "/services/data/v50.0/composite",
        {"allOrNone": True, "compositeRequest": [
            {"method": "POST", "url": "/services/data/v50.0/sobjects/Account", "referenceId": "a1", "body": {"Name": "A"}},
            {"method": "POST", "url": "/services/data/v50.0/sobjects/Account", "referenceId": "a2", "body": {"XName": "A"}},
        ]},
    ),
    "composite_batch_ok.json": as_recorded,
    "composite_count_and_INVALID_TYPE.json": after_loading({"Account": [{"Name": f"A{at}"} for at in range(17)]}),
    "composite_count_ok.json": after_loading({"Account": [{"Name": f"A{at}"} for at in range(17)]}),
    "composite_describe_ok.json": as_recorded,
    "composite_graph_LIMIT_EXCEEDED.json": sent(
        "POST", "/services/data/v50.0/composite/graph",
        {"graphs": [{"graphId": "_default", "compositeRequest": [
            {"method": "POST", "url": "/services/data/v50.0/sobjects/Account", "referenceId": f"a{at}", "body": {"Name": "A"}}
            for at in range(501)
        ]}]},
    ),
    "composite_graph_failure_v50.json": sent(
        "POST", "/services/data/v50.0/composite/graph",
        {"graphs": [{"graphId": "2cce375a-a611-47a5-a18d-a35048840d5c", "compositeRequest": [
            {"method": "POST", "url": "/services/data/v50.0/sobjects/Account", "referenceId": "a1", "body": {"Name": "A"}},
            {"method": "POST", "url": "/services/data/v50.0/sobjects/Account", "referenceId": "a2", "body": {"XName": "A"}},
        ]}]},
    ),
    "composite_graph_ok.json": as_recorded,
    "composite_mixed_query_ok.json": after_loading({"Account": [{"Name": "Smith Corp."}]}),
    "create_201_account.json": as_recorded,
    "delete_204.json": after_loading({"Account": [{"Id": "001dM00003kS5tZQAS", "Name": "A"}]}),
    "describe_Account_PersonAccount.json": describe("Account", {"person_accounts": True}),
    "describe_Account_no_state_country_picklists.json": describe("Account"),
    "describe_Contact.json": describe("Contact"),
    "describe_Event.json": describe("Event"),
    "describe_Lead.json": describe("Lead"),
    "describe_Opportunity.json": describe("Opportunity"),
    "describe_OpportunityContactRole.json": describe("OpportunityContactRole"),
    "describe_account_2026.json": describe("Account", {"state_country_picklists": True}),
    "describe_global_2026_trimmed.json": as_recorded,
    "error_DUPLICATES_DETECTED.json": duplicate,
    "error_ENTITY_IS_DELETED.json": lambda org, recording, request: twice(
        after_loading({"Account": [{"Id": "001dM00003kS5tZQAS", "Name": "A"}]})
    )(org, recording, ("DELETE", f"{BASE}/sobjects/Account/001dM00003kS5tZQAS", None, {})),
    "error_INVALID_FIELD_FOR_INSERT_UPDATE.json": sent(
        "PATCH", f"{BASE}/sobjects/Account/001dM00003kS5tZQAS", {"MasterRecordId": "001dM00003kS5tZQAS"},
        {"Account": [{"Id": "001dM00003kS5tZQAS", "Name": "A"}]},
    ),
    "error_INVALID_FIELD_dml.json": sent("POST", f"{BASE}/sobjects/Account", {"Name": "A", "AccountNumer": "1"}),
    "error_MALFORMED_ID_in_row.json": one_row(sent(
        "PATCH", CONTACTS,
        {"records": [{"attributes": {"type": "Account"}, "id": "001RM000003oLrB000", "Name": "A"}]},
    )),
    "error_collections_MISSING_ARGUMENT.json": sent(
        "PATCH", CONTACTS, {"records": [{**CONTACT, "LastName": "A"}, {**CONTACT, "LastName": "B"}]}
    ),
    "error_collections_REQUIRED_FIELD_MISSING_and_rollback.json": sent(
        "POST", CONTACTS, {"allOrNone": True, "records": [{**CONTACT, "FirstName": "A"}, {**CONTACT, "LastName": "B"}]}
    ),
    "error_collections_empty_records_400.json": sent("POST", CONTACTS, {"records": []}),
    "error_collections_update_INVALID_FIELD.json": sent(
        "PATCH", CONTACTS,
        {"allOrNone": True, "records": [
            {**CONTACT, "id": "003dM00001wBXYDQA4", "LastName": "B"},
            {**CONTACT, "id": "003dM00001vWOXJQA4", "unknownField_LastName": "B"},
        ]},
        {"Contact": [{"Id": "003dM00001wBXYDQA4", "LastName": "A"}, {"Id": "003dM00001vWOXJQA4", "LastName": "A"}]},
    ),
    "error_query_INVALID_TYPE_caret_window.json": sent(
        "GET", f"{BASE}/query?q=SELECT+Id,Name,BillingCity,IsDeleted+FROM+Accout"
    ),
    "error_unknown_object_NOT_FOUND.json": sent("POST", f"{BASE}/sobjects/Nonsense", {"Name": "A"}),
    "get_404_NOT_FOUND_bad_id.json": sent("GET", f"{BASE}/sobjects/Contact/23foo"),
    "get_deleted.json": deleted_list,
    "get_record_account_full.json": record_with({"state_country_picklists": True}),
    "get_record_organization.json": organization,
    "get_record_user_full.json": record_with({}),
    "get_updated.json": updated_list,
    "identity_url.json": identity,
    "key_prefixes_all.json": key_prefixes,
    "limits_full.json": as_recorded,
    "limits_recordCount_absent.json": as_recorded,
    "limits_recordCount_present.json": after_loading({"Account": [{"Name": "A"}]}),
    "oauth_error_expired_refresh.json": lambda org, *_: org.sign_in(grant_type="refresh_token", refresh_token="dead"),
    "oauth_error_invalid_grant_bad_password.json": lambda org, *_: org.sign_in(
        grant_type="password", username="dana.ito@northwind.example", password="no"
    ),
    "oauth_refresh_success_no_refresh_token.json": refreshed,
    "oauth_token_success.json": lambda org, *_: org.sign_in(),
    "parameterizedSearch_empty.json": as_recorded,
    "queryAll_5_rows.json": query(),
    "query_5_rows.json": query(),
    "query_aggregate.json": groups,
    "query_cases_sample.json": query(),
    "query_child_subquery_recorded.json": query(),
    "query_contacts_sample.json": query(),
    "query_empty.json": sent("GET", f"{BASE}/query?q=SELECT+Id,CreatedDate+FROM+Task+WHERE+WhatId='500dM00003F2OMwQAN'"),
    "query_more_retrieve.json": later_page(
        "SELECT Id, Name FROM Account ORDER BY SystemModstamp", "60.0", 2000, 2000
    ),
    "query_opportunities_sample.json": query(),
    "query_opportunity_with_account_parent.json": query(
        "SELECT Id, Name, AccountId, Amount, StageName FROM Opportunity"
    ),
    "query_page1_of_2_done_false.json": query(),
    "query_page2_done_true.json": later_page(ACCOUNT_QUERY, "59.0", 2000, 2000),
    "query_page_batchsize_1000_p1.json": query(batch=1000),
    "query_page_batchsize_1000_p2.json": later_page(
        "SELECT Id, Name, Description, LastModifiedDate, CreatedDate FROM Account ORDER BY LastModifiedDate ASC",
        "59.0", 1000, 1000,
    ),
    "query_read_list_leads.json": query("SELECT Address, City, CleanStatus, FirstName FROM Lead"),
    "query_users_profile_null.json": users,
    "recent_items.json": recent("Test Account from Nango Action", "Test Account from Nango Action"),
    "search_MALFORMED_SEARCH.json": sent("GET", f"{BASE}/search?q=FIND+Acme"),
    "search_empty.json": as_recorded,
    "session_expired_401.json": lambda org, *_: org.send(
        "GET", f"{BASE}/limits", None, {"Authorization": "Bearer 00D000000000000!dead"}
    ),
    "sobject_basic_info_account.json": recent(
        "Test Account for Update Action", "Test Account from Nango", "Test Account from Nango",
        "Test Account from Nango Action", "Test Account from Nango Action",
    ),
    "soql_grammar_verdicts.json": grammar,
    "update_204.json": after_loading({"Account": [{"Id": "001dM00003kS3BpQAK", "Name": "A"}]}),
    "upsert_200_account_by_id_updateOnly.json": after_loading({"Account": [{"Id": "001dM00003kReWpQAK", "Name": "A"}]}),
    "upsert_201_contact_by_email.json": as_recorded,
    "upsert_300_multiple.json": twice_the_same(f"{BASE}/sobjects/Contact/Email/a@acme.com", 2, "Email", "a@acme.com"),
    "upsert_404_bad_extid_field.json": sent("PATCH", f"{BASE}/sobjects/Contact/Namez/x", {"LastName": "X"}),
    "userinfo.json": as_recorded,
    "versions_list_2026-05.json": as_recorded,
}
