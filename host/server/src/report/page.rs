//! The page around a report.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

/// Screen in light and dark, narrow and wide, and A4.
const STYLE: &str = include_str!("report.css");

/// What a browser may load for a report: nothing but its own style. Served reports say so in a header, and every report in
/// its head.
pub fn content_security_policy() -> String {
    format!("{}; frame-ancestors 'none'", inside())
}

/// What of it counts inside a page.
fn inside() -> String {
    let digest = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

/// A section with its heading.
pub(super) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub body: Markup,
}

/// What stands above the sections.
pub(super) struct Head<'a> {
    pub kind: &'a str,
    pub title: &'a str,
    pub lines: Vec<String>,
}

/// The whole file.
pub(super) fn page(head: &Head<'_>, sections: &[Section]) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(inside());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (head.kind) ": " (head.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kind { (head.kind) }
                    h1 { (head.title) }
                    @for line in &head.lines { p.under { (line) } }
                }
                nav aria-label="Contents" {
                    ol { @for section in sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                }
                main {
                    @for section in sections {
                        section id=(section.id) aria-labelledby={ (section.id) "-title" } {
                            h2 id={ (section.id) "-title" } { (section.title) }
                            (section.body)
                        }
                    }
                }
            }
        }
    };
    markup.into_string()
}
