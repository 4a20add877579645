//! The tables (`format-spec/packed.md`, section 9).

use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::content::{AffineTables, LayerTables, Tables};
use crate::format::packed::allocate::filled;
use crate::format::packed::coder::{Coder, Part};
use crate::format::packed::matrix::columns::Columns;
use crate::format::packed::matrix::elements;
use crate::format::packed::prediction::floats::Floats;
use crate::graph::{Graph, InputSpec, Linear, Op};
use crate::tensor::{Dtype, Mask, Shape};

/// A model for the arrays of each purpose.
struct Models {
    levels: Floats,
    factors: Floats,
    biases: Floats,
    affine: Floats,
}

/// Codes the tables of `graph`. A decoder passes none as `given`.
pub(crate) fn code(coder: &mut impl Coder, graph: &Graph, given: Option<&Tables>) -> Result<Tables> {
    coder.enter(Part::Input);
    let input = graph.input();
    let channels = input.shape.channels();
    let usual_scale = if input.dtype == Dtype::U8 { 1.0 / 255.0 } else { 1.0 };
    let mut floats = Floats::new();
    let input_scale = floats.code(coder, given.map_or(&[], |tables| &tables.input_scale), channels, usual_scale)?;
    let input_offset = floats.code(coder, given.map_or(&[], |tables| &tables.input_offset), channels, 0.0)?;
    let input_mask = match input.kept {
        Some(kept) => Some(mask(coder, input, kept, given.and_then(|tables| tables.input_mask.as_ref()))?),
        None => None,
    };
    let mut models = Models { levels: Floats::new(), factors: Floats::new(), biases: Floats::new(), affine: Floats::new() };
    let nodes = graph.nodes().len();
    let mut layers = coder.memory().list(nodes, "the tables of layers")?;
    let mut affines = coder.memory().list(nodes, "the tables of affine nodes")?;
    for node in graph.nodes() {
        if let Some(linear) = node.op.linear() {
            let number = layers.len();
            layers.push(models.layer(coder, linear, number, given.and_then(|tables| tables.layers.get(number)))?);
        } else if node.op == Op::Affine {
            coder.enter(Part::Input);
            let given = given.and_then(|tables| tables.affines.get(affines.len()));
            let channels = graph.shape(node.input()).affine_channels();
            let scale = models.affine.code(coder, given.map_or(&[], |affine| &affine.scale), channels, 1.0)?;
            let offset = models.affine.code(coder, given.map_or(&[], |affine| &affine.offset), channels, 0.0)?;
            affines.push(AffineTables { scale, offset });
        }
    }
    Ok(Tables { input_scale, input_offset, input_mask, layers, affines })
}

impl Models {
    fn layer(
        &mut self,
        coder: &mut impl Coder,
        linear: &Linear,
        number: usize,
        given: Option<&LayerTables>,
    ) -> Result<LayerTables> {
        coder.enter(Part::Levels(number));
        let levels = given.map_or(&[][..], |given| &given.levels);
        let levels = self.levels.code(coder, levels, linear.encoding.level_count(), 1.0)?;
        let row_factors = match linear.row_factors {
            true => {
                let factors = given.and_then(|given| given.row_factors.as_deref()).unwrap_or_default();
                Some(self.factors.code(coder, factors, linear.rows, 1.0)?)
            }
            false => None,
        };
        coder.enter(Part::Biases(number));
        let bias = self.biases.code(coder, given.map_or(&[], |given| &given.bias), linear.rows, 0.0)?;
        // The lists' counts are not coded, because they follow from the weights.
        let counts = given.map_or(&[][..], |given| &given.counts);
        let counts = coder.memory().collect(counts.len(), counts.iter().copied(), "the counts of lists")?;
        Ok(LayerTables { levels, counts, row_factors, bias })
    }
}

/// Codes the input mask. A mask that keeps all inputs or none follows from the graph and is not coded.
fn mask(coder: &mut impl Coder, input: InputSpec, kept: usize, given: Option<&Mask>) -> Result<Mask> {
    let len = input.shape.elements();
    if kept == 0 || kept == len {
        return Ok(Mask::new(filled(kept != 0, len, coder.memory())?));
    }
    let held = coder.memory().held();
    let columns = match input.shape {
        Shape::Vector(len) => Columns::row(len),
        Shape::Image { channels, height, width } => Columns::image(channels, height, width, coder.memory())?,
    };
    let flags = elements::mask(coder, &columns, given.map_or(&[], Mask::flags), Part::Input)?;
    drop(columns);
    coder.memory().release_to(held);
    coder.memory().charge(to_u64(flags.capacity()), "the input mask")?;
    Ok(Mask::new(flags))
}
