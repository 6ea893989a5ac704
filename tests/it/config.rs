//! `redial config`, and the settings as the commands use them: whose word counts, what is said, what is never shown.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, Redial, redial, text};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PIZZA: &str = "samples/tropo/pizza-archive.log";
const ALERTS: &str = "samples/twilio/alerts.jsonl";

/// A home with a configuration file; what the locale says is said.
struct Home(TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = Self(TempDir::new().unwrap());
        home.put("redial/config.toml", config);
        home
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn redial(&self, line: &str) -> Redial {
        let home = self.path().to_str().unwrap();
        redial(line.split_whitespace())
            .env("XDG_CONFIG_HOME", home)
            .env("HOME", home)
            .env("LC_ALL", "C.UTF-8")
    }

    fn run(&self, line: &str) -> Ran {
        self.redial(line).run()
    }

    /// Without this run's folder.
    fn plain(&self, text: &str) -> String {
        text.replace(self.path().to_str().unwrap(), "HOME")
    }
}

const PROFILE: &str =
    r#"{"activeProject":"work","profiles":{"work":{"accountSid":"AC1","apiKey":"SK-hush","apiSecret":"hush"}}}"#;

fn full() -> Home {
    let home = Home::new(&format!(
        "theme = 'dark'\ntarget = 'http://localhost:4000'\nallow_hosts = ['a.example', 'b.example']\nfilters = ['mine', 'gone']\nmose = true\nauth_token = '{TOKEN}'\n\n[keys]\nreplay = ['r', 'ctrl-r']\nquit = 'none'\n"
    ));
    home.put("redial/mine/mine.toml", "[pack]\nname = \"mine\"\n");
    home.put(".twilio-cli/config.json", PROFILE);
    home
}

const SHOWN: &str = "\
configuration file   HOME/redial/config.toml
filters folder       HOME/redial/filters (not there)
Twilio CLI file      HOME/.twilio-cli/config.json
store                HOME/.local/share/redial/store.db (not there)

theme                dark                     HOME/redial/config.toml:1
ascii                true                     REDIAL_ASCII
mouse                false                    default
bell                 false                    default
notify               false                    default
target               http://localhost:4000    HOME/redial/config.toml:2
allow_hosts          a.example, b.example     HOME/redial/config.toml:3
public_url           not set
sign                 not set
timeout              15                       default
watch                not set
filters              HOME/redial/mine HOME/redial/config.toml:4
keys.replay          r, ctrl-r                HOME/redial/config.toml:9
keys.quit            none                     HOME/redial/config.toml:10
TWILIO_ACCOUNT_SID   AC1                      profile work of HOME/.twilio-cli/config.json
TWILIO_AUTH_TOKEN    set ••••••               TWILIO_AUTH_TOKEN
TWILIO_API_KEY       set ••••••               profile work of HOME/.twilio-cli/config.json
TWILIO_API_SECRET    set ••••••               profile work of HOME/.twilio-cli/config.json
TWILIO_REGION        not set
TWILIO_EDGE          not set

HOME/redial/config.toml:4: `filters`: no folder HOME/redial/gone
HOME/redial/config.toml:5: there is no setting `mose`; did you mean `mouse`?
HOME/redial/config.toml:6: `auth_token` is ignored: secrets belong into the environment (TWILIO_AUTH_TOKEN), not into a file that is shown around
";

#[test]
fn show_says_all() {
    let home = full();
    let ran = home
        .redial("config show")
        .env("REDIAL_ASCII", "1")
        .env("TWILIO_AUTH_TOKEN", TOKEN)
        .run();
    let ran = ran.exits(0);
    assert_eq!(home.plain(&ran.out), SHOWN);
    assert_eq!(ran.err, "");
}

