import type { PartStatus } from './types';

/** A part and what its status is. */
export interface TableRow extends PartStatus {
  readonly name: string;
  readonly version: string;
}

const HEADINGS = ['part', 'version', 'state', 'source', 'where / what is missing'];

/** Rows under headings, columns aligned, for a terminal or a log. */
export function formatTable(rows: readonly TableRow[]): string {
  const cells = [HEADINGS, ...rows.map((row) => [row.name, row.version, row.state, row.source, row.detail])];
  const widths = HEADINGS.map((_heading, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
