//! What is spoken: length and emptiness of a `<Say>`, tags that its voice leaves out, a voice of another language.
//!
//! Tags, nesting and values of SSML are judged with all other elements; here is what hangs on the voice. Which engine leaves out what:
//! Amazon's and Google's tables, by way of the words of the rules.

use roxmltree::{Attribute, Node};

use super::near;
use super::report::Report;
use super::table::rule;

/// Who speaks, as far as a name tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// `man`, `woman`, `alice`, and no voice at all.
    Basic,
    Standard,
    Neural,
    Generative,
    Google,
    Unknown,
}

impl Engine {
    fn of(voice: Option<&str>) -> Self {
        match voice {
            None | Some("man" | "woman" | "alice") => Self::Basic,
            Some(name) if name.starts_with("Google.") => Self::Google,
            Some(name) if name.starts_with("Polly.") => match () {
                () if name.ends_with("-Neural") => Self::Neural,
                () if name.ends_with("-Generative") => Self::Generative,
                () => Self::Standard,
            },
            Some(_) => Self::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Standard => "standard Polly",
            Self::Neural => "neural Polly",
            Self::Generative => "generative Polly",
            Self::Google => "Google",
            Self::Unknown => "unknown",
        }
    }

    /// The rule with the length that it speaks.
    fn length(self) -> Option<&'static str> {
        match self {
            Self::Basic => Some("say-long-basic"),
            Self::Standard | Self::Neural | Self::Generative => Some("say-long-polly"),
            Self::Google => Some("say-long-google"),
            Self::Unknown => None,
        }
    }

    /// The rule with the tags that it leaves out.
    fn silent(self) -> Option<&'static str> {
        match self {
            Self::Basic => Some("ssml-basic"),
            Self::Neural => Some("ssml-neural"),
            Self::Generative => Some("ssml-generative"),
            _ => None,
        }
    }
}

/// Judges a Say as a whole.
pub(super) fn say(node: Node, report: &mut Report) {
    let at = node.range().start;
    let spoken = Spoken::of(node);
    let voice = node.attribute("voice").filter(|v| !v.is_empty());
    let engine = Engine::of(voice);
    let substitutes = || {
        node.descendants()
            .any(|n| matches!(n.tag_name().name(), "sub" | "phoneme" | "break" | "audio"))
    };
    if spoken.silent && !substitutes() {
        report.rule(at, "say-empty", || "<Say> has no text to speak".to_owned());
    }
    length(node, &spoken, engine, report);
    tags(node, engine, voice, report);
    language(node, voice, report);
}

/// What a Say says, with all tags in it.
struct Spoken {
    chars: usize,
    /// The length in a URL, where a blank is a `+`.
    encoded: usize,
    /// Nothing but blanks.
    silent: bool,
}

impl Spoken {
    fn of(node: Node) -> Self {
        let mut spoken = Self {
            chars: 0,
            encoded: 0,
            silent: true,
        };
        for text in node.descendants().filter(Node::is_text).filter_map(|n| n.text()) {
            spoken.chars += text.chars().count();
            spoken.encoded += encoded_len(text);
            spoken.silent &= text.trim_start().is_empty();
        }
        spoken
    }
}

fn encoded_len(text: &str) -> usize {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*' | b'~' | b' ');
    text.bytes().map(|b| if plain(b) { 1 } else { 3 }).sum()
}

fn length(node: Node, spoken: &Spoken, engine: Engine, report: &mut Report) {
    let Some((id, found)) = engine.length().and_then(|id| Some((id, rule(id)?))) else {
        return;
    };
    // Google counts tags and blanks, too.
    let counted = if engine == Engine::Google {
        let end = node.last_child().map_or(0, |n| n.range().end);
        let begin = node.first_child().map_or(end, |n| n.range().start);
        report.source(begin..end).chars().count()
    } else {
        spoken.chars
    };
    if counted > found.limit {
        report.rule(node.range().start, id, || {
            let (engine, limit) = (engine.name(), found.limit);
            format!("<Say> has {counted} characters, {engine} voices speak at most {limit}: split it into several")
        });
        return;
    }
    let Some(encoded) = rule("say-long-encoded") else {
        return;
    };
    let len = spoken.encoded;
    if len > encoded.limit {
        // Google's own limit is above this one, so that one of the two is not exact.
        let certain = encoded.certain && engine != Engine::Google;
        report.add(node.range().start, &encoded.code, encoded.level, certain, || {
            let limit = encoded.limit;
            format!(
                "<Say> has {len} characters when URL-encoded, at most {limit} are spoken (`ü` has 6): split it into several"
            )
        });
    }
}

/// One warning for each kind of tag that the voice does not speak.
fn tags(node: Node, engine: Engine, voice: Option<&str>, report: &mut Report) {
    if !node.children().any(|n| n.is_element()) {
        return;
    }
    let Some((id, found)) = engine.silent().and_then(|id| Some((id, rule(id)?))) else {
        return;
    };
    for word in &found.words {
        let (tag, attribute) = word
            .split_once('@')
            .map_or((word.as_str(), None), |(t, a)| (t, Some(a)));
        let hit = node.descendants().skip(1).find(|n| {
            n.is_element() && n.tag_name().name() == tag && attribute.is_none_or(|a| n.attribute(a).is_some())
        });
        let Some(hit) = hit else { continue };
        let what = || attribute.map_or_else(|| near::tag(tag), |a| format!("`{a}` of <{tag}>"));
        match voice {
            Some(voice) => report.rule(hit.range().start, id, || {
                let voice = near::code(voice);
                format!(
                    "{} has no effect with the voice {voice}: {} voices leave it out",
                    what(),
                    engine.name()
                )
            }),
            // The account may have chosen a voice that speaks it.
            None => report.rule(hit.range().start, "ssml-no-voice", || {
                format!(
                    "{} may have no effect without a voice as `Polly.Joanna`: set `voice`",
                    what()
                )
            }),
        }
        if engine == Engine::Basic {
            return;
        }
    }
}

/// Google's voices have their language in their name: `Google.en-US-Standard-A`.
fn language(node: Node, voice: Option<&str>, report: &mut Report) {
    let (Some(voice), Some(language)) = (voice, node.attribute_node("language")) else {
        return;
    };
    let Some(name) = voice.strip_prefix("Google.") else {
        if matches!(voice, "man" | "woman") {
            basic(voice, language, report);
        }
        return;
    };
    let mut parts = name.split('-');
    let own = format!(
        "{}-{}",
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default()
    );
    if !own.eq_ignore_ascii_case(language.value()) && own.len() > 3 && own.len() < 9 {
        report.rule(language.range_value().start, "voice-language", || {
            format!(
                "the voice {} speaks {own}, and `language` is {}",
                near::code(voice),
                near::code(language.value())
            )
        });
    }
}

/// The oldest voices know few languages, of whatever country.
fn basic(voice: &str, language: Attribute, report: &mut Report) {
    let known = rule("voice-language-basic").map_or(&[][..], |r| &r.words);
    let own = language.value().split(['-', '_']).next().unwrap_or_default();
    if own.is_empty() || known.iter().any(|k| k.eq_ignore_ascii_case(own)) {
        return;
    }
    report.rule(language.range_value().start, "voice-language-basic", || {
        let (voice, found) = (near::code(voice), near::code(language.value()));
        format!(
            "the voice {voice} speaks {}, and `language` is {found}: choose a voice as `Polly.Mizuki`",
            known.join(", ")
        )
    });
}
