import manifest from '../../package.json' with { type: 'json' };

/** What archives, `--help` and operation records say made them. */
export const APPLICATION = { name: 'Palace Backup', version: manifest.version };
