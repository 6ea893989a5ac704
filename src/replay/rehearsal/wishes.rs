//! What the user wants the caller to do: `--answer STEP=VALUE`, `--noinput STEP`, `--hangup STEP`.
//!
//! A step is named by its number as printed, by the path of the URL that the answer goes to or its last segment, by the name of a
//! Tropo ask, or by the word of the verb (`dial`, `record`). Each value serves one visit, in the order given; what was never met is told
//! at the end.

use std::collections::VecDeque;

use thiserror::Error;

/// What cannot be read of a wish.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WishError {
    /// No `=`, or no step before it.
    #[error("--answer {0}: write STEP=VALUE, such as 'menu=2', '3=sales' or 'dial=busy'")]
    NoStep(String),
    /// Nothing behind the `=`.
    #[error("--answer {0}: there is no value; a caller who enters nothing is --noinput {1}")]
    NoValue(String, String),
}

/// All wishes of a rehearsal.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    answers: Vec<Answers>,
    silences: Vec<Once>,
    hangups: Vec<Once>,
    /// The places where something could have been wished, as they are told.
    met: Vec<String>,
    taken: usize,
}

/// `--answer`: one value a visit.
#[derive(Clone, Debug)]
struct Answers {
    typed: String,
    step: String,
    values: VecDeque<String>,
    /// One of them was used.
    met: bool,
    /// The paths that its short name stood for.
    stood_for: Vec<String>,
}

/// `--noinput`, `--hangup`: once, at a step or at the first that listens.
#[derive(Clone, Debug)]
struct Once {
    step: Option<String>,
    done: bool,
}

/// What the caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Value(String),
    Silence,
    HangUp,
}

/// A place where the caller is listened to.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    /// Of the request that the answer would make.
    pub(super) number: usize,
    /// The path that it would go to; empty where it makes no request of its own.
    pub(super) path: String,
    /// Names besides: of a Tropo ask, of the verb.
    pub(super) names: Vec<String>,
}

impl Wishes {
    /// Reads the options as typed; an empty text of `noinput` or `hangup` means the first step that listens.
    ///
    /// # Errors
    /// [`WishError`].
    pub fn parse(answers: &[String], noinput: &[String], hangup: &[String]) -> Result<Self, WishError> {
        let mut wishes = Self::default();
        for typed in answers {
            let (step, values) = typed
                .split_once('=')
                .map(|(step, values)| (step.trim(), values))
                .filter(|(step, _)| !step.is_empty())
                .ok_or_else(|| WishError::NoStep(typed.clone()))?;
            let values = values_of(values);
            if values.iter().any(String::is_empty) {
                return Err(WishError::NoValue(typed.clone(), step.to_owned()));
            }
            wishes.answers.push(Answers {
                typed: typed.clone(),
                step: step.to_owned(),
                values,
                met: false,
                stood_for: Vec::new(),
            });
        }
        let once = |step: &String| Once {
            step: Some(step.trim().to_owned()).filter(|s| !s.is_empty()),
            done: false,
        };
        wishes.silences = noinput.iter().map(once).collect();
        wishes.hangups = hangup.iter().map(once).collect();
        Ok(wishes)
    }

    /// What the caller does at a spot, if somebody wished something; hanging up comes before silence, silence before an answer.
    pub(super) fn take(&mut self, spot: &Spot) -> Option<Wish> {
        let told = spot.told();
        if spot.number > 0 && !self.met.contains(&told) {
            self.met.push(told);
        }
        let once = |all: &mut Vec<Once>| {
            let fits = |o: &&mut Once| !o.done && o.step.as_deref().is_none_or(|s| spot.is(s));
            all.iter_mut().find(fits).map(|o| o.done = true)
        };
        let wish = if once(&mut self.hangups).is_some() {
            Some(Wish::HangUp)
        } else if once(&mut self.silences).is_some() {
            Some(Wish::Silence)
        } else {
            self.answers
                .iter_mut()
                .find(|a| !a.values.is_empty() && spot.is(&a.step))
                .and_then(|a| {
                    if spot.by_segment(&a.step) && !a.stood_for.contains(&spot.path) {
                        a.stood_for.push(spot.path.clone());
                    }
                    a.met = true;
                    a.values.pop_front().map(Wish::Value)
                })
        };
        self.taken += usize::from(wish.is_some());
        wish
    }

