//! What two requests of one shape differ in, by name: what a case holds otherwise than it was recorded.

use crate::model::{Payload, Request};
use crate::replay::leaves;

/// The names of the parameters, fields and headers whose values differ, in the order of the request; `the URL` for its path or host.
pub fn differing(one: &Request, other: &Request) -> Vec<String> {
    let mut names = Vec::new();
    let (a, b) = (split(one), split(other));
    if a.0 != b.0 {
        names.push("the URL".to_owned());
    }
    let pairs = |query: &str| -> Vec<(String, String)> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
    };
    add(&mut names, &pairs(a.1), &pairs(b.1));
    add(&mut names, &one.headers, &other.headers);
    match (&one.payload, &other.payload) {
        (Payload::Form(a), Payload::Form(b)) => add(&mut names, a, b),
        (Payload::Json(a), Payload::Json(b)) if a != b => {
            let fields = |body: &[u8]| leaves(&String::from_utf8_lossy(body));
            match (fields(a), fields(b)) {
                (Ok(a), Ok(b)) => add(&mut names, &a, &b),
                _ => names.push("the body".to_owned()),
            }
        }
        _ => {}
    }
    names
}

/// What stands before the query, and the query.
fn split(request: &Request) -> (&str, &str) {
    let url = request.url.as_deref().unwrap_or_default();
    url.split_once('?').unwrap_or((url, ""))
}

fn add(names: &mut Vec<String>, one: &[(String, String)], other: &[(String, String)]) {
    for (a, b) in one.iter().zip(other).filter(|(a, b)| a != b) {
        // Of the two the name that is in the file.
        let name = if a.0 == b.0 { &a.0 } else { &b.0 };
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}
