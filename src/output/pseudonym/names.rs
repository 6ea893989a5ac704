//! Names of people and companies: the orders that one is written in, and which of its words give somebody away.
//!
//! A name is the same in any order of its words and in any case, for a network tells `DOE JANE` of a Jane Doe. A word of it that stands
//! alone is found where it is written as a name (`known`), unless it is one that half of all names have.

/// Words of names that networks make up or that any company has, in small letters.
const COMMON: [&str; 22] = [
    "and",
    "anonymous",
    "call",
    "caller",
    "calling",
    "cell",
    "city",
    "company",
    "corp",
    "free",
    "gmbh",
    "inc",
    "llc",
    "ltd",
    "mobile",
    "new",
    "number",
    "phone",
    "the",
    "toll",
    "unknown",
    "wireless",
];

/// More words are a sentence.
const MOST: usize = 4;

/// The words of a name.
pub(super) fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|w| !w.is_empty())
}

/// A name as it is compared.
pub(super) fn key(name: &str) -> String {
    let mut all: Vec<String> = words(name).map(str::to_lowercase).collect();
    all.sort();
    all.join(" ")
}

/// A word that tells who it is, standing alone.
pub(super) fn is_telling(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3 && !COMMON.contains(&word.to_lowercase().as_str())
}

/// The name as it is, and with its last or first word at the other end or before a comma.
pub(super) fn orders(name: &str) -> Vec<String> {
    let mut all = vec![name.to_owned()];
    let parts: Vec<&str> = words(name).collect();
    if (2..=MOST).contains(&parts.len()) {
        let (first, last) = (parts[0], parts[parts.len() - 1]);
        let (behind, before) = (parts[1..].join(" "), parts[..parts.len() - 1].join(" "));
        let turned = [
            parts.join(" "),
            format!("{behind} {first}"),
            format!("{last} {before}"),
            format!("{last}, {before}"),
            format!("{first}, {behind}"),
        ];
        for written in turned {
            if !all.contains(&written) {
                all.push(written);
            }
        }
    }
    all
}
