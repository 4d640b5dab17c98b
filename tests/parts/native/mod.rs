//! The native phases on this machine: trajectories of every kind of agent, and evaluations in real containers
//! of its engine.

mod attacks;
mod evaluation;
mod fixture;
mod judged;
mod limits;
mod report;
mod steering;
mod trajectory;
