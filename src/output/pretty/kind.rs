//! What kind of document a body is.

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON, of any content type that ends with `json`.
    Json,
    /// XML, `TwiML` above all.
    Xml,
    /// A web page.
    Html,
    /// URL-encoded parameters.
    Form,
    /// Any other text.
    Plain,
}

/// By the content type, unless the text plainly is another kind: an error page is often sent with the type of the document
/// that it stands for. Without a content type by the text alone.
pub(super) fn of(content_type: Option<&str>, text: &str) -> Kind {
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let looks = by_looks(text);
    match by_type(&media.trim().to_ascii_lowercase()) {
        Some(named @ (Kind::Json | Kind::Xml | Kind::Html)) => match looks {
            Kind::Plain | Kind::Form => named,
            looks => looks,
        },
        Some(Kind::Form) if looks != Kind::Plain => looks,
        Some(Kind::Form) => Kind::Form,
        _ => looks,
    }
}

fn by_type(media: &str) -> Option<Kind> {
    match media {
        "application/x-www-form-urlencoded" => Some(Kind::Form),
        "text/html" => Some(Kind::Html),
        m if m.ends_with("/json") || m.ends_with("+json") => Some(Kind::Json),
        m if m.ends_with("/xml") || m.ends_with("+xml") => Some(Kind::Xml),
        _ => None,
    }
}

/// Strict: a line of a log that begins with `[` or `<` is no document.
fn by_looks(text: &str) -> Kind {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut chars = text.chars();
    let first = chars.next();
    let second = chars.find(|c| !c.is_whitespace());
    match (first, second) {
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | '[' | '"' | ']')) => Kind::Json,
        (Some('<'), Some('?' | '!')) => page_or(Kind::Xml, text),
        (Some('<'), Some(c)) if c.is_alphabetic() && text.contains('>') => page_or(Kind::Xml, text),
        _ => Kind::Plain,
    }
}

fn page_or(other: Kind, text: &str) -> Kind {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    let page = ["<!doctype html", "<html", "<br", "<p>", "<h1", "<head", "<body", "<pre"];
    if page.iter().any(|word| begins(word)) {
        Kind::Html
    } else {
        other
    }
}
