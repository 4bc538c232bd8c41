// The figures for Prometheus, as text. Leaves out what they are and who counts them.
import type { FastifyInstance } from 'fastify';

export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
  /** Whether they are shown without an API key. */
  readonly open: boolean;
}

export function metricsRoutes(app: FastifyInstance, { contentType, text, open }: MetricsSource): void {
  app.get('/metrics', { config: { open }, schema: { hide: true } }, async (_request, reply) =>
    reply
      .header('content-type', contentType)
      .header('cache-control', 'no-store')
      .send(await text()),
  );
}
