//! The rules of the house: what imports what, which dependencies there are, that documents tell the truth, and that what
//! earlier builds wrote still reads.

mod architecture;
mod circles;
mod compatibility;
mod dependencies;
mod documents;
mod schema;
