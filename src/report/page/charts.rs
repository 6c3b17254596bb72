//! Histograms and box plots as SVG. Colours are attributes that the page's style replaces where the surroundings are dark.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;

use super::axis::Axis;
use super::columns::{Bins, Row};
use crate::catch_panic::catch_panic;
use crate::report::html::escape;
use crate::report::readable::grouped;

/// What the style of the page knows them by.
const BAR: RGBColor = RGBColor(0x3b, 0x6f, 0xb6);
const LINE: RGBColor = RGBColor(0x33, 0x33, 0x33);
const BEYOND: RGBColor = RGBColor(0xc2, 0x41, 0x0c);
const TEXT: RGBColor = RGBColor(0x55, 0x55, 0x55);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// The size of a picture in a card, and of one beside others.
const LARGE: (u32, u32) = (640, 250);
const SMALL: (u32, u32) = (260, 44);

/// The least width of a bar in pixels: of narrower bins, neighbours share one.
const LEAST: f64 = 3.0;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// An axis whose labels stand at places of our own.
struct Labelled {
    range: Range<f64>,
    places: Vec<f64>,
}

impl Ranged for Labelled {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.places.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// The five numbers of a box plot, and between which values no value is an outlier.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BoxPlot {
    min: f64,
    quartiles: [f64; 3],
    max: f64,
    fences: Option<[f64; 2]>,
}

impl BoxPlot {
    fn of(row: &Row) -> Option<Self> {
        let place = |name: &str| row.place(name).filter(|place| place.is_finite());
        let fences = place("lower_fence").zip(place("upper_fence")).map(|(low, high)| [low, high]);
        let quartiles = [place("q1")?, place("median")?, place("q3")?];
        Some(Self { min: place("min")?, quartiles, max: place("max")?, fences })
    }

    /// From where to where the whiskers reach: values beyond them are outliers.
    fn whiskers(&self) -> [f64; 2] {
        let [low, high] = self.fences.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        [self.min.max(low), self.max.min(high)]
    }
}

/// The histogram and the box plot of a column, one above the other on one axis; `None` where there is nothing to draw. `title` is what the
/// picture is of.
pub fn large(row: &Row, axis: Axis, title: &str) -> Option<String> {
    let plot = BoxPlot::of(row);
    let (low, high) = extent([(row.histogram.as_ref(), plot.as_ref())].into_iter())?;
    let bins = row.histogram.as_ref().map(|bins| gathered(bins, high - low, LARGE.0));
    let description = described(bins.as_ref(), plot.as_ref(), row, axis, title);
    let height = if bins.is_some() { LARGE.1 } else { 70 };
    drawn((LARGE.0, height), &description, |root| {
        let (above, below) = root.split_vertically(height - if plot.is_some() { 44 } else { 0 });
        draw_bars(&above, bins.as_ref(), axis, low, high)?;
        match plot {
            Some(plot) => draw_box(&below, &plot, low, high, 56, 14),
            None => Ok(()),
        }
    })
}

/// The same for one of several groups, without labels, from `low` to `high`.
pub fn small(row: &Row, axis: Axis, (low, high): (f64, f64), title: &str) -> Option<String> {
    let plot = BoxPlot::of(row);
    extent([(row.histogram.as_ref(), plot.as_ref())].into_iter())?;
    let bins = row.histogram.as_ref().map(|bins| gathered(bins, high - low, SMALL.0));
    let description = described(bins.as_ref(), plot.as_ref(), row, axis, title);
    drawn(SMALL, &description, |root| {
        let (above, below) = root.split_vertically(SMALL.1 - 14);
        if let Some(bins) = &bins {
            let heights = heights(bins, axis);
            let mut chart = ChartBuilder::on(&above)
                .margin_right(6)
                .margin_left(6)
                .build_cartesian_2d(low..high, 0.0..most(&heights))?;
            chart.draw_series(bars(bins, &heights))?;
        }
        match plot {
            Some(plot) => draw_box(&below, &plot, low, high, 6, 6),
            None => Ok(()),
        }
    })
}

/// From where to where all rows reach that have a picture.
pub fn common_extent<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<(f64, f64)> {
    let pictures: Vec<_> = rows.map(|row| (row.histogram.as_ref(), BoxPlot::of(row))).collect();
    extent(pictures.iter().map(|(bins, plot)| (*bins, plot.as_ref())))
}

