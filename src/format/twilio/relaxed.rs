//! Console pastes made strict: single quotes, bare names, trailing commas, `undefined`, Python's `None` and `u''`.
//!
//! Used only when strict parsing failed. The result is JSON text and the places of its brackets in the paste; whether
//! it parses is for the caller to find out. Characters that mean nothing outside a string are dropped.

use super::places::Places;

/// A paste as strict JSON text, with the places of its brackets in the paste.
pub(super) fn strict(paste: &str) -> (String, Places) {
    let mut w = Writer {
        src: paste.as_bytes(),
        text: paste,
        at: 0,
        out: String::with_capacity(paste.len()),
        places: Places::default(),
    };
    while w.at < w.src.len() {
        w.token();
    }
    (w.out, w.places)
}

struct Writer<'a> {
    src: &'a [u8],
    text: &'a str,
    at: usize,
    out: String,
    places: Places,
}

impl Writer<'_> {
    fn token(&mut self) {
        let b = self.src[self.at];
        match b {
            b'"' | b'\'' | b'`' => self.string(b),
            b'{' | b'[' => self.bracket(b),
            b'}' | b']' => {
                if self.out.ends_with(',') {
                    self.out.pop();
                }
                self.bracket(b);
            }
            b',' => {
                if !self.out.ends_with([',', '{', '[']) {
                    self.out.push(',');
                }
                self.at += 1;
            }
            b':' => {
                self.out.push(':');
                self.at += 1;
            }
            _ if is_word(b) => self.word(),
            _ => self.at += 1,
        }
    }

    fn bracket(&mut self, b: u8) {
        self.places.note(self.out.len(), self.at);
        self.out.push(char::from(b));
        self.at += 1;
    }

    /// A string in any quotes. Strings side by side, or joined by `+`, are one (Node and Python break long ones so).
    fn string(&mut self, quote: u8) {
        self.at += 1;
        if self.out.ends_with('"') {
            self.out.pop();
        } else {
            self.out.push('"');
        }
        while self.at < self.src.len() {
            let b = self.src[self.at];
            match b {
                _ if b == quote => {
                    self.at += 1;
                    break;
                }
                b'\\' => self.escape(),
                b'"' => self.put("\\\"", 1),
                0..0x20 => {
                    self.put(&format!("\\u{b:04x}"), 1);
                }
                _ => self.plain(quote),
            }
        }
        self.out.push('"');
    }

    /// Everything up to the next byte that needs care.
    fn plain(&mut self, quote: u8) {
        let start = self.at;
        while self.at < self.src.len()
            && !matches!(self.src[self.at], b'\\' | b'"' | 0..0x20)
            && self.src[self.at] != quote
        {
            self.at += 1;
        }
        self.out.push_str(&self.text[start..self.at]);
    }

    fn put(&mut self, out: &str, bytes: usize) {
        self.out.push_str(out);
        self.at = (self.at + bytes).min(self.src.len());
    }

    fn escape(&mut self) {
        match self.src.get(self.at + 1) {
            Some(b'n') => self.put("\\n", 2),
            Some(b'r') => self.put("\\r", 2),
            Some(b't') => self.put("\\t", 2),
            Some(b'b') => self.put("\\b", 2),
            Some(b'f') => self.put("\\f", 2),
            Some(b'"') => self.put("\\\"", 2),
            Some(b'\\') => self.put("\\\\", 2),
            Some(b'\'') => self.put("'", 2),
            Some(b'`') => self.put("`", 2),
            Some(b'\n') => self.put("", 2),
            Some(b'x') => self.hex_escape(2),
            Some(b'u') => self.hex_escape(4),
            // `\/` and whatever else: the character itself.
            _ => self.at += 1,
        }
    }

    /// `\xNN` or `\uNNNN`; half of a surrogate pair alone becomes U+FFFD, since no text can hold it.
    fn hex_escape(&mut self, digits: usize) {
        let Some(unit) = self.hex(self.at + 2, digits) else {
            self.at += 1;
            return;
        };
        let used = 2 + digits;
        let next = if self.src.get(self.at + used..self.at + used + 2) == Some(b"\\u") {
            self.hex(self.at + used + 2, 4)
        } else {
            None
        };
        match (unit, next) {
            (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) => self.put(&format!("\\u{unit:04x}\\u{low:04x}"), used + 6),
            (0xD800..0xE000, _) => self.put("\u{FFFD}", used),
            _ => self.put(&format!("\\u{unit:04x}"), used),
        }
    }

    fn hex(&self, at: usize, digits: usize) -> Option<u16> {
        let text = self.text.get(at..at + digits)?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(text, 16).ok()
    }

    /// A bare word: a name, a number, or one of the words for nothing, true and false.
    fn word(&mut self) {
        let start = self.at;
        while self.at < self.src.len() && is_word(self.src[self.at]) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let next = self.src[self.at..].iter().find(|b| !b.is_ascii_whitespace());
        let quoted = matches!(self.src.get(self.at), Some(b'"' | b'\''));
        match word {
            "u" | "b" | "r" if quoted => {}
            "+" => {}
            _ if next == Some(&b':') => self.quote_word(word.to_owned().as_str()),
            "null" | "None" | "undefined" | "NaN" | "Infinity" | "-Infinity" => self.out.push_str("null"),
            "true" | "True" => self.out.push_str("true"),
            "false" | "False" => self.out.push_str("false"),
            // Longer ones are ids, or too large for a number.
            _ if word.len() < 16 && is_number(word) => self.out.push_str(&self.text[start..self.at]),
            _ => self.quote_word(word.to_owned().as_str()),
        }
    }

    fn quote_word(&mut self, word: &str) {
        self.out.push('"');
        self.out.push_str(word);
        self.out.push('"');
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.' | b'+' | b'-')
}

/// True for a number that strict JSON can hold.
fn is_number(word: &str) -> bool {
    super::value::is_json(word) && word.parse::<f64>().is_ok_and(f64::is_finite)
}
