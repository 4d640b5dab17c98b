//! `results.jsonl`: one job a line, every field of its row.

use super::Books;

impl Books {
    /// The bytes of `results.jsonl`.
    pub fn results_jsonl(&self) -> Result<String, serde_json::Error> {
        let mut out = String::new();
        for row in self.rows() {
            out.push_str(&serde_json::to_string(row)?);
            out.push('\n');
        }
        Ok(out)
    }
}
