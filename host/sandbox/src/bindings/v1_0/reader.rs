//! Reads the tables of a decision: what a policy says is checked cell by cell.

use std::fmt;

use signalbox_contract::codec::{Row, TableRef, TablesRef};
use signalbox_contract::common::{EntityKind, ReasonRow, SummaryRow};
use signalbox_contract::{Tables, Word as Number};
use signalbox_domain::Word;
use signalbox_domain::envelope::{Envelope, Reason};
use signalbox_domain::time::Timestamp;

use super::GuestCase;
use crate::description::Description;
use crate::input::Input;
use crate::numbers::Vocabulary;
use crate::reasons::Filling;

/// A cell of a decision that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct BadOutput {
    /// Where: `shipments[3].lane`.
    pub at: String,
    /// What was expected and what was found.
    pub problem: String,
}

/// Reasons that a decision may give.
const REASONS_MAX: usize = 1_000;

/// A decision's tables with what it takes to understand them.
pub(crate) struct Reader<'a, C> {
    tables: TablesRef<'a>,
    rows_max: u32,
    input: &'a Input<C>,
    vocabulary: &'a Vocabulary,
    description: &'a Description,
}

/// What every decision says of itself.
pub(crate) struct Says {
    pub(crate) confidence_bp: u32,
    pub(crate) valid_until: Option<Timestamp>,
    pub(crate) reasons: Vec<Reason>,
}

/// A place in a decision, for messages: nothing is formatted unless something is wrong.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) table: &'static str,
    pub(crate) row: u32,
    pub(crate) column: &'static str,
}

impl At {
    pub(crate) fn column(self, column: &'static str) -> At {
        At { column, ..self }
    }

    pub(crate) fn bad(self, problem: impl Into<String>) -> BadOutput {
        BadOutput {
            at: self.to_string(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.table, self.row)?;
        if self.column.is_empty() {
            Ok(())
        } else {
            write!(f, ".{}", self.column)
        }
    }
}

impl<'a, C: GuestCase> Reader<'a, C> {
    pub(crate) fn new(
        tables: &'a Tables,
        rows_max: u32,
        input: &'a Input<C>,
        vocabulary: &'a Vocabulary,
        description: &'a Description,
    ) -> Result<Reader<'a, C>, BadOutput> {
        let tables = tables.read().map_err(|error| BadOutput {
            at: "tables".to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Reader {
            tables,
            rows_max,
            input,
            vocabulary,
            description,
        })
    }

    /// The rows of a table with their places. The bound comes before anything walks them: a table without columns can
    /// claim four billion rows in twelve bytes.
    pub(crate) fn rows<R: Row>(
        &self,
    ) -> Result<impl Iterator<Item = (At, R::View<'a>)> + use<'a, R, C>, BadOutput> {
        let table: TableRef<'a> = self.tables.table::<R>();
        if table.rows() > self.rows_max as usize {
            return Err(BadOutput {
                at: R::NAME.to_owned(),
                problem: format!(
                    "expected at most limits.output_rows = {} rows, found {}",
                    self.rows_max,
                    table.rows()
                ),
            });
        }
        let at = |row| At {
            table: R::NAME,
            row,
            column: "",
        };
        Ok((0..)
            .zip(signalbox_contract::codec::rows::<R>(table))
            .map(move |(row, view)| (at(row), view)))
    }

    /// How many rows a table has; bounded as in [`Reader::rows`].
    pub(crate) fn count<R: Row>(&self) -> Result<usize, BadOutput> {
        self.rows::<R>().map(|_| self.tables.table::<R>().rows())
    }

    /// The only row of a table.
    pub(crate) fn only<R: Row>(&self) -> Result<R::View<'a>, BadOutput> {
        let mut rows = self.rows::<R>()?;
        match (rows.next(), rows.next()) {
            (Some((_, view)), None) => Ok(view),
            _ => Err(BadOutput {
                at: R::NAME.to_owned(),
                problem: format!(
                    "expected exactly one row, found {}",
                    self.tables.table::<R>().rows()
                ),
            }),
        }
    }

    /// A word that must be there.
    pub(crate) fn word(&self, at: At, number: Number) -> Result<Word, BadOutput> {
        self.maybe_word(at, number)?
            .ok_or_else(|| at.bad("expected a word, found none"))
    }

