// What every test here begins with: a server as a user runs it, and an application that it tells its events.
import { Application } from './application.ts';
import type { Scope } from './scope.ts';
import { type ServerSettings, Switchhook } from './server.ts';

export interface World {
  readonly server: Switchhook;
  readonly app: Application;
}

export async function openWorld(scope: Scope, settings: ServerSettings = {}): Promise<World> {
  const app = await Application.open(scope);
  const server = await Switchhook.open(scope, { SWITCHHOOK_WEBHOOK_URL: app.url, ...settings });
  await app.connect(server);
  return { server, app };
}
