//! What the tests of plans (`plans`), of attempts (`attempts`), of drafts (`drafts`), of redirects (`follow`) and of anything at all (`any`) share.

mod any;
mod attempts;
mod drafts;
mod follow;
mod plans;

use super::*;
use crate::config::Secret;
use crate::model::{Payload, Provider, Request, RequestKind};

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn request(method: &str, url: &str, payload: Payload) -> Request {
    Request {
        method: Some(method.to_owned()),
        url: Some(url.to_owned()),
        headers: vec![],
        payload,
    }
}

fn form(url: &str, params: &[(&str, &str)]) -> Request {
    request("POST", url, Payload::Form(pairs(params)))
}

fn token() -> Secret {
    Secret::new("12345")
}

fn signing() -> Options {
    Options {
        auth_token: Some(token()),
        ..Options::default()
    }
}

fn local() -> Target {
    Target::parse("localhost:3000", &[]).unwrap()
}

fn twilio(request: &Request, options: &Options) -> Plan {
    plan(Provider::Twilio, RequestKind::Voice, request, &local(), options).unwrap()
}

fn header<'a>(plan: &'a Plan, name: &str) -> Option<&'a str> {
    let mut all = plan.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let found = all.next().map(|(_, v)| v.as_str());
    assert!(all.next().is_none(), "{name} twice");
    found
}

fn wire(plan: &Plan) -> String {
    String::from_utf8(plan.wire().unwrap()).unwrap()
}
