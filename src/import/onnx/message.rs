//! The messages of an ONNX file that an import needs, as slices of the file. What they hold is decoded when it is asked for.

use super::wire::{Field, Message};
use crate::base::checked::{at_most, to_u64};
use crate::base::error::Result;
use crate::import::error::damaged;

/// The most nodes of a file, those of constants included.
pub(super) const MAX_NODES: u64 = 1 << 16;
/// The most names, attributes, tensors and dimensions of a file together: each takes more memory here than in the file.
pub(super) const MAX_ITEMS: u64 = 1 << 20;
/// Bytes of the longest name.
pub(super) const MAX_NAME_BYTES: u64 = 4096;

/// What is left of [`MAX_ITEMS`].
#[derive(Debug)]
pub(super) struct Items(u64);

impl Items {
    pub(super) fn new() -> Self {
        Self(MAX_ITEMS)
    }

    fn charge(&mut self) -> Result<()> {
        let left = self.0.checked_sub(1);
        self.0 = left.ok_or_else(|| damaged(format!("the file has more than {MAX_ITEMS} names, attributes and tensors")))?;
        Ok(())
    }

    fn text<'a>(&mut self, field: Field<'a>, what: &str) -> Result<&'a str> {
        self.charge()?;
        let message = field.message(what)?;
        let offset = message.offset();
        let bytes = message.bytes();
        at_most(to_u64(bytes.len()), MAX_NAME_BYTES, what)?;
        std::str::from_utf8(bytes).map_err(|_| damaged(format!("{what} at byte {offset} is not UTF-8")))
    }
}

/// The graph of a file, and the version of the operators.
#[derive(Debug, Default)]
pub(super) struct Model<'a> {
    /// The version of the operators of the default domain.
    pub(super) opset: i64,
    /// The nodes in the order of the file.
    pub(super) nodes: Vec<Node<'a>>,
    /// The constants.
    pub(super) initializers: Vec<TensorMessage<'a>>,
    /// Inputs; older files name the constants here too.
    pub(super) inputs: Vec<ValueInfo<'a>>,
    /// The names of the outputs.
    pub(super) outputs: Vec<&'a str>,
}

/// A node.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) op: &'a str,
    pub(super) domain: &'a str,
    /// Names of values; an empty one is an input left out.
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    /// Names and contents.
    pub(super) attributes: Vec<(&'a str, Message<'a>)>,
}

/// A tensor before its elements are decoded.
#[derive(Clone, Debug, Default)]
pub(super) struct TensorMessage<'a> {
    pub(super) name: &'a str,
    pub(super) dims: Vec<i64>,
    /// The number of the element type.
    pub(super) dtype: i64,
    /// Where the elements lie, if not in the file: pairs of key and value.
    pub(super) external: Vec<(&'a str, &'a str)>,
    pub(super) is_external: bool,
    /// The whole message.
    pub(super) body: Option<Message<'a>>,
}

/// An input of the graph.
#[derive(Debug, Default)]
pub(super) struct ValueInfo<'a> {
    pub(super) name: &'a str,
    /// The number of the element type.
    pub(super) dtype: i64,
    /// The dimensions, or why one is not known: its name.
    pub(super) dims: Vec<Dimension<'a>>,
}

/// A dimension of an input.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dimension<'a> {
    Known(i64),
    /// Chosen by the caller; the name may be empty.
    Free(&'a str),
}

/// Reads the file.
///
/// # Errors
/// `bounds`, `import`, `limit`.
pub(super) fn parse(bytes: &[u8]) -> Result<Model<'_>> {
    let (mut message, mut items) = (Message::new(bytes), Items::new());
    let mut model = Model::default();
    let mut has_graph = false;
    while let Some((number, field)) = message.field()? {
        match number {
            7 => {
                graph(field.message("the graph")?, &mut model, &mut items)?;
                has_graph = true;
            }
            8 => opset(field.message("an operator set")?, &mut model.opset, &mut items)?,
            _ => {}
        }
    }
    if !has_graph {
        return Err(damaged("the file has no graph: it is not an ONNX model"));
    }
    Ok(model)
}

/// The version of a set of operators, if it is that of the default domain.
fn opset(mut message: Message<'_>, version: &mut i64, items: &mut Items) -> Result<()> {
    let (mut domain, mut found) = ("", 0);
    while let Some((number, field)) = message.field()? {
        match number {
            1 => domain = items.text(field, "the domain of an operator set")?,
            2 => found = field.integer("the version of an operator set")?,
            _ => {}
        }
    }
    if is_default(domain) {
        *version = found;
    }
    Ok(())
}

