// What the fuzz can be let loose on, by name.
import { endpointExecution, machines } from './machines.ts';
import { type Execution, readers } from './readers.ts';

/** All of them, or those that are named. */
export async function targetsOf(only: readonly string[]): Promise<Readonly<Record<string, Execution>>> {
  const all: Record<string, Execution> = { ...readers, ...machines, endpoint: await endpointExecution() };
  return only.length === 0 ? all : Object.fromEntries(Object.entries(all).filter(([name]) => only.includes(name)));
}
