// The route of the backup: a copy of the database as it is at that moment, while the server goes on. Additive.
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Store } from '../store/store.ts';
import { refusing } from './openapi.ts';

export const backupType = 'application/vnd.sqlite3';

export function backupRoute(app: FastifyInstance, store: Pick<Store, 'backup'>): void {
  app.get('/v2/backup', {
    config: { scope: 'admin' },
    schema: {
      operationId: 'RetrieveBackup',
      summary: 'Retrieve a copy of the database',
      description:
        'As it is when the copy is complete. It holds everything the server knows: keep it as safe as the server.',
      tags: ['Server'],
      response: {
        200: { description: 'An SQLite database.', content: { [backupType]: { schema: { type: 'string' } } } },
        ...refusing([401, 403, 500, 503]),
      },
    },
    handler: async (_request, reply) => {
      const folder = await mkdtemp(join(tmpdir(), 'switchhook-backup-'));
      const forget = () => rm(folder, { recursive: true, force: true });
      try {
        const copy = join(folder, 'copy.db');
        await store.backup(copy);
        const bytes = createReadStream(copy);
        bytes.once('close', forget);
        return reply.header('content-type', backupType).send(bytes);
      } catch (error) {
        await forget();
        throw error;
      }
    },
  });
}
