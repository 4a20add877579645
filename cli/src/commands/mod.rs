//! One file for each command.

pub(crate) mod bench;
pub(crate) mod compress;
pub(crate) mod doctor;
pub(crate) mod embedded;
pub(crate) mod export;
pub(crate) mod inspect;
pub(crate) mod pack;
pub(crate) mod run;
pub(crate) mod table;
pub(crate) mod verify;
