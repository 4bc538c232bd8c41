// The API keys that the API itself has made: kept as their hashes, in force from the moment they are made until they are
// revoked. Those of the settings are no part of it. Leaves out the routes (api-keys.ts).
import { randomBytes } from 'node:crypto';
import type { Refusal } from '../errors.ts';
import type { ResourceRow, Store } from '../store/store.ts';
import type { System } from '../system.ts';
import { type Auth, hashKey, type Scope } from './auth.ts';

/** `createdAt` is in wall-clock milliseconds. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly createdAt: number;
}

type State = Pick<KeyView, 'name' | 'scope'> & { readonly hash: string };

/** Each request is compared with all of them. */
const maxKeys = 100;

export function newKey(): string {
  return `switchhook_${randomBytes(24).toString('base64url')}`;
}

export class Keys {
  readonly #system: Pick<System, 'clock' | 'ids'>;
  readonly #store: Pick<Store, 'resources' | 'putResource' | 'dropResource'>;
  readonly #auth: Auth;
  readonly #views = new Map<string, KeyView>();

  constructor(system: Pick<System, 'clock' | 'ids'>, store: Store, auth: Auth) {
    this.#system = system;
    this.#store = store;
    this.#auth = auth;
  }

  /** `first` is in force although nobody has kept it yet: who starts the server keeps it when it has been shown. */
  async restore(first: ResourceRow | null = null): Promise<void> {
    for (const row of await this.#store.resources('api_key')) this.#admit(row);
    if (first !== null) this.#admit(first);
  }

  /** The oldest first. */
  views(): readonly KeyView[] {
    return [...this.#views.values()];
  }

  view(id: string): KeyView | null {
    return this.#views.get(id) ?? null;
  }

  /** Makes a key. It is in the answer and nowhere else. */
  async create(name: string, scope: Scope): Promise<{ view: KeyView; key: string } | { refusals: readonly [Refusal] }> {
    if (this.#views.size >= maxKeys) {
      return {
        refusals: [{ name: 'unable-to-execute', detail: `There are ${maxKeys} API keys already: revoke one first.` }],
      };
    }
    const key = newKey();
    const row = keyRow(this.#system, { name, scope, hash: hashKey(key) });
    await this.#store.putResource(row);
    return { view: this.#admit(row), key };
  }

  /** From the next request on the key is nobody's. */
  async revoke(id: string): Promise<KeyView | null> {
    const view = this.view(id);
    if (view === null) return null;
    await this.#store.dropResource('api_key', id);
    this.#views.delete(id);
    this.#auth.revoke(id);
    return view;
  }

  #admit({ id, state, createdAt }: ResourceRow): KeyView {
    const { name, scope, hash } = JSON.parse(state) as State;
    const view = { id, name, scope, createdAt };
    this.#views.set(id, view);
    this.#auth.admit(id, hash, scope);
    return view;
  }
}

export function keyRow({ clock, ids }: Pick<System, 'clock' | 'ids'>, state: State): ResourceRow {
  const now = clock.date();
  return { kind: 'api_key', id: ids.uuid(), state: JSON.stringify(state), createdAt: now, updatedAt: now };
}
