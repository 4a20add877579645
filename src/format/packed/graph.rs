//! The words of the graph section, each with what is expected of it (`format-spec/packed.md`, section 7).

use super::coder::Coder;
use super::number::Number;
use super::probability::Bit;
use crate::base::checked::from_u32;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::format::graph_section as ops;
use std::collections::BTreeMap;

/// The place of the fields of the input among those of the operators.
const INPUT: u32 = 0;
/// Whether a field is as expected: 15/16 to begin with.
const EXPECTED: Bit = Bit::new(15 << 12, 2);
/// Whether an operator is the one that usually follows: 3/4 to begin with.
const USUAL: Bit = Bit::new(3 << 14, 1);
/// Bits of an operator that is not the usual one.
const OPERATOR_BITS: u32 = 5;

/// What is known of a field of an operator.
#[derive(Debug)]
struct Field {
    as_expected: Bit,
    number: Number,
    last: Option<u32>,
}

impl Default for Field {
    fn default() -> Self {
        Self { as_expected: EXPECTED, number: Number::new(), last: None }
    }
}

/// The words of a section, one after the other: those given when it is written, those decoded when it is read.
struct Words<'a, C> {
    coder: &'a mut C,
    given: std::slice::Iter<'a, u32>,
    out: Vec<u32>,
    fields: BTreeMap<(u32, u32), Field>,
    /// The parameter that each encoding had last.
    parameters: BTreeMap<u32, u32>,
    usual: Bit,
    /// The operator that followed two others last.
    successors: BTreeMap<[u32; 2], u32>,
}

/// Codes the words of a graph section. When it decodes, `words` is empty, and the result is to be checked as that of any file is: here only
/// what decoding itself needs is refused. Errors: `limit`, `unknown_id`.
pub(super) fn code(coder: &mut impl Coder, words: &[u32], limits: &Limits) -> Result<Vec<u32>> {
    let mut words = Words {
        coder,
        given: words.iter(),
        out: Vec::new(),
        fields: BTreeMap::new(),
        parameters: BTreeMap::new(),
        usual: USUAL,
        successors: BTreeMap::new(),
    };
    let nodes = words.number(INPUT, 0)?;
    if u64::from(nodes) > limits.nodes.min(Limits::FORMAT.nodes) {
        return Err(Error::new(ErrorKind::Limit, format!("the packed graph has {nodes} nodes, the limit is {}", limits.nodes)));
    }
    let first = words.input()?;
    let mut before = [INPUT, INPUT];
    for node in 1..=nodes {
        let op = words.operator(before, first)?;
        before = [before[1], op];
        words.values(op, node)?;
        words.fields(op)?;
    }
    Ok(words.out)
}