/// Whether a domain is that of the operators which the ONNX standard names.
pub(super) fn is_default(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn graph<'a>(mut message: Message<'a>, model: &mut Model<'a>, items: &mut Items) -> Result<()> {
    while let Some((number, field)) = message.field()? {
        match number {
            1 => {
                at_most(to_u64(model.nodes.len().saturating_add(1)), MAX_NODES, "the number of nodes")?;
                model.nodes.push(node(field.message("a node")?, items)?);
            }
            5 => {
                items.charge()?;
                model.initializers.push(tensor(field.message("a tensor")?, items)?);
            }
            11 => {
                items.charge()?;
                model.inputs.push(value_info(field.message("an input")?, items)?);
            }
            12 => model.outputs.push(value_info(field.message("an output")?, items)?.name),
            15 => return Err(damaged("the graph has sparse initializers, which are not read")),
            _ => {}
        }
    }
    Ok(())
}

fn node<'a>(mut message: Message<'a>, items: &mut Items) -> Result<Node<'a>> {
    let mut node = Node::default();
    while let Some((number, field)) = message.field()? {
        match number {
            1 => node.inputs.push(items.text(field, "the name of a value")?),
            2 => node.outputs.push(items.text(field, "the name of a value")?),
            3 => node.name = items.text(field, "the name of a node")?,
            4 => node.op = items.text(field, "the name of an operator")?,
            5 => {
                let body = field.message("an attribute")?;
                node.attributes.push((name(body.clone(), 1, items)?, body));
            }
            7 => node.domain = items.text(field, "the domain of an operator")?,
            _ => {}
        }
    }
    Ok(node)
}

/// The text in field `at` of a message, empty if there is none.
fn name<'a>(mut message: Message<'a>, at: u64, items: &mut Items) -> Result<&'a str> {
    let mut name = "";
    while let Some((number, field)) = message.field()? {
        if number == at {
            name = items.text(field, "a name")?;
        }
    }
    Ok(name)
}

/// Reads a tensor without its elements.
///
/// # Errors
/// `bounds`, `import`, `limit`.
pub(super) fn tensor<'a>(message: Message<'a>, items: &mut Items) -> Result<TensorMessage<'a>> {
    let mut tensor = TensorMessage { body: Some(message.clone()), ..TensorMessage::default() };
    let mut rest = message;
    while let Some((number, field)) = rest.field()? {
        match number {
            1 => integers(field, "a dimension", &mut |dim| {
                items.charge()?;
                tensor.dims.push(dim);
                Ok(())
            })?,
            2 => tensor.dtype = field.integer("an element type")?,
            8 => tensor.name = items.text(field, "the name of a tensor")?,
            13 => {
                let entry = field.message("a place outside the file")?;
                tensor.external.push((name(entry.clone(), 1, items)?, name(entry, 2, items)?));
            }
            14 => tensor.is_external = field.integer("the place of a tensor")? == 1,
            _ => {}
        }
    }
    Ok(tensor)
}

/// Hands over the integers of a repeated field, packed or one by one.
///
/// # Errors
/// `bounds`, `import`; those of `take`.
pub(super) fn integers(field: Field<'_>, what: &str, take: &mut dyn FnMut(i64) -> Result<()>) -> Result<()> {
    match field {
        Field::Bytes(mut packed) => {
            while !packed.is_empty() {
                take(Field::Varint(packed.varint()?).integer(what)?)?;
            }
            Ok(())
        }
        single => take(single.integer(what)?),
    }
}

fn value_info<'a>(mut message: Message<'a>, items: &mut Items) -> Result<ValueInfo<'a>> {
    let mut info = ValueInfo::default();
    while let Some((number, field)) = message.field()? {
        match number {
            1 => info.name = items.text(field, "the name of a value")?,
            2 => {
                let mut kind = field.message("a type")?;
                while let Some((number, field)) = kind.field()? {
                    if number == 1 {
                        tensor_type(field.message("a tensor's type")?, &mut info, items)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(info)
}

fn tensor_type<'a>(mut message: Message<'a>, info: &mut ValueInfo<'a>, items: &mut Items) -> Result<()> {
    while let Some((number, field)) = message.field()? {
        match number {
            1 => info.dtype = field.integer("an element type")?,
            2 => {
                let mut shape = field.message("a shape")?;
                while let Some((number, field)) = shape.field()? {
                    if number == 1 {
                        items.charge()?;
                        info.dims.push(dimension(field.message("a dimension")?, items)?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn dimension<'a>(mut message: Message<'a>, items: &mut Items) -> Result<Dimension<'a>> {
    let mut found = Dimension::Free("");
    while let Some((number, field)) = message.field()? {
        match number {
            1 => found = Dimension::Known(field.integer("a dimension")?),
            2 => found = Dimension::Free(items.text(field, "the name of a dimension")?),
            _ => {}
        }
    }
    Ok(found)
}
