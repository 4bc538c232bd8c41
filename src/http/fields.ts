// Fields that many resources have: optional ones, words, stamps. What a single resource has is beside its routes.
import { Type } from 'typebox';

/** May be left out, or be null. */
export const orNull = <T>(type: string, more: object) =>
  Type.Optional(Type.Unsafe<T | null>({ type: [type, 'null'], ...more }));

export const listOrNull = <T>(items: object, more: object) => orNull<readonly T[]>('array', { items, ...more });

export const words = <const T extends string[]>(values: readonly [...T], more: object) =>
  Type.Optional(Type.Enum(values, { type: 'string', ...more }));

export const truth = (byDefault: boolean, description: string) =>
  Type.Optional(Type.Boolean({ default: byDefault, description }));

export const stamp = (description?: string) =>
  Type.String({ format: 'date-time', ...(description !== undefined && { description }) });

export const textOrNull = (description?: string) =>
  Type.Union([Type.String(), Type.Null()], description === undefined ? {} : { description });

export const stampOrNull = (description: string) => Type.Union([stamp(), Type.Null()], { description });
