//! Keys of the keyboard, as people write them: `r`, `R`, `ctrl-u`, `alt-x`, `f5`, `pageup`, `?`.
//!
//! Plain data that knows no terminal library; the user interface turns its events into [`Key`]s. One key press is one
//! value: [`Key::new`] and parsing bring every spelling into the same form, so `==` compares key presses. A new named
//! key is a variant of [`Code`] and a line in `NAMES`.

use std::fmt;
use std::str::FromStr;

/// A key press with its modifiers, in the one form that [`Key::new`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Control was held.
    pub ctrl: bool,
    /// Alt (Meta, Option) was held.
    pub alt: bool,
    /// Shift was held. Never set for characters without case, whose sign says it already (`?`, `5`), nor for
    /// [`Code::BackTab`].
    pub shift: bool,
    /// Which key.
    pub code: Code,
}

/// A key without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A character; letters in lower case, the space as `Char(' ')`.
    Char(char),
    /// `F1` to `F12`, and what lies beyond on some keyboards.
    F(u8),
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Tab.
    Tab,
    /// Tab with shift.
    BackTab,
    /// Enter, Return.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
}

/// Keys that are written by name, besides `f1` and the like.
const NAMES: &[(&str, Code)] = &[
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("home", Code::Home),
    ("end", Code::End),
    ("tab", Code::Tab),
    ("backtab", Code::BackTab),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("space", Code::Char(' ')),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
];

/// The highest function key that can be written.
const LAST_F: u8 = 12;

impl Key {
    /// A key press in its one form: `Char('R')` becomes `r` with shift, tab with shift `backtab`, a line end `enter`;
    /// shift is forgotten where the character says it already. With control, the case of a letter says nothing (most
    /// terminals cannot tell `ctrl-r` from `ctrl-R`): there only `shift` counts.
    pub fn new(code: Code, ctrl: bool, alt: bool, shift: bool) -> Self {
        let (code, shift) = match code {
            Code::BackTab => (Code::BackTab, false),
            Code::Tab | Code::Char('\t') if shift => (Code::BackTab, false),
            Code::Char('\n' | '\r') => (Code::Enter, shift),
            Code::Char('\t') => (Code::Tab, false),
            Code::Char('\x1b') => (Code::Esc, shift),
            Code::Char('\x08' | '\x7f') => (Code::Backspace, shift),
            Code::Char(' ') => (Code::Char(' '), shift),
            Code::Char(c) => match (lower(c), upper(c)) {
                (Some(l), _) => (Code::Char(l), shift || !ctrl),
                (None, Some(_)) => (Code::Char(c), shift),
                (None, None) => (Code::Char(c), false),
            },
            other => (other, shift),
        };
        Self { ctrl, alt, shift, code }
    }

    /// The character that the key types; none for keys that type none, and with control or alt.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(if self.shift { upper(c).unwrap_or(c) } else { c }),
            _ => None,
        }
    }

    /// The key alone.
    pub fn plain(code: Code) -> Self {
        Self::new(code, false, false, false)
    }
}

/// The lower-case letter of an upper-case one, where the two stand for each other.
fn lower(c: char) -> Option<char> {
    let l = single(c.to_lowercase()).filter(|l| *l != c)?;
    (single(l.to_uppercase()) == Some(c)).then_some(l)
}

/// The upper-case letter of a lower-case one, where the two stand for each other.
fn upper(c: char) -> Option<char> {
    let u = single(c.to_uppercase()).filter(|u| *u != c)?;
    (single(u.to_lowercase()) == Some(c)).then_some(u)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    first.filter(|_| chars.next().is_none())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-")] {
            if held {
                text.push_str(name);
            }
        }
        // A letter's case says shift, except with control.
        let by_case = match self.code {
            Code::Char(c) if self.shift && !self.ctrl => upper(c),
            _ => None,
        };
        if self.shift && by_case.is_none() {
            text.push_str("shift-");
        }
        let named = NAMES.iter().find(|(_, code)| *code == self.code);
        match (by_case, named, self.code) {
            (None, Some((name, _)), _) => text.push_str(name),
            (Some(c), ..) | (None, None, Code::Char(c)) => text.push(c),
            (None, None, Code::F(n)) => text.extend(["f", &n.to_string()]),
            // Every other code has a name, as a test holds.
            (None, None, _) => {}
        }
        f.pad(&text)
    }
}

/// Why a text is no key; says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {hint}")]
pub struct NoKey {
    /// Repeats what was written only where it is short enough to be a key.
    what: String,
    hint: String,
}

impl FromStr for Key {
    type Err = NoKey;

    /// Modifiers and names in any case: `Ctrl-U`, `PageUp`, `F5`.
    fn from_str(text: &str) -> Result<Self, NoKey> {
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        loop {
            let held = [("ctrl-", &mut ctrl), ("alt-", &mut alt), ("shift-", &mut shift)];
            let found = held.into_iter().find_map(|(name, held)| {
                let (first, after) = rest.split_at_checked(name.len())?;
                (first.eq_ignore_ascii_case(name) && !after.is_empty()).then_some((held, after))
            });
            let Some((held, after)) = found else { break };
            *held = true;
            rest = after;
        }
        let code = code(rest).ok_or_else(|| no_key(text, rest))?;
        Ok(Self::new(code, ctrl, alt, shift))
    }
}

