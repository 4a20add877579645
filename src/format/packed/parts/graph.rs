//! The words of the graph, each predicted from earlier ones (`format-spec/packed.md`, section 7).

use crate::base::checked::from_u32;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::encoding::Encoding;
use crate::format::packed::coder::Coder;
use crate::format::packed::prediction::number::Number;
use crate::format::packed::prediction::probability::Bit;
use crate::graph::op::{Expected, Words, linear_words};
use crate::graph::{InputSpec, Linear, Op};
use crate::tensor::Shape;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The scope of the fields of the input. The scope of an operator's fields is its id.
const INPUT: u32 = 0;
/// The scope that linear layers and convolutions share: the id of `linear`.
const LAYER: u32 = 1;
/// The model of whether a field has its expected value: probability 15/16 at first.
const EXPECTED: Bit = Bit::new(15 << 12, 2);
/// The model of whether an operator is the expected successor: probability 3/4 at first.
const USUAL: Bit = Bit::new(3 << 14, 1);
/// The bits of an operator that is not the expected one.
const OPERATOR_BITS: u32 = 5;

/// The model of a field of an operator.
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

/// The state of the coding: the words to be written (none for a decoder), the words coded so far, and the models.
struct Section<'a, C> {
    coder: &'a mut C,
    given: std::slice::Iter<'a, u32>,
    out: Vec<u32>,
    /// The scope of the fields that are coded.
    scope: u32,
    fields: BTreeMap<(u32, &'static str), Field>,
    /// The last parameter of each encoding.
    parameters: BTreeMap<u32, u32>,
    usual: Bit,
    /// For each pair of operators, the operator that followed it last.
    successors: BTreeMap<[u32; 2], u32>,
}

/// Codes the words of a graph. A decoder passes no `words`. Its result is not validated here: only what would stop the decoding is refused.
///
/// # Errors
/// `limit`, `unknown_id`.
pub(crate) fn code(coder: &mut impl Coder, words: &[u32], limits: &Limits) -> Result<Vec<u32>> {
    let mut section = Section {
        coder,
        given: words.iter(),
        out: Vec::new(),
        scope: INPUT,
        fields: BTreeMap::new(),
        parameters: BTreeMap::new(),
        usual: USUAL,
        successors: BTreeMap::new(),
    };
    let nodes = section.word("node_count", Expected::Free)?;
    if u64::from(nodes) > limits.nodes.min(Limits::FORMAT.nodes) {
        return Err(Error::new(ErrorKind::Limit, format!("the packed graph has {nodes} nodes, the limit is {}", limits.nodes)));
    }
    let mut input = InputSpec::BLANK;
    input.words(&mut section)?;
    let is_image = matches!(input.shape, Shape::Image { .. }) && input.kept.is_none();
    let first = if is_image { "conv2d" } else { "linear" };
    let mut before = [INPUT, INPUT];
    for node in 1..=nodes {
        let mut op = section.operator(before, first)?;
        before = [before[1], op.id()];
        section.inputs(&op, node)?;
        section.scope = op.id();
        op.fields(&mut section)?;
    }
    Ok(section.out)
}

