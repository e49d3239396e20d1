const stages: Readonly<Record<string, string>> = {
  prepare: 'Getting ready',
  copy: 'Copying the tables',
  finish: 'Finishing the archive',
  verify: 'Verifying every byte',
  open: 'Opening the backup',
  compare: 'Comparing the backup with live data',
  differences: 'Counting what differs',
  rules: 'Trying foreign keys and checks',
  stage: 'Loading into staging (live data untouched)',
  lock: 'Locking the tables',
  apply: 'Replacing live data',
  indexes: 'Replacing live data: rebuilding indexes',
  links: 'Replacing live data: checking foreign keys',
  commit: 'Replacing live data: committing',
  analyze: 'Refreshing statistics',
  clean: 'Cleaning up',
};

/** An upload's own words for stages that others have, too. */
const uploadStages: Readonly<Record<string, string>> = {
  ...stages,
  prepare: 'Looking at the file',
  open: 'Checking every byte of the file',
  copy: 'Storing the backup',
  finish: 'Storing the backup',
};

/** Returns the words for a stage of an operation; the stage itself when it is a new one. */
export function stageText(stage: string, kind = ''): string {
  return (kind === 'upload' ? uploadStages : stages)[stage] ?? stage;
}
