//! Networks before compression.

use serde::Deserialize;

/// The size of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Original {
    pub(crate) weights: u64,
    /// Weights and biases.
    pub(crate) parameters: u64,
}

impl Original {
    /// The size in bytes: 4 for each weight and bias.
    pub(crate) fn bytes(self) -> u64 {
        4 * self.parameters
    }

    /// How many times smaller a file is.
    pub(crate) fn ratio(self, file_bytes: u64) -> f64 {
        self.bytes() as f64 / file_bytes as f64
    }
}

/// A network that the literature compares.
struct Known {
    name: &'static str,
    title: &'static str,
    size: Original,
    /// Other networks of the trainer that are listed with it.
    variants: &'static [&'static str],
}

const KNOWN: [Known; 2] = [
    Known {
        name: "lenet-300-100",
        title: "LeNet-300-100",
        size: Original { weights: 266_200, parameters: 266_610 },
        variants: &[],
    },
    Known {
        name: "lenet-5-caffe",
        title: "LeNet-5-Caffe",
        size: Original { weights: 430_500, parameters: 431_080 },
        variants: &["lenet-5-relu"],
    },
];

fn known(network: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == network)
}

/// The network under which another is listed; most are listed under their own name.
pub(crate) fn listed_as(network: &str) -> &str {
    KNOWN.iter().find(|known| known.variants.contains(&network)).map_or(network, |known| known.name)
}

/// The name in headings.
pub(crate) fn title(network: &str) -> &str {
    known(network).map_or(network, |known| known.title)
}

/// The size of a network that the literature compares.
pub(crate) fn known_size(network: &str) -> Option<Original> {
    known(network).map(|known| known.size)
}

/// Sorts networks and removes duplicates: first those that the literature compares, then the others by name.
pub(crate) fn in_order(mut networks: Vec<&str>) -> Vec<&str> {
    let place = |network: &str| KNOWN.iter().position(|known| known.name == network).unwrap_or(KNOWN.len());
    networks.sort_unstable_by_key(|network| (place(network), *network));
    networks.dedup();
    networks
}