    /// The value that is wished next for a spot, as it would be taken.
    pub(super) fn peek(&self, spot: &Spot) -> Option<&str> {
        let next = self.answers.iter().find(|a| !a.values.is_empty() && spot.is(&a.step))?;
        next.values.front().map(String::as_str)
    }

    /// How often somebody had a wish so far.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// True where everything wished was done: the path that was asked for is the one that was gone.
    pub(super) fn all_met(&self) -> bool {
        let once = |all: &[Once]| all.iter().all(|o| o.done);
        once(&self.silences) && once(&self.hangups) && self.answers.iter().all(|a| a.values.is_empty())
    }

    /// True where the user wished for nothing: the caller does what was recorded.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.silences.is_empty() && self.hangups.is_empty()
    }

    /// What was wished and never met, and what may have been meant otherwise; whole sentences.
    pub fn unmet(&self) -> Vec<String> {
        let there = match self.met.as_slice() {
            [] => "no step listened to the caller".to_owned(),
            met => format!("steps that listened: {}", met.join(", ")),
        };
        let mut told = Vec::new();
        for (option, all) in [("--noinput", &self.silences), ("--hangup", &self.hangups)] {
            for once in all.iter().filter(|o| !o.done) {
                let step = once.step.as_deref().map_or_else(String::new, |s| format!(" {s}"));
                told.push(format!("{option}{step}: no such step was met; {there}"));
            }
        }
        for a in &self.answers {
            if !a.values.is_empty() {
                let left: Vec<&str> = a.values.iter().map(String::as_str).collect();
                let what = if a.met {
                    format!("{} was not asked for any more", left.join(","))
                } else {
                    "no such step was met".to_owned()
                };
                told.push(format!("--answer {}: {what}; {there}", a.typed));
            }
            if a.stood_for.len() > 1 {
                let paths = a.stood_for.join(" and ");
                told.push(format!(
                    "--answer {}: `{}` stood for {paths}; write the path to tell them apart",
                    a.typed, a.step
                ));
            }
        }
        told
    }
}

impl Spot {
    pub(super) fn is(&self, step: &str) -> bool {
        let number = step.parse() == Ok(self.number);
        let path = !self.path.is_empty() && (self.path == step || self.path.trim_start_matches('/') == step);
        number || path || self.by_segment(step) || self.names.iter().any(|n| n == step)
    }

    fn by_segment(&self, step: &str) -> bool {
        let last = self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        !last.is_empty() && last == step && self.path.trim_start_matches('/') != step
    }

    /// As it is told: `2 /menu`.
    pub(super) fn told(&self) -> String {
        let names = self.names.iter().map(String::as_str);
        let path = Some(self.path.as_str()).filter(|p| !p.is_empty());
        let words: Vec<&str> = path.into_iter().chain(names).collect();
        format!("{} {}", self.number, words.join(" "))
    }

    /// What a user would write for it.
    pub(super) fn short(&self) -> String {
        if let Some(name) = self.names.first() {
            return name.clone();
        }
        let last = self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if last.is_empty() {
            self.number.to_string()
        } else {
            last.to_owned()
        }
    }
}

