// Every schema that is published under a name of its own, from the files of the routes that use it.
import type { TSchema } from 'typebox';
import * as apiKeys from './api-keys.ts';
import * as applications from './applications.ts';
import * as callEvents from './call-events.ts';
import * as connections from './connections.ts';
import * as deliveries from './deliveries.ts';
import * as paging from './paging.ts';
import * as peers from './peers.ts';
import * as queues from './queues.ts';
import * as schemas from './schemas.ts';

export const components: readonly TSchema[] = [
  ...schemas.components,
  ...paging.components,
  ...applications.components,
  ...connections.components,
  ...callEvents.components,
  ...deliveries.components,
  ...queues.components,
  ...peers.components,
  ...apiKeys.components,
];
