use std::collections::BTreeSet;

use signalbox_domain::Digest;
use signalbox_domain::money::Currency;

use super::testkit;
use super::{Money, backtest, content_security_policy, evidence};

fn reports() -> [String; 2] {
    let money = Money {
        currency: Currency::new("BRL"),
    };
    let frozen = Some(Digest::of(b"frozen"));
    [
        evidence(&testkit::evidence(), frozen, money),
        backtest(&testkit::result(), money),
    ]
}

/// What a reader gets to read: a line for each heading, sentence, and row of a table; drawings are left out.
fn read_aloud(html: &str) -> String {
    let body = html.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for (place, part) in body.split("<svg").enumerate() {
        let part = match place {
            0 => part,
            _ => part.split_once("</svg>").unwrap().1,
        };
        text.push_str(part);
    }
    for cell in ["</th><td", "</th><th", "</td><td", "</dt><dd"] {
        text = text.replace(cell, &cell.replacen("><", "> | <", 1));
    }
    for end in [
        "</p>",
        "</h1>",
        "</h2>",
        "</h3>",
        "</li>",
        "</tr>",
        "</caption>",
        "</figcaption>",
        "</dd>",
        "</b>",
        "</span>",
    ] {
        text = text.replace(end, &format!("{end}\n"));
    }
    let mut plain = String::new();
    let mut is_tag = false;
    for letter in text.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => plain.push(letter),
            _ => {}
        }
    }
    let lines = plain.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_report_of_evidence_reads_as_agreed() {
    let [report, _] = reports();
    insta::assert_snapshot!(read_aloud(&report));
}

#[test]
fn the_report_of_a_backtest_reads_as_agreed() {
    let [_, report] = reports();
    insta::assert_snapshot!(read_aloud(&report));
}

#[test]
fn nothing_is_loaded_nothing_runs_and_hostile_names_are_text() {
    for report in reports() {
        assert!(
            report.contains("&lt;script&gt;"),
            "the documents hold hostile names"
        );
        for word in [
            "http://",
            "https://",
            "<script",
            "<img",
            "<link",
            "<b onclick",
            " style=",
            "url(",
            "@import",
            "javascript:",
        ] {
            assert!(!report.contains(word), "{word}");
        }
    }
    let policy = content_security_policy();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[test]
fn every_drawing_has_a_title_a_description_and_a_table_after_it() {
    for report in reports() {
        let parts: Vec<&str> = report.split("<svg").collect();
        assert!(parts.len() > 4, "{}", parts.len());
        for part in &parts[1..] {
            let (drawing, after) = part.split_once("</svg>").unwrap();
            let labelled = drawing.split("aria-labelledby=\"").nth(1).unwrap();
            let (title, description) = labelled.split('"').next().unwrap().split_once(' ').unwrap();
            assert!(drawing.contains("role=\"img\""));
            assert!(drawing.contains(&format!("<title id=\"{title}\">")), "{title}");
            assert!(
                drawing.contains(&format!("<desc id=\"{description}\">")),
                "{description}"
            );
            assert!(after.contains("<table>"), "{title}");
        }
    }
}

#[test]
fn no_id_is_there_twice_and_every_row_has_a_heading() {
    for report in reports() {
        let mut known = BTreeSet::new();
        for part in report.split(" id=\"").skip(1) {
            let id = part.split('"').next().unwrap();
            assert!(known.insert(id), "{id}");
        }
        let rows = report.matches("<tbody>").count();
        assert_eq!(rows, report.matches("<caption>").count());
        assert!(report.matches("scope=\"row\"").count() >= rows);
    }
}

#[test]
fn the_verdict_says_no_more_than_the_tests() {
    let mut document = testkit::evidence();
    let said = |document: &crate::evidence::Evidence| super::verdict::sentence(document);
    assert!(
        said(&document).contains("is shown to cost less"),
        "{}",
        said(&document)
    );
    document.who_loses[0].harm.answered = true;
    assert!(
        said(&document).contains("a part of the business loses"),
        "{}",
        said(&document)
    );
    document.statistics.all.superiority.answered = false;
    assert!(
        said(&document).contains("that it is better is not shown"),
        "{}",
        said(&document)
    );
    document.statistics.all.non_inferiority.answered = false;
    assert!(
        said(&document).contains("Nothing is shown yet"),
        "{}",
        said(&document)
    );
    document.statistics.all.harm.answered = true;
    assert!(said(&document).contains("costs more"), "{}", said(&document));
}
