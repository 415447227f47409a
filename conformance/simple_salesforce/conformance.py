"""Drives a simulated org with simple-salesforce, as a script would drive Salesforce.

Usage: python conformance.py http://127.0.0.1:PORT
"""

import base64
import hashlib
import json
import sys
import traceback
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce, SFType, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

if len(sys.argv) != 2:
    sys.exit("usage: conformance.py URL")
URL = sys.argv[1].rstrip("/")
APP = "matchbook-demo"
REDIRECT = "http://localhost:1717/OauthRedirect"
VERSION = "66.0"

CHECKS = []


def check(run):
    CHECKS.append(run)
    return run


class PlainSession(requests.Session):
    """simple-salesforce speaks https to salesforce.com only: sends what it asks for to the simulated org."""

    def request(self, method, url, *args, **kwargs):
        asked = urlsplit(url)
        url = URL + asked.path + (f"?{asked.query}" if asked.query else "")
        return super().request(method, url, *args, **kwargs)


def control(method, path, body=None):
    """A request to the simulator's own control interface."""
    answer = requests.request(method, f"{URL}/_sim/{path}", json=body, timeout=60)
    assert answer.ok, f"{method} _sim/{path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def connect(version=VERSION):
    return Salesforce(
        consumer_key=APP, consumer_secret=APP, domain="northwind.my", session=PlainSession(), version=version
    )


def refused(error, status, code, run):
    """Runs what must fail with this exception, status and error code; gives Salesforce's error."""
    try:
        value = run()
    except error as caught:
        assert caught.status == status, f"{caught.status} {caught.content}"
        assert caught.content[0]["errorCode"] == code, caught.content
        return caught.content[0]
    raise AssertionError(f"expected {code}, got {value}")


# Signing in


@check
def client_credentials_sign_in():
    org = connect()
    assert org.session_id.startswith("00D") and "!" in org.session_id
    assert org.sf_instance == urlsplit(URL).netloc, org.sf_instance


@check
def a_wrong_secret_is_refused():
    try:
        Salesforce(consumer_key=APP, consumer_secret="no", domain="northwind.my", session=PlainSession())
    except SalesforceAuthenticationFailed as caught:
        assert str(caught).endswith("(code: invalid_client): invalid client credentials"), caught
    else:
        raise AssertionError("a wrong secret signed in")


@check
def the_username_password_grant_is_refused():
    try:
        Salesforce(
            username="dana.ito@northwind.example", password="secret", consumer_key=APP, consumer_secret=APP,
            domain="northwind.my", session=PlainSession(),
        )
    except SalesforceAuthenticationFailed as caught:
        assert str(caught).endswith("(code: unsupported_grant_type): grant type not supported"), caught
    else:
        raise AssertionError("a password signed in")


@check
def soap_login_is_refused():
    try:
        Salesforce(username="dana.ito@northwind.example", password="secret", security_token="x", session=PlainSession())
    except SalesforceAuthenticationFailed:
        return
    raise AssertionError("SOAP login signed in")


@check
def a_signed_jwt_signs_in_as_its_subject():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    control("POST", "apps", {"client_id": "jwt-app", "public_key": public.decode()})
    org = Salesforce(
        username="dana.ito@northwind.example", consumer_key="jwt-app", privatekey=private.decode(),
        session=PlainSession(), version=VERSION,
    )
    assert org.oauth2("userinfo")["preferred_username"] == "dana.ito@northwind.example"


@check
def a_code_with_a_challenge_signs_in_and_refreshes():
    """simple-salesforce has no such flow: the code is fetched by hand, and its token given to the client."""
    verifier = "v" * 64
    digest = hashlib.sha256(verifier.encode()).digest()
    form = {
        "response_type": "code", "client_id": APP, "redirect_uri": REDIRECT, "scope": "api refresh_token",
        "state": "s", "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "decision": "allow",
    }
    consent = requests.post(f"{URL}/services/oauth2/authorize", data=form, allow_redirects=False, timeout=60)
    code = parse_qs(urlsplit(consent.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code", "code": code, "client_id": APP, "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    }
    token = requests.post(f"{URL}/services/oauth2/token", data=form, timeout=60).json()
    form = {
        "grant_type": "refresh_token", "refresh_token": token["refresh_token"], "client_id": APP, "client_secret": APP
    }
    token = requests.post(f"{URL}/services/oauth2/token", data=form, timeout=60).json()
    org = Salesforce(instance_url=token["instance_url"], session_id=token["access_token"], session=PlainSession())
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] > 0


