import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';

/** Our bunfig.toml, which turns fetching off. */
const OWN_BUNFIG = join(import.meta.dir, '../../bunfig.toml');

interface Process {
  cwd: string;
  /** Arguments of the runtime itself, before the program. */
  execArgv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * Throws CONFIG_INVALID where Bun is configured to fetch packages while a program runs. The bunfig.toml of the start
 * folder, which need not be ours, or the user's own may say so; unconfigured, Bun looks only at packages beside this
 * program. `--no-install` does not count, because `bun run` ignores it.
 */
export async function refuseFetching({ cwd, execArgv, env }: Process): Promise<void> {
  const home = env['XDG_CONFIG_HOME'] || env['HOME'] || homedir();
  const named = execArgv.findLast((word) => /^(--config|-c)=/.test(word))?.replace(/^[^=]*=/, '');
  // The nearer one counts where both set it.
  for (const file of [named ?? join(cwd, 'bunfig.toml'), join(home, '.bunfig.toml')]) {
    const said = await installsOf(file);
    if (said === null) continue;
    if (said === 'disable' || said === 'auto') return;
    throw new AppError(
      'CONFIG_INVALID',
      `${file} has Bun fetch packages while a program runs ([install] auto = "${said}"). Nothing is downloaded while a backup runs.`,
      { hint: `Run it from the folder of this program, or as: bun --config=${OWN_BUNFIG} run …` },
    );
  }
}

async function installsOf(file: string): Promise<string | null> {
  const text = await Bun.file(file)
    .text()
    .catch(() => null);
  if (text === null) return null;
  const { install } = Bun.TOML.parse(text) as { install?: { auto?: unknown } };
  return typeof install?.auto === 'string' ? install.auto : null;
}
