//! Every test that is not beside its code: the rules of the house, the promises, the real binary.

mod simulation;