fn extent<'a>(pictures: impl Iterator<Item = (Option<&'a Bins>, Option<&'a BoxPlot>)>) -> Option<(f64, f64)> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (bins, plot) in pictures {
        let edges = bins.and_then(|bins| Some((*bins.edges.first()?, *bins.edges.last()?)));
        for (from, to) in edges.into_iter().chain(plot.map(|plot| (plot.min, plot.max))) {
            (low, high) = (low.min(from), high.max(to));
        }
    }
    if low == high {
        // One value has its place in the middle.
        (low, high) = (low - 0.5, high + 0.5);
    }
    // What is wider than the floats, or has no width among them, is not drawn.
    (low < high && (high - low).is_finite()).then_some((low, high))
}

/// The bins, of which neighbours are together where one would be too narrow among `pixels` for all of `range`.
fn gathered(bins: &Bins, range: f64, pixels: u32) -> Bins {
    let all = bins.edges.last().zip(bins.edges.first()).map_or(0.0, |(last, first)| last - first);
    let width = all / range * f64::from(pixels) / bins.counts.len() as f64;
    let together = (LEAST / width).ceil().clamp(1.0, bins.counts.len() as f64) as usize;
    let counts = bins.counts.chunks(together).map(|counts| counts.iter().sum()).collect();
    let mut edges: Vec<f64> = bins.edges.iter().copied().step_by(together).collect();
    if !(bins.edges.len() - 1).is_multiple_of(together) {
        edges.extend(bins.edges.last());
    }
    Bins { edges, counts }
}

/// The heights of the bars: the counts; of times, whose edges are whole ticks, so that bins differ in width, what a bin of mean width would count.
fn heights(bins: &Bins, axis: Axis) -> Vec<f64> {
    let widths: Vec<f64> = bins.edges.windows(2).map(|edges| edges[1] - edges[0]).collect();
    let mean = widths.iter().sum::<f64>() / widths.len().max(1) as f64;
    let height = |(count, width): (&u64, &f64)| match axis {
        Axis::Number => *count as f64,
        _ if *width > 0.0 => *count as f64 * mean / width,
        _ => 0.0,
    };
    bins.counts.iter().zip(&widths).map(height).collect()
}

fn most(heights: &[f64]) -> f64 {
    heights.iter().copied().fold(1.0, f64::max)
}

/// The picture, with a text that says what it shows. A crate that draws may fail, also with a panic: then there is no picture.
fn drawn(size: (u32, u32), description: &str, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Option<String> {
    let draw = || {
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let done = draw(&root).and_then(|()| Ok(root.present()?));
        drop(root);
        done.map(|()| svg).map_err(|error| error.to_string())
    };
    let svg = catch_panic(draw).ok()?.ok()?;
    // Its first tag is replaced by one that fits its surroundings.
    let (_, inner) = svg.split_once('>')?;
    let (width, height) = size;
    let description = escape(description);
    Some(format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{description}\"><title>{description}</title>{inner}"
    ))
}

/// What a picture shows, for those who do not see it.
fn described(bins: Option<&Bins>, plot: Option<&BoxPlot>, row: &Row, axis: Axis, title: &str) -> String {
    let text = |name: &str| row.text(name).unwrap_or_default();
    let mut description = title.to_owned();
    if let Some(bins) = bins {
        let most = bins.counts.iter().copied().max().unwrap_or_default();
        let place = bins.counts.iter().position(|count| *count == most).unwrap_or_default();
        let near = axis.ticks(bins.edges[place], bins.edges[place + 1]).into_iter().next();
        let near = near.map_or(String::new(), |(_, label)| format!(", near {label}"));
        description.push_str(&format!(
            ": histogram of {} bins, the fullest with {} values{near}",
            bins.counts.len(),
            grouped(most)
        ));
    }
    if plot.is_some() {
        let [min, q1, median, q3, max] = ["min", "q1", "median", "q3", "max"].map(text);
        description.push_str(&format!("; box plot: from {min} to {max}, quartiles {q1}, {median} and {q3}"));
    }
    description
}

