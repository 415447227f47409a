//! Fields that a usual installation writes, for stories and benches.

use serde_json::json;

use crate::support::{TestApp, configuration_with};

/// The lists of a usual installation: three fields of the Event and four of the attendee's record.
pub(crate) const LISTS: &str = "
      event_fields_on_booking:
        fields:
          - {field: Kind__c, type: picklist, value: Demo}
          - {field: Summary__c, type: text, value: 'Booked by {attendee.name} ({company})'}
          - {field: Day__c, type: date, value: booking_start_date}
      person_fields_on_booking:
        fields:
          - {field: Title, type: text, value: '{role|Prospect}', when: if_empty}
          - {field: Last_Booked__c, type: datetime, value: booking_created_date}
          - {field: Next_Meeting__c, type: date, value: booking_start_date}
          - {field: Score__c, type: custom, value: '7.5'}";

/// The lists on cancel.
pub(crate) const ON_CANCEL: &str = "
      event_fields_on_cancel:
        fields:
          - {field: ShowAs, type: picklist, value: Free}
          - {field: Summary__c, type: text, value: 'Cancelled: {booking.cancel_reason|no reason given}'}
      person_fields_on_cancel:
        fields:
          - {field: Last_Status__c, type: text, value: Cancelled}
          - {field: Last_Cancel__c, type: date, value: booking_cancel_date}";

/// Gives the org the fields that the lists name, and the installation these settings.
pub(crate) async fn configure(test: &TestApp, settings: &str) {
    add_fields(test).await;
    test.apply(&configuration_of(test, settings)).await.expect("the configuration is sound");
}

/// Gives the org the fields that the lists name.
pub(crate) async fn add_fields(test: &TestApp) {
    let text = |name: &str, length: u32| json!({"name": name, "label": name, "type": "string", "length": length});
    let plain = |name: &str, kind: &str| json!({"name": name, "label": name, "type": kind});
    let kind =
        json!({"name": "Kind__c", "label": "Kind", "type": "picklist", "restricted": true, "picklist": ["Demo"]});
    let person = [
        plain("Last_Booked__c", "datetime"),
        plain("Next_Meeting__c", "date"),
        json!({"name": "Score__c", "label": "Score", "type": "double", "precision": 18, "scale": 1}),
        text("Last_Status__c", 20),
        plain("Last_Cancel__c", "date"),
        plain("Vip__c", "boolean"),
    ];
    let fields =
        json!({"Event": [kind, text("Summary__c", 60), plain("Day__c", "date")], "Contact": person, "Lead": person});
    test.org.control("POST", "fields", fields).await;
}

pub(crate) fn configuration_of(test: &TestApp, settings: &str) -> String {
    configuration_with(&test.org.url, "")
        .replace("    salesforce: {connection: main}", &format!("    salesforce:\n      connection: main{settings}"))
}
