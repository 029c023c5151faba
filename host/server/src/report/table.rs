//! Tables and short lists of facts.

use maud::{Markup, html};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    name: &'a str,
    is_number: bool,
}

/// A column of words.
pub const fn text(name: &str) -> Column<'_> {
    Column {
        name,
        is_number: false,
    }
}

/// A column of numbers.
pub const fn number(name: &str) -> Column<'_> {
    Column {
        name,
        is_number: true,
    }
}

/// A table; the first cell of each row is its heading.
pub fn table(caption: &str, columns: &[Column<'_>], rows: &[Vec<String>]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr {
                    @for column in columns { th scope="col" .n[column.is_number] { (column.name) } }
                } }
                tbody {
                    @for row in rows { tr {
                        @for (place, (cell, column)) in row.iter().zip(columns).enumerate() {
                            @if place == 0 { th scope="row" .n[column.is_number] { (cell) } }
                            @else { td .n[column.is_number] { (cell) } }
                        }
                    } }
                }
            }
        }
    }
}

/// Facts by name.
pub fn facts(facts: &[(&str, String)]) -> Markup {
    html! {
        dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
}

/// A list of sentences.
pub fn sentences<'s>(sentences: impl IntoIterator<Item = &'s String>) -> Markup {
    html! { ul { @for sentence in sentences { li { (sentence) } } } }
}
