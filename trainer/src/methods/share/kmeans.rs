//! One-dimensional k-means by Lloyd's algorithm.

/// The most iterations. After them, clusters that still move are taken as they are.
const ROUNDS: usize = 300;

/// At most `count` centroids of the values, ascending. The initial centroids are spread evenly over the range, so the few large values, which
/// matter most, get their own (Han et al. 2016, section 3.2). Empty clusters are removed.
pub fn centroids(values: &[f64], count: usize) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() {
        return Vec::new();
    }
    let gap = (high - low) / count.saturating_sub(1).max(1) as f64;
    let mut centroids: Vec<f64> = (0..count).map(|index| low + index as f64 * gap).collect();
    for _ in 0..ROUNDS {
        let mut sums = vec![(0.0, 0.0); centroids.len()];
        for &value in values {
            let (sum, members) = &mut sums[nearest(&centroids, value)];
            *sum += value;
            *members += 1.0;
        }
        let moved: Vec<f64> =
            sums.into_iter().filter(|&(_, members)| members > 0.0).map(|(sum, members)| sum / members).collect();
        if moved == centroids {
            break;
        }
        centroids = moved;
    }
    centroids
}

/// The index of the nearest of ascending centroids; of two at the same distance, the lower.
pub fn nearest(centroids: &[f64], value: f64) -> usize {
    let above = centroids.partition_point(|&centroid| centroid < value);
    let nearer_below = above == centroids.len() || above > 0 && value - centroids[above - 1] <= centroids[above] - value;
    above - usize::from(nearer_below)
}
