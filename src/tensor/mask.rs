//! Masks: which members of a dimension are kept.

use crate::base::error::Result;
use crate::base::memory::MemoryBudget;

/// One flag per member of a dimension: kept or pruned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask(Vec<bool>);

impl Mask {
    /// A mask of the flags given.
    #[must_use]
    pub fn new(flags: Vec<bool>) -> Self {
        Self(flags)
    }

    /// A mask that keeps all `len` members.
    #[must_use]
    pub fn full(len: usize) -> Self {
        Self(vec![true; len])
    }

    /// The mask of `len` bits stored in `words`, least significant bit first; `None` when there are too few words or a bit past the
    /// end is set.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn from_words(len: usize, words: impl Iterator<Item = u32>, memory: &mut MemoryBudget) -> Result<Option<Self>> {
        let mut bits = words.flat_map(|word| (0..32).map(move |bit| word >> bit & 1 == 1));
        let flags = memory.collect(len, bits.by_ref(), "a mask")?;
        Ok((flags.len() == len && !bits.any(|bit| bit)).then_some(Self(flags)))
    }

    /// The mask as stored: `ceil(len / 32)` words.
    pub fn to_words(&self) -> impl Iterator<Item = u32> {
        self.0.chunks(32).map(|chunk| chunk.iter().rev().fold(0, |word, &flag| word << 1 | u32::from(flag)))
    }

    /// The flags.
    #[must_use]
    pub fn flags(&self) -> &[bool] {
        &self.0
    }

    /// The number of members, kept or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the dimension has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of members kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.0.iter().filter(|&&flag| flag).count()
    }

    /// The indices of the members kept, ascending.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter(|(_, flag)| **flag).map(|(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_the_lowest_member_in_the_lowest_bit() {
        let mut flags = vec![false; 34];
        (flags[0], flags[31], flags[33]) = (true, true, true);
        let mask = Mask::new(flags);
        assert_eq!(mask.to_words().collect::<Vec<_>>(), [0x8000_0001, 2]);
        let read = |words: [u32; 2], n| Mask::from_words(34, words.into_iter().take(n), &mut MemoryBudget::unlimited()).unwrap();
        assert_eq!(read([0x8000_0001, 2], 2), Some(mask.clone()));
        assert_eq!(mask.indices().collect::<Vec<_>>(), [0, 31, 33]);
        assert_eq!(read([0, 4], 2), None, "a bit past the end");
        assert_eq!(read([0, 0], 1), None, "too few words");
        assert_eq!(Mask::new(vec![]).to_words().count(), 0);
    }
}