/// Values parted by commas; `\,` is a comma.
fn values_of(text: &str) -> VecDeque<String> {
    let mut values = VecDeque::from([String::new()]);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = c == '\\' && chars.peek() == Some(&',');
        match c {
            ',' => values.push_back(String::new()),
            _ => {
                let c = if escaped { chars.next().unwrap_or(c) } else { c };
                if let Some(last) = values.back_mut() {
                    last.push(c);
                }
            }
        }
    }
    for value in &mut values {
        *value = value.trim().to_owned();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(number: usize, path: &str, names: &[&str]) -> Spot {
        Spot {
            number,
            path: path.to_owned(),
            names: names.iter().map(|n| (*n).to_owned()).collect(),
        }
    }

    fn wishes(answers: &[&str], noinput: &[&str], hangup: &[&str]) -> Wishes {
        let owned = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        Wishes::parse(&owned(answers), &owned(noinput), &owned(hangup)).unwrap()
    }

    fn value(v: &str) -> Wish {
        Wish::Value(v.to_owned())
    }

    #[test]
    fn a_step_has_many_names() {
        for name in ["2", "/order/size", "order/size", "size", "dish"] {
            let mut w = wishes(&[&format!("{name}=7")], &[], &[]);
            assert_eq!(w.take(&spot(2, "/order/size", &["dish"])), Some(value("7")), "{name}");
            assert!(w.unmet().is_empty());
        }
        for name in ["3", "/size", "order", "siz"] {
            let mut w = wishes(&[&format!("{name}=7")], &[], &[]);
            assert_eq!(w.take(&spot(2, "/order/size", &["dish"])), None, "{name}");
            assert_eq!(
                w.unmet(),
                [format!(
                    "--answer {name}=7: no such step was met; steps that listened: 2 /order/size dish"
                )]
            );
        }
    }

    #[test]
    fn values_serve_one_visit_each() {
        let mut w = wishes(&["menu=9,2", r"menu=small\, please , ok"], &["menu"], &[]);
        let menu = spot(2, "/menu", &[]);
        let said: Vec<_> = (0..6).map(|_| w.take(&menu)).collect();
        assert_eq!(
            said,
            [
                Some(Wish::Silence),
                Some(value("9")),
                Some(value("2")),
                Some(value("small, please")),
                Some(value("ok")),
                None
            ]
        );
        assert_eq!(w.taken(), 5);
    }

    #[test]
    fn without_a_step_it_is_the_first_that_listens() {
        let mut w = wishes(&[], &[""], &["order"]);
        assert_eq!(w.take(&spot(2, "/menu", &[])), Some(Wish::Silence));
        assert_eq!(w.take(&spot(2, "/menu", &[])), None);
        assert_eq!(w.take(&spot(3, "/order", &[])), Some(Wish::HangUp));
        assert!(w.unmet().is_empty() && w.all_met());
    }

    #[test]
    fn what_was_not_met_is_told() {
        let mut w = wishes(&["menu=1,2,3", "size=1"], &[], &[""]);
        assert_eq!(w.unmet().len(), 3);
        w.take(&spot(2, "/menu", &[]));
        w.take(&spot(3, "/menu", &[]));
        w.take(&spot(4, "/a/size", &[]));
        // The first visit was hung up, so one value was used.
        assert_eq!(
            w.unmet(),
            ["--answer menu=1,2,3: 2,3 was not asked for any more; steps that listened: 2 /menu, 3 /menu, 4 /a/size"]
        );
    }

    #[test]
    fn one_short_name_for_two_paths_is_told() {
        let mut w = wishes(&["menu=1,2"], &[], &[]);
        w.take(&spot(2, "/a/menu", &[]));
        assert!(!w.all_met());
        w.take(&spot(3, "/b/menu", &[]));
        assert!(w.all_met());
        assert_eq!(
            w.unmet(),
            ["--answer menu=1,2: `menu` stood for /a/menu and /b/menu; write the path to tell them apart"]
        );
    }

    #[test]
    fn typing_mistakes_are_told() {
        for bad in ["menu", "=2", " =2"] {
            let e = Wishes::parse(&[bad.to_owned()], &[], &[]).unwrap_err();
            assert_eq!(e, WishError::NoStep(bad.to_owned()));
        }
        for bad in ["menu=", "menu=1,,2"] {
            let e = Wishes::parse(&[bad.to_owned()], &[], &[]).unwrap_err();
            assert!(matches!(e, WishError::NoValue(..)), "{bad}");
        }
    }
}
