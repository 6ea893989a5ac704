//! Tables over the whole of the settings: every key of the file good and bad, who wins, and what is said.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::keys::Key;
use super::*;

const PATH: &str = "/c/config.toml";

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn read(text: &str, env: Pairs<'_>, given: Given) -> Settings {
    let path = Path::new(PATH);
    let lookup = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    Settings::read(Some(File { path, text }), lookup, given)
}

fn notices(settings: &Settings) -> Vec<String> {
    settings.notices.iter().map(ToString::to_string).collect()
}

/// What is set: `name=value origin`, defaults left out.
fn set(settings: &Settings) -> Vec<String> {
    let shown = settings.shown();
    shown
        .into_iter()
        .filter(|(_, _, origin)| **origin != Origin::Default)
        .map(|(name, value, origin)| format!("{name}={} {origin}", value.unwrap_or_default()))
        .collect()
}

/// A file without faults, and what it sets.
#[track_caller]
fn good(text: &str, expected: &[&str]) {
    let settings = read(text, &[("HOME", "/home/me")], Given::default());
    assert_eq!(notices(&settings), [""; 0], "{text}");
    assert_eq!(set(&settings), expected, "{text}");
    assert!(!settings.broken);
}

/// A file with faults: what is said, and what is used nevertheless.
#[track_caller]
fn bad(text: &str, said: &[&str], expected: &[&str]) {
    let settings = read(text, &[], Given::default());
    assert_eq!(notices(&settings), said, "{text}");
    assert_eq!(set(&settings), expected, "{text}");
}

#[test]
fn defaults() {
    let s = Settings::read(None, |_| None, Given::default());
    let shown: Vec<_> = s
        .shown()
        .into_iter()
        .map(|(n, v, _)| (n, v.unwrap_or("-".into())))
        .collect();
    let shown: Vec<_> = shown.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let expected = "theme=auto ascii=false mouse=false bell=false notify=false target=- allow_hosts=- public_url=- sign=- timeout=15 watch=- filters=-";
    assert_eq!(shown.join(" "), expected);
    assert!(set(&s).is_empty() && s.notices.is_empty() && s.keys.is_empty());
}

#[test]
fn every_key() {
    good("", &[]);
    for word in ["dark", "light", "16", "mono", "auto"] {
        good(
            &format!("theme = '{word}'"),
            &[&format!("theme={word} /c/config.toml:1")],
        );
    }
    for word in ["resign", "keep", "strip"] {
        good(&format!("sign = '{word}'"), &[&format!("sign={word} /c/config.toml:1")]);
    }
    good(
        "ascii = true\nmouse=true\n# the bell\nbell = true\n",
        &[
            "ascii=true /c/config.toml:1",
            "mouse=true /c/config.toml:2",
            "bell=true /c/config.toml:4",
        ],
    );
    for target in [
        "http://localhost:3000",
        "https://dev.example/",
        "localhost:80",
        ":3000",
        "3000",
        "[::1]:80",
    ] {
        good(
            &format!("target = '{target}'"),
            &[&format!("target={target} /c/config.toml:1")],
        );
    }
    good("allow_hosts = 'a.example'", &["allow_hosts=a.example /c/config.toml:1"]);
    good(
        "allow_hosts = ['a.example', '::1', '[::1]', '10.0.0.1']",
        &["allow_hosts=a.example, ::1, [::1], 10.0.0.1 /c/config.toml:1"],
    );
    good(
        "public_url = 'https://x.example'",
        &["public_url=https://x.example /c/config.toml:1"],
    );
    good("timeout = 2_0", &["timeout=20 /c/config.toml:1"]);
    good("timeout = 0.5", &["timeout=0.5 /c/config.toml:1"]);
    good(
        "filters = ['mine', '/all', '~/redial']",
        &["filters=/c/mine, /all, /home/me/redial /c/config.toml:1"],
    );
    good(
        "[keys]\nreplay = 'r'\nquit = ['q', 'Ctrl-Q']\nzoom = []\ndiff = 'none'\ngo = ' '",
        &[
            "keys.replay=r /c/config.toml:2",
            "keys.quit=q, ctrl-q /c/config.toml:3",
            "keys.zoom=none /c/config.toml:4",
            "keys.diff=none /c/config.toml:5",
            "keys.go=space /c/config.toml:6",
        ],
    );
}

