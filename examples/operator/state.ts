// What each call carries as its client_state: its part, and the calls it has to do with. So nothing is kept in memory, and
// the application may be restarted, or run twice, while people talk.

export type State =
  /** `isLeaving`: it is being transferred. */
  | { readonly part: 'caller'; readonly agent?: string; readonly isLeaving?: true }
  /** `isAsking`: it talks to the second agent, and the caller is on hold. */
  | { readonly part: 'agent'; readonly caller?: string; readonly consultation?: string; readonly isAsking?: true }
  | { readonly part: 'consultation'; readonly agent: string; readonly caller: string };

export const carrying = (state: State) => ({ client_state: btoa(JSON.stringify(state)) });

export const carriedBy = (clientState: string | null | undefined): State | null =>
  clientState ? JSON.parse(atob(clientState)) : null;
