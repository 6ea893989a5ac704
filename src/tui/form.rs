//! A request as a form: method, URL, parameters (or the values of a JSON body by their paths), headers. What is changed is kept apart
//! from what was recorded, so that it can be shown and left.

use std::sync::Arc;

use super::data::{Draft, Recorded};
use super::list::{Cursor, Step};
use crate::model::{Payload, Request};
use crate::replay::{Edits, from_http, leaves, to_http};

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// HTTP method.
    Method,
    /// URL; scheme, host and port are the target's.
    Url,
    /// A form parameter.
    Param,
    /// A value in a JSON body, by its path.
    Json,
    /// A header.
    Header,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub section: Section,
    /// Its name; empty for method and URL.
    pub name: String,
    /// Its value now; none where it was removed.
    pub value: Option<String>,
    /// Its value as recorded; none where it was added.
    pub was: Option<String>,
}

impl Field {
    fn recorded(section: Section, name: &str, value: &str) -> Self {
        Self {
            section,
            name: name.to_owned(),
            value: Some(value.to_owned()),
            was: Some(value.to_owned()),
        }
    }

    /// It differs from the recording.
    pub fn changed(&self) -> bool {
        self.value != self.was
    }
}

/// A request under the editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// As recorded.
    pub recorded: Arc<Recorded>,
    /// In the order shown.
    pub fields: Vec<Field>,
    /// The selected field.
    pub cursor: Cursor,
    /// Open only for the editor: gone when that fails.
    pub passing: bool,
    /// A body that the editor wrote, in place of the fields.
    body: Option<Payload>,
    /// The selected field was just added and has no name yet.
    fresh: bool,
}

/// Whether the editor changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Yes.
    Some,
    /// No.
    None,
}

impl Form {
    /// The form of a request, with the changes of an earlier draft.
    pub fn new(recorded: Arc<Recorded>, draft: Option<&Draft>) -> Self {
        let mut form = Self {
            fields: fields_of(&recorded.request),
            recorded,
            cursor: Cursor::default(),
            passing: false,
            body: None,
            fresh: false,
        };
        if let Some(d) = draft {
            form.put(&d.recorded.request, &d.edits);
        }
        form
    }

    /// Takes the changes of a request over.
    fn put(&mut self, request: &Request, edits: &Edits) {
        let was = &self.recorded.request;
        if request.payload != was.payload && !matches!(request.payload, Payload::Form(_)) {
            self.body = Some(request.payload.clone());
        }
        let mut now = fields_of(request);
        for (path, value) in &edits.set {
            match now.iter_mut().find(|f| f.section == Section::Json && f.name == *path) {
                Some(f) => f.value = Some(value.clone()),
                None => now.push(added(Section::Json, path, value)),
            }
        }
        for path in &edits.unset {
            if let Some(f) = now.iter_mut().find(|f| f.section == Section::Json && f.name == *path) {
                f.value = None;
            }
        }
        for (name, value) in &edits.headers {
            let value = (!value.is_empty()).then(|| value.clone());
            match now
                .iter_mut()
                .find(|f| f.section == Section::Header && f.name.eq_ignore_ascii_case(name))
            {
                Some(f) => f.value = value,
                None => now.extend(value.map(|v| added(Section::Header, name, &v))),
            }
        }
        // What each field was is what stands at its place in the recording.
        let mut before = fields_of(was);
        for f in &mut now {
            let at = before.iter().position(|b| b.section == f.section && b.name == f.name);
            f.was = at.and_then(|n| before.remove(n).was);
        }
        // Gone: shown as removed, so that it can be seen.
        now.extend(before.into_iter().map(|b| Field { value: None, ..b }));
        now.sort_by_key(|f| f.section);
        self.fields = now;
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize, height: usize) {
        self.cursor.step(Step::By(by), self.fields.len(), height);
    }

    /// The selected field.
    pub fn selected(&self) -> Option<&Field> {
        self.fields.get(self.cursor.at)
    }

    /// Something differs from the recording.
    pub fn changed(&self) -> bool {
        self.body.is_some() || self.fields.iter().any(Field::changed)
    }

    /// The selected field as a line to type in: its value, for a new one its name too.
    pub fn typed(&self) -> String {
        match self.selected() {
            Some(_) if self.fresh => String::new(),
            Some(f) => f.value.clone().or_else(|| f.was.clone()).unwrap_or_default(),
            None => String::new(),
        }
    }