fn bars(bins: &Bins, heights: &[f64]) -> Vec<Rectangle<(f64, f64)>> {
    let there = bins.edges.windows(2).zip(heights).filter(|(_, height)| **height > 0.0);
    let bar = |(edges, height): (&[f64], &f64)| {
        let mut bar = Rectangle::new([(edges[0], 0.0), (edges[1], *height)], BAR.filled());
        // A line of what is behind it between two bars.
        bar.set_margin(0, 0, 0, 1);
        bar
    };
    there.map(bar).collect()
}

/// The bars above their axis; the axis alone without bars.
fn draw_bars(area: &Area<'_>, bins: Option<&Bins>, axis: Axis, low: f64, high: f64) -> Drawn {
    let heights = bins.map(|bins| heights(bins, axis)).unwrap_or_default();
    let most = most(&heights);
    let ticks = axis.ticks(low, high);
    let label = |place: &f64| {
        let found = ticks.iter().find(|(tick, _)| tick == place);
        found.map_or(String::new(), |(_, label)| label.clone())
    };
    let places = ticks.iter().map(|(place, _)| *place).collect();
    let mut counts: Vec<f64> = Axis::Number.ticks(0.0, most * 1.05).into_iter().map(|(place, _)| place).collect();
    counts.retain(|count| count.fract() == 0.0);
    let mut chart = ChartBuilder::on(area)
        .margin_top(8)
        .margin_right(14)
        .set_label_area_size(LabelAreaPosition::Left, 56)
        .set_label_area_size(LabelAreaPosition::Bottom, 24)
        .build_cartesian_2d(
            Labelled { range: low..high, places },
            Labelled { range: 0.0..most * 1.05, places: counts },
        )?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(LINE)
        .label_style(("sans-serif", 12).into_font().color(&TEXT))
        .x_label_formatter(&label);
    if bins.is_some() {
        mesh.y_label_formatter(&|count| short(*count)).draw()?;
    } else {
        mesh.disable_y_mesh().disable_y_axis().draw()?;
    }
    if let Some(bins) = bins {
        chart.draw_series(bars(bins, &heights))?;
    }
    Ok(())
}

/// A count beside an axis: 20k, 1.5M.
fn short(count: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = UNITS.into_iter().find(|(unit, _)| count >= *unit);
    unit.map_or_else(|| count.to_string(), |(unit, name)| format!("{}{name}", count / unit))
}

/// A box from the first quartile to the third with the median in it, whiskers, and thin lines to the extrema beyond them.
fn draw_box(area: &Area<'_>, plot: &BoxPlot, low: f64, high: f64, left: u32, half: i32) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .margin_right(if left > 20 { 14 } else { left })
        .margin_left(if left > 20 { 0 } else { left })
        .set_label_area_size(LabelAreaPosition::Left, if left > 20 { left } else { 0 })
        .build_cartesian_2d(low..high, -1.0..1.0)?;
    let share = f64::from(half) / 22.0;
    let [q1, median, q3] = plot.quartiles;
    let [from, to] = plot.whiskers();
    let line = |from: (f64, f64), to: (f64, f64), style: ShapeStyle| PathElement::new(vec![from, to], style);
    let mut draw = |element: PathElement<(f64, f64)>| chart.draw_series(std::iter::once(element)).map(|_| ());
    for (beyond, end) in [(plot.min, from), (plot.max, to)] {
        if beyond != end {
            draw(line((beyond, 0.0), (end, 0.0), BEYOND.stroke_width(1)))?;
            draw(line((beyond, -0.35), (beyond, 0.35), BEYOND.stroke_width(2)))?;
        }
    }
    draw(line((from, 0.0), (q1, 0.0), LINE.stroke_width(1)))?;
    draw(line((q3, 0.0), (to, 0.0), LINE.stroke_width(1)))?;
    for end in [from, to] {
        draw(line((end, -0.5 * share), (end, 0.5 * share), LINE.stroke_width(1)))?;
    }
    let sides: [RectangleOf; 2] = [
        Rectangle::new([(q1, -share), (q3, share)], BAR.filled()),
        Rectangle::new([(q1, -share), (q3, share)], LINE.stroke_width(1)),
    ];
    chart.draw_series(sides)?;
    chart.draw_series([line((median, -share), (median, share), LINE.stroke_width(3))])?;
    Ok(())
}

type RectangleOf = Rectangle<(f64, f64)>;
