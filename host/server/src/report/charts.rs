//! Charts as inline SVG: each with a title, a description, and shapes that tell sides apart without colour. Whoever shows
//! one puts a table of the same numbers beside it.

use maud::{Markup, html};

use super::words::short;

/// Units of the drawing across; 12 of them are the height of its letters.
const WIDTH: f64 = 520.0;
const NAMES: f64 = 2.0;
const LEFT: f64 = 216.0;
const RIGHT: f64 = 508.0;
const ROW: f64 = 22.0;
const TOP: f64 = 8.0;
/// Letters of a row's name; the table has it whole.
const NAME: usize = 32;
/// Rows of one chart; the table has all.
const ROWS: usize = 30;
/// Numbers beyond this have no place on an axis.
const LARGEST: f64 = 1e15;

/// What a chart is called.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Unlike every other `id` of the page.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// What it shows, in a sentence or two, for people who do not see it.
    pub description: &'a str,
}

/// A value with the range in which it lies.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Lower and upper end, where there are any.
    pub range: Option<[f64; 2]>,
}

/// Values with their ranges beside zero: a dot on a line with ends. `limit` is a value that none should exceed.
pub fn intervals(
    told: Told<'_>,
    rows: &[Interval],
    limit: Option<(f64, &str)>,
    write: &dyn Fn(f64) -> String,
) -> Markup {
    let rows = rows.get(..rows.len().min(ROWS)).unwrap_or_default();
    let ends = rows
        .iter()
        .flat_map(|row| row.range.into_iter().flatten().chain([row.value]));
    let scale = Scale::over(ends.chain([0.0]).chain(limit.map(|(value, _)| value)));
    let bottom = bottom(rows.len());
    svg(
        told,
        bottom + 40.0,
        html! {
            (axis(&scale, bottom, write))
            @if let Some((value, name)) = limit {
                line.limit x1=(at(scale.x(value))) x2=(at(scale.x(value))) y1=(at(TOP)) y2=(at(bottom)) {}
                (limit_name(&scale, value, name, bottom))
            }
            @for (row, y) in rows.iter().zip(lines()) {
                text x=(at(NAMES)) y=(at(y + 4.0)) { (short(&row.name, NAME)) }
                @if let Some([low, high]) = row.range {
                    path.whisker d=(whisker(scale.x(low), scale.x(high), y)) {}
                }
                circle.dot cx=(at(scale.x(row.value))) cy=(at(y)) r="4" {}
            }
        },
    )
}

/// One value of two sides.
#[derive(Clone, Debug)]
pub struct Both {
    /// Its name.
    pub name: String,
    /// Of the side that is there today: drawn as a ring.
    pub champion: f64,
    /// Of the side that wants its place: drawn as a dot.
    pub challenger: f64,
}

/// Values of two sides: a ring for today's, a dot for the other.
pub fn pairs(told: Told<'_>, rows: &[Both], write: &dyn Fn(f64) -> String) -> Markup {
    let rows = rows.get(..rows.len().min(ROWS)).unwrap_or_default();
    let ends = rows.iter().flat_map(|row| [row.champion, row.challenger]);
    let scale = Scale::over(ends.chain([0.0]));
    let bottom = bottom(rows.len());
    svg(
        told,
        bottom + 40.0,
        html! {
            (axis(&scale, bottom, write))
            @for (row, y) in rows.iter().zip(lines()) {
                @let (from, to) = (scale.x(row.champion), scale.x(row.challenger));
                text x=(at(NAMES)) y=(at(y + 4.0)) { (short(&row.name, NAME)) }
                path.whisker d={ "M" (at(from)) " " (at(y)) "H" (at(to)) } {}
                circle.ring cx=(at(from)) cy=(at(y)) r="5.5" {}
                circle.dot cx=(at(to)) cy=(at(y)) r="3.5" {}
            }
            circle.ring cx=(at(NAMES + 6.0)) cy=(at(bottom + 32.0)) r="5.5" {}
            text.soft x=(at(NAMES + 18.0)) y=(at(bottom + 36.0)) { "today" }
            circle.dot cx=(at(NAMES + 76.0)) cy=(at(bottom + 32.0)) r="3.5" {}
            text.soft x=(at(NAMES + 86.0)) y=(at(bottom + 36.0)) { "proposed" }
        },
    )
}

/// Evidence against a null hypothesis.
#[derive(Clone, Debug)]
pub struct Strength {
    /// The question.
    pub name: String,
    /// The e-value now.
    pub e_value: f64,
    /// Where the question is answered.
    pub threshold: f64,
}

