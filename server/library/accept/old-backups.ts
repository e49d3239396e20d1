import type { TableModel } from '../../../db/model/model.ts';

/**
 * Differences of the documents of the HRMS's own tool, by table: other names of the array, and related objects in rows
 * that are no columns.
 */
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

/**
 * Returns other names of the table's array and keys of its rows to ignore; both are empty for tables outside the HRMS.
 */
export function oldForms(table: Pick<TableModel, 'schema' | 'name'>): { aliases: string[]; related: string[] } {
  const { aliases = [], related = [] } = (table.schema === 'public' && OLD_BACKUPS[table.name]) || {};
  return { aliases, related };
}
