// Several users of one endpoint: those that take some requests and have sent some of their own, and one for all the rest.
import type { EndpointUser, Origin } from './endpoint.ts';
import type { Request, Response } from './message/message.ts';
import type { Target } from './transport/transport.ts';

/** A user that is told what is its own. */
export interface PartUser {
  takes?(request: Request): boolean;
  request?(request: Request, origin: Origin): void;
  /** Whether it has sent a request under this branch that is not answered yet. */
  sent?(branch: string): boolean;
  response?(branch: string, response: Response, to: Target): void;
  timeout?(branch: string, method: string): void;
  failed?(branch: string, error: Error, method: string): void;
}

/** The first that takes a request, or has sent it, is told; the last one everything else. */
export function users(parts: readonly PartUser[], rest: EndpointUser): EndpointUser {
  const takerOf = (request: Request) => parts.find((part) => part.takes?.(request)) ?? rest;
  const senderOf = (branch: string) => parts.find((part) => part.sent?.(branch)) ?? rest;
  return {
    request: (request, origin) => takerOf(request).request?.(request, origin),
    ack: (request) => rest.ack(request),
    response: (branch, response, to) => senderOf(branch).response?.(branch, response, to),
    timeout: (branch, method) => senderOf(branch).timeout?.(branch, method),
    failed: (branch, error, method) => senderOf(branch).failed?.(branch, error, method),
  };
}
