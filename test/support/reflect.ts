// What @peculiar/x509 needs to be loaded: a place to keep metadata by (the one that `reflect-metadata` would bring).
type Key = string | symbol | undefined;

const kept = new WeakMap<object, Map<unknown, Map<Key, unknown>>>();

function mapOf(target: object, member: Key): Map<unknown, unknown> {
  const members = kept.get(target) ?? new Map<unknown, Map<Key, unknown>>();
  kept.set(target, members);
  const values = members.get(member) ?? new Map<Key, unknown>();
  members.set(member, values);
  return values as Map<unknown, unknown>;
}

Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, target: object, member?: Key) => {
    mapOf(target, member).set(key, value);
  },
  getOwnMetadata: (key: unknown, target: object, member?: Key) => mapOf(target, member).get(key),
  getMetadata: (key: unknown, target: object, member?: Key): unknown => {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
      if (mapOf(at, member).has(key)) return mapOf(at, member).get(key);
    }
    return undefined;
  },
});