fn code(text: &str) -> Option<Code> {
    if let Some(c) = single(text.chars()) {
        return Some(Code::Char(c));
    }
    let name = text.to_ascii_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(n, _)| *n == name) {
        return Some(*code);
    }
    let number = name.strip_prefix('f').filter(|n| !n.starts_with(['0', '+']))?;
    number.parse().ok().filter(|n| (1..=LAST_F).contains(n)).map(Code::F)
}

fn no_key(text: &str, rest: &str) -> NoKey {
    // `ctrl+r` is what other programs write.
    let dashed = text.replace('+', "-");
    let near = NAMES
        .iter()
        .map(|(n, _)| (strsim::damerau_levenshtein(&rest.to_ascii_lowercase(), n), n))
        .min();
    let hint = match near {
        _ if dashed != text && dashed.parse::<Key>().is_ok() => format!("did you mean `{dashed}`?"),
        Some((d, n)) if d * 2 <= n.len() => format!("did you mean `{n}`?"),
        _ => {
            let names: Vec<&str> = NAMES.iter().map(|(n, _)| *n).collect();
            format!(
                "write a character, ctrl-x, alt-x, f1 to f{LAST_F}, or {}",
                names.join(", ")
            )
        }
    };
    let what = if text.chars().count() > 20 {
        "that is no key".to_owned()
    } else {
        format!("no key is called `{text}`")
    };
    NoKey { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, key: Key, shown: &str) {
        assert_eq!(text.parse(), Ok(key), "{text}");
        assert_eq!(key.to_string(), shown, "{text}");
    }

    fn key(ctrl: bool, alt: bool, shift: bool, code: Code) -> Key {
        Key { ctrl, alt, shift, code }
    }

    #[test]
    fn keys_as_people_write_them() {
        let c = Code::Char;
        check("r", key(false, false, false, c('r')), "r");
        check("R", key(false, false, true, c('r')), "R");
        check("shift-r", key(false, false, true, c('r')), "R");
        check("ctrl-u", key(true, false, false, c('u')), "ctrl-u");
        check("Ctrl-U", key(true, false, false, c('u')), "ctrl-u");
        check("ctrl-shift-u", key(true, false, true, c('u')), "ctrl-shift-u");
        check("alt-x", key(false, true, false, c('x')), "alt-x");
        check("alt-X", key(false, true, true, c('x')), "alt-X");
        check("alt-ctrl-x", key(true, true, false, c('x')), "ctrl-alt-x");
        check("f1", key(false, false, false, Code::F(1)), "f1");
        check("F12", key(false, false, false, Code::F(12)), "f12");
        check("shift-f3", key(false, false, true, Code::F(3)), "shift-f3");
        check("PageUp", key(false, false, false, Code::PageUp), "pageup");
        check("space", key(false, false, false, c(' ')), "space");
        check(" ", key(false, false, false, c(' ')), "space");
        check("shift-tab", key(false, false, false, Code::BackTab), "backtab");
        check("backtab", key(false, false, false, Code::BackTab), "backtab");
        check("?", key(false, false, false, c('?')), "?");
        check("shift-?", key(false, false, false, c('?')), "?");
        check("-", key(false, false, false, c('-')), "-");
        check("ctrl--", key(true, false, false, c('-')), "ctrl--");
        check("5", key(false, false, false, c('5')), "5");
        check("ß", key(false, false, false, c('ß')), "ß");
        check("É", key(false, false, true, c('é')), "É");
    }

    #[test]
    fn what_is_no_key_says_what_to_write() {
        for (text, hint) in [
            ("ctrl+r", "did you mean `ctrl-r`?"),
            ("pgup", "did you mean `pageup`?"),
            ("entr", "did you mean `enter`?"),
            ("f13", "f1 to f12"),
            ("f0", "f1 to f12"),
            ("f01", "f1 to f12"),
            ("", "write a character"),
            ("ctrl-", "write a character"),
            ("hyper-x", "write a character"),
        ] {
            let e = text.parse::<Key>().unwrap_err().to_string();
            assert!(e.contains(hint) && e.contains(&format!("`{text}`")), "{text}: {e}");
        }
    }

    #[test]
    fn every_code_has_a_name() {
        use Code as C;
        for code in [
            C::Up,
            C::Down,
            C::Left,
            C::Right,
            C::PageUp,
            C::PageDown,
            C::Home,
            C::End,
            C::Tab,
            C::BackTab,
            C::Enter,
            C::Esc,
            C::Backspace,
            C::Delete,
            C::Insert,
        ] {
            assert!(NAMES.iter().any(|(_, c)| *c == code), "{code:?}");
        }
        for (name, code) in NAMES {
            check(name, Key::plain(*code), name);
        }
    }

    fn any_code() -> impl Strategy<Value = Code> {
        prop_oneof![
            any::<char>().prop_map(Code::Char),
            proptest::char::range(' ', '~').prop_map(Code::Char),
            (1..=LAST_F).prop_map(Code::F),
            proptest::sample::select(NAMES).prop_map(|(_, code)| code),
        ]
    }

    proptest! {
        #[test]
        fn every_key_can_be_written_and_read(code in any_code(), ctrl: bool, alt: bool, shift: bool) {
            let key = Key::new(code, ctrl, alt, shift);
            prop_assert_eq!(Key::new(key.code, key.ctrl, key.alt, key.shift), key);
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn no_text_is_too_strange(text: String) {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse(), Ok(key));
            }
        }
    }
}
