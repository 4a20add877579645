use super::*;
use crate::data::{Images, Scaling};
use crate::methods::{self, MethodOptions as _};
use crate::network::Step;
use crate::options;
use crate::train::{Run, Split, train};

fn network() -> Network {
    Network::new("small", [1, 4, 4], &[Step::Flatten, Step::Linear(16, 8), Step::Relu, Step::Linear(8, 3)])
}

fn options(levels: &[usize]) -> ShareOptions {
    ShareOptions { common: options::tests::short(6), levels: levels.to_vec(), start: Some("pruned".into()) }
}

fn images(count: usize) -> Images {
    let mut noise = Noise::for_epoch(9, 0);
    let values = noise.normals(count * 16).into_iter().enumerate();
    let pixels = values.map(|(at, v)| (60.0 + (at / 16 % 3) as f32 * 60.0 + 40.0 * v).clamp(0.0, 255.0) as u8).collect();
    Images::new([4, 4], pixels, (0..count).map(|index| (index % 3) as u8).collect(), Scaling::UNIT).unwrap()
}

/// A network of which about a third of the weights is pruned.
fn pruned(network: &Network) -> Plain {
    let mut plain = Plain::initialise(network, &mut Noise::for_initialisation(4));
    for layer in &mut plain.layers {
        let count = layer.weight.value.len();
        layer.prune((0..count).filter(|position| position * 7 % 10 < 3));
    }
    plain
}

/// From 0, 5 and 10 the clusters are {0, 1, 2}, {4} and {9, 10}, with the means 1, 4 and 9.5. After that nothing moves.
#[test]
fn clusters_begin_evenly_over_the_range() {
    assert_eq!(kmeans::centroids(&[0.0, 9.0, 1.0, 4.0, 2.0, 10.0], 3), [1.0, 4.0, 9.5]);
    // The initial centroids are -1.25, -0.1875, 0.875, 1.9375 and 3. The third and the fourth get no value and are removed.
    assert_eq!(kmeans::centroids(&[-1.25, -1.0, -0.75, 0.25, 3.0], 5), [-1.0, 0.25, 3.0]);
    assert_eq!(kmeans::centroids(&[2.0, 4.0], 1), [3.0]);
    assert!(kmeans::centroids(&[], 4).is_empty());
    assert_eq!([0.0, 1.0, 2.5, 2.6, 20.0].map(|value| kmeans::nearest(&[1.0, 4.0, 9.5], value)), [0, 0, 0, 1, 2]);
}

#[test]
fn a_centroid_gets_the_sum_of_its_members_gradients() {
    let weight = Parameter::new(vec![2, 3], vec![-1.0, 0.0, 0.9, 1.1, -1.2, 0.0]);
    let clusters = Clusters::new(&weight, 2);
    assert_eq!(clusters.members.value, [1.0, 0.0, 2.0, 2.0, 1.0, 0.0]);
    assert_eq!(clusters.centroids.value, [-1.1, 1.0]);
    assert_eq!(clusters.gradient(&[1.0, 100.0, 3.0, 4.0, 0.5, 100.0]), [1.5, 7.0]);
}

#[test]
fn weights_stay_pruned_and_share_few_values_while_they_learn() {
    let start = pruned(&network());
    let mut share = Share::new(start.clone(), &options(&[4, 3]).complete(&network()).unwrap());
    let before = share.prediction();
    let split = Split { training: images(60), validation: None };
    let folder = std::env::temp_dir().join(format!("curt-share-learn-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let run = Run { folder: &folder, resume: false, stop_after: None };
    train(&mut share, &options::tests::short(40), &serde_json::Value::Null, &split, &run).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    for ((layer, start), most) in share.prediction().layers.iter().zip(&start.layers).zip([4, 3]) {
        let mut values = Vec::new();
        for (weight, start) in layer.weight.value.iter().zip(&start.weight.value) {
            assert_eq!(*weight == 0.0, *start == 0.0);
            values.extend((*weight != 0.0).then(|| weight.to_bits()));
        }
        values.sort_unstable();
        values.dedup();
        assert!(values.len() <= most && values.len() > 1);
    }
    assert_ne!(before.layers[0].weight.value, share.prediction().layers[0].weight.value);
    let [before, after] = [before, share.prediction()].map(|plain| plain.score(&split.training).loss);
    assert!(after < 0.8 * before, "{after} {before}");
}

#[test]
fn a_resumed_run_equals_a_straight_one_bit_for_bit() {
    let recorded = serde_json::to_value(options(&[8])).unwrap();
    let run = |name: &str, stops: &[Option<usize>]| -> Vec<u32> {
        let folder = std::env::temp_dir().join(format!("curt-share-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut bits = Vec::new();
        for (index, &stop_after) in stops.iter().enumerate() {
            let mut share = Share::new(pruned(&network()), &options(&[8]));
            let run = Run { folder: &folder, resume: index > 0, stop_after };
            let split = Split { training: images(60), validation: None };
            train(&mut share, &options(&[8]).common, &recorded, &split, &run).unwrap();
            bits = share.arrays().iter().flat_map(|array| &array.values).map(|value| value.to_bits()).collect();
        }
        std::fs::remove_dir_all(folder).unwrap();
        bits
    };
    assert!(run("straight", &[None]) == run("resumed", &[Some(2), Some(5), None]), "weights differ");
}

#[test]
fn the_file_is_read_back_as_a_plain_network() {
    let network = Network::lenet_300_100();
    let share = Share::new(pruned(&network), &options(&[16]));
    let path = std::env::temp_dir().join(format!("curt-shared-{}.safetensors", std::process::id()));
    crate::posterior::write(&path, &share, Scaling::UNIT, serde_json::Value::Null).unwrap();
    let read = methods::read_start(&path, &network, 3.0).unwrap();
    std::fs::remove_file(path).unwrap();
    for ((read, written), clusters) in read.layers.iter().zip(share.arrays().chunks(2)).zip(&share.clusters) {
        assert!(read.weight.value == written[0].values && read.bias.value == written[1].values);
        assert!(clusters.centroids.value.len() <= 16 && clusters.centroids.value.len() > 8);
    }
}

#[test]
fn options_that_cannot_be_are_refused_by_name() {
    let refused = |options: ShareOptions, option: &str| {
        let error = options.complete(&network()).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    };
    refused(options(&[256]), "--levels");
    refused(options(&[0]), "--levels");
    refused(options(&[2, 2, 2]), "--levels");
    refused(ShareOptions { start: None, ..options(&[2]) }, "--start");
}
