//! The shapes of operators on images.

use crate::base::error::{Error, ErrorKind, Result};
use crate::graph::Node;
use crate::tensor::Shape;

/// Channels, height and width of input and output.
pub(super) fn images(node: &Node, shapes: [Shape; 2]) -> Result<[[usize; 3]; 2]> {
    match shapes {
        [
            Shape::Image { channels, height, width },
            Shape::Image { channels: out_channels, height: out_height, width: out_width },
        ] => Ok([[channels, height, width], [out_channels, out_height, out_width]]),
        [input, output] => {
            let message = format!("{} was planned from {input} to {output}, which are not images", node.op.name());
            Err(Error::new(ErrorKind::Internal, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Op;

    #[test]
    fn shapes_that_the_graph_builder_refuses_are_an_error_and_no_missing_step() {
        let pool = Op::kinds().find(|op| op.name() == "max_pool").unwrap();
        let error =
            images(&Node::new(pool, 0), [Shape::Vector(18), Shape::Image { channels: 2, height: 3, width: 3 }]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}