#[test]
fn bad_values_cost_only_themselves() {
    let ok = &["bell=true /c/config.toml:3"];
    let words = [
        ("theme = 'drak'", "`theme` cannot be `drak`; did you mean `dark`?"),
        (
            "theme = 'solarized'",
            "`theme` cannot be `solarized`; known: auto, dark, light, 16, mono",
        ),
        (
            "theme = 16",
            "`theme` must be one of auto, dark, light, 16, mono, in quotes",
        ),
        ("ascii = 'yes'", "`ascii` must be true or false"),
        ("mouse = 1", "`mouse` must be true or false"),
        ("target = 3000", "`target` must be a text in quotes"),
        ("target = ' '", "`target` is empty"),
        (
            "target = 'ftp://x'",
            "`target` must be a URL such as http://localhost:3000",
        ),
        (
            "target = 'http://a b'",
            "`target` must be a URL such as http://localhost:3000",
        ),
        ("allow_hosts = [1]", "`allow_hosts` must be a list of texts in quotes"),
        (
            "allow_hosts = 'a/b'",
            "`allow_hosts` must be names or addresses of hosts, such as dev.example.com",
        ),
        (
            "public_url = 'x.example'",
            "`public_url` must be a URL such as https://example.ngrok.app",
        ),
        ("sign = 'stripp'", "`sign` cannot be `stripp`; did you mean `strip`?"),
        ("sign = true", "`sign` must be one of resign, keep, strip, in quotes"),
        ("timeout = '15'", "`timeout` must be seconds, such as 15"),
        ("timeout = 0", "`timeout` must be seconds, such as 15"),
        ("timeout = -1", "`timeout` must be seconds, such as 15"),
        ("timeout = nan", "`timeout` must be seconds, such as 15"),
        ("timeout = 1e9", "`timeout` must be seconds, such as 15"),
        ("filters = ['']", "`filters` has an empty name of a folder"),
        ("filters = 5", "`filters` must be a text in quotes, or a list of them"),
        (
            "keys = 'vi'",
            "`keys` is a table: a line [keys], and below it lines such as replay = \"r\"",
        ),
        ("taget = 'x'", "there is no setting `taget`; did you mean `target`?"),
        (
            "colour = 'x'",
            "there is no setting `colour`; known: theme, ascii, mouse, bell, notify, target, allow_hosts, public_url, sign, timeout, watch, filters, keys",
        ),
    ];
    for (line, said) in words {
        bad(
            &format!("# mine\n{line}\nbell = true\n"),
            &[&format!("/c/config.toml:2: {said}")],
            ok,
        );
    }
}

#[test]
fn bad_keys_cost_only_themselves() {
    bad(
        "[keys]\nreplay = ['r', 'ctrl+r']\nquit = 'entr'\nzoom = 5\ntheme = 'dark'\nopen = 'enter'\n",
        &[
            "/c/config.toml:2: `replay`: no key is called `ctrl+r`; did you mean `ctrl-r`?",
            "/c/config.toml:3: `quit`: no key is called `entr`; did you mean `enter`?",
            "/c/config.toml:4: `zoom` must be a key such as \"r\", or a list of keys",
            "/c/config.toml:5: `theme` is no command but a setting: it belongs above the line [keys]",
        ],
        &["keys.replay=r /c/config.toml:2", "keys.open=enter /c/config.toml:6"],
    );
    let s = read("[keys]\nreply = ['r', 'R', 'r']\n", &[], Given::default());
    let keys: Vec<Key> = ["r", "R"].map(|k| k.parse().unwrap()).to_vec();
    assert_eq!((s.keys[0].command.as_str(), &s.keys[0].keys), ("reply", &keys));
    let notice = Notice::at(&s.keys[0].origin, "no command `reply`");
    assert_eq!(notice.to_string(), "/c/config.toml:2: no command `reply`");
}

