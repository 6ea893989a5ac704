//! Documents compared as structure: what is written differently is the same, what says something else is found where it is.

#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "documents are put together here, small ones"
)]

use proptest::prelude::*;

use super::*;

fn compared(old: &str, new: &str) -> Diff {
    bodies((None, old.as_bytes()), (None, new.as_bytes()), None)
}

fn both_ways(old: &str, new: &str) -> [Diff; 2] {
    [compared(old, new), compared(new, old)]
}

#[test]
fn what_is_written_differently_is_the_same() {
    for (old, new) in [
        ("<a><b/></a>", "<a>\n\n <b/> </a>\n"),
        (
            "<a><b/></a>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a><b></b></a>",
        ),
        ("<a x=\"1\" y='2'/>", "<a\n  y=\"2\"\n  x='1' ></a>"),
        ("<a>it&apos;s &#65;&#x42; &amp;</a>", "<a>it's AB <![CDATA[&]]></a>"),
        ("<a>hello</a>", "<a>\n  hello\n</a>"),
        ("<a>x <b/> y</a>", "<a> x <b></b> y </a>"),
        ("<a x='&#34;'/>", "<a x=\"&quot;\"/>"),
        (
            "{\"a\":1,\"b\":[true,null]}",
            "{ \"b\" : [ true , null ] ,\n \"a\" : 1.0 }",
        ),
        ("{\"a\":\"\\u00e9\\/\"}", "{\"a\":\"é/\"}"),
        (
            "[{\"a\":1,\"b\":2},{\"b\":1,\"a\":2}]",
            "[{\"b\":2,\"a\":1},{\"a\":2,\"b\":1}]",
        ),
        ("{\"a\":100}", "{\"a\":1e2}"),
    ] {
        for found in both_ways(old, new) {
            assert!(found.is_same(), "{old} {new}: {found:?}");
            assert!(found.changes().is_empty());
        }
    }
}

#[test]
fn what_says_something_else_is_found_where_it_is() {
    for (old, new, paths) in [
        (
            "<Response><Gather timeout='5' a='1'/><Gather timeout='5'/></Response>",
            "<Response><Gather a='1' timeout='5'/><Gather timeout='6'/></Response>",
            &["Response/Gather[2]@timeout"][..],
        ),
        ("<a x='1'/>", "<a y='1'/>", &["a@x", "a@y"]),
        ("<a><Say>Hello you</Say></a>", "<a><Say>Hello me</Say></a>", &["a/Say"]),
        ("<a><b/></a>", "<a><b/><c/></a>", &["a/c"]),
        ("<a>x<!-- y --></a>", "<a>x</a>", &["a"]),
        ("<m>one\ntwo</m>", "<m>one two</m>", &["m"]),
        (
            "{\"tropo\":[{\"ask\":{\"choices\":\"1\",\"name\":\"x\"}}]}",
            "{\"tropo\":[{\"ask\":{\"name\":\"x\",\"choices\":\"2\"}}]}",
            &["tropo[0].ask.choices"],
        ),
        ("{\"a b\":1}", "{\"a b\":2}", &["[\"a b\"]"]),
        ("{\"a\":1}", "{\"a\":\"1\"}", &["a"]),
        ("{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", &["a"]),
        ("{\"a\":[]}", "{\"a\":{}}", &["a"]),
    ] {
        let found = compared(old, new);
        assert!(!found.is_same(), "{old} {new}");
        assert_eq!(found.changes(), paths, "{old} {new}");
    }
}

#[test]
fn a_change_stands_below_its_path() {
    let found = compared(
        "<Response><Say>Hi</Say><Gather numDigits='1' timeout='5'/></Response>",
        "<Response><Say>Hi</Say><Gather timeout='9' numDigits='1'/></Response>",
    );
    let lines: Vec<String> = found.unified(1).iter().map(Line::text).collect();
    assert_eq!(
        lines,
        [
            "  <Response>",
            "    <Say>Hi</Say>",
            "@ Response/Gather@timeout",
            "-   <Gather numDigits=\"1\" timeout=\"5\"/>",
            "+   <Gather numDigits=\"1\" timeout=\"9\"/>",
            "  </Response>",
        ]
        .map(str::to_owned)
        .to_vec()
    );
    let rows = found.side_by_side(41, 0);
    assert!(
        rows.iter().any(|(l, _)| l.text().starts_with("@ Response/Gather@")),
        "{rows:?}"
    );
    assert!(rows.iter().all(|(l, r)| (l.width(), r.width()) == (20, 20)));
}

#[test]
fn other_documents_are_compared_as_they_stand() {
    let json = Some("application/json");
    for (old, new) in [
        ("{\"a\":1}", "{\"a\":1"),
        ("<a/>", "{\"a\":1}"),
        ("<Response/>", "<!DOCTYPE html><html><p>x</html>"),
        ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<a>y</a>"),
        ("plain", "text"),
    ] {
        let found = compared(old, new);
        assert!(!found.is_same() && found.paths.is_empty(), "{old} {new}");
    }
    let found = bodies((json, b"{\"a\":1}"), (json, b"{\"a\" : 2}"), None);
    assert_eq!(found.counts(), (1, 1));
    assert!(!bodies((None, b"\0\x01"), (None, b"\0\x02"), None).is_same());
}

#[test]
fn hostile_documents_end_in_time() {
    let deep_xml = "<a>".repeat(50_000) + &"</a>".repeat(50_000);
    let deep_json = "[".repeat(100_000) + &"]".repeat(100_000);
    let wide = format!("<a>{}</a>", "<b c='1'/>".repeat(40_000));
    let tag = format!(
        "<a {}/>",
        (0..20_000).map(|n| format!("x{n}='{n}' ")).collect::<String>()
    );
    for text in [deep_xml, deep_json, wide, tag] {
        let other = text.replacen("c='1'", "c='2'", 1).replacen("'7'", "'8'", 1);
        let found = compared(&text, &other);
        assert_eq!(found.is_same(), text == other);
    }
}

