import manifest from '../../package.json' with { type: 'json' };

/** Name and version that archives, `--help` and operation records give for this program. */
export const APPLICATION = { name: 'Palace Backup', version: manifest.version };
