import type { ReactElement, ReactNode } from "react";
import { Empty, Loading } from "./panel";

export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** Numbers stand at the end of their cell. */
  readonly end?: boolean;
  readonly className?: string;
}

interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  /** undefined: still loading; null: this server does not tell. */
  readonly rows: readonly T[] | null | undefined;
  readonly rowKey: (row: T) => string;
  readonly empty: ReactNode;
  readonly className?: string;
}

export function Table<T>({ label, columns, rows, rowKey, empty, className = "" }: TableProps<T>): ReactElement {
  if (rows === undefined) return <Loading />;
  if (rows === null) return <Empty title="Not served here">This server does not have this part yet.</Empty>;
  if (rows.length === 0) return <>{typeof empty === "string" ? <Empty title={empty} /> : empty}</>;
  return (
    <div className={`scroll ${className}`} tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.head} scope="col" className={classOf(column)}>
                {column.head === "" ? <span className="visually-hidden">Actions</span> : column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.head} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<T>(column: Column<T>): string {
  return `${column.end ? "end" : ""} ${column.className ?? ""}`.trim();
}
