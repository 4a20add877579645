//! The list of operators as a whole.

use super::*;

#[test]
fn ids_and_names_are_unique_and_ids_have_no_gaps() {
    let mut ids: Vec<u32> = Op::kinds().map(|op| op.id()).collect();
    ids.sort_unstable();
    assert!(ids.iter().copied().eq((1..).take(ids.len())), "{ids:?}");
    for op in Op::kinds() {
        assert_eq!(Op::of_id(op.id()), Some(op));
        assert_eq!(Op::kinds().filter(|other| other.name() == op.name()).count(), 1, "{}", op.name());
    }
    assert_eq!(Op::of_id(0), None);
}
