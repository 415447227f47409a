//! What a person sees.

use serde_json::json;

use crate::support::Org;

async fn page(org: &Org, path: &str) -> (u16, String) {
    let response = org.client.get(org.url(path)).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a page"))
}

#[tokio::test]
async fn records_are_shown_and_hostile_text_is_only_text() {
    let org = Org::start("demo").await;
    let id = org.create("Contact", json!({"LastName": "<script>alert(1)</script>", "Email": "x@acme.com"})).await;
    let (status, home) = page(&org, "/").await;
    assert_eq!(status, 200);
    assert!(home.contains("&lt;script&gt;alert(1)") && !home.contains("<script>alert"), "hostile text became markup");
    assert!(home.contains(&format!("/records/Contact/{id}")), "the new record is not linked");
    assert!(home.contains("POST /services/data/v66.0/sobjects/Contact"), "the latest call is not shown");
    org.stop().await;
}

#[tokio::test]
async fn a_deleted_record_is_shown_as_deleted() {
    let org = Org::start("demo").await;
    let id = org.create("Lead", json!({"LastName": "Lee", "Company": "Acme"})).await;
    org.delete(&format!("/sobjects/Lead/{id}")).await;
    let (status, record) = page(&org, &format!("/records/Lead/{id}")).await;
    assert!(status == 200 && record.contains("Deleted: this record is in the recycle bin."), "{record}");
    let (status, nothing) = page(&org, "/records/Lead/00Q000000000000").await;
    assert!(status == 404 && nothing.contains("No such record"), "{nothing}");
    for asset in ["/assets/page.css", "/assets/page.js"] {
        assert_eq!(page(&org, asset).await.0, 200, "{asset}");
    }
    org.stop().await;
}

#[tokio::test]
async fn a_records_id_alone_leads_to_its_page() {
    let org = Org::start("demo").await;
    let id = org.create("Contact", json!({"LastName": "Lee"})).await;
    let (status, record) = page(&org, &format!("/{id}")).await;
    assert!(status == 200 && record.contains("Contact: Lee"), "{record}");
    assert_eq!(page(&org, "/nothing").await.0, 404);
    org.stop().await;
}