@check
def an_expired_session_signs_in_again():
    org = connect()
    before = org.session_id
    control("DELETE", "tokens")
    assert org.query("SELECT Id FROM Account LIMIT 1")["totalSize"] == 1
    assert org.session_id != before


@check
def a_dead_session_is_told():
    org = Salesforce(instance_url=URL, session_id="00D000000000000!dead", session=PlainSession())
    error = refused(SalesforceExpiredSession, 401, "INVALID_SESSION_ID", lambda: org.query("SELECT Id FROM Account"))
    assert error["message"] == "Session expired or invalid"


@check
def userinfo_names_the_user():
    org = connect()
    info = org.oauth2("userinfo")
    assert info["preferred_username"] == "integration@northwind.example", info
    assert org.is_sandbox() in (True, False)


# Records


@check
def a_record_is_created_read_changed_and_deleted():
    org = connect()
    created = org.Contact.create({"LastName": "Sole", "Email": "sole@acme.com"})
    record = created["id"]
    assert dict(created) == {"id": record, "success": True, "errors": []}, created
    assert org.Contact.get(record)["Name"] == "Sole"
    assert org.Contact.update(record, {"FirstName": "Ana"}) == 204
    assert org.Contact.get(record[:15])["Name"] == "Ana Sole"
    assert org.Contact.delete(record) == 204
    error = refused(SalesforceResourceNotFound, 404, "ENTITY_IS_DELETED", lambda: org.Contact.delete(record))
    assert error["message"] == "entity is deleted"


@check
def upsert_creates_changes_and_tells_when_several_match():
    org = connect()
    key = "Email/upsert+one@acme.com"
    assert org.Contact.upsert(key, {"LastName": "One"}) == 201
    assert org.Contact.upsert(key, {"LastName": "Two"}) == 200
    org.Contact.create({"LastName": "Double", "Email": "upsert+one@acme.com"})
    try:
        org.Contact.upsert(key, {"LastName": "Three"})
    except SalesforceMoreThanOneRecord as caught:
        assert len(caught.content) == 2, caught.content
        assert all(url.startswith(f"/services/data/v{VERSION}/sobjects/Contact/003") for url in caught.content)
    else:
        raise AssertionError("an upsert that matches two records was let through")


@check
def a_record_is_read_by_a_custom_external_id():
    field = {"name": "Ext__c", "label": "Ext", "type": "string", "length": 40, "externalId": True}
    control("POST", "fields", {"Contact": [field]})
    org = connect()
    assert org.Contact.upsert("Ext__c/a%40b.c", {"LastName": "Ext"}) == 201
    assert org.Contact.get_by_custom_id("Ext__c", "a@b.c")["LastName"] == "Ext"


# Queries


@check
def query_all_reads_every_page():
    control("POST", "records", {"Account": [{"Name": f"Paged {i:05}"} for i in range(4100)]})
    org = connect()
    soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Paged %' ORDER BY Name"
    everything = org.query_all(soql)
    assert everything["totalSize"] == 4100
    assert len({row["Id"] for row in everything["records"]}) == 4100
    page = org.query(soql)
    assert (len(page["records"]), page["done"], page["totalSize"]) == (2000, False, 4100)
    locator = page["nextRecordsUrl"].rsplit("/", 1)[1]
    assert locator.endswith("-2000")
    assert len(org.query_more(locator)["records"]) == 2000


