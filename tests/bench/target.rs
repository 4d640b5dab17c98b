//! What was hoped for, beside what came out.

use std::fmt::Debug;
use std::ops::RangeBounds;

/// Prints one figure and whether it lies where it should; an unbounded range is no target.
pub(crate) fn target(what: &str, figure: f64, unit: &str, wanted: impl RangeBounds<f64> + Debug) {
    use std::ops::Bound::{Included, Unbounded};
    let said = match (wanted.start_bound(), wanted.end_bound()) {
        (Included(least), Included(most)) => format!("between {least} and {most}"),
        (Included(least), _) => format!("at least {least}"),
        (_, Included(most)) => format!("at most {most}"),
        (Unbounded, Unbounded) => {
            println!("  {what}: {figure:.2} {unit}");
            return;
        }
        _ => format!("{wanted:?}"),
    };
    let met = if wanted.contains(&figure) {
        "met"
    } else {
        "NOT met"
    };
    println!("  {what}: {figure:.3} {unit}, wanted {said}: {met}");
}
