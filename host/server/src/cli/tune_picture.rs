//! The trade-off of settings as SVG: for print in greyscale, with a title and a description for who cannot see it.

use std::fmt::Write as _;

/// One setting.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Its number; 0 is the policy as it is.
    pub number: usize,
    /// Its values in words.
    pub values: String,
    /// Cost a decision, in minor units.
    pub cost: f64,
    /// The other figure, in percent.
    pub other: f64,
    /// Whether none is better in both.
    pub efficient: bool,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// The picture; `other` names the second figure.
pub(super) fn draw(points: &[Point], other: &str, about: &str) -> String {
    let (costs, others) = (
        Axis::of(points.iter().map(|point| point.cost)),
        Axis::of(points.iter().map(|point| point.other)),
    );
    let x = |cost: f64| LEFT + (WIDTH - LEFT - RIGHT) * costs.place(cost);
    let y = |share: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * others.place(share);
    let mut svg = String::new();
    let mut put = |line: String| {
        svg.push_str(&line);
        svg.push('\n');
    };
    put(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title desc\" font-family=\"sans-serif\" font-size=\"13\">"
    ));
    put(format!(
        "<title id=\"title\">Cost against {other} of {} settings</title>",
        points.len()
    ));
    put(format!(
        "<desc id=\"desc\">{}</desc>",
        escaped(&described(points, other, about))
    ));
    put(format!(
        "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>"
    ));
    put(format!(
        "<text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{}</text>",
        escaped(about)
    ));
    for step in 0..=4 {
        let share = f64::from(step) / 4.0;
        let (cost, value) = (costs.value(share), others.value(share));
        put(format!(
            "<line x1=\"{0:.1}\" y1=\"{TOP}\" x2=\"{0:.1}\" y2=\"{1:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{0:.1}\" y=\"{2:.1}\" text-anchor=\"middle\">{cost:.1}</text>",
            x(cost),
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 18.0
        ));
        put(format!(
            "<line x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{value:.2} %</text>",
            y(value),
            WIDTH - RIGHT,
            LEFT - 8.0,
            y(value) + 4.0
        ));
    }
    put(format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">cost a decision, minor units (modelled)</text>",
        (WIDTH + LEFT - RIGHT) / 2.0,
        HEIGHT - 16.0
    ));
    put(format!(
        "<text transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\">{other} (modelled)</text>",
        (HEIGHT + TOP - BOTTOM) / 2.0
    ));
    let mut edge: Vec<&Point> = points.iter().filter(|point| point.efficient).collect();
    edge.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let line: Vec<String> = edge
        .iter()
        .map(|point| format!("{:.1},{:.1}", x(point.cost), y(point.other)))
        .collect();
    put(format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#444\" stroke-dasharray=\"5 4\"/>",
        line.join(" ")
    ));
    for point in points {
        put(mark(point, x(point.cost), y(point.other)));
    }
    put("</svg>".to_owned());
    svg
}

/// Efficient ones are filled, others are not; the policy as it is is a square.
fn mark(point: &Point, x: f64, y: f64) -> String {
    let fill = if point.efficient { "black" } else { "white" };
    let shape = match point.number {
        0 => format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\"",
            x - 6.0,
            y - 6.0
        ),
        _ => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\""),
    };
    format!(
        "{shape} fill=\"{fill}\" stroke=\"black\" stroke-width=\"1.5\"><title>{}</title></{}>\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        escaped(&point.values),
        if point.number == 0 { "rect" } else { "circle" },
        x + 9.0,
        y - 6.0,
        point.number
    )
}

fn described(points: &[Point], other: &str, about: &str) -> String {
    let mut text = format!(
        "{about}. The square is the policy as it is (0). Filled marks are efficient: no other setting is at least as good in \
         both figures and better in one."
    );
    for point in points {
        let efficient = if point.efficient { ", efficient" } else { "" };
        let _ = write!(
            text,
            " {}: {}: cost {:.2}, {other} {:.2} %{efficient}.",
            point.number, point.values, point.cost, point.other
        );
    }
    text
}

struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    /// Holds all values with some room around them.
    fn of(values: impl Iterator<Item = f64>) -> Axis {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let room = ((high - low) * 0.08).max(1e-6);
        Axis {
            low: low - room,
            high: high + room,
        }
    }

    fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    fn value(&self, place: f64) -> f64 {
        self.low + (self.high - self.low) * place
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_in_words_what_it_shows() {
        let point = |number, cost, efficient| Point {
            number,
            values: format!("late<{number}"),
            cost,
            other: 90.0,
            efficient,
        };
        let svg = draw(
            &[point(0, 5.0, false), point(1, 4.0, true)],
            "promise kept",
            "a & b",
        );
        assert!(svg.contains("<title id=\"title\">Cost against promise kept of 2 settings</title>"));
        assert!(svg.contains("1: late&lt;1: cost 4.00, promise kept 90.00 %, efficient."));
        assert_eq!(
            (
                svg.matches("fill=\"black\"").count(),
                svg.matches("<circle").count()
            ),
            (1, 1)
        );
        assert!(!svg.contains("NaN") && !svg.contains("a & b"));
    }
}
