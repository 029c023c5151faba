use std::net::SocketAddr;
use std::time::Duration;

use signalbox_domain::Domain;

use super::*;

fn parse(text: &str) -> Config {
    Config::parse("signalbox.toml", text, Path::new("/etc/signalbox")).unwrap()
}

fn wrong(text: &str) -> FileError {
    match Config::parse("signalbox.toml", text, Path::new("")) {
        Err(ConfigError::Wrong { source }) => *source,
        other => panic!("expected a wrong configuration, found {other:?}"),
    }
}

#[test]
fn with_no_text_at_all_there_are_sane_defaults() {
    let config = Config::parse("signalbox.toml", "", Path::new("")).unwrap();
    assert_eq!(
        config.server.listen,
        "127.0.0.1:8080".parse::<SocketAddr>().unwrap()
    );
    assert_eq!(config.folders.policies, Path::new("policies"));
    assert!(config.folders.policies_is_default);
    assert_eq!(config.folders.data, Path::new(".signalbox"));
    let scopes: Vec<(&str, Domain, bool)> = config
        .scopes
        .iter()
        .map(|(scope, _)| (scope.name.as_str(), scope.domain, scope.immediate))
        .collect();
    assert_eq!(
        scopes,
        [
            ("routing", Domain::Routing, true),
            ("allocation", Domain::Allocation, true),
            ("returns", Domain::Returns, true)
        ]
    );
}

#[test]
fn the_example_is_read_and_shows_the_defaults() {
    let text = include_str!("../../signalbox.example.toml");
    let example = parse(text);
    let default = parse("[folders]\npolicies = \"policies\"");
    assert_eq!(example.server, default.server);
    assert_eq!(example.folders, default.folders);
    assert_eq!(example.sandbox, default.sandbox);
    assert_eq!(example.levers, default.levers);
    assert_eq!(example.requests, default.requests);
    assert_eq!(
        format!("{:?}", example.decisions),
        format!("{:?}", default.decisions)
    );
    assert_eq!(example.log, default.log);
    assert_eq!(example.telemetry, default.telemetry);
    assert_eq!(example.scopes.len(), 4);
    let (marketplace, _) = &example.scopes[1];
    assert_eq!(marketplace.standing_orders, default.scopes[0].0.standing_orders);
    assert_eq!(marketplace.freeze.len(), 1);
}

#[test]
fn the_commented_lines_of_the_example_are_right_too() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["cost-books/brazil.toml", "tls/chain.pem", "tls/key.pem"] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "name = \"brazil\"\nversion = \"1.0.0\"\n").unwrap();
    }
    let text: Vec<&str> = include_str!("../../signalbox.example.toml")
        .lines()
        .map(|line| {
            let setting = line.strip_prefix("# ").filter(|rest| {
                let name = rest.split(' ').next().unwrap_or_default();
                rest.starts_with(&format!("{name} = "))
            });
            setting.unwrap_or(line)
        })
        .collect();
    let config = Config::parse("example", &text.join("\n"), folder.path()).unwrap();
    assert!(config.server.tls.is_some());
    assert!(config.telemetry.otlp_endpoint.is_some());
    let books: Vec<&str> = config.scopes.iter().map(|(_, book)| book.name.as_str()).collect();
    assert_eq!(books, ["default", "brazil", "default", "default"]);
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = parse("[folders]\npolicies = \"p\"\ndata = \"/var/lib/signalbox\"\n");
    assert_eq!(config.folders.policies, Path::new("/etc/signalbox/p"));
    assert!(!config.folders.policies_is_default);
    assert_eq!(
        config.folders.journal(),
        Path::new("/var/lib/signalbox/ledger.sqlite")
    );
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_would_be_right() {
    let cases = [
        (
            "[server]\nlistn = \"127.0.0.1:80\"\n",
            2,
            "server.listn",
            "listen",
        ),
        (
            "[server]\nlisten = \"localhost\"\n",
            2,
            "server.listen",
            "IP address with a port",
        ),
        ("[folders]\nwatch = \"magic\"\n", 2, "folders.watch", "`auto`"),
        (
            "[folders]\n\nsettle_ms = 0\n",
            3,
            "folders.settle_ms",
            "10 to 60000",
        ),
        (
            "[sandbox]\ndecisions_max = \"many\"\n",
            2,
            "sandbox.decisions_max",
            "whole number",
        ),
        ("[log]\nformat = \"xml\"\n", 2, "log.format", "`json`"),
        (
            "[cost_books]\nbr = \"nowhere.toml\"\n",
            2,
            "cost_books.br",
            "that is there",
        ),
        (
            "[[scope]]\nname = \"a\"\ndomain = \"shipping\"\n",
            3,
            "scope[0].domain",
            "`routing`",
        ),
        (
            "[[scope]]\nname = \"A B\"\ndomain = \"routing\"\n",
            2,
            "scope[0].name",
            "fit together",
        ),
        (
            "[[scope]]\nname = \"a\"\ndomain = \"routing\"\n[[scope]]\nname = \"b\"\ndomain = \"routing\"\n",
            4,
            "scope[1].selectors",
            "fit together",
        ),
        (
            "[[scope]]\nname = \"a\"\ndomain = \"routing\"\ncost_book = \"br\"\n",
            4,
            "scope[0].cost_book",
            "[cost_books]",
        ),
        ("[server\n", 1, "", ""),
    ];
    for (text, line, field, expected) in cases {
        let error = wrong(text);
        assert_eq!((error.line, error.field.as_str()), (line, field), "{error}");
        assert!(error.expected.contains(expected), "{error}");
    }
}

#[test]
fn plain_http_on_the_network_has_to_be_asked_for() {
    let refused = wrong("[server]\nlisten = \"0.0.0.0:8080\"\n");
    assert_eq!((refused.line, refused.field.as_str()), (2, "server.listen"));
    assert!(refused.help.unwrap().contains("allow_plain_http"));
    for text in [
        "[server]\nlisten = \"0.0.0.0:8080\"\nallow_plain_http = true\n",
        "[server]\nlisten = \"[::1]:8080\"\n",
    ] {
        assert!(
            Config::parse("signalbox.toml", text, Path::new("")).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn a_mistake_in_a_cost_book_points_into_the_book() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("br.toml"),
        "name = \"br\"\nversion = \"1.0\"\n",
    )
    .unwrap();
    let text = "[cost_books]\nbr = \"br.toml\"\n";
    let Err(ConfigError::Wrong { source }) = Config::parse("signalbox.toml", text, folder.path()) else {
        panic!("the book was taken");
    };
    assert!(source.file.ends_with("br.toml"), "{source}");
    assert_eq!(source.line, 2);
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signalbox.toml");
    assert!(matches!(Config::load(Some(&path)), Err(ConfigError::Read { .. })));
    std::fs::write(&path, "[folders]\nrescan_ms = 300\n").unwrap();
    let config = Config::load(Some(&path)).unwrap();
    assert_eq!(config.folders.rescan, Duration::from_millis(300));
    assert_eq!(config.folders.data, folder.path().join(".signalbox"));
    assert_eq!(config.file, Some(path));
}
