//! What is decided, on small fleets that are told in a few lines.

mod choice;
mod health;
mod images;
mod retry;
mod scene;
