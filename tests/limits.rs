//! Every limit at its greatest value and one past it; what a file asks for is refused before it is allocated.
#![allow(unsafe_code)] // maps files
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use curt::base::limits::{MAX_DIMENSION, MAX_LAYER_WEIGHTS};
use curt::content::{Contents, LayerTables, Tables};
use curt::encoding::{Encoded, Encoding, dense};
use curt::format::{validate, write};
use curt::graph::{Conv2d, Graph, GraphBuilder, InputSpec, Linear, Node, Op, Window};
use curt::tensor::Mask;
use curt::{Check, Dtype, Error, ErrorKind, Limits, Model, Session, SessionOptions, Shape};
use curt_dev::allocator::{Counting, peak_of};
use curt_dev::golden;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn linear(rows: u64, encoding: Encoding) -> Op {
    Op::Linear(Linear { encoding, ..Linear::dense(rows as usize) })
}

/// A chain of nodes on a vector of floats.
fn chain(inputs: u64, ops: impl IntoIterator<Item = Op>, limits: &Limits) -> Result<Graph, Error> {
    let input = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(inputs as usize), kept: None };
    let mut builder = GraphBuilder::new(input, limits)?;
    for (input, op) in ops.into_iter().enumerate() {
        builder.push(Node::new(op, input))?;
    }
    builder.finish()
}

fn kind<T>(result: Result<T, Error>) -> Result<(), ErrorKind> {
    result.map(|_| ()).map_err(|error| error.kind())
}

const LIMIT: Result<(), ErrorKind> = Err(ErrorKind::Limit);

#[test]
fn every_field_of_limits_holds_at_its_value_and_refuses_one_more() {
    let relus = |n: u64| (0..n).map(|_| Op::RELU);
    let base = Limits::FORMAT;
    for presets in [Limits::FORMAT, Limits::DEFAULT, Limits::EDGE] {
        assert_eq!(kind(chain(1, relus(presets.nodes), &presets)), Ok(()), "{} nodes", presets.nodes);
        assert_eq!(kind(chain(1, relus(presets.nodes + 1), &presets)), LIMIT);
        // Values of n elements: the input and one for each node.
        let (values, n) = (128, presets.activations / 128);
        assert_eq!(kind(chain(n, relus(values - 1), &presets)), Ok(()), "{values} values of {n}");
        assert_eq!(kind(chain(n, relus(values - 1).chain([linear(1, Encoding::DenseF32)]), &presets)), LIMIT);
        // Squares of 2^20 weights, where no other limit is met first.
        let side = 1 << 10;
        let layers = presets.weights / (side * side);
        if layers * side * side <= presets.multiply_adds && layers <= presets.nodes && (layers + 1) * side <= presets.activations
        {
            let squares = || (0..layers).map(|_| linear(side, Encoding::DenseF32));
            assert_eq!(kind(chain(side, squares(), &presets)), Ok(()), "{layers} layers of 2^20 weights");
            assert_eq!(kind(chain(side, squares().chain([linear(1, Encoding::DenseF32)]), &presets)), LIMIT);
        }
    }
    // One layer of 24 rows (32 with padding) and 10 columns.
    let layer = || [linear(24, Encoding::DenseF32)];
    type Set = fn(u64) -> Limits;
    let cases: [(&str, u64, Set); 4] = [
        ("nodes", 1, |nodes| Limits { nodes, ..Limits::FORMAT }),
        ("weights", 320, |weights| Limits { weights, ..Limits::FORMAT }),
        ("activations", 34, |activations| Limits { activations, ..Limits::FORMAT }),
        ("multiply_adds", 240, |multiply_adds| Limits { multiply_adds, ..Limits::FORMAT }),
    ];
    for (field, needs, limits) in cases {
        assert_eq!(kind(chain(10, layer(), &limits(needs))), Ok(()), "{field}");
        assert_eq!(kind(chain(10, layer(), &limits(needs - 1))), LIMIT, "{field}");
    }
    // The limits of one layer and of one dimension belong to the format: nobody can lift them.
    let huge = |rows| chain(MAX_DIMENSION, [linear(rows, Encoding::DenseF32)], &base);
    assert_eq!(kind(huge(MAX_LAYER_WEIGHTS / MAX_DIMENSION)), Ok(()));
    assert_eq!(kind(huge(MAX_LAYER_WEIGHTS / MAX_DIMENSION + 1)), LIMIT);
    println!("3 presets and {} fields at their limits and past them", cases.len() + 1);
}

