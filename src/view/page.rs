//! A page of the manual as text for a terminal: paragraphs filled, tables drawn, links reduced to their text.
//!
//! Knows only what the manual uses of Markdown: headings, paragraphs, lists, tables, blocks of code.

use crate::report::text::width;

/// Between two columns of a table.
const GAP: usize = 2;
/// No column of a table becomes narrower.
const NARROWEST: usize = 12;

/// The page in at most so many columns, except for code and words that are longer.
pub fn page(markdown: &str, most: usize) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                push(&mut out, &format!("    {code}"));
            }
        } else if line.starts_with("<!--") {
            // For those who write the page.
        } else if line.starts_with('#') {
            heading(&mut out, line);
        } else if is_row(line) {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| is_row(line)) {
                rows.push(cells(row));
            }
            table(&mut out, &rows, most);
        } else if line.trim().is_empty() {
            blank(&mut out);
        } else {
            let mut text = line.to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                text.push(' ');
                text.push_str(more.trim());
            }
            paragraph(&mut out, &text, most);
        }
    }
    out
}

fn push(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// One blank line, never two, and none at the beginning.
fn blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

fn heading(out: &mut String, line: &str) {
    let text = plain(line.trim_start_matches('#').trim());
    let mark = if line.starts_with("# ") { "=" } else { "-" };
    let rule = mark.repeat(width(&text));
    push(out, &text);
    push(out, &rule);
}

fn is_row(line: &str) -> bool {
    line.starts_with('|')
}

/// Does the line belong to the paragraph or list item before it?
fn continues(line: &str) -> bool {
    let begins = ["```", "<!--", "#", "|"]
        .iter()
        .any(|mark| line.starts_with(mark));
    !begins && !line.trim().is_empty() && bullet(line.trim_start()).is_none()
}

/// The length of the mark that begins a list item.
fn bullet(text: &str) -> Option<usize> {
    if text.starts_with("- ") {
        return Some(2);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && text[digits..].starts_with(". ")).then_some(digits + 2)
}

fn paragraph(out: &mut String, text: &str, most: usize) {
    let indent = text.len() - text.trim_start().len();
    let text = text.trim_start();
    let mark = bullet(text).unwrap_or(0);
    let hanging = indent + mark;
    let lines = filled(&plain(&text[mark..]), most.saturating_sub(hanging));
    for (n, line) in lines.iter().enumerate() {
        let before = if n == 0 { &text[..mark] } else { "" };
        push(out, &format!("{:indent$}{before:mark$}{line}", ""));
    }
}

/// The words in lines of at most so many columns; a longer word has a line of its own.
pub fn filled(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let room = most.saturating_sub(width(&lines[last]));
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if width(word) < room {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The cells of a row of a table. A bar after a backslash is text.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    let inner = inner.replace("\\|", "\u{0}");
    let cell = |cell: &str| plain(&cell.trim().replace('\u{0}', "|"));
    inner.split('|').map(cell).collect()
}

/// Columns side by side; the widest give way until all fit.
fn table(out: &mut String, rows: &[Vec<String>], most: usize) {
    let has_text = |row: &&Vec<String>| row.iter().any(|cell| !cell.chars().all(|c| c == '-' || c == ':'));
    let rows: Vec<&Vec<String>> = rows.iter().filter(has_text).collect();
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let widest = |n: usize| {
        rows.iter()
            .filter_map(|row| row.get(n))
            .map(|cell| width(cell))
            .max()
    };
    let mut widths: Vec<usize> = (0..count).map(|n| widest(n).unwrap_or(0)).collect();
    let room = most.saturating_sub(GAP * count.saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let Some(large) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else {
            break;
        };
        *large -= 1;
    }
    let filled_row = |row: &&Vec<String>| -> Vec<Vec<String>> {
        let cells = row.iter().zip(&widths);
        cells.map(|(cell, width)| filled(cell, *width)).collect()
    };
    let rows: Vec<Vec<Vec<String>>> = rows.iter().map(filled_row).collect();
    let height = |row: &Vec<Vec<String>>| row.iter().map(Vec::len).max().unwrap_or(0);
    let is_tall = rows.iter().any(|row| height(row) > 1);
    for (n, row) in rows.iter().enumerate() {
        if n > 0 && is_tall {
            blank(out);
        }
        for at in 0..height(row) {
            let mut line = String::new();
            for (cell, wide) in row.iter().zip(&widths) {
                let text = cell.get(at).map_or("", String::as_str);
                line.push_str(text);
                line.push_str(&" ".repeat(wide.saturating_sub(width(text)) + GAP));
            }
            push(out, &line);
        }
        if n == 0 {
            let rules: Vec<String> = widths.iter().map(|wide| "-".repeat(*wide)).collect();
            push(out, &rules.join("  "));
        }
    }
}

/// The text without marks for bold letters, and links without their targets.
fn plain(text: &str) -> String {
    let text = text.replace("**", "");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(middle) = rest.find("](") {
        let (Some(start), Some(end)) = (rest[..middle].rfind('['), rest[middle..].find(')')) else {
            break;
        };
        out.push_str(&rest[..start]);
        out.push_str(&rest[start + 1..middle]);
        rest = &rest[middle + end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn paragraphs_and_lists_are_filled_and_code_stays_as_it_is() {
        let text = "# Head\n\nOne **two** three\nfour [five](x.md) six.\n\n- alpha beta\n  gamma\n- delta\n\n```sh\nfleet   status   --watch --all\n```\n";
        let shown = "Head\n====\n\nOne two three four\nfive six.\n\n- alpha beta gamma\n- delta\n\n    fleet   status   --watch --all\n";
        assert_eq!(page(text, 19), shown);
    }

    #[test]
    fn a_table_that_is_too_wide_has_its_cells_filled() {
        let text = "<!-- generated: x -->\n| a | what |\n|---|---|\n| `x\\|y` | some words that need three lines |\n";
        let shown = "a      what\n-----  ---------------\n\n`x|y`  some words that\n       need three\n       lines\n";
        assert_eq!(page(text, 22), shown);
    }
}