    /// What was typed goes into the selected field; a new one is what it is typed as.
    ///
    /// # Errors
    ///
    /// A new field that is neither `name=value` nor `Header: value`; nothing is changed then.
    pub fn take(&mut self, text: &str) -> Result<(), String> {
        let fresh = std::mem::take(&mut self.fresh);
        let at = self.cursor.at;
        let Some(f) = self.fields.get_mut(at) else {
            return Ok(());
        };
        if !fresh {
            f.value = Some(text.to_owned());
            return Ok(());
        }
        let payload = f.section;
        self.drop_selected();
        let (section, name, value) = new_field(text, payload)?;
        let at = self.end_of(section);
        self.fields.insert(at, added(section, name, value));
        self.cursor.at = at;
        Ok(())
    }

    /// One behind the last field of a section.
    fn end_of(&self, section: Section) -> usize {
        let last = self.fields.iter().rposition(|f| f.section <= section);
        last.map_or(0, |n| n + 1)
    }

    /// Leaves a field that was just added and got no name.
    pub fn give_up(&mut self) {
        if std::mem::take(&mut self.fresh) {
            self.drop_selected();
        }
    }

    fn drop_selected(&mut self) {
        self.fields.remove(self.cursor.at);
        self.cursor.at = self.cursor.at.min(self.fields.len().saturating_sub(1));
    }

    /// Adds a field that has no name yet; what is typed says whether it is a header.
    pub fn add(&mut self, height: usize) {
        let section = match self.recorded.request.payload {
            Payload::Json(_) => Section::Json,
            _ => Section::Param,
        };
        let at = self.end_of(section);
        self.fields.insert(at, added(section, "", ""));
        self.fresh = true;
        self.cursor.select(at, self.fields.len(), height);
    }

    /// Everything as recorded again.
    pub fn reset(&mut self) {
        let at = self.cursor.at;
        *self = Self::new(Arc::clone(&self.recorded), None);
        self.cursor.at = at.min(self.fields.len().saturating_sub(1));
    }

    /// Removes the selected field, or brings it back.
    ///
    /// # Errors
    ///
    /// Method and URL cannot be removed.
    pub fn remove(&mut self, height: usize) -> Result<(), String> {
        let at = self.cursor.at;
        let Some(f) = self.fields.get_mut(at) else {
            return Ok(());
        };
        match (f.section, &f.was) {
            (Section::Method | Section::Url, _) => return Err("method and URL stay; edit them".to_owned()),
            (_, None) => {
                self.fields.remove(at);
            }
            (_, was) => f.value = if f.value.is_some() { None } else { was.clone() },
        }
        self.cursor.show(self.fields.len(), height);
        Ok(())
    }

    /// The request as changed.
    pub fn draft(&self) -> Draft {
        let mut recorded = (*self.recorded).clone();
        let request = &mut recorded.request;
        let mut edits = Edits::default();
        let all = |s: Section| self.fields.iter().filter(move |f| f.section == s);
        if let Some(m) = all(Section::Method).find_map(|f| f.value.clone().filter(|_| f.changed())) {
            request.method = Some(m);
        }
        if let Some(u) = all(Section::Url).find_map(|f| f.value.clone().filter(|_| f.changed())) {
            request.url = Some(absolute(self.recorded.request.url.as_deref(), &u));
        }
        match &self.body {
            Some(p) => request.payload = p.clone(),
            None if all(Section::Param).any(Field::changed) => {
                let params = all(Section::Param).filter_map(|f| Some((f.name.clone(), f.value.clone()?)));
                request.payload = Payload::Form(params.collect());
            }
            None => {}
        }
        for f in all(Section::Json).filter(|f| f.changed()) {
            match &f.value {
                Some(v) => edits.set.push((f.name.clone(), v.clone())),
                None => edits.unset.push(f.name.clone()),
            }
        }
        for f in all(Section::Header).filter(|f| f.changed()) {
            edits
                .headers
                .push((f.name.clone(), f.value.clone().unwrap_or_default()));
        }
        Draft { recorded, edits }
    }

    /// The request as changed, as a text for an editor.
    pub fn http(&self) -> String {
        to_http(&self.whole())
    }