/// A convolution gathers a patch at every position for every channel group, whether rows read it or not.
#[test]
fn a_convolution_of_no_rows_counts_what_it_gathers() {
    let push = |channels: usize, kernel: usize, padding: usize, groups: usize, limits: &Limits| {
        let shape = Shape::Image { channels, height: 1, width: 1 };
        let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::F32, shape, kept: None }, limits).unwrap();
        let mut window = Window::new([kernel; 2], [1, 1]);
        (window.padding_before, window.padding_after) = ([kernel - 1; 2], [padding; 2]);
        builder.push(Node::new(Op::Conv2d(Conv2d { linear: Linear::dense(0), window, groups }), 0))
    };
    // 33 x 33 elements at one position, then at 33 x 33.
    let edge = Limits { activations: 1 + 33 * 33, multiply_adds: 33 * 33, ..Limits::EDGE };
    assert_eq!(kind(push(1, 33, 0, 1, &edge)), Ok(()));
    assert_eq!(kind(push(1, 33, 32, 1, &edge)), LIMIT);
    assert_eq!(kind(push(1, 33, 0, 1, &Limits { activations: 33 * 33, ..edge })), LIMIT);
    assert_eq!(kind(push(2, 33, 0, 2, &Limits { activations: 2 + 33 * 33, ..edge })), LIMIT);
    // The elements of a patch exceed 64 bits.
    assert_eq!(kind(push(1 << 24, 1 << 24, 0, 1, &Limits::FORMAT)), LIMIT);
}

#[test]
fn the_fields_hold_for_files_as_well() {
    let golden = golden::goldens(1).into_iter().find(|golden| golden.name == "ternary-rows-100").unwrap();
    let file = std::fs::read(&golden.path).unwrap();
    let len = file.len() as u64;
    let graph = golden.model.graph();
    let layers = golden.model.layers();
    let padded = |layer: &curt::model::Layer| {
        let encoding = layer.linear.encoding;
        encoding.padded_weights(layer.linear.rows, layer.cols).unwrap()
    };
    let need = Limits {
        file_bytes: len,
        nodes: graph.nodes().len() as u64,
        weights: layers.iter().map(padded).sum(),
        activations: graph.shapes().iter().map(|shape| shape.elements() as u64).sum(),
        multiply_adds: layers.iter().map(|layer| (layer.linear.rows * layer.cols) as u64).sum(),
        memory_bytes: Limits::FORMAT.memory_bytes,
    };
    type Lower = fn(&mut Limits);
    let fields: [(&str, Lower); 5] = [
        ("file_bytes", |limits| limits.file_bytes -= 1),
        ("nodes", |limits| limits.nodes -= 1),
        ("weights", |limits| limits.weights -= 1),
        ("activations", |limits| limits.activations -= 1),
        ("multiply_adds", |limits| limits.multiply_adds -= 1),
    ];
    let open = |limits: &Limits| {
        // SAFETY: nobody writes to a golden file.
        let mapped = unsafe { Model::map(&golden.path, limits, Check::Structure) };
        [kind(Model::open_with(&golden.path, limits)), kind(Model::from_bytes(&file, limits)), kind(mapped)]
    };
    assert_eq!(open(&need), [Ok(()); 3], "exactly what the file needs: {need:?}");
    for (field, lower) in fields {
        let mut limits = need;
        lower(&mut limits);
        assert_eq!(open(&limits), [LIMIT; 3], "{field} one lower, by every way to open a file");
    }
}

#[test]
fn presets_are_ordered_and_what_the_documentation_says() {
    let fields = |l: Limits| [l.file_bytes, l.nodes, l.weights, l.activations, l.multiply_adds, l.memory_bytes];
    let (edge, default, format) = (fields(Limits::EDGE), fields(Limits::DEFAULT), fields(Limits::FORMAT));
    assert!((0..6).all(|i| edge[i] <= default[i] && default[i] <= format[i]));
    assert_eq!(Limits::default(), Limits::DEFAULT);
    assert_eq!(edge, [16 << 20, 256, 1 << 25, 1 << 20, 1 << 27, 1 << 27]);
    let page = std::fs::read_to_string(curt_dev::root().join("docs/security.md")).unwrap();
    for (name, values) in [("`EDGE`", edge), ("`DEFAULT`", default), ("`FORMAT`", format)] {
        let row =
            page.lines().find(|line| line.starts_with('|') && line.contains(name)).unwrap_or_else(|| panic!("no row {name}"));
        let numbers: Vec<u64> = row.split('|').filter_map(|cell| power(cell.trim())).collect();
        assert_eq!(numbers, values, "docs/security.md, {name}");
    }
}

/// `2^20` or `256`.
fn power(cell: &str) -> Option<u64> {
    match cell.split_once('^') {
        Some((base, exponent)) => Some(base.parse::<u64>().ok()?.pow(exponent.parse().ok()?)),
        None => cell.parse().ok(),
    }
}

/// The file of a chain whose linear layers are empty: nothing but the graph asks for memory.
fn bomb(inputs: u64, ops: Vec<Op>) -> Vec<u8> {
    let graph = chain(inputs, ops, &Limits::FORMAT).unwrap();
    let layer = |(_, linear, cols): (usize, &Linear, usize)| dense::encode_f32(linear.rows, cols, &[]);
    let layers: Vec<Encoded> = graph.linears().map(layer).collect();
    let empty = |layer: &Encoded| LayerTables::of(layer, vec![0.0; layer.rows]);
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: None,
        layers: layers.iter().map(empty).collect(),
        affines: Vec::new(),
    };
    write(&Contents { graph, tables, layers, origin: None }).unwrap()
}

