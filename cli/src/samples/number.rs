//! The types of numbers that array files name, and numbers of any of them.

use curt::array::ByteOrder;

/// What the bits of a number mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
}

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberType {
    pub(super) kind: Kind,
    /// 1, 2, 4 or 8.
    pub(super) bytes: usize,
    pub(super) order: ByteOrder,
}

/// The order of this machine, which numpy takes where a name gives none.
const NATIVE: ByteOrder = if cfg!(target_endian = "little") { ByteOrder::Little } else { ByteOrder::Big };

impl NumberType {
    /// The type that numpy (2.4) reads from a name: a code or a code with its bytes, which an order may lead, or a word.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (order, code) = match name.split_at_checked(1) {
            Some(("<", code)) => (ByteOrder::Little, code),
            Some((">", code)) => (ByteOrder::Big, code),
            Some(("=" | "|", code)) => (NATIVE, code),
            _ => (NATIVE, name),
        };
        let (kind, bytes) = of_code(code).or_else(|| if code == name { of_word(name) } else { None })?;
        Some(Self { kind, bytes, order })
    }

    /// For people, such as "64-bit integers".
    pub(super) fn describe(self) -> String {
        let kind = match self.kind {
            Kind::Bool => return "truth values".to_owned(),
            Kind::Unsigned if self.bytes == 1 => return "bytes".to_owned(),
            Kind::Signed => "integers",
            Kind::Unsigned => "unsigned integers",
            Kind::Float => "floats",
        };
        format!("{}-bit {kind}", 8 * self.bytes)
    }

    /// The whole numbers in `bytes`; none for floats.
    pub(super) fn integers(self, bytes: &[u8]) -> impl Iterator<Item = i128> {
        let unsigned = move |chunk: &[u8]| {
            let push = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
            match self.order {
                ByteOrder::Little => chunk.iter().rev().fold(0, push),
                ByteOrder::Big => chunk.iter().fold(0, push),
            }
        };
        let number = move |chunk: &[u8]| match self.kind {
            Kind::Signed => {
                let unused = 64 - 8 * chunk.len();
                i128::from((unsigned(chunk) << unused).cast_signed() >> unused)
            }
            _ => i128::from(unsigned(chunk)),
        };
        let bytes = if self.kind == Kind::Float { &[] } else { bytes };
        bytes.chunks_exact(self.bytes).map(number)
    }
}

/// Codes of one letter, those of C on a machine whose `long` has 64 bits, and of a letter and bytes.
fn of_code(code: &str) -> Option<(Kind, usize)> {
    Some(match code {
        "?" | "b1" => (Kind::Bool, 1),
        "b" | "i1" => (Kind::Signed, 1),
        "h" | "i2" => (Kind::Signed, 2),
        "i" | "i4" => (Kind::Signed, 4),
        "l" | "q" | "p" | "n" | "i8" => (Kind::Signed, 8),
        "B" | "u1" => (Kind::Unsigned, 1),
        "H" | "u2" => (Kind::Unsigned, 2),
        "I" | "u4" => (Kind::Unsigned, 4),
        "L" | "Q" | "P" | "N" | "u8" => (Kind::Unsigned, 8),
        "e" | "f2" => (Kind::Float, 2),
        "f" | "f4" => (Kind::Float, 4),
        "d" | "f8" => (Kind::Float, 8),
        _ => return None,
    })
}

fn of_word(word: &str) -> Option<(Kind, usize)> {
    Some(match word {
        "bool" | "bool_" => (Kind::Bool, 1),
        "int8" | "byte" => (Kind::Signed, 1),
        "int16" | "short" => (Kind::Signed, 2),
        "int32" | "intc" => (Kind::Signed, 4),
        "int64" | "int" | "int_" | "long" | "longlong" | "intp" => (Kind::Signed, 8),
        "uint8" | "ubyte" => (Kind::Unsigned, 1),
        "uint16" | "ushort" => (Kind::Unsigned, 2),
        "uint32" | "uintc" => (Kind::Unsigned, 4),
        "uint64" | "uint" | "ulong" | "ulonglong" | "uintp" => (Kind::Unsigned, 8),
        "float16" | "half" => (Kind::Float, 2),
        "float32" | "single" => (Kind::Float, 4),
        "float64" | "double" | "float" => (Kind::Float, 8),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `numpy.dtype(name).str` says in numpy 2.4 on a little-endian machine: the type, its codes, its words.
    const NUMPY: [(&str, &str, &str); 12] = [
        ("f2", "e f2", "float16 half"),
        ("f4", "f f4", "float32 single"),
        ("f8", "d f8", "float64 double float"),
        ("i1", "b i1", "int8 byte"),
        ("i2", "h i2", "int16 short"),
        ("i4", "i i4", "int32 intc"),
        ("i8", "l q p n i8", "int64 int int_ long longlong intp"),
        ("u1", "B u1", "uint8 ubyte"),
        ("u2", "H u2", "uint16 ushort"),
        ("u4", "I u4", "uint32 uintc"),
        ("u8", "L Q P N u8", "uint64 uint ulong ulonglong uintp"),
        ("b1", "? b1", "bool bool_"),
    ];

    #[test]
    fn names_mean_what_they_mean_to_numpy() {
        let mut count = 0;
        for (expected, codes, words) in NUMPY {
            let (kind, bytes) = expected.split_at(1);
            let kind = match kind {
                "b" => Kind::Bool,
                "i" => Kind::Signed,
                "u" => Kind::Unsigned,
                _ => Kind::Float,
            };
            let mut check = |name: &str, order| {
                let expected = NumberType { kind, bytes: bytes.parse().unwrap(), order };
                assert_eq!(NumberType::named(name), Some(expected), "{name}");
                count += 1;
            };
            for code in codes.split(' ') {
                check(code, NATIVE);
                check(&format!("={code}"), NATIVE);
                check(&format!("|{code}"), NATIVE);
                check(&format!("<{code}"), ByteOrder::Little);
                check(&format!(">{code}"), ByteOrder::Big);
            }
            words.split(' ').for_each(|word| check(word, NATIVE));
        }
        assert_eq!(count, 182);
        for refused in [
            "", "<", "g", "O", "S1", "U8", "V4", "m8", "M8", "b2", "i16", "f16", "u3", "c8", "Int8", "<float32", "u1u1", "\u{e9}",
        ] {
            assert_eq!(NumberType::named(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn integers_of_every_size_and_order() {
        let read = |name: &str, bytes: &[u8]| NumberType::named(name).unwrap().integers(bytes).collect::<Vec<_>>();
        assert_eq!(read("|u1", &[0, 127, 255]), [0, 127, 255]);
        assert_eq!(read("|i1", &[0, 127, 255, 128]), [0, 127, -1, -128]);
        assert_eq!(read("|b1", &[0, 1]), [0, 1]);
        assert_eq!(read("<i2", &[0x2C, 0x01, 0xFF, 0xFF]), [300, -1]);
        assert_eq!(read(">u2", &[0x01, 0x2C, 0xFF, 0xFF]), [300, 65_535]);
        assert_eq!(read("<i4", &[0, 0, 0, 0x80]), [i128::from(i32::MIN)]);
        assert_eq!(read(">i8", &[0, 0, 0, 0, 0, 0, 1, 44]), [300]);
        assert_eq!(read("<i8", &[255; 8]), [-1]);
        assert_eq!(read("<u8", &[255; 8]), [i128::from(u64::MAX)]);
        assert!(read("<f4", &[0; 4]).is_empty());
    }
}