@check
def the_page_size_can_be_asked_for():
    control("POST", "records", {"Account": [{"Name": f"Sized {i}"} for i in range(600)]})
    page = connect().query("SELECT Id FROM Account", headers={"Sforce-Query-Options": "batchSize=250"})
    assert len(page["records"]) == 250, len(page["records"])
    assert page["nextRecordsUrl"].endswith("-250"), page["nextRecordsUrl"]


@check
def values_are_quoted_by_the_client_and_understood():
    org = connect()
    name = "O'Hara \\ Söhne \"&\" 50%\nline"
    record = org.Account.create({"Name": name})["id"]
    found = org.query(format_soql("SELECT Id, Name FROM Account WHERE Name = {}", name))
    assert [row["Id"] for row in found["records"]] == [record], found
    assert found["records"][0]["Name"] == name
    found = org.query(format_soql("SELECT Id FROM Account WHERE Name LIKE '%{:like}%'", "50%"))
    assert found["totalSize"] == 1
    found = org.query(format_soql("SELECT Id FROM Account WHERE Name IN {}", [name, "Acme"]))
    assert found["totalSize"] == 2
    since = datetime(2025, 1, 1, tzinfo=timezone.utc)
    assert org.query(format_soql("SELECT Id FROM Account WHERE CreatedDate > {}", since))["totalSize"] > 0


@check
def parents_and_children_come_nested():
    org = connect()
    soql = (
        "select name, owner.name, parent.name, (select lastname from contacts order by lastname) "
        "from account where name = 'acme'"
    )
    [acme] = org.query(soql)["records"]
    assert list(acme) == ["attributes", "Name", "Owner", "Parent", "Contacts"], list(acme)
    assert acme["Owner"]["Name"] == "Dana Ito"
    assert acme["Parent"] is None
    assert acme["Contacts"]["totalSize"] == len(acme["Contacts"]["records"])


@check
def deleted_records_are_shown_when_asked_for():
    org = connect()
    record = org.Account.create({"Name": "Deleted soon"})["id"]
    org.Account.delete(record)
    soql = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{record}'"
    assert org.query(soql)["totalSize"] == 0
    assert org.query(soql, include_deleted=True)["records"][0]["IsDeleted"] is True


@check
def a_wrong_query_is_told():
    org = connect()
    error = refused(
        SalesforceMalformedRequest, 400, "INVALID_FIELD", lambda: org.query("SELECT BAD FROM Contact")
    )
    assert "No such column 'BAD' on entity 'Contact'." in error["message"]
    refused(SalesforceMalformedRequest, 400, "INVALID_TYPE", lambda: org.query("SELECT Id FROM Foo"))
    refused(SalesforceMalformedRequest, 400, "MALFORMED_QUERY", lambda: org.query("SELECT Id FROM"))


# Search


@check
def search_finds_by_email():
    found = connect().search("FIND {alice.chen@acme.com} IN EMAIL FIELDS RETURNING Contact(Id, Email)")
    assert [row["Email"] for row in found["searchRecords"]] == ["alice.chen@acme.com"], found


@check
def a_quick_search_finds_in_every_object():
    found = connect().quick_search("Globex")
    assert "Account" in {row["attributes"]["type"] for row in found["searchRecords"]}, found


@check
def a_search_without_braces_is_refused():
    org = connect()
    error = refused(SalesforceMalformedRequest, 400, "MALFORMED_SEARCH", lambda: org.search("FIND Acme"))
    assert error["message"] == "No search term found. The search term must be enclosed in braces."


# What there is


@check
def describes_tell_objects_and_fields():
    org = connect()
    assert org.describe()["maxBatchSize"] == 200
    described = org.Event.describe()
    [who] = [field for field in described["fields"] if field["name"] == "WhoId"]
    assert who["referenceTo"] == ["Contact", "Lead"], who["referenceTo"]
    assert org.Contact.metadata()["objectDescribe"]["keyPrefix"] == "003"


@check
def limits_and_usage_are_told():
    org = connect()
    assert org.limits()["DailyApiRequests"]["Max"] == 15000
    assert org.api_usage["api-usage"].total == 15000, org.api_usage


