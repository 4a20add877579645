//! Tables for terminals and for Markdown.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentLineStyle, TableStyle};
use std::fmt;

/// Bars between cells, as in Markdown.
const BARS: TableStyle = NOTHING.content_lines(ContentLineStyle::new('|', '|', '|'));

/// Rows of cells below a row of headings.
#[derive(Debug)]
pub(crate) struct Table {
    align: Vec<CellAlignment>,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns. A column is right-aligned, or left-aligned if its heading starts with `<`.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let align = |heading: &&str| if heading.starts_with('<') { CellAlignment::Left } else { CellAlignment::Right };
        Self {
            align: headings.iter().map(align).collect(),
            headings: headings.iter().map(|heading| heading.trim_start_matches('<').to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; a missing cell is empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().collect();
        cells.resize(self.align.len(), String::new());
        self.rows.push(cells);
    }

    /// The table in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let rule = self.align.iter().map(|align| if *align == CellAlignment::Left { "---" } else { "---:" }.to_owned());
        let rows = self.rows.iter().map(|row| row.iter().map(|cell| cell.replace('|', "\\|")).collect());
        self.print(BARS, (1, 1), std::iter::once(rule.collect()).chain(rows)) + "\n"
    }

    fn print(&self, style: TableStyle, padding: (u16, u16), rows: impl Iterator<Item = Vec<String>>) -> String {
        let mut table = comfy_table::Table::new();
        // The headings are added as a row like the others, because the library's styles would draw a rule below headings.
        table.load_style(style).add_row(&self.headings).add_rows(rows);
        for (column, align) in table.column_iter_mut().zip(&self.align) {
            column.set_cell_alignment(*align);
            column.set_padding(padding);
        }
        table.trim_fmt()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.print(NOTHING, (0, 2), self.rows.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_figures_right() {
        let mut table = Table::new(&["<layer", "bytes"]);
        table.row(["fc1".to_owned(), "1,234".to_owned()]);
        table.row(["output".to_owned()]);
        assert_eq!(table.to_string(), "layer   bytes\nfc1     1,234\noutput\n");
        table.row(["a|b".to_owned(), "1".to_owned()]);
        let rows =
            ["| layer  | bytes |", "| ---    |  ---: |", "| fc1    | 1,234 |", "| output |       |", "| a\\|b   |     1 |", ""];
        assert_eq!(table.markdown(), rows.join("\n"));
    }
}