impl<C: Coder> Section<'_, C> {
    /// The next word to be written.
    fn given(&mut self) -> u32 {
        self.given.next().copied().unwrap_or(0)
    }

    /// A field of the current scope.
    fn field(&mut self, name: &'static str) -> &mut Field {
        self.fields.entry((self.scope, name)).or_default()
    }

    /// Codes a word, given what its field is expected to be.
    fn word(&mut self, name: &'static str, expected: Expected) -> Result<u32> {
        match expected {
            Expected::Free => self.up_to(name, u64::from(u32::MAX)),
            Expected::UpTo(most) => self.up_to(name, most),
            Expected::Word(word) => self.expect_or(name, word, |field, coder, word| field.number.code_u32(coder, word)),
            Expected::Again(first) => {
                let word = self.field(name).last.unwrap_or(first);
                self.word(name, Expected::Word(word))
            }
        }
    }

    /// A number of at most `most`, a `u32`.
    fn up_to(&mut self, name: &'static str, most: u64) -> Result<u32> {
        let word = self.given();
        let word = self.number_below(name, word, most)?;
        self.out.push(word);
        Ok(word)
    }

    fn number_below(&mut self, name: &'static str, word: u32, most: u64) -> Result<u32> {
        let field = self.fields.entry((self.scope, name)).or_default();
        let number = field.number.code(self.coder, u64::from(word), most.min(u64::from(u32::MAX)))?;
        Ok(u32::try_from(number).expect("invariant: at most the bound"))
    }

    /// Codes whether the word is `expected`; if not, `otherwise` codes the word.
    fn expect_or(
        &mut self,
        name: &'static str,
        expected: u32,
        otherwise: impl FnOnce(&mut Field, &mut C, u32) -> Result<u32>,
    ) -> Result<u32> {
        let word = self.given();
        let field = self.fields.entry((self.scope, name)).or_default();
        let as_expected = field.as_expected.code(self.coder, word == expected)?;
        let word = if as_expected { expected } else { otherwise(field, self.coder, word)? };
        field.last = Some(word);
        self.out.push(word);
        Ok(word)
    }

    fn operator(&mut self, before: [u32; 2], first: &str) -> Result<Op> {
        let word = self.given();
        let expected = self.successors.get(&before).copied().unwrap_or_else(|| usual_successor(before, first));
        let id = if self.usual.code(self.coder, word == expected)? { expected } else { self.coder.plain(word, OPERATOR_BITS)? };
        let unknown = || Error::new(Defect::UnknownId, format!("operator {id} of the packed graph is not known"));
        let op = Op::of_id(id).ok_or_else(unknown)?;
        self.successors.insert(before, id);
        self.out.push(id);
        Ok(op)
    }

    /// Codes the values that node number `node` reads, each as its distance from the value right before the node.
    fn inputs(&mut self, op: &Op, node: u32) -> Result<()> {
        let counted = op.stores_input_count();
        let mut count = *op.inputs().start();
        if counted {
            self.scope = op.id();
            count = from_u32(self.word("count", Expected::Free)?);
            if count > *op.inputs().end() {
                let message = format!("a {} of the packed graph reads {count} values", op.name());
                return Err(Error::new(ErrorKind::Limit, message));
            }
        }
        self.scope = INPUT;
        let last = node.saturating_sub(1);
        for i in 0..count {
            let distance = last.saturating_sub(self.given());
            let name = if counted || i > 0 { "other" } else { "first" };
            let distance = self.number_below(name, distance, u64::from(last))?;
            self.out.push(last.saturating_sub(distance));
        }
        Ok(())
    }
}

/// Values only decide which fields follow; the words themselves are checked later.
impl<C: Coder> Words for Section<'_, C> {
    fn number(&mut self, name: &'static str, expected: Expected, _: RangeInclusive<u64>, value: &mut usize) -> Result<()> {
        *value = from_u32(self.word(name, expected)?);
        Ok(())
    }

    fn choice(&mut self, name: &'static str, expected: Expected, _: &[u32], value: &mut u32) -> Result<()> {
        *value = self.word(name, expected)?;
        Ok(())
    }

    fn float(&mut self, name: &'static str, usual: f32, value: &mut f32) -> Result<()> {
        let expected = self.field(name).last.unwrap_or(usual.to_bits());
        *value = f32::from_bits(self.expect_or(name, expected, |_, coder, word| coder.plain(word, 32))?);
        Ok(())
    }

    fn encoding(&mut self, value: &mut Encoding) -> Result<()> {
        const USUAL_PARAMETERS: [u32; 9] = [0, 0, 4, 0, 16, 0, 4, 15, 16];
        let id = self.word("encoding", Expected::Again(2))?;
        let usual = USUAL_PARAMETERS.get(from_u32(id)).copied().unwrap_or(0);
        let expected = self.parameters.get(&id).copied().unwrap_or(usual);
        let parameter = self.word("parameter", Expected::Word(expected))?;
        self.parameters.insert(id, parameter);
        // A parameter that the encoding does not allow does not affect the fields that follow.
        let known = Encoding::from_fields(id, parameter, 0).ok();
        *value = known.or(Encoding::ALL.get(from_u32(id)).copied()).unwrap_or(Encoding::DenseF32);
        Ok(())
    }

    fn check(&mut self, _: bool, _: ErrorKind, _: &dyn Fn() -> String) -> Result<()> {
        Ok(())
    }

    fn linear(&mut self, linear: &mut Linear) -> Result<()> {
        let scope = std::mem::replace(&mut self.scope, LAYER);
        linear_words(self, linear)?;
        self.scope = scope;
        Ok(())
    }
}

/// The id of the expected operator after a pair of operators not seen before; `first` is the expected first operator.
fn usual_successor(before: [u32; 2], first: &str) -> u32 {
    let name = match before.map(|id| Op::of_id(id).map(|op| op.name())) {
        [_, None] => first,
        [_, Some("linear" | "conv2d" | "add" | "affine")] => "relu",
        [Some("conv2d"), Some("relu")] => "max_pool",
        [_, Some("max_pool" | "average_pool")] => "conv2d",
        [_, Some("global_average_pool")] => "flatten",
        _ => "linear",
    };
    Op::of_name(name).expect("invariant: operators of this page").id()
}