/// E-values as bars on a logarithmic axis; the broken line across each is where its question is answered.
pub fn strengths(told: Told<'_>, rows: &[Strength]) -> Markup {
    let rows = rows.get(..rows.len().min(ROWS)).unwrap_or_default();
    let log = |value: f64| value.max(1.0).log10();
    let ends = rows.iter().flat_map(|row| [log(row.e_value), log(row.threshold)]);
    let scale = Scale::over(ends.chain([0.0, 2.0]));
    let bottom = bottom(rows.len());
    let write = |power: f64| grown(10f64.powf(power));
    svg(
        told,
        bottom + 40.0,
        html! {
            (axis(&scale, bottom, &write))
            @for (row, y) in rows.iter().zip(lines()) {
                @let threshold = at(scale.x(log(row.threshold)));
                text x=(at(NAMES)) y=(at(y + 4.0)) { (short(&row.name, NAME)) }
                rect.bar x=(at(scale.x(0.0))) y=(at(y - 4.0)) height="8" width=(at(scale.x(log(row.e_value)) - scale.x(0.0))) {}
                line.limit x1=(threshold) x2=(threshold) y1=(at(y - 8.0)) y2=(at(y + 8.0)) {}
            }
        },
    )
}

/// A large number with its thousands as words.
pub(super) fn grown(value: f64) -> String {
    match value {
        huge if huge >= 1e12 => "10¹² or more".to_owned(),
        billion if billion >= 1e9 => format!("{:.0} billion", billion / 1e9),
        million if million >= 1e6 => format!("{:.0} million", million / 1e6),
        thousand if thousand >= 1e3 => super::money::count(thousand.round() as u64),
        small if small >= 10.0 => format!("{small:.0}"),
        least => format!("{least:.2}"),
    }
}

fn svg(told: Told<'_>, height: f64, inside: Markup) -> Markup {
    let (title, description) = (format!("{}-title", told.id), format!("{}-desc", told.id));
    html! {
        figure {
            figcaption { (told.title) }
            svg viewBox={ "0 0 " (at(WIDTH)) " " (at(height)) } role="img" aria-labelledby={ (title) " " (description) } {
                title id=(title) { (told.title) }
                desc id=(description) { (told.description) }
                (inside)
            }
        }
    }
}

/// Lines and names under the rows; zero stands out.
fn axis(scale: &Scale, bottom: f64, write: &dyn Fn(f64) -> String) -> Markup {
    html! {
        @for tick in scale.ticks() {
            @let x = scale.x(tick);
            line .axis[tick != 0.0] .zero[tick == 0.0] x1=(at(x)) x2=(at(x)) y1=(at(TOP)) y2=(at(bottom)) {}
            text.soft x=(at(x)) y=(at(bottom + 14.0)) text-anchor=(anchor(x)) { (write(tick)) }
        }
    }
}

fn limit_name(scale: &Scale, value: f64, name: &str, bottom: f64) -> Markup {
    let x = scale.x(value);
    html! { text.soft x=(at(x)) y=(at(bottom + 30.0)) text-anchor=(anchor(x)) { (name) } }
}

fn anchor(x: f64) -> &'static str {
    match x {
        right if right > RIGHT - 40.0 => "end",
        _ => "middle",
    }
}

fn whisker(low: f64, high: f64, y: f64) -> String {
    let (up, down) = (at(y - 5.0), at(y + 5.0));
    let (low, high, y) = (at(low), at(high), at(y));
    format!("M{low} {up}V{down}M{high} {up}V{down}M{low} {y}H{high}")
}

/// The height of each row's line.
fn lines() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(TOP + ROW / 2.0), |y| Some(y + ROW))
}

fn bottom(rows: usize) -> f64 {
    TOP + ROW * rows as f64 + 2.0
}

/// A coordinate: a tenth of a unit is finer than any screen.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Values across the drawing.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn over(values: impl Iterator<Item = f64>) -> Scale {
        let usable = values.filter(|value| value.is_finite() && value.abs() <= LARGEST);
        let (low, high) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        match low < high {
            true => {
                let air = (high - low) * 0.04;
                let beside = |end: f64, by: f64| if end == 0.0 { 0.0 } else { end + by };
                Scale {
                    low: beside(low, -air),
                    high: beside(high, air),
                }
            }
            false => Scale { low: 0.0, high: 1.0 },
        }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        match share.is_finite() {
            true => LEFT + (RIGHT - LEFT) * share.clamp(0.0, 1.0),
            false => LEFT,
        }
    }

    /// Round values, two to six of them.
    fn ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = steps.into_iter().find(|step| *step >= rough).unwrap_or(power);
        let first = (self.low / step).ceil();
        let ticks = (0..8u8).map(|place| (first + f64::from(place)) * step + 0.0);
        ticks.take_while(|tick| *tick <= self.high).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let scale = Scale::over([-37.0, 0.0, 4.0].into_iter());
        assert_eq!(scale.ticks(), [-30.0, -20.0, -10.0, 0.0]);
        assert!(scale.x(-37.0) > LEFT && scale.x(4.0) < RIGHT);
    }

    #[test]
    fn numbers_that_have_no_place_leave_the_chart_whole() {
        for values in [
            vec![],
            vec![f64::INFINITY],
            vec![f64::NAN, 1.0],
            vec![3.0, 3.0],
            vec![1e300, 1.0],
        ] {
            let scale = Scale::over(values.into_iter());
            assert!(scale.low < scale.high);
            assert!(scale.ticks().len() >= 2, "{:?}", scale.ticks());
            assert!((LEFT..=RIGHT).contains(&scale.x(f64::INFINITY)));
        }
    }
}