/// A document, to be written in many ways.
#[derive(Clone, Debug)]
struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    inside: Inside,
}

#[derive(Clone, Debug)]
enum Inside {
    Text(String),
    Elements(Vec<Element>),
}

fn elements() -> impl Strategy<Value = Element> {
    let name = || prop::sample::select(vec!["Say", "Gather", "Play", "x:y"]);
    let attributes = || {
        prop::sample::subsequence(vec!["a", "b", "c", "d"], 0..4).prop_flat_map(|names| {
            let len = names.len();
            (Just(names), prop::collection::vec("[a-z<&\"' é]{0,6}", len))
                .prop_map(|(names, values)| names.into_iter().zip(values).collect::<Vec<_>>())
        })
    };
    let leaf =
        (name(), attributes(), "[a-z<&é]{0,2}|[a-z][a-z& \n]{0,8}[a-z]").prop_map(|(name, attributes, text)| Element {
            name,
            attributes,
            inside: Inside::Text(text),
        });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (name(), attributes(), prop::collection::vec(inner, 1..4)).prop_map(|(name, attributes, all)| Element {
            name,
            attributes,
            inside: Inside::Elements(all),
        })
    })
}

fn reference(text: &str, plain: bool) -> String {
    let one = |c: char| match c {
        '&' if plain => "&amp;".to_owned(),
        '<' if plain => "&lt;".to_owned(),
        '"' if plain => "&quot;".to_owned(),
        '\'' if plain => "&apos;".to_owned(),
        c if plain => c.to_string(),
        c => format!("&#x{:x};", u32::from(c)),
    };
    text.chars().map(one).collect()
}

/// Writes a document, one way or quite another.
fn written(e: &Element, plain: bool, out: &mut String) {
    let mut attributes: Vec<String> = e
        .attributes
        .iter()
        .map(|(n, v)| {
            if plain {
                format!("{n}=\"{}\"", reference(v, true))
            } else {
                format!("{n} = '{}'", reference(v, false))
            }
        })
        .collect();
    if !plain {
        attributes.reverse();
    }
    let gap = if plain { "" } else { "\n\t " };
    out.push_str(&format!(
        "<{} {}",
        e.name,
        attributes.join(if plain { " " } else { "\n" })
    ));
    match &e.inside {
        Inside::Text(t) if t.is_empty() && plain => return out.push_str("/>"),
        Inside::Text(t) => out.push_str(&format!(">{gap}{}{gap}", reference(t, plain))),
        Inside::Elements(all) => {
            out.push('>');
            for e in all {
                out.push_str(gap);
                written(e, plain, out);
            }
            out.push_str(gap);
        }
    }
    out.push_str(&format!("</{}>", e.name));
}

fn document(e: &Element, plain: bool) -> String {
    let mut out = if plain {
        "<?xml version='1.0'?>".to_owned()
    } else {
        String::new()
    };
    out.push_str("<Response xmlns:x='urn:x'>");
    written(e, plain, &mut out);
    out + "</Response>\n"
}

fn shuffled(value: &serde_json::Value, out: &mut String) {
    use serde_json::Value as V;
    match value {
        V::Object(all) => {
            let pairs: Vec<String> = all
                .iter()
                .rev()
                .map(|(k, v)| {
                    let mut inner = String::new();
                    shuffled(v, &mut inner);
                    format!("{} :\n{inner}", V::String(k.clone()))
                })
                .collect();
            out.push_str(&format!("{{ {} }}", pairs.join(" , ")));
        }
        V::Array(all) => {
            let all: Vec<String> = all
                .iter()
                .map(|v| {
                    let mut inner = String::new();
                    shuffled(v, &mut inner);
                    inner
                })
                .collect();
            out.push_str(&format!("[ {} ]", all.join(" ,\n ")));
        }
        V::Number(n) => out.push_str(&format!("{n}.0")),
        V::String(s) => {
            out.push('"');
            s.encode_utf16().for_each(|u| out.push_str(&format!("\\u{u:04X}")));
            out.push('"');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-zé\"\\\\\n😀]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("[a-d \"]{0,3}", inner, 0..5)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_document_written_otherwise_is_the_same(e in elements()) {
        let (one, other) = (document(&e, true), document(&e, false));
        for found in both_ways(&one, &other) {
            prop_assert!(found.is_same(), "{}\n{}\n{:?}", one, other, found);
        }
    }

    #[test]
    fn a_value_that_changed_is_found(e in elements()) {
        let one = document(&e, true);
        let mut changed = e.clone();
        changed.attributes.retain(|(n, _)| *n != "a");
        changed.attributes.push(("a", "changed value".to_owned()));
        let found = compared(&one, &document(&changed, false));
        prop_assert_eq!(found.changes(), vec![format!("Response/{}@a", e.name)]);
    }

    #[test]
    fn json_written_otherwise_is_the_same(v in values()) {
        let v = serde_json::json!({ "all": [v] });
        let (one, mut other) = (v.to_string(), String::new());
        shuffled(&v, &mut other);
        for found in both_ways(&one, &other) {
            prop_assert!(found.is_same(), "{}\n{}\n{:?}", one, other, found);
        }
    }

    #[test]
    fn json_that_differs_is_not_the_same(a in values(), b in values()) {
        let (one, other) = (serde_json::json!([{"k": a}]), serde_json::json!([{"k": b}]));
        prop_assert_eq!(compared(&one.to_string(), &other.to_string()).is_same(), one == other);
    }
}
