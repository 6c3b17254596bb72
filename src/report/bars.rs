//! Histograms to look at: bars of text, and of SVG.

use std::fmt::Write;

use crate::num::text::number;
use crate::spec::Histogram;

/// The most bars that are drawn: of more bins, neighbours share one.
const MOST: usize = 20;

/// Bars of an eighth of a line to a whole one.
#[cfg(feature = "table")]
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The counts of a histogram, of which neighbours are together where there are more than `most`.
fn gathered(counts: &[u64], most: usize) -> Vec<u64> {
    counts.chunks(counts.len().div_ceil(most).max(1)).map(|counts| counts.iter().sum()).collect()
}

/// A histogram in a line of text, a character a bin. The highest bar is of the fullest bin.
#[cfg(feature = "table")]
pub(super) fn line(histogram: &Histogram) -> String {
    let counts = gathered(&histogram.counts, MOST);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    // Only an empty bin, or nearly one, has the lowest bar.
    let bar = |count: u64| BARS[((count as f64 / most * 7.0).round() as usize).min(7)];
    counts.into_iter().map(bar).collect()
}

/// Whether a text is such a line.
#[cfg(feature = "table")]
pub(super) fn are_bars(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| BARS.contains(&c))
}

/// A histogram as SVG, in the colour of the text around it. Its title says the same to those who do not see it.
pub(super) fn svg(histogram: &Histogram) -> String {
    const WIDTH: f64 = 120.0;
    const HEIGHT: f64 = 28.0;
    let counts = gathered(&histogram.counts, 4 * MOST);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let wide = WIDTH / counts.len().max(1) as f64;
    let [first, last] = [histogram.edges.first(), histogram.edges.last()].map(|edge| edge.copied().unwrap_or_default());
    let all: u64 = counts.iter().sum();
    let title = format!(
        "{all} values in {} bins from {} to {}, at most {} in one",
        histogram.counts.len(),
        number(first),
        number(last),
        histogram.counts.iter().max().unwrap_or(&0)
    );
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" fill=\"currentColor\" \
         aria-label=\"{title}\"><title>{title}</title>"
    );
    for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // What is there is seen, however little it is.
        let high = (*count as f64 / most * HEIGHT).max(1.0);
        let (left, top) = (index as f64 * wide, HEIGHT - high);
        let gap = (wide * 0.1).min(1.0);
        let _ = write!(svg, "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{high:.2}\"/>", wide - gap); // a String takes everything
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(all(test, feature = "table"))]
mod tests {
    use super::*;

    fn of(counts: &[u64]) -> Histogram {
        let edges = (0..=counts.len()).map(|edge| edge as f64).collect();
        Histogram { edges, counts: counts.to_vec() }
    }

    #[test]
    fn the_fullest_bin_has_the_highest_bar() {
        assert_eq!(line(&of(&[0, 1, 2, 7, 14])), "▁▂▂▅█");
        assert_eq!(line(&of(&[0])), "▁");
        assert_eq!(line(&of(&[5, 5])), "██");
        // 45 bins in bars of three.
        assert_eq!(line(&of(&[1; 45])), "█".repeat(15));
    }

    #[test]
    fn svg_says_what_it_shows() {
        let svg = svg(&of(&[3, 0, 1]));
        assert!(svg.contains("aria-label=\"4 values in 3 bins from 0.0 to 3.0, at most 3 in one\""), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 2);
    }
}
