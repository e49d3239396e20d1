import type { TableModel } from '../../../db/model/model.ts';

/** What the HRMS's own tool wrote otherwise, by table: other names of the array, and related objects in its rows that are no columns. */
const OLD_BACKUPS: Record<string, { aliases?: string[]; related?: string[] }> = {
  admins: { related: ['createdByAdmin'] },
  staff: { related: ['reportingManager', 'subordinates', 'position', 'departmentCategory', 'jobType'] },
  salary_structures: { related: ['staff'] },
  loans: { related: ['staff', 'updatedByAdmin'] },
  loan_repayments: { related: ['loan'] },
  issues: { related: ['staff', 'admin', 'issueCategory'] },
  issue_comments: { related: ['issue'] },
  documents: { aliases: ['documents'], related: ['staff'] },
  audit_trails: { related: ['admin'] },
};

/** Other names the table's array may have, and keys of its rows to pass over. Nothing for tables that are not the HRMS's. */
export function oldForms(table: Pick<TableModel, 'schema' | 'name'>): { aliases: string[]; related: string[] } {
  const { aliases = [], related = [] } = (table.schema === 'public' && OLD_BACKUPS[table.name]) || {};
  return { aliases, related };
}