    /// The changed request with its edits by name applied.
    fn whole(&self) -> Request {
        let Draft { recorded, edits } = self.draft();
        let mut request = recorded.request;
        if let Payload::Json(body) = &request.payload
            && let Ok(text) = std::str::from_utf8(body)
            && let Ok(changed) = edits.json(text)
        {
            request.payload = Payload::Json(changed.into_bytes());
        }
        for (name, value) in edits.headers {
            request.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(&name));
            if !value.is_empty() {
                request.headers.push((name, value));
            }
        }
        request
    }

    /// Takes what the editor wrote.
    ///
    /// # Errors
    ///
    /// It is no request: which line, why. Nothing is changed then.
    pub fn read_http(&mut self, text: &str) -> Result<Change, String> {
        let shown = self.whole();
        let (request, headers) = from_http(text, &shown).map_err(|e| e.to_string())?;
        if request == shown && headers.is_empty() {
            return Ok(Change::None);
        }
        let mut edits = Edits {
            headers,
            ..Edits::default()
        };
        // Headers changed before stay changed.
        for f in self
            .fields
            .iter()
            .filter(|f| f.section == Section::Header && f.changed())
        {
            if !edits.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(&f.name)) {
                edits
                    .headers
                    .push((f.name.clone(), f.value.clone().unwrap_or_default()));
            }
        }
        let request = Request {
            headers: self.recorded.request.headers.clone(),
            ..request
        };
        self.put(&request, &edits);
        Ok(Change::Some)
    }
}

/// What a new field is: `Header: value` where a colon stands before any `=`, else `name=value`, a value of the body.
fn new_field(text: &str, payload: Section) -> Result<(Section, &str, &str), String> {
    let wrong = || Err("nothing added: write name=value, or Header: value".to_owned());
    let Some(at) = text.find([':', '=']) else {
        return wrong();
    };
    let (name, value) = (text[..at].trim(), &text[at + 1..]);
    if name.is_empty() {
        return wrong();
    }
    if text[at..].starts_with('=') {
        return Ok((payload, name, value));
    }
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.bytes().all(token) {
        Ok((Section::Header, name, value.trim()))
    } else {
        Err(format!(
            "nothing added: `{name}` is no name of a header; write name=value for a parameter"
        ))
    }
}

fn added(section: Section, name: &str, value: &str) -> Field {
    Field {
        section,
        name: name.to_owned(),
        value: Some(value.to_owned()),
        was: None,
    }
}

fn fields_of(request: &Request) -> Vec<Field> {
    let mut fields = vec![
        Field::recorded(Section::Method, "", request.method.as_deref().unwrap_or("POST")),
        Field::recorded(Section::Url, "", request.url.as_deref().unwrap_or_default()),
    ];
    match &request.payload {
        Payload::Form(params) => fields.extend(params.iter().map(|(n, v)| Field::recorded(Section::Param, n, v))),
        Payload::Json(body) => {
            let text = String::from_utf8_lossy(body);
            let values = leaves(&text).unwrap_or_default();
            fields.extend(values.iter().map(|(p, v)| Field::recorded(Section::Json, p, v)));
        }
        Payload::Empty => {}
    }
    fields.extend(
        request
            .headers
            .iter()
            .map(|(n, v)| Field::recorded(Section::Header, n, v)),
    );
    fields
}

