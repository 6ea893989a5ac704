//! skeleton
use crate::model::Severity;
/// x
pub struct Entry {
    /// x
    pub code: &'static str,
    /// x
    pub title: &'static str,
    /// x
    pub class: &'static str,
    /// x
    pub level: Severity,
    /// x
    pub product: &'static str,
}
/// x
pub fn look_up(_code: &str) -> Option<Entry> {
    None
}
/// x
pub fn link(code: &str) -> String {
    format!("https://www.twilio.com/docs/api/errors/{code}")
}
