//! The first run as data: what a newcomer does next, in one sentence, and how far she is.
//!
//! Keys stand as `{open}`, `{replay}` and `{fix}`: whoever shows a step puts the names of its own keys there
//! ([`Step::say`]), so that a rebound key is the one that is named.

/// The steps in their order.
pub const STEPS: [Step; 6] = [
    Step::Open,
    Step::Read,
    Step::Send,
    Step::Fix,
    Step::SendAgain,
    Step::Done,
];

/// One step of the first run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Open a call.
    Open,
    /// Read why it failed.
    Read,
    /// Send the request again, to the broken app.
    Send,
    /// Fix the app.
    Fix,
    /// Send it once more.
    SendAgain,
    /// It is green.
    Done,
}

/// What has happened so far, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// A call was opened.
    pub opened: bool,
    /// Why it failed was on the screen and the reader went on from there.
    pub read: bool,
    /// A request was sent again.
    pub sent: bool,
    /// The app is fixed.
    pub fixed: bool,
    /// An answer passed.
    pub green: bool,
}

/// What to do next. Never goes back: who sends from the list of calls need not open one any more.
pub fn next_step(so_far: Progress) -> Step {
    match so_far {
        Progress { green: true, .. } => Step::Done,
        Progress {
            sent: true,
            fixed: true,
            ..
        } => Step::SendAgain,
        Progress { sent: true, .. } => Step::Fix,
        Progress { read: true, .. } => Step::Send,
        Progress { opened: true, .. } => Step::Read,
        _ => Step::Open,
    }
}

impl Step {
    /// Its number from 1, for "step 2 of 6".
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// One sentence with the names of keys in braces.
    pub fn text(self) -> &'static str {
        match self {
            Self::Open => "Each row is a call that went wrong: press {open} to open one.",
            Self::Read => "Read what went wrong and why, down to the app's own answer.",
            Self::Send => "Press {replay} to send the failed request again, to the demo's app.",
            Self::Fix => "Still broken, as it should be: press {fix} to fix the app.",
            Self::SendAgain => "Press {replay} again: the same request, to the mended app.",
            Self::Done => "Green: the platform would take this answer. Now try your own logs.",
        }
    }

    /// The sentence with the keys' own names; `key` is asked for `open`, `replay`, `fix`. A name that it does not know
    /// stands as it is.
    pub fn say(self, key: impl Fn(&str) -> Option<String>) -> String {
        let mut said = String::new();
        let mut rest = self.text();
        while let Some((before, name, after)) = placeholder(rest) {
            said.push_str(before);
            said.push_str(&key(name).unwrap_or_else(|| name.to_owned()));
            rest = after;
        }
        said.push_str(rest);
        said
    }
}

/// The text before the next placeholder, its name, and the text after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five bits as a progress.
    fn progress(bits: u8) -> Progress {
        let on = |n: u8| bits & (1 << n) != 0;
        Progress {
            opened: on(0),
            read: on(1),
            sent: on(2),
            fixed: on(3),
            green: on(4),
        }
    }

    #[test]
    fn the_usual_way_meets_every_step_in_order() {
        // Opened, read, sent, fixed, green.
        let way = [0b0_0000, 0b0_0001, 0b0_0011, 0b0_0111, 0b0_1111, 0b1_1111];
        assert_eq!(way.map(|bits| next_step(progress(bits))), STEPS);
    }

    #[test]
    fn other_ways() {
        for (what, bits, want) in [
            ("fixed before anything else", 0b0_1000, Step::Open),
            ("fixed, opened", 0b0_1001, Step::Read),
            ("fixed, read", 0b0_1011, Step::Send),
            ("sent from the list of calls", 0b0_0100, Step::Fix),
            ("sent from the list, fixed", 0b0_1100, Step::SendAgain),
            ("a request that the broken app answers well", 0b1_0100, Step::Done),
        ] {
            assert_eq!(next_step(progress(bits)), want, "{what}");
        }
    }

    #[test]
    fn nothing_that_happens_leads_back() {
        for bits in 0..32 {
            for more in 0..5 {
                let (before, after) = (next_step(progress(bits)), next_step(progress(bits | 1 << more)));
                assert!(before <= after, "{bits:05b} and bit {more}: {before:?} to {after:?}");
            }
        }
    }

    #[test]
    fn sentences_fit_and_name_their_keys() {
        for (n, step) in STEPS.into_iter().enumerate() {
            assert_eq!(step.number(), n + 1);
            let said = step.say(|_| Some("Ctrl-Shift-F12".to_owned()));
            for text in [step.text(), said.as_str()] {
                assert!(text.len() <= 76, "{} columns: {text}", text.len());
            }
            assert!(step.text().ends_with('.'), "{step:?}");
            assert!(!said.contains(['{', '}']), "{said}");
        }
        let named: Vec<&str> = STEPS
            .iter()
            .filter_map(|s| placeholder(s.text()))
            .map(|(_, name, _)| name)
            .collect();
        assert_eq!(named, ["open", "replay", "fix", "replay"]);
    }

    #[test]
    fn keys_by_name() {
        let keys = |name: &str| (name == "replay").then(|| "r".to_owned());
        assert_eq!(
            Step::SendAgain.say(keys),
            "Press r again: the same request, to the mended app."
        );
        assert_eq!(
            Step::Fix.say(keys),
            "Still broken, as it should be: press fix to fix the app."
        );
    }
}
