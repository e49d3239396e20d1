/** Starts a program as npx does: through a shell, and without passing on the signal it dies of. */
const [program = ''] = process.argv.slice(2);
const shell = Bun.spawn(['sh', '-c', `'${process.execPath}' '${program}'; exit $?`], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exit(await shell.exited);
