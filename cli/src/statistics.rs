//! Medians and intervals.

/// The median. For an even count it is the mean of the middle two; without figures, `None`.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    let middle = *figures.get(figures.len() / 2)?;
    Some(if figures.len().is_multiple_of(2) { f64::midpoint(figures[figures.len() / 2 - 1], middle) } else { middle })
}

/// The 95 % confidence interval of an error rate in percent, for `wrong` of `n` (score interval; Wilson 1927).
pub(crate) fn interval_percent(wrong: usize, n: usize) -> [f64; 2] {
    const Z: f64 = 1.959_964; // 95 % of a normal distribution lie within Z standard deviations
    let (n, share) = (n as f64, wrong as f64 / n as f64);
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    [centre - half, centre + half].map(|bound| 100.0 * bound / (1.0 + Z * Z / n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!([median([]), median([3.0, 1.0, 2.0]), median([4.0, 1.0, 3.0, 2.0])], [None, Some(2.0), Some(2.5)]);
    }

    #[test]
    fn the_interval_is_that_of_wilson() {
        // scipy.stats.binomtest(wrong, n).proportion_ci(method="wilson")
        for (wrong, n, expected) in
            [(172, 10_000, [1.483_088, 1.993_991]), (0, 10, [0.0, 27.753_28]), (5, 10, [23.659_3, 76.340_7])]
        {
            let found = interval_percent(wrong, n);
            for (found, expected) in found.into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-3, "{wrong} of {n}: {found}, expected {expected}");
            }
        }
    }
}
