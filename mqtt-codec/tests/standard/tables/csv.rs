//! Comma separated values, as far as our tables use them: quotes around a cell, and none within.

/// The rows behind the heading, each with as many cells as that.
pub(super) fn rows<const N: usize>(
    table: &'static str,
    heading: [&str; N],
) -> Vec<[&'static str; N]> {
    let mut rows = table.lines().map(cells);
    assert_eq!(rows.next().unwrap(), heading);
    rows.map(|row| {
        row.try_into()
            .unwrap_or_else(|row| panic!("{N} cells: {row:?}"))
    })
    .collect()
}

fn cells(line: &'static str) -> Vec<&'static str> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        cells.push(cell);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => break assert_eq!(behind, "", "behind a cell of {line}"),
        }
    }
    cells
}

/// What stands between semicolons.
pub(super) fn clauses(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split("; ").filter(|clause| !clause.is_empty())
}
