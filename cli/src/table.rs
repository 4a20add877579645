//! A table on a terminal: columns as wide as they must be, two spaces apart.

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// Rows of cells below a row of headings.
#[derive(Debug)]
pub(crate) struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns; a heading that starts with `<` is of words, any other of figures.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let align = headings.iter().map(|heading| if heading.starts_with('<') { Align::Left } else { Align::Right });
        let heads = headings.iter().map(|heading| heading.trim_start_matches('<').to_owned()).collect();
        Self { align: align.collect(), rows: vec![heads] }
    }

    /// Adds a row; a missing cell is empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().collect();
        cells.resize(self.align.len(), String::new());
        self.rows.push(cells);
    }

    /// The table in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let cells = |row: &[String]| row.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>();
        let rule = self.align.iter().map(|align| if *align == Align::Left { "---" } else { "---:" }.to_owned());
        let mut lines: Vec<String> = self.rows.iter().map(|row| line(&cells(row))).collect();
        lines.insert(1, line(&rule.collect::<Vec<_>>()));
        lines.concat()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let length = |cell: &String| cell.chars().count();
        let widths: Vec<usize> =
            (0..self.align.len()).map(|column| self.rows.iter().map(|row| length(&row[column])).max().unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, &width), align) in row.iter().zip(&widths).zip(&self.align) {
                let space = " ".repeat(width - length(cell));
                match align {
                    Align::Left => line.extend([cell.as_str(), &space, "  "]),
                    Align::Right => line.extend([space.as_str(), cell, "  "]),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
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
        assert_eq!(table.markdown(), "| layer | bytes |\n| --- | ---: |\n| fc1 | 1,234 |\n| output |  |\n| a\\|b | 1 |\n");
    }
}