#[test]
fn a_broken_line_costs_that_line() {
    let text =
        "theme = 'dark'\nmouse = tru\nbell = true\ntarget = 'x\nascii = true\ntheme = 'light'\n[keys\nreplay = 'r'\n";
    let s = read(text, &[], Given::default());
    assert!(s.broken);
    let set = set(&s);
    for kept in [
        "theme=dark /c/config.toml:1",
        "bell=true /c/config.toml:3",
        "ascii=true /c/config.toml:5",
    ] {
        assert!(set.contains(&kept.to_owned()), "{kept}: {set:?}");
    }
    assert!(!s.mouse.value && s.target.value.is_none(), "{set:?}");
    let lines: Vec<_> = s.notices.iter().filter_map(|n| n.line).collect();
    assert!([2, 4, 6, 7].iter().all(|l| lines.contains(l)), "{:?}", notices(&s));
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn secrets_do_not_belong_here_and_are_never_repeated() {
    for name in [
        "auth_token",
        "TWILIO_AUTH_TOKEN",
        "authToken",
        "api_key",
        "api-secret",
        "password",
        "twilio.auth_token",
    ] {
        for head in ["", "[keys]\n", "[twilio]\n", "[keys.more]\n"] {
            let s = read(&format!("{head}{name} = '{TOKEN}'"), &[], Given::default());
            let said = notices(&s);
            assert_eq!(said.len(), 1, "{head}{name}: {said:?}");
            assert!(said[0].contains("environment (TWILIO_"), "{said:?}");
            assert!(!format!("{s:?}").contains(TOKEN), "{s:?}");
            assert!(s.keys.is_empty());
        }
    }
    // In the wrong place, in a broken line, in a URL.
    for text in [
        format!("auth_token = {TOKEN}"),
        format!("auth_token = '{TOKEN}"),
        format!("theme = '{TOKEN}'"),
        format!("target = 'http://me:{TOKEN}@localhost'"),
        format!("public_url = 'https://{TOKEN}@localhost'"),
        format!("unheard_of = '{TOKEN}'"),
        format!("[keys]\nreplay = '{TOKEN}'"),
    ] {
        let s = read(&text, &[], Given::default());
        assert_eq!(s.notices.len(), 1, "{text}: {:?}", notices(&s));
        assert!(!format!("{s:?}").contains(TOKEN), "{s:?}");
    }
    let s = read("", &[("REDIAL_TARGET", "http://me:hush@localhost")], Given::default());
    assert_eq!(set(&s), ["target=http://••••••@localhost REDIAL_TARGET"]);
}

#[test]
fn options_over_environment_over_file() {
    let file = "theme = 'dark'\nascii = false\ntarget = '1'\nallow_hosts = 'f'\nsign = 'keep'\ntimeout = 1\npublic_url = 'http://f'\nwatch = ['f']\n";
    let env = &[
        ("REDIAL_THEME", "Light"),
        ("REDIAL_ASCII", "1"),
        ("REDIAL_TARGET", " 2 "),
    ];
    let given = Given {
        theme: Some(Theme::Mono),
        ascii: true,
        target: Some("3".to_owned()),
        allow_hosts: vec!["o".to_owned()],
        public_url: Some("http://o".to_owned()),
        sign: Some(Sign::Strip),
        timeout: Some(Duration::from_secs(3)),
        watch: vec!["src".into(), "lib".into()],
    };
    let of_file = |name: &str, value: &str, line: usize| format!("{name}={value} {PATH}:{line}");
    let rest = [
        of_file("allow_hosts", "f", 4),
        of_file("public_url", "http://f", 7),
        of_file("sign", "keep", 5),
        of_file("timeout", "1", 6),
        of_file("watch", "f", 8),
    ];
    let mut expected = vec![
        of_file("theme", "dark", 1),
        of_file("ascii", "false", 2),
        of_file("target", "1", 3),
    ];
    expected.extend(rest.clone());
    assert_eq!(set(&read(file, &[], Given::default())), expected);
    let mut expected: Vec<String> = [
        "theme=light REDIAL_THEME",
        "ascii=true REDIAL_ASCII",
        "target=2 REDIAL_TARGET",
    ]
    .map(String::from)
    .to_vec();
    expected.extend(rest);
    assert_eq!(set(&read(file, env, Given::default())), expected);
    let expected = [
        "theme=mono --theme",
        "ascii=true --ascii",
        "target=3 --to",
        "allow_hosts=o --allow-host",
        "public_url=http://o --public-url",
        "sign=strip --sign",
        "timeout=3 --timeout",
        "watch=src, lib --watch",
    ];
    assert_eq!(set(&read(file, env, given)), expected);
}

#[test]
fn the_environment_can_be_wrong_too() {
    let env = &[
        ("REDIAL_THEME", "drak"),
        ("REDIAL_ASCII", "maybe"),
        ("REDIAL_TARGET", ""),
    ];
    let s = read("theme = 'light'\ntarget = '1'", env, Given::default());
    assert_eq!(set(&s), ["theme=light /c/config.toml:1", "target=1 /c/config.toml:2"]);
    let said = [
        "REDIAL_THEME: cannot be `drak`; did you mean `dark`?",
        "REDIAL_ASCII: must be true or false",
    ];
    assert_eq!(notices(&s), said);
}

#[test]
fn no_color_decides_what_nobody_named() {
    let no = &[("NO_COLOR", "1")];
    assert_eq!(set(&read("", no, Given::default())), ["theme=mono NO_COLOR"]);
    assert_eq!(
        set(&read("theme = 'auto'", no, Given::default())),
        ["theme=mono NO_COLOR"]
    );
    assert_eq!(
        set(&read("theme = 'dark'", no, Given::default())),
        ["theme=dark /c/config.toml:1"]
    );
    assert_eq!(set(&read("", &[("NO_COLOR", "")], Given::default())), [""; 0]);
}

#[test]
fn the_locale_decides_on_ascii_where_nobody_does() {
    for (env, ascii, origin) in [
        (&[][..], false, "default"),
        (&[("LANG", "de_DE.UTF-8")], false, "default"),
        (&[("LANG", "C.utf8")], false, "default"),
        (&[("LANG", "C")], true, "LANG"),
        (&[("LC_ALL", "en_US.UTF-8"), ("LANG", "C")], false, "default"),
        (
            &[("LC_ALL", ""), ("LC_CTYPE", "POSIX"), ("LANG", "en_US.UTF-8")],
            true,
            "LC_CTYPE",
        ),
        (&[("LANG", "C"), ("REDIAL_ASCII", "0")], false, "REDIAL_ASCII"),
    ] {
        let s = read("", env, Given::default());
        assert_eq!(
            (s.ascii.value, s.ascii.origin.to_string().as_str()),
            (ascii, origin),
            "{env:?}"
        );
    }
    let s = read("ascii = false", &[("LANG", "C")], Given::default());
    assert!(!s.ascii.value);
}

proptest! {
    /// Pieces of TOML in any order: never an end, every notice with a line of the text, every value from one.
    #[test]
    fn no_file_is_too_strange(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..12), noise: String) {
        for text in [pieces.concat(), pieces.concat() + &noise, noise] {
            let s = read(&text, &[], Given::default());
            let lines = text.matches('\n').count() + 1;
            prop_assert!(s.notices.iter().all(|n| n.line.is_some_and(|l| (1..=lines).contains(&l))), "{:?}", s.notices);
            prop_assert!(s.broken || text.parse::<toml::Table>().is_ok());
            for (_, _, origin) in s.shown() {
                if let Origin::File { line, .. } = origin {
                    prop_assert!((1..=lines).contains(line));
                }
            }
        }
    }
}

const PIECES: &[&str] = &[
    "theme",
    "keys",
    "[",
    "]",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\"",
    "'",
    "'''",
    "\"\"\"",
    "#",
    "\\",
    "é",
    "1",
    "1e9",
    "-",
    "theme = 'dark'\n",
    "[keys]\n",
    "replay = 'r'\n",
    "[[keys]]\n",
    "keys.a.b = 1\n",
    "timeout = 0x1F\n",
    "token = 'x'\n",
    "1979-05-27",
    " ",
    "\r\n",
    "\0",
];

#[test]
fn a_command_with_the_name_of_a_setting_can_be_rebound() {
    let text = "[keys]\ntheme = \"ctrl-t\"\nmouse = \"none\"\n";
    let path = Path::new("/c/config.toml");
    let settings = Settings::read(Some(File { path, text }), |_| None, Given::default());
    assert!(settings.notices.is_empty(), "{:?}", settings.notices);
    let bound: Vec<(&str, usize)> = settings
        .keys
        .iter()
        .map(|b| (b.command.as_str(), b.keys.len()))
        .collect();
    assert_eq!(bound, [("theme", 1), ("mouse", 0)]);
}
