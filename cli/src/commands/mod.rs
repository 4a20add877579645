//! One file for each command: its options and help, what it does, what it prints.

pub(crate) mod bench;
pub(crate) mod convert;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod pages;
pub(crate) mod run;
pub(crate) mod verify;
