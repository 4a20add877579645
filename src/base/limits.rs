//! Limits on what a file may require. No preset exceeds the format's own limits (SPEC section 3).

/// Limits that are checked before anything is allocated for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Nodes of the graph.
    pub nodes: u64,
    /// Weights of the model, padding included.
    pub weights: u64,
    /// Elements of all values of one sample, and of a patch of each convolution, together; this bounds the activation memory.
    pub activations: u64,
    /// Multiply-adds of one inference, a patch that no row reads included; this bounds the time.
    pub multiply_adds: u64,
    /// Bytes of memory that opening a file may take, and that a session on its model may take, batch included. Each is compared alone.
    pub memory_bytes: u64,
}

/// The greatest dimension of a shape.
pub const MAX_DIMENSION: u64 = 1 << 24;
/// The greatest product of dimensions.
pub const MAX_ELEMENTS: u64 = 1 << 31;
/// The greatest number of weights of one layer, padding included.
pub const MAX_LAYER_WEIGHTS: u64 = 1 << 31;
/// Bytes of the longest name.
pub const MAX_NAME_BYTES: u64 = 255;

impl Limits {
    /// What the format allows: for files that are trusted to be large.
    pub const FORMAT: Self = Self {
        file_bytes: 1 << 40,
        nodes: 4096,
        weights: 1 << 34,
        activations: 1 << 31,
        multiply_adds: 1 << 40,
        memory_bytes: 1 << 42,
    };

    /// The default: 1 GiB of file, 2^28 activations, 2^34 multiply-adds, 8 GiB of memory.
    pub const DEFAULT: Self = Self {
        file_bytes: 1 << 30,
        nodes: 4096,
        weights: 1 << 30,
        activations: 1 << 28,
        multiply_adds: 1 << 34,
        memory_bytes: 1 << 33,
    };

    /// For small devices and untrusted files: 16 MiB of file, 2^20 activations (4 MiB), 2^27 multiply-adds, 128 MiB of memory.
    pub const EDGE: Self = Self {
        file_bytes: 1 << 24,
        nodes: 256,
        weights: 1 << 25,
        activations: 1 << 20,
        multiply_adds: 1 << 27,
        memory_bytes: 1 << 27,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
