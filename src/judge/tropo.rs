//! A Tropo reply: one JSON object with a list `tropo` of objects (spec/tropo.md 2.2). Verbs are not looked at yet.

use serde_json::Value;

use super::text;
use crate::model::Problem;

const CODE: &str = "webhook-reply";

/// Problems of the document; at most one, as everything after it would be guessed.
pub(super) fn document(body: &[u8]) -> Vec<Problem> {
    check(body).err().into_iter().collect()
}

fn check(body: &[u8]) -> Result<(), Problem> {
    if body.trim_ascii().is_empty() {
        return Err(Problem::error(CODE, "the answer is empty: send {\"tropo\":[…]}"));
    }
    let json = text::utf8(CODE, body)?;
    if json.starts_with('\u{feff}') {
        let message = "a byte order mark stands before the document: save the file as UTF-8 without BOM";
        return Err(Problem::error(CODE, message).at((1, 1)));
    }
    let value: Value = serde_json::from_str(json).map_err(|e| malformed(json, &e))?;
    let Value::Object(object) = value else {
        return Err(Problem::error(
            CODE,
            "the document is not an object: send {\"tropo\":[…]}",
        ));
    };
    let verbs = match object.get("tropo") {
        Some(Value::Array(verbs)) => verbs,
        Some(_) => return Err(Problem::error(CODE, "`tropo` is not a list: send {\"tropo\":[…]}")),
        None => {
            return Err(Problem::error(
                CODE,
                "the document has no `tropo`: send {\"tropo\":[…]}",
            ));
        }
    };
    match verbs
        .iter()
        .position(|verb| verb.as_object().is_none_or(serde_json::Map::is_empty))
    {
        Some(index) => Err(Problem::error(
            CODE,
            format!("`tropo` item {index} is not an object with a verb, as {{\"say\":…}}"),
        )),
        None => Ok(()),
    }
}

fn malformed(json: &str, e: &serde_json::Error) -> Problem {
    let (line, byte_column) = (e.line(), e.column());
    let before: usize = json
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let place = text::position(json.as_bytes(), before + byte_column.saturating_sub(1));
    let said = e.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let what = text::impostor(json).map_or_else(String::new, |what| format!("; {what}"));
    Problem::error(CODE, format!("the document is not JSON: {said}{what}")).at(place)
}
