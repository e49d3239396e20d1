import { accessWords } from '../../strings/access.ts';
import { Card } from '../../ui/card.tsx';
import { Snippet } from './snippet.tsx';

const { use: w, emergency } = accessWords;

/** Shows the header a service sends with its requests. */
export function TokenUse() {
  const server = location.origin;
  const curl = `curl -sS -H "Authorization: Bearer $BACKUP_TOKEN" -H 'Content-Type: application/json' \\\n  -d '{}' ${server}/trpc/backups.create`;
  const client = `import { createBackupClient } from 'palace-backup/client';\n\nconst token = process.env.BACKUP_TOKEN ?? '';\nconst client = createBackupClient({ url: '${server}', token });\nawait client.backups.create.mutate({});`;
  return (
    <Card title={w.title}>
      <p class="mb-4 text-sm text-soft">{w.lead}</p>
      <div class="space-y-4">
        <Snippet label={w.curl} copy={w.copy(w.curl)} text={curl} />
        <Snippet label={w.client} copy={w.copy(w.client)} text={client} />
      </div>
      <p class="mt-2 text-sm text-soft">{w.clientLead}</p>
    </Card>
  );
}

/** Shows the way in for the day when no administrator can sign in. */
export function Emergency() {
  return (
    <Card title={emergency.title}>
      <p class="mb-3 text-sm text-soft">{emergency.lead}</p>
      <Snippet label={emergency.command} copy={emergency.copy} text="bun run scripts/break-glass.ts" />
    </Card>
  );
}
