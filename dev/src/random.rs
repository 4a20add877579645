//! Random numbers that are the same on every run.

/// SplitMix64 (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, 2014); the number is the seed.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// Seeded by bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(bytes.len() as u64, |seed, &byte| Self(seed ^ u64::from(byte)).bits()))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number below `n`; 0 for `n` of 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// True `percent` times of a hundred.
    pub fn is_below(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.bits().to_le_bytes()[0]
    }

    /// Fills a slice with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.byte());
    }

    /// Uniform in [0, 1), a multiple of 2^-24.
    pub fn fraction(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 24) as f32
    }

    /// Uniform in [-1, 1), a multiple of 2^-23.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Uniform in [-1, 1), a multiple of 2^-52.
    pub fn signed(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// A finite float: in three of four draws as [`unit`](Self::unit), else of any bits.
    pub fn finite(&mut self) -> f32 {
        let bits = self.bits();
        let any = f32::from_bits((bits >> 32) as u32);
        if bits & 3 == 0 && any.is_finite() { any } else { self.unit() }
    }
}