impl<C: Coder> Words<'_, C> {
    /// The next word to be written.
    fn given(&mut self) -> u32 {
        self.given.next().copied().unwrap_or(0)
    }

    /// What a field was in the node before that had it.
    fn last(&self, op: u32, field: u32) -> Option<u32> {
        self.fields.get(&(op, field)).and_then(|field| field.last)
    }

    /// A field of which nothing is expected.
    fn number(&mut self, op: u32, field: u32) -> Result<u32> {
        let word = self.given();
        let field = self.fields.entry((op, field)).or_default();
        let word = field.number.code_u32(self.coder, word)?;
        self.out.push(word);
        Ok(word)
    }

    /// A field that is expected to be `expected`.
    fn expect(&mut self, op: u32, field: u32, expected: u32) -> Result<u32> {
        self.expect_or(op, field, expected, |field, coder, word| field.number.code_u32(coder, word))
    }

    /// A float that is expected to be what it was last, at first `usual`.
    fn float(&mut self, op: u32, field: u32, usual: u32) -> Result<u32> {
        let expected = self.last(op, field).unwrap_or(usual);
        self.expect_or(op, field, expected, |_, coder, word| coder.plain(word, 32))
    }

    fn expect_or(
        &mut self,
        op: u32,
        field: u32,
        expected: u32,
        otherwise: impl FnOnce(&mut Field, &mut C, u32) -> Result<u32>,
    ) -> Result<u32> {
        let word = self.given();
        let field = self.fields.entry((op, field)).or_default();
        let as_expected = field.as_expected.code(self.coder, word == expected)?;
        let word = if as_expected { expected } else { otherwise(field, self.coder, word)? };
        field.last = Some(word);
        self.out.push(word);
        Ok(word)
    }

    /// A field that is expected to be what it was last, at first `usual`.
    fn again(&mut self, op: u32, field: u32, usual: u32) -> Result<u32> {
        let expected = self.last(op, field).unwrap_or(usual);
        self.expect(op, field, expected)
    }

    /// The input's fields; returns the operator that comes first most often.
    fn input(&mut self) -> Result<u32> {
        self.expect(INPUT, 1, 0)?;
        let is_image = self.expect(INPUT, 2, 3)? == 3;
        let elements = self.dimensions(INPUT, 3, is_image)?;
        let gathers = self.expect(INPUT, 6, 0)? == 1;
        if gathers {
            let word = u64::from(self.given());
            let kept = self.field_number(INPUT, 7, word, elements)?;
            self.out.push(u32::try_from(kept).expect("invariant: a u32, or at most the product of dimensions that are"));
        }
        Ok(if is_image && !gathers { ops::CONV2D } else { ops::LINEAR })
    }

    fn field_number(&mut self, op: u32, field: u32, value: u64, max: u64) -> Result<u64> {
        let field = self.fields.entry((op, field)).or_default();
        field.number.code(self.coder, value, max)
    }

    /// One dimension, or three of which the width is expected to be the height; returns their product, a `u32` at most.
    fn dimensions(&mut self, op: u32, first: u32, is_image: bool) -> Result<u64> {
        let mut product = u64::from(self.number(op, first)?);
        if is_image {
            let height = self.number(op, first.saturating_add(1))?;
            let width = self.expect(op, first.saturating_add(2), height)?;
            product = product.saturating_mul(u64::from(height)).saturating_mul(u64::from(width));
        }
        Ok(product.min(u64::from(u32::MAX)))
    }

    fn operator(&mut self, before: [u32; 2], first: u32) -> Result<u32> {
        let word = self.given();
        let expected = self.successors.get(&before).copied().unwrap_or_else(|| usual_successor(before, first));
        let op = if self.usual.code(self.coder, word == expected)? { expected } else { self.coder.plain(word, OPERATOR_BITS)? };
        if !(ops::LINEAR..=ops::RESHAPE).contains(&op) {
            return Err(Error::new(Defect::UnknownId, format!("operator {op} of the packed graph is not known")));
        }
        self.successors.insert(before, op);
        self.out.push(op);
        Ok(op)
    }

    /// The values that node number `node` reads, as the distance from the one right before it.
    fn values(&mut self, op: u32, node: u32) -> Result<()> {
        let count = match op {
            ops::ADD => 2,
            ops::CONCAT => {
                let count = self.number(op, 0)?;
                if u64::from(count) > ops::MAX_INPUTS {
                    return Err(Error::new(ErrorKind::Limit, format!("a concat of the packed graph reads {count} values")));
                }
                count
            }
            _ => 1,
        };
        let last = node.saturating_sub(1);
        for i in 0..count {
            let distance = last.saturating_sub(self.given());
            let place = if op == ops::CONCAT || i > 0 { 1 } else { 0 };
            let distance = self.field_number(INPUT, 8_u32.saturating_add(place), u64::from(distance), u64::from(last))?;
            let distance = u32::try_from(distance).expect("invariant: at most a u32");
            self.out.push(last.saturating_sub(distance));
        }
        Ok(())
    }

    fn fields(&mut self, op: u32) -> Result<()> {
        match op {
            ops::LINEAR => self.linear()?,
            ops::CONV2D => {
                self.linear()?;
                self.window(op, 5, 1)?;
                let dilation = self.again(op, 24, 1)?;
                self.expect(op, 25, dilation)?;
                self.again(op, 26, 1)?;
            }
            ops::MAX_POOL => self.window(op, 2, 0)?,
            ops::AVERAGE_POOL => {
                self.window(op, 2, 0)?;
                self.again(op, 24, 0)?;
            }
            ops::LEAKY_RELU => _ = self.float(op, 10, 0x3C23_D70A)?, // 0.01
            ops::CLIP => {
                self.float(op, 10, 0)?;
                self.float(op, 11, 0x40C0_0000)?; // 6
            }
            ops::HARD_SIGMOID => {
                self.float(op, 10, 0x3E2A_AAAB)?; // 1/6
                self.float(op, 11, 0x3F00_0000)?; // 0.5
            }
            ops::RESHAPE => {
                let is_image = self.expect(op, 10, 3)? == 3;
                self.dimensions(op, 11, is_image)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Rows, encoding, parameter, row factors and pattern: those of linear layers and of convolutions are one.
    fn linear(&mut self) -> Result<()> {
        const USUAL_PARAMETERS: [u32; 9] = [0, 0, 4, 0, 16, 0, 4, 15, 16];
        let op = ops::LINEAR;
        self.number(op, 10)?;
        let encoding = self.again(op, 11, 2)?;
        let usual = USUAL_PARAMETERS.get(from_u32(encoding)).copied().unwrap_or(0);
        let expected = self.parameters.get(&encoding).copied().unwrap_or(usual);
        let parameter = self.expect(op, 12, expected)?;
        self.parameters.insert(encoding, parameter);
        self.again(op, 13, 0)?;
        match encoding {
            5..=7 => {
                self.again(op, 14, 0)?;
                self.number(op, 15)?;
            }
            8 => _ = self.number(op, 15)?,
            _ => {}
        }
        Ok(())
    }

    /// Kernel, stride and padding. The stride of a convolution is expected to be 1, that of pooling the kernel.
    fn window(&mut self, op: u32, kernel: u32, stride: u32) -> Result<()> {
        let kernel_h = self.again(op, 16, kernel)?;
        self.expect(op, 17, kernel_h)?;
        let stride_h = if stride == 0 { self.expect(op, 18, kernel_h)? } else { self.again(op, 18, stride)? };
        self.expect(op, 19, stride_h)?;
        let top = self.again(op, 20, 0)?;
        let left = self.expect(op, 21, top)?;
        self.expect(op, 22, top)?;
        self.expect(op, 23, left)?;
        Ok(())
    }
}

/// The operator that follows two others before any has; `first` comes first.
fn usual_successor(before: [u32; 2], first: u32) -> u32 {
    match before {
        [_, INPUT] => first,
        [_, ops::LINEAR | ops::CONV2D | ops::ADD | ops::AFFINE] => ops::RELU,
        [ops::CONV2D, ops::RELU] => ops::MAX_POOL,
        [_, ops::MAX_POOL | ops::AVERAGE_POOL] => ops::CONV2D,
        [_, ops::GLOBAL_AVERAGE_POOL] => ops::FLATTEN,
        _ => ops::LINEAR,
    }
}
