//! The simple grammar of Tropo's `choices.value`: words, `concept(word, word)`, `[4 DIGITS]`, `[4-6 DIGITS]`.
//!
//! Any other grammar (a URL, GRXML) is not understood here: what the caller says is then taken as it is.

/// What a caller may say or enter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choices(Vec<Choice>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// The value, and the words that mean it.
    Words(String, Vec<String>),
    /// So many digits.
    Digits(usize, usize),
    /// Whatever it is.
    Anything,
}

impl Choices {
    pub(super) fn read(value: &str) -> Self {
        let whole = value.trim();
        if whole.contains("://") || whole.starts_with('<') || whole.is_empty() {
            return Self(vec![Choice::Anything]);
        }
        Self(items(whole).into_iter().map(choice).collect())
    }

    /// The value that a caller's words have; none where they are not among the choices.
    pub(super) fn hear(&self, said: &str) -> Option<String> {
        self.0.iter().find_map(|choice| match choice {
            Choice::Words(value, words) => {
                let fits = words.iter().any(|word| word.eq_ignore_ascii_case(said));
                fits.then(|| value.clone())
            }
            Choice::Digits(least, most) => {
                let digits = said.chars().all(|c| c.is_ascii_digit());
                (digits && (*least..=*most).contains(&said.len())).then(|| said.to_owned())
            }
            Choice::Anything => Some(said.to_owned()),
        })
    }
}

/// Parts between commas that stand in no brackets.
fn items(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth <= 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

fn choice(item: &str) -> Choice {
    if let Some(inner) = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return digits(inner).unwrap_or(Choice::Anything);
    }
    let Some((value, words)) = item.strip_suffix(')').and_then(|rest| rest.split_once('(')) else {
        return Choice::Words(item.to_owned(), vec![item.to_owned()]);
    };
    let value = value.trim().to_owned();
    let mut words: Vec<String> = words.split(',').map(|word| word.trim().to_owned()).collect();
    words.push(value.clone());
    Choice::Words(value, words)
}

/// `4 DIGITS`, `4-6 DIGITS`.
fn digits(inner: &str) -> Option<Choice> {
    let (count, word) = inner.trim().split_once(' ')?;
    if !word.trim().to_ascii_uppercase().starts_with("DIGIT") {
        return None;
    }
    let (least, most) = count.split_once('-').unwrap_or((count, count));
    Some(Choice::Digits(least.trim().parse().ok()?, most.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_means_a_choice_or_none() {
        for (value, said, want) in [
            ("small,large", "large", Some("large")),
            ("small, Large", "large", Some("Large")),
            ("small,large", "medium", None),
            ("1(one, sales), 2(two, support)", "support", Some("2")),
            ("1(one, sales), 2(two, support)", "2", Some("2")),
            ("sales(1,sales)", "3", None),
            ("[4 DIGITS]", "1234", Some("1234")),
            ("[4 DIGITS]", "123", None),
            ("[4 DIGITS]", "abcd", None),
            ("[2-3 DIGITS], 0", "0", Some("0")),
            ("[1 DIGIT]", "7", Some("7")),
            ("[ANY]", "what ever", Some("what ever")),
            ("http://a.test/g.grxml", "what ever", Some("what ever")),
            ("", "x", Some("x")),
            ("((,]", "x", None),
        ] {
            assert_eq!(Choices::read(value).hear(said).as_deref(), want, "{value} {said}");
        }
    }
}