/// A path alone is put behind the recorded scheme and host.
fn absolute(recorded: Option<&str>, typed: &str) -> String {
    if !typed.starts_with('/') {
        return typed.to_owned();
    }
    let base = recorded.and_then(|u| {
        let host = u.find("://")? + 3;
        let path = u[host..].find(['/', '?', '#']).map_or(u.len(), |n| host + n);
        Some(&u[..path])
    });
    format!("{}{typed}", base.unwrap_or("http://localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Provider, RequestKind};

    fn recorded(payload: Payload) -> Arc<Recorded> {
        Arc::new(Recorded {
            exchange: 0,
            name: "r0".to_owned(),
            call: 1,
            provider: Provider::Twilio,
            kind: RequestKind::Gather,
            outcome: Outcome::HttpError,
            request: Request {
                method: Some("POST".to_owned()),
                url: Some("https://app.example.com/menu?a=1".to_owned()),
                headers: vec![("X-One".to_owned(), "1".to_owned())],
                payload,
            },
            response: None,
            event: None,
        })
    }

    fn form_params() -> Payload {
        Payload::Form(vec![
            ("Digits".to_owned(), "2".to_owned()),
            ("From".to_owned(), "+1555".to_owned()),
        ])
    }

    fn select(form: &mut Form, name: &str) {
        form.cursor.at = form.fields.iter().position(|f| f.name == name).unwrap();
    }

    #[test]
    fn nothing_changed_is_no_draft() {
        let form = Form::new(recorded(form_params()), None);
        assert!(!form.changed());
        assert_eq!(form.draft().recorded, *form.recorded);
        assert!(form.draft().edits.is_empty());
    }

    #[test]
    fn parameters_headers_and_url() {
        let mut form = Form::new(recorded(form_params()), None);
        select(&mut form, "Digits");
        form.take("9").unwrap();
        select(&mut form, "From");
        form.remove(10).unwrap();
        form.add(10);
        assert_eq!(form.typed(), "");
        form.take("Extra=a=b").unwrap();
        select(&mut form, "X-One");
        form.remove(10).unwrap();
        form.cursor.at = 1;
        form.take("/other").unwrap();
        assert!(form.remove(10).is_err());
        let draft = form.draft();
        assert_eq!(
            draft.recorded.request.payload,
            Payload::Form(vec![
                ("Digits".to_owned(), "9".to_owned()),
                ("Extra".to_owned(), "a=b".to_owned())
            ])
        );
        assert_eq!(
            draft.recorded.request.url.as_deref(),
            Some("https://app.example.com/other")
        );
        assert_eq!(draft.edits.headers, [("X-One".to_owned(), String::new())]);
        // The same form again from its draft.
        let again = Form::new(Arc::clone(&form.recorded), Some(&draft));
        assert_eq!(again.draft(), draft);
    }

    #[test]
    fn a_json_value_by_its_path() {
        let body = br#"{"session":{"id":"x","from":{"id":"1"}}}"#.to_vec();
        let mut form = Form::new(recorded(Payload::Json(body)), None);
        select(&mut form, "session.from.id");
        form.take("2").unwrap();
        let draft = form.draft();
        assert_eq!(draft.edits.set, [("session.from.id".to_owned(), "2".to_owned())]);
        assert!(form.http().contains(r#""from":{"id":"2"}"#));
        assert_eq!(Form::new(Arc::clone(&form.recorded), Some(&draft)).draft(), draft);
    }

    #[test]
    fn a_field_without_a_name_is_not_added() {
        let mut form = Form::new(recorded(form_params()), None);
        let before = form.fields.len();
        form.add(10);
        assert!(form.take("nonsense").is_err());
        assert_eq!(form.fields.len(), before);
        form.add(10);
        form.give_up();
        assert_eq!(form.fields.len(), before);
    }

    #[test]
    fn what_is_typed_says_what_a_new_field_is() {
        for (payload, typed, section, name, value) in [
            (form_params(), "X-Foo: bar=1", Section::Header, "X-Foo", "bar=1"),
            (form_params(), "Url=http://x/", Section::Param, "Url", "http://x/"),
            (Payload::Empty, "a = b", Section::Param, "a", " b"),
            (
                Payload::Json(b"{}".to_vec()),
                "result.state=x",
                Section::Json,
                "result.state",
                "x",
            ),
            (
                Payload::Json(b"{}".to_vec()),
                "X-Foo:bar",
                Section::Header,
                "X-Foo",
                "bar",
            ),
        ] {
            // Whatever is selected, and whether or not the recording has headers.
            for headers in [true, false] {
                let mut recorded = (*recorded(payload.clone())).clone();
                if !headers {
                    recorded.request.headers.clear();
                }
                let mut form = Form::new(Arc::new(recorded), None);
                for at in 0..form.fields.len() {
                    form.cursor.at = at;
                    let before = form.fields.len();
                    form.add(10);
                    form.take(typed).unwrap();
                    let f = form.selected().unwrap();
                    assert_eq!((f.section, f.name.as_str()), (section, name), "{typed}");
                    assert_eq!(f.value.as_deref(), Some(value));
                    assert_eq!(form.fields.len(), before + 1);
                    assert!(form.fields.is_sorted_by_key(|f| f.section), "{:?}", form.fields);
                    form.remove(10).unwrap();
                }
            }
        }
        let mut form = Form::new(recorded(form_params()), None);
        for wrong in ["", "=x", ": x", "Note to self: x"] {
            form.add(10);
            assert!(form.take(wrong).unwrap_err().contains("name=value"));
            assert!(!form.changed());
        }
    }

    #[test]
    fn the_editor_and_back() {
        let mut form = Form::new(recorded(form_params()), None);
        let text = form.http();
        assert_eq!(form.read_http(&text), Ok(Change::None));
        let text = text.replace("Digits=2", "Digits=7");
        assert_eq!(form.read_http(&text), Ok(Change::Some));
        assert_eq!(
            form.draft().recorded.request.param("Digits"),
            Some("7"),
            "{:?}",
            form.fields
        );
        assert!(form.read_http("nothing of the kind").is_err());
    }
}