#[test]
fn a_small_file_that_asks_for_gigabytes_is_refused_before_they_are_allocated() {
    // 4001 values of 2^19 floats: 7.8 GiB in a file of 32 KB. No node has weights.
    let file = bomb(1 << 19, (0..4000).map(|i| if i % 2 == 0 { Op::RELU } else { Op::Softmax }).collect());
    assert!(file.len() < 40_000, "{} bytes", file.len());
    for limits in [Limits::DEFAULT, Limits::EDGE] {
        let (peak, result) = peak_of(|| kind(Model::from_bytes(&file, &limits)));
        assert_eq!(result, LIMIT);
        assert!(peak < 1 << 20, "{peak} bytes were allocated to refuse a file of {}", file.len());
    }
    // Under the format's own limits it may run: values share memory, and a batch that does not fit is refused.
    let limits = Limits { memory_bytes: Limits::DEFAULT.memory_bytes, ..Limits::FORMAT };
    let (peak, model) = peak_of(|| Model::from_bytes(&file, &limits).unwrap());
    let node = size_of::<Node>() + size_of::<Shape>() + size_of::<usize>();
    println!("{peak} bytes to load a file of {} with 4000 nodes; a node takes {node}", file.len());
    assert!(peak < 3 * 4000 * node, "{peak} bytes to load nodes of {node}");
    for batch in [usize::MAX, 1 << 60, 1 << 32, 1 << 12] {
        let (peak, result) = peak_of(|| kind(Session::with_options(&model, &SessionOptions::new().batch(batch))));
        assert_eq!(result, LIMIT, "batch {batch}");
        assert!(peak < 1 << 20, "{peak} bytes were allocated to refuse a batch of {batch}");
    }
    let (peak, session) = peak_of(|| Session::new(&model).unwrap());
    assert!(peak < 16 << 20, "{peak} bytes for a session whose values share memory");
    drop(session);
    println!("a file of {} bytes that asks for 7.8 GiB is refused within 1 MiB", file.len());
}

/// A file that keeps one of its inputs.
fn gather(inputs: usize) -> Vec<u8> {
    let mut kept = vec![false; inputs];
    kept[inputs / 2] = true;
    let input = InputSpec { dtype: Dtype::U8, shape: Shape::Vector(inputs), kept: Some(1) };
    let mut builder = GraphBuilder::new(input, &Limits::FORMAT).unwrap();
    builder.push(Node::new(Op::RELU, 0)).unwrap();
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: Some(Mask::new(kept)),
        layers: Vec::new(),
        affines: Vec::new(),
    };
    write(&Contents { graph: builder.finish().unwrap(), tables, layers: Vec::new(), origin: None }).unwrap()
}

/// The most memory that loading may take: a multiple of the file, and a little.
///
/// The worst golden file is a chain of 4096 nodes, refused after 2047. A node without fields takes 8 bytes of the file. In memory every node has
/// room for the fields of the largest operator, and a vector that grows holds the old array beside one of twice its length.
fn allowance(file: &[u8]) -> usize {
    16 * file.len() + (16 << 10)
}

#[test]
fn loading_any_golden_file_takes_memory_in_proportion_to_its_size() {
    let (mut count, mut worst) = (0, 0.0f64);
    for path in golden::curt_files("valid").into_iter().chain(golden::curt_files("invalid")) {
        let file = std::fs::read(&path).unwrap();
        let (peak, _) = peak_of(|| validate(&file, &Limits::FORMAT, Check::Full).map(drop));
        assert!(peak <= allowance(&file), "{}: {peak} bytes for a file of {}", path.display(), file.len());
        worst = worst.max(peak as f64 / (file.len() as f64 + 1024.0));
        count += 1;
    }
    // A mask of 2^23 inputs, of which one is kept: 1 MiB of file.
    let file = gather(1 << 23);
    let (peak, result) = peak_of(|| kind(validate(&file, &Limits::FORMAT, Check::Full)));
    assert_eq!(result, Ok(()));
    assert!(peak <= 12 * file.len(), "a mask: {peak} bytes for a file of {}", file.len());
    println!("{count} files: at most {worst:.1} bytes of memory for each byte of file");
}

#[test]
fn the_peak_is_measured() {
    let (peak, _) = peak_of(|| drop(std::hint::black_box(vec![1u8; 1 << 20])));
    assert!((1 << 20..1 << 21).contains(&peak), "{peak}");
    let (peak, _) = peak_of(|| {
        let mut grown = Vec::<u8>::new();
        (0..1 << 16).for_each(|i| grown.push(std::hint::black_box(i as u8)));
    });
    assert!(peak >= 1 << 16, "{peak}");
    assert_eq!(peak_of(|| ()).0, 0);
}