    /// A word that may be absent.
    pub(crate) fn maybe_word(&self, at: At, number: Number) -> Result<Option<Word>, BadOutput> {
        if !number.is_some() {
            return Ok(None);
        }
        self.vocabulary
            .get(number.0)
            .or_else(|| self.input.word(number.0))
            .cloned()
            .map(Some)
            .ok_or_else(|| {
                at.bad(format!(
                    "expected a word that `describe` declares, the parameters name, the host registers or the request uses, found number {:#010x}",
                    number.0
                ))
            })
    }

    /// The guest's lane row as the request's.
    pub(crate) fn lane(&self, at: At, lane: Option<u32>, lanes: usize) -> Result<Option<u32>, BadOutput> {
        match self.input.lane_rows() {
            None => maybe_row(at, lane, lanes),
            Some(seen) => {
                Ok(maybe_row(at, lane, seen.len())?.and_then(|lane| seen.get(lane as usize).copied()))
            }
        }
    }

    /// What the decision says of itself.
    pub(crate) fn says(&self) -> Result<Says, BadOutput> {
        let summary = self.only::<SummaryRow>()?;
        let at = At {
            table: SummaryRow::NAME,
            row: 0,
            column: "confidence_bp",
        };
        let confidence_bp = summary.confidence_bp();
        if confidence_bp > 10_000 {
            return Err(at.bad(format!("expected 0 to 10000, found {confidence_bp}")));
        }
        Ok(Says {
            confidence_bp,
            valid_until: maybe_time(at.column("valid_until"), summary.valid_until())?,
            reasons: self.reasons()?,
        })
    }

    fn reasons(&self) -> Result<Vec<Reason>, BadOutput> {
        let count = self.count::<ReasonRow>()?;
        if count > REASONS_MAX {
            let problem = format!("expected at most {REASONS_MAX} rows, found {count}");
            return Err(BadOutput {
                at: ReasonRow::NAME.to_owned(),
                problem,
            });
        }
        let currency = self.input.case().request().envelope().currency;
        let mut reasons = Vec::with_capacity(count);
        for (at, row) in self.rows::<ReasonRow>()? {
            let declared = self
                .vocabulary
                .reason_code(row.code().0)
                .and_then(|place| self.description.reason_codes.get(place))
                .ok_or_else(|| {
                    let number = row.code().0;
                    at.column("code").bad(format!(
                        "expected a code that `describe` declares, found number {number:#010x}"
                    ))
                })?;
            let subject = self.subject(at, row.entity(), row.subject())?;
            let filling = Filling {
                subject: &subject,
                a: row.a(),
                b: row.b(),
                currency,
            };
            reasons.push(Reason {
                code: declared.code.clone(),
                text: declared.template.render(&filling),
            });
        }
        Ok(reasons)
    }

    fn subject(&self, at: At, entity: EntityKind, row: Option<u32>) -> Result<String, BadOutput> {
        let row = match (entity, row, self.input.lane_rows()) {
            (_, None, _) => return Ok("the request".to_owned()),
            (EntityKind::Lane, Some(row), Some(seen)) => seen.get(row as usize).copied(),
            (_, Some(row), _) => Some(row),
        };
        row.and_then(|row| self.input.case().subject(entity, row))
            .ok_or_else(|| {
                at.column("subject")
                    .bad("expected a row of the request, found one that it does not have")
            })
    }
}

/// A row number that must be below `rows`.
pub(crate) fn row(at: At, row: u32, rows: usize) -> Result<u32, BadOutput> {
    if (row as usize) < rows {
        Ok(row)
    } else {
        Err(at.bad(format!("expected a row below {rows}, found {row}")))
    }
}

/// A row number that may be absent.
pub(crate) fn maybe_row(at: At, found: Option<u32>, rows: usize) -> Result<Option<u32>, BadOutput> {
    found.map(|found| row(at, found, rows)).transpose()
}

/// An instant that may be absent.
pub(crate) fn maybe_time(at: At, found: Option<i64>) -> Result<Option<Timestamp>, BadOutput> {
    found
        .map(|millis| {
            let time = Timestamp(millis);
            if (Timestamp::MIN..=Timestamp::MAX).contains(&time) {
                Ok(time)
            } else {
                Err(at.bad(format!(
                    "expected an instant of 1970 to 9999 in milliseconds, found {millis}"
                )))
            }
        })
        .transpose()
}
