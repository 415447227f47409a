//! The use of the org's API quota, which Salesforce reports with every answer.

/// API requests of the last 24 hours (Salesforce facts 2.2 and 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiUsage {
    /// Requests used.
    pub used: u32,
    /// Requests that the org has.
    pub limit: u32,
}

impl ApiUsage {
    /// Reads the header `Sforce-Limit-Info`, such as `api-usage=22/15000`; other entries in it are passed over.
    pub fn parse(header: &str) -> Option<Self> {
        let entry = header.split([',', ';']).find_map(|entry| entry.trim().strip_prefix("api-usage="))?;
        let (used, limit) = entry.split_once('/')?;
        Some(Self { used: used.trim().parse().ok()?, limit: limit.trim().parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_is_read_from_the_header() {
        assert_eq!(ApiUsage::parse("api-usage=22/15000"), Some(ApiUsage { used: 22, limit: 15_000 }));
        let with_app = "per-app-api-usage=17/250(appName=x), api-usage=1/2";
        assert_eq!(ApiUsage::parse(with_app), Some(ApiUsage { used: 1, limit: 2 }));
        for odd in ["", "api-usage=", "api-usage=1", "api-usage=-1/2", "api-usage=99999999999/1"] {
            assert_eq!(ApiUsage::parse(odd), None, "{odd:?} tells nothing");
        }
    }
}
