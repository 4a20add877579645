//! The three files of a record.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A file of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Column {
    /// Kept weights as 32-bit floats, mapped.
    Pruning,
    /// Quantized, mapped.
    Fast,
    /// Entropy-coded.
    Maximum,
}

/// One value for each column.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns<T> {
    pub(crate) pruning: Option<T>,
    pub(crate) fast: Option<T>,
    pub(crate) maximum: Option<T>,
}

impl Column {
    pub(crate) const ALL: [Self; 3] = [Self::Pruning, Self::Fast, Self::Maximum];
    /// The order in which a record's main file is chosen: the first of these that it has.
    pub(crate) const MAIN_FIRST: [Self; 3] = [Self::Fast, Self::Maximum, Self::Pruning];

    /// The part of a file name between the record's name and `.curt`.
    pub(crate) fn infix(self) -> &'static str {
        match self {
            Self::Pruning => ".pruning",
            Self::Fast => "",
            Self::Maximum => ".packed",
        }
    }
}

/// The name in records and in `--json`.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

// Not derived: that would ask for a default of T.
impl<T> Default for Columns<T> {
    fn default() -> Self {
        Self { pruning: None, fast: None, maximum: None }
    }
}

impl<T> Columns<T> {
    pub(crate) fn get(&self, column: Column) -> Option<&T> {
        match column {
            Column::Pruning => self.pruning.as_ref(),
            Column::Fast => self.fast.as_ref(),
            Column::Maximum => self.maximum.as_ref(),
        }
    }

    pub(crate) fn set(&mut self, column: Column, value: T) {
        let place = match column {
            Column::Pruning => &mut self.pruning,
            Column::Fast => &mut self.fast,
            Column::Maximum => &mut self.maximum,
        };
        *place = Some(value);
    }

    /// The same columns with other values.
    pub(crate) fn map<U>(&self, value: impl Fn(Column, &T) -> U) -> Columns<U> {
        let of = |column| self.get(column).map(|old| value(column, old));
        Columns { pruning: of(Column::Pruning), fast: of(Column::Fast), maximum: of(Column::Maximum) }
    }
}
