//! The budget of memory: every allocation whose number or size a file decides is charged here before it is made.

use super::align::AlignedVec;
use super::checked::to_u64;
use super::error::{Error, ErrorKind, Result};
use bytemuck::Pod;

/// What may still be allocated of [`Limits::memory_bytes`](super::limits::Limits::memory_bytes).
///
/// A charge that does not fit is `limit`; an allocation that fails is `no_memory`. Nothing aborts.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: u64,
    held: u64,
    most: u64,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, held: 0, most: 0 }
    }

    /// A budget that refuses nothing, for sizes that no file decides.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Bytes charged and not yet released.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The most bytes that were charged at a time.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Charges `bytes` for `what`.
    ///
    /// # Errors
    /// `limit`.
    pub fn charge(&mut self, bytes: u64, what: &str) -> Result<()> {
        let held = self.held.saturating_add(bytes);
        if held > self.limit {
            let message = format!("{what} needs {bytes} bytes above {}, the limit is {} bytes of memory", self.held, self.limit);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.held = held;
        self.most = self.most.max(held);
        Ok(())
    }

    /// Gives back `bytes` that were charged.
    pub fn release(&mut self, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Gives back what was charged since `held` was the charge: all of it is free again.
    pub fn release_to(&mut self, held: u64) {
        self.held = self.held.min(held);
    }

    /// Makes room for `more` elements after those of `list`. A list that grows doubles, and is charged twice while it is copied.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn reserve<T>(&mut self, list: &mut Vec<T>, more: usize, what: &str) -> Result<()> {
        let needed = list.len().saturating_add(more);
        if needed <= list.capacity() {
            return Ok(());
        }
        let old = bytes_of::<T>(list.capacity());
        let capacity = needed.max(list.capacity().saturating_mul(2));
        self.charge(bytes_of::<T>(capacity), what)?;
        list.try_reserve_exact(capacity.saturating_sub(list.len())).map_err(|_| Error::NO_MEMORY)?;
        self.release(old);
        Ok(())
    }

    /// An empty list with room for `len` elements.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn list<T>(&mut self, len: usize, what: &str) -> Result<Vec<T>> {
        let mut list = Vec::new();
        self.reserve(&mut list, len, what)?;
        Ok(list)
    }

    /// The elements of `items`, at most `len` of them.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn collect<T>(&mut self, len: usize, items: impl Iterator<Item = T>, what: &str) -> Result<Vec<T>> {
        let mut list = self.list(len, what)?;
        list.extend(items.take(len));
        Ok(list)
    }

    /// A copy of `text`.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn text(&mut self, text: &str, what: &str) -> Result<String> {
        let bytes = self.collect(text.len(), text.bytes(), what)?;
        Ok(String::from_utf8(bytes).expect("invariant: the bytes of a text"))
    }

    /// `len` zeros, 64-byte aligned.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn zeroed<T: Pod>(&mut self, len: usize, what: &str) -> Result<AlignedVec<T>> {
        self.charge(bytes_of::<T>(len).saturating_add(63) & !63, what)?;
        AlignedVec::zeroed(len)
    }
}

/// The bytes of `len` elements, saturated.
#[must_use]
pub fn bytes_of<T>(len: usize) -> u64 {
    to_u64(len).saturating_mul(to_u64(size_of::<T>()))
}
