// A request that no route takes: 404, or 405 with Allow where the path has other methods; OPTIONS tells them.
// Off the hot path, so it asks a list of patterns and not the router.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from './answers.ts';

interface Known {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export class Unrouted {
  readonly #known = new Map<string, Known>();

  /** Must see the app before its routes are added. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const known = this.#known.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      this.#known.set(url, known);
      for (const name of [method].flat()) known.methods.add(name);
    });
  }

  answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const allowed = this.#allowed(request.url);
    if (allowed === null) return refuse(reply, [{ name: 'not-found' }]);
    reply.header('allow', allowed);
    return request.method === 'OPTIONS' ? reply.code(204).send() : refuse(reply, [{ name: 'method-not-allowed' }]);
  }

  #allowed(url: string): string | null {
    const path = url.replace(/[?#].*$/s, '');
    const known = this.#known.values().find(({ pattern }) => pattern.test(path));
    return known ? [...known.methods, 'OPTIONS'].join(', ') : null;
  }
}

function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}$`);
}
