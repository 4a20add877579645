//! The prior over all weights: a mixture of Gaussians, of which the first is at zero. Its gradients are written out, in f64.

/// Terms whose logarithm is this far below the largest are left out of the sum. They are a tenth of the resolution of f32, and would take most of
/// the time.
const NEGLIGIBLE: f64 = -19.0;

/// `p(w) = sum_k pi_k N(w; m_k, v_k)` with `pi_0` and `m_0 = 0` fixed.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// pi_0
    pub zero: f64,
    /// m_k of the other components
    pub means: Vec<f64>,
    /// log v_k of all components, the one at zero first
    pub log_variances: Vec<f64>,
    /// pi_k of the other components is `(1 - pi_0)` times the softmax of these.
    pub log_proportions: Vec<f64>,
}

/// One Gaussian of a mixture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component {
    pub proportion: f64,
    pub mean: f64,
    pub variance: f64,
}

/// `-log p` of some weights in nats, and its derivatives.
pub struct Cost {
    pub nats: f64,
    pub by_weight: Vec<f64>,
    pub by_mean: Vec<f64>,
    pub by_log_variance: Vec<f64>,
    pub by_log_proportion: Vec<f64>,
}

impl Mixture {
    pub fn components(&self) -> Vec<Component> {
        let greatest = self.log_proportions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = self.log_proportions.iter().map(|log| (log - greatest).exp()).collect();
        let sum: f64 = shares.iter().sum();
        let others = shares.iter().map(|share| (1.0 - self.zero) * share / sum);
        let means = std::iter::once(0.0).chain(self.means.iter().copied());
        let all = std::iter::once(self.zero).chain(others).zip(means).zip(&self.log_variances);
        all.map(|((proportion, mean), log_variance)| Component { proportion, mean, variance: log_variance.exp() }).collect()
    }

    /// The cost of weights that are independent.
    pub fn cost(&self, weights: impl Iterator<Item = f64>) -> Cost {
        let components = self.components();
        let scores: Vec<Score> = components.iter().map(Component::score).collect();
        let count = components.len();
        let (mut nats, mut by_weight) = (0.0, Vec::with_capacity(weights.size_hint().0));
        let (mut members, mut by_mean, mut by_log_variance) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
        let mut terms = vec![0.0; count];
        for weight in weights {
            let mut greatest = f64::NEG_INFINITY;
            for (term, score) in terms.iter_mut().zip(&scores) {
                *term = score.at(weight);
                greatest = greatest.max(*term);
            }
            let mut sum = 0.0;
            for term in &mut terms {
                let below = *term - greatest;
                *term = if below < NEGLIGIBLE { 0.0 } else { below.exp() };
                sum += *term;
            }
            nats -= greatest + sum.ln();
            let mut slope = 0.0;
            for (k, score) in scores.iter().enumerate().filter(|&(k, _)| terms[k] != 0.0) {
                let responsibility = terms[k] / sum;
                let pull = responsibility * score.precision * (weight - score.mean);
                slope += pull;
                by_mean[k] -= pull;
                by_log_variance[k] += 0.5 * (responsibility - pull * (weight - score.mean));
                members[k] += responsibility;
            }
            by_weight.push(slope);
        }
        let others: f64 = members[1..].iter().sum();
        let shares = components[1..].iter().map(|component| component.proportion / (1.0 - self.zero));
        let by_log_proportion = members[1..].iter().zip(shares).map(|(member, share)| share * others - member).collect();
        Cost { nats, by_weight, by_mean: by_mean.split_off(1), by_log_variance, by_log_proportion }
    }
}

/// A component, prepared to score weights.
struct Score {
    mean: f64,
    precision: f64,
    /// `log pi - log(2 pi v) / 2`
    constant: f64,
}

impl Score {
    /// `log(pi N(w; m, v))`
    fn at(&self, weight: f64) -> f64 {
        let distance = weight - self.mean;
        self.constant - 0.5 * self.precision * distance * distance
    }
}

impl Component {
    fn score(&self) -> Score {
        let constant = self.proportion.ln() - 0.5 * (std::f64::consts::TAU * self.variance).ln();
        Score { mean: self.mean, precision: 1.0 / self.variance, constant }
    }

    /// Both components as one: the sum of their proportions, and their mean and variance weighted by proportion.
    pub fn merged(&self, other: &Self) -> Self {
        let proportion = self.proportion + other.proportion;
        let weighted = |a: f64, b: f64| (self.proportion * a + other.proportion * b) / proportion;
        Self { proportion, mean: weighted(self.mean, other.mean), variance: weighted(self.variance, other.variance) }
    }

    /// The KL divergence of the Gaussians in nats, summed over both directions.
    pub fn divergence(&self, other: &Self) -> f64 {
        let squared = (self.mean - other.mean).powi(2);
        0.5 * ((self.variance + squared) / other.variance + (other.variance + squared) / self.variance) - 1.0
    }
}

/// Merges the two nearest components until no two are within `least` nats. A component that is merged with the first one lies at zero.
pub fn merge(mut components: Vec<Component>, least: f64) -> Vec<Component> {
    loop {
        let pairs = (0..components.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        let divergence = |&(a, b): &(usize, usize)| components[a].divergence(&components[b]);
        let Some((a, b)) = pairs.min_by(|x, y| divergence(x).total_cmp(&divergence(y))) else { return components };
        if components[a].divergence(&components[b]) >= least {
            return components;
        }
        let other = components.remove(b);
        components[a] = components[a].merged(&other);
        if a == 0 {
            components[0].mean = 0.0;
        }
    }
}

/// For each weight, the mean of the component with the greatest responsibility.
pub fn most_responsible(components: &[Component], weights: &[f32]) -> Vec<f32> {
    let scores: Vec<Score> = components.iter().map(Component::score).collect();
    let mean = |&weight: &f32| {
        let weight = f64::from(weight);
        let best = scores.iter().max_by(|a, b| a.at(weight).total_cmp(&b.at(weight)));
        best.map_or(0.0, |score| score.mean as f32)
    };
    weights.iter().map(mean).collect()
}
