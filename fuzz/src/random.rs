//! Random numbers that are the same on every run (splitmix64).

pub struct Random(pub u64);

impl Random {
    /// Seeded by bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(bytes.len() as u64, |seed, &byte| Self(seed ^ u64::from(byte)).bits()))
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn byte(&mut self) -> u8 {
        self.bits().to_le_bytes()[0]
    }

    #[cfg(test)]
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }

    /// A finite float: a small number, or any bits.
    pub fn float(&mut self) -> f32 {
        let bits = self.bits();
        let any = f32::from_bits((bits >> 32) as u32);
        if bits & 3 == 0 && any.is_finite() { any } else { (bits >> 40) as f32 / (1 << 23) as f32 - 1.0 }
    }
}