@check
def recent_changes_are_told():
    org = connect()
    record = org.Account.create({"Name": "Changed"})["id"]
    gone = org.Account.create({"Name": "Gone"})["id"]
    org.Account.delete(gone)
    control("PATCH", "settings", {"advance_ms": 120_000})  # the lists cover whole minutes that are over
    start = datetime.now(timezone.utc) - timedelta(hours=1)
    end = datetime.now(timezone.utc) + timedelta(hours=1)
    assert record in org.Account.updated(start, end)["ids"]
    assert gone in [row["id"] for row in org.Account.deleted(start, end)["deletedRecords"]]


@check
def record_counts_are_told():
    counts = connect().restful("limits/recordCount", {"sObjects": "Account"})
    assert counts["sObjects"] == [{"count": 8, "name": "Account"}], counts


# Many in one


@check
def collections_create_read_and_delete():
    org = connect()
    rows = [{"attributes": {"type": "Contact"}, "LastName": name} for name in ("C1", "C2")]
    body = json.dumps({"allOrNone": False, "records": rows})
    created = org.restful("composite/sobjects", method="POST", data=body)
    assert [row["success"] for row in created] == [True, True], created
    ids = ",".join(row["id"] for row in created)
    deleted = org.restful("composite/sobjects", {"ids": ids, "allOrNone": "false"}, method="DELETE")
    assert [row["success"] for row in deleted] == [True, True], deleted


@check
def composite_refers_from_one_request_to_the_next():
    org = connect()
    base = f"/services/data/v{VERSION}"
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{base}/sobjects/Account", "referenceId": "a", "body": {"Name": "Composed"}},
            {
                "method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "c",
                "body": {"LastName": "C", "AccountId": "@{a.id}"},
            },
            {"method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "bad", "body": {"FirstName": "C"}},
        ],
    }
    answers = org.restful("composite", method="POST", data=json.dumps(body))["compositeResponse"]
    codes = [answer["body"][0]["errorCode"] for answer in answers]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"], answers
    assert org.query("SELECT Id FROM Account WHERE Name = 'Composed'")["totalSize"] == 0


# Errors


@check
def errors_come_typed_with_their_fields():
    org = connect()

    def bad(code, record):
        return refused(SalesforceMalformedRequest, 400, code, lambda: org.Contact.create(record))

    assert bad("REQUIRED_FIELD_MISSING", {"FirstName": "X"})["fields"] == ["LastName"]
    assert bad("INVALID_FIELD", {"LastName": "X", "Foo": 1})["message"] == (
        "No such column 'Foo' on sobject of type Contact"
    )
    assert bad("INVALID_EMAIL_ADDRESS", {"LastName": "X", "Email": "123"})["fields"] == ["Email"]
    assert bad("STRING_TOO_LONG", {"LastName": "X" * 81})["fields"] == ["LastName"]
    nowhere = SFType("Nonsense__c", org.session_id, org.sf_instance, session=PlainSession())
    refused(SalesforceResourceNotFound, 404, "NOT_FOUND", lambda: nowhere.create({"Name": "X"}))
    refused(SalesforceResourceNotFound, 404, "NOT_FOUND", lambda: org.Contact.get("003000000000000AAA"))


@check
def a_lead_is_converted_no_more():
    org = connect()
    [lead] = org.query("SELECT Id FROM Lead WHERE IsConverted = true")["records"]
    refused(
        SalesforceMalformedRequest, 400, "CANNOT_UPDATE_CONVERTED_LEAD",
        lambda: org.Lead.update(lead["Id"], {"Title": "X"}),
    )


def main():
    passed = 0
    for run in CHECKS:
        control("POST", "reset", {})
        try:
            run()
            passed += 1
        except Exception:  # a check may break in any way, and the others still count
            trace = traceback.format_exc(limit=-3).strip().replace("\n", "\n  ")
            print(f"FAILED simple-salesforce: {run.__name__.replace('_', ' ')}\n  {trace}")
    print(f"simple-salesforce: {passed} passed, {len(CHECKS) - passed} failed")
    return 0 if passed == len(CHECKS) else 1


if __name__ == "__main__":
    sys.exit(main())
