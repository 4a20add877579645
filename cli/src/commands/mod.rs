//! One file for each command: its options, its help, its work and its output.

pub(crate) mod bench;
pub(crate) mod convert;
pub(crate) mod doctor;
pub(crate) mod evidence;
pub(crate) mod inspect;
pub(crate) mod pages;
pub(crate) mod run;
pub(crate) mod verify;