#[test]
fn show_as_json() {
    let home = full();
    let ran = home
        .redial("config show --json")
        .env("TWILIO_AUTH_TOKEN", TOKEN)
        .run()
        .exits(0);
    let setting = |name: &str| ran.of("setting").into_iter().find(|s| s["name"] == name).unwrap();
    let place = |s: &Value| (text(&s["origin"], "from").to_owned(), s["origin"]["line"].as_u64());
    let target = setting("target");
    assert_eq!(
        (text(&target, "value"), place(&target)),
        ("http://localhost:4000", ("file".to_owned(), Some(2)))
    );
    assert_eq!(place(&setting("timeout")), ("default".to_owned(), None));
    let token = setting("TWILIO_AUTH_TOKEN");
    assert_eq!(
        (&token["value"], &token["set"], &token["secret"]),
        (&Value::Null, &true.into(), &true.into())
    );
    assert_eq!(place(&token).0, "env");
    let key = setting("TWILIO_API_KEY");
    assert_eq!(
        (place(&key).0.as_str(), text(&key["origin"], "name"), &key["value"]),
        ("profile", "work", &Value::Null)
    );
    assert_eq!(setting("TWILIO_REGION")["set"], false);
    let lines: Vec<_> = ran.of("notice").iter().map(|n| n["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [4, 5, 6]);
    let paths: Vec<_> = ran
        .of("path")
        .iter()
        .map(|p| (text(p, "name").to_owned(), p["exists"] == true))
        .collect();
    let expected = [
        ("configuration file", true),
        ("filters folder", false),
        ("Twilio CLI file", true),
        ("store", false),
    ];
    assert_eq!(paths, expected.map(|(n, e)| (n.to_owned(), e)));
}

#[test]
fn path_is_told_whether_or_not_there_is_a_file() {
    let home = Home(TempDir::new().unwrap());
    let ran = home.run("config path").exits(0);
    assert_eq!(home.plain(&ran.out), "HOME/redial/config.toml\n");
    home.run("config show").exits(0);
}

#[test]
fn a_file_that_cannot_be_used_is_told() {
    let home = Home::new("theme = 'dark\nmouse = true\n");
    let ran = home.run("config show").exits(2);
    let out = home.plain(&ran.out);
    assert!(out.contains("HOME/redial/config.toml:1: "), "{out}");
    assert!(out.contains("mouse                true"), "{out}");
    // The other commands say it and go on.
    let ran = home.run(&format!("errors {PIZZA}")).exits(0);
    assert!(
        home.plain(&ran.err).contains("HOME/redial/config.toml:1: "),
        "{}",
        ran.err
    );

    home.put("redial/config.toml", b"mouse = true\n\xff");
    let ran = home.run("config show").exits(2);
    assert!(
        home.plain(&ran.out).contains("config.toml:2: is not UTF-8"),
        "{}",
        ran.out
    );
    let folder = Home(TempDir::new().unwrap());
    std::fs::create_dir_all(folder.path().join("redial/config.toml")).unwrap();
    let ran = folder.run("config show").exits(2);
    assert!(ran.out.contains("config.toml: cannot be read: "), "{}", ran.out);
}

#[test]
fn no_secret_is_ever_shown() {
    let wrong = [
        format!("auth_token = '{TOKEN}'"),
        format!("auth_token = '{TOKEN}\n"),
        format!("[keys]\nreplay = '{TOKEN}'"),
        format!("[twilio]\nsecret = '{TOKEN}'"),
        format!("target = 'http://me:{TOKEN}@localhost'"),
        format!("theme = '{TOKEN}'"),
    ];
    for config in wrong {
        let home = Home::new(&config);
        home.put(".twilio-cli/config.json", PROFILE.replace("hush", TOKEN));
        for line in [
            "config show",
            "config show --json",
            &format!("errors {PIZZA}"),
            &format!("replay --list {ALERTS}"),
        ] {
            let ran = home.run(line);
            assert!(
                !ran.out.contains(TOKEN) && !ran.err.contains(TOKEN),
                "{config}: {line}: {ran:?}"
            );
        }
        let ran = home.run("config show");
        assert!(ran.out.contains("config.toml:"), "{config}: {}", ran.out);
    }
    let home = Home::new("");
    for name in ["TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"] {
        for line in ["config show", "config show --json"] {
            let ran = home.redial(line).env(name, TOKEN).run().exits(0);
            assert!(ran.out.contains(name) && !ran.out.contains(TOKEN), "{}", ran.out);
        }
    }
    let with = format!("http://me:{TOKEN}@localhost");
    let ran = home.redial("config show").env("REDIAL_TARGET", &with).run().exits(0);
    assert!(!ran.out.contains(TOKEN), "{}", ran.out);
}

/// A port of this machine where nobody answers.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn replay_takes_its_target_from_option_environment_file() {
    let [file, env, option] = [closed(), closed(), closed()].map(|p| format!("http://127.0.0.1:{p}"));
    let home = Home::new(&format!("target = '{file}'\n"));
    let line = format!("replay {PIZZA} --json --last");
    let sent_to = |ran: Ran| {
        let ran = ran.exits(1);
        text(&ran.of("replay")[0], "sent_to").to_owned()
    };
    assert!(sent_to(home.run(&line)).starts_with(&file));
    assert!(sent_to(home.redial(&line).env("REDIAL_TARGET", &env).run()).starts_with(&env));
    let ran = home
        .redial(&line)
        .env("REDIAL_TARGET", &env)
        .arg("--to")
        .arg(&option)
        .run();
    assert!(sent_to(ran).starts_with(&option));
    // An empty variable says nothing; without any there is no target.
    assert!(sent_to(home.redial(&line).env("REDIAL_TARGET", "").run()).starts_with(&file));
    let none = Home::new("");
    assert!(none.run(&line).exits(2).err.contains("where to?"));
    assert!(
        none.redial(&line)
            .env("REDIAL_TARGET", "")
            .run()
            .exits(2)
            .err
            .contains("where to?")
    );
}

#[test]
fn hosts_are_allowed_by_option_or_file() {
    let line = format!("replay {PIZZA} --last --dry-run");
    let home = Home::new("target = 'http://192.0.2.1'\n");
    let ran = home.run(&line).exits(3);
    assert!(
        home.plain(&ran.err)
            .contains("HOME/redial/config.toml:1: target: 192.0.2.1 is not this machine"),
        "{}",
        ran.err
    );
    home.run(&format!("{line} --allow-host 192.0.2.1")).exits(0);
    home.put(
        "redial/config.toml",
        "target = 'http://192.0.2.1'\nallow_hosts = '192.0.2.1'\n",
    );
    home.run(&line).exits(0);
    // The option's list replaces the file's.
    home.run(&format!("{line} --allow-host 192.0.2.2")).exits(3);
    // A listing goes nowhere.
    home.put("redial/config.toml", "target = 'http://192.0.2.1'\n");
    home.run(&format!("replay {PIZZA} --list")).exits(0);
}

#[test]
fn signature_and_public_url_by_option_or_file() {
    let home = Home::new("target = '3000'\npublic_url = 'https://file.example'\nsign = 'strip'\n");
    let head = |more: &str| {
        let ran = home
            .redial(&format!("replay {ALERTS} --last --dry-run {more}"))
            .env("TWILIO_AUTH_TOKEN", TOKEN)
            .run()
            .exits(0);
        ran.out.to_ascii_lowercase()
    };
    let stripped = head("");
    assert!(
        stripped.contains("host: file.example\r\n") && !stripped.contains("x-twilio-signature"),
        "{stripped}"
    );
    let signed = head("--sign resign --public-url https://option.example");
    assert!(
        signed.contains("host: option.example\r\n") && signed.contains("x-twilio-signature"),
        "{signed}"
    );
}

#[test]
fn the_time_to_wait_by_option_or_file() {
    // A server that takes the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let home = Home::new(&format!("target = '127.0.0.1:{port}'\ntimeout = 0.9\n"));
    let line = format!("replay {PIZZA} --json --last");
    let error = |ran: Ran| text(&ran.exits(1).of("replay")[0], "error").to_owned();
    assert!(error(home.run(&line)).contains("900 ms"));
    assert!(error(home.run(&format!("{line} --timeout 0.8"))).contains("800 ms"));
}

#[test]
fn rule_packs_of_the_file_are_read() {
    let home = full();
    home.put(
        "redial/mine/mine.toml",
        "[pack]\nname = \"mine\"\n[[rule]]\nid = \"my-own\"\npattern = \"x\"\ntitle = \"t\"\nseverity = \"error\"\nclass = \"c\"\n",
    );
    let ran = home.run("filters list").exits(0);
    assert!(ran.out.contains("my-own"), "{}", ran.out);
    assert!(
        home.plain(&ran.err)
            .contains("config.toml:4: `filters`: no folder HOME/redial/gone"),
        "{}",
        ran.err
    );
}

#[test]
fn a_hint_names_a_target_only_where_none_is_set() {
    let hint = |config: &str| Home::new(config).run(&format!("errors {PIZZA}")).exits(0).out;
    assert!(hint("").contains("--to http://localhost:3000"));
    assert!(!hint("target = '4000'").contains("--to "));
}

#[test]
fn options_of_the_terminal_ui() {
    let home = Home::new("");
    // Without a terminal it is `errors`.
    let ran = home.run(&format!(
        "{PIZZA} --to http://localhost:3000 --allow-host a.example --theme 16 --ascii"
    ));
    let errors = home.run(&format!("errors {PIZZA}"));
    let first = |ran: Ran| ran.exits(0).out.lines().next().unwrap().to_owned();
    assert_eq!(first(ran), first(errors));
    assert!(home.run(&format!("{PIZZA} --theme drak")).exits(2).err.contains("dark"));
    home.run("errors --theme dark").exits(2);
    let ran = home.run("demo --theme dark --ascii").exits(2);
    assert!(ran.err.contains("the demo needs a terminal"), "{}", ran.err);
}
