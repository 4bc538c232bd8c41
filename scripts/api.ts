// docs/api.md: every endpoint of the Telnyx Call Control API v2, and what this server makes of it as its own OpenAPI
// description says. Nothing here is written by hand but the list of the endpoints.
import { fixture } from '../test/http/support.ts';
import { code, page, rows } from './markdown.ts';
import { sections } from './telnyx-endpoints.ts';

/** What the page reads of an operation of OpenAPI. */
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
  };
  readonly 'x-switchhook-refused'?: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties?: Readonly<Record<string, object>> }>>;
  };
}

interface Route extends Operation {
  /** As OpenAPI writes it: `GET /v2/calls/{call_control_id}`. */
  readonly line: string;
  /** The fields of its body that the Telnyx API does not have. */
  readonly additive: readonly string[];
}

export async function api(): Promise<string> {
  const routes = await routesOfTheApp();
  const known = new Set(sections.flatMap(({ endpoints }) => Object.values(endpoints).map(shapeOf)));
  const ours = [...routes].filter(([shape]) => !known.has(shape)).map(([, route]) => route);
  return page(
    'API',
    'Every endpoint of the Telnyx Call Control API v2, and what is here of it.',
    `\`done\`: it is carried out; a field that needs media is refused by name. \`needs media\`: it is refused with a 422 of the code
\`10027\` that says so, for Switchhook has no media engine. \`out of scope\`: it will not be here, and why; a command of a call is
then refused with \`10027\` as well. \`not yet\`: there is no route. Fields of a body that the Telnyx API does not have are named
as additive. The paths are below \`/v2\`, the methods those of the official client; bodies and answers are in
\`/openapi.json\`. Numbers, messages, faxes, TeXML and the rest of Telnyx are no part of this API and of this page.`,
    ...sections.map(({ title, outOfScope, endpoints }) => {
      const table = rows(
        ['Endpoint', 'Method of the client', 'Here'],
        Object.entries(endpoints).map(([method, line]) => {
          const route = routes.get(shapeOf(line));
          return [code(line), code(method), route ? stateOf(route) : outOfScope ? 'out of scope' : 'not yet'];
        }),
      );
      return [`## ${title}`, outOfScope, table].filter((part) => part !== undefined).join('\n\n');
    }),
    '## Additive',
    'What Switchhook has and the official client has no method for, with the whole path.',
    rows(
      ['Endpoint', 'What it is'],
      ours.map(({ line, summary = '', description = summary }) => [code(line), description]),
    ),
  );
}

function stateOf(route: Route): string {
  if (route['x-switchhook-refused'] === 'needs-media') return 'needs media';
  if (route['x-switchhook-refused'] !== undefined) return `out of scope: ${route.description}`;
  return route.additive.length === 0 ? 'done' : `done; additive: ${route.additive.map(code).join(', ')}`;
}

/** The routes of the app by their shape. */
async function routesOfTheApp(): Promise<ReadonlyMap<string, Route>> {
  const { app } = fixture();
  await app.ready();
  const document = app.swagger() as unknown as Document;
  await app.close();
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, Route] => {
      const line = `${method.toUpperCase()} ${path}`;
      return [shapeOf(line), { ...operation, line, additive: additiveFields(document, operation) }];
    }),
  );
  return new Map(routes);
}

function additiveFields({ components }: Document, { requestBody }: Operation): string[] {
  const name = requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1) ?? '';
  const fields = Object.entries(components.schemas[name]?.properties ?? {});
  return fields.filter(([, schema]) => 'x-switchhook-additive' in schema).map(([field]) => field);
}

/** Method and path without what the parameters are called, which the two sides do not agree on. */
function shapeOf(line: string): string {
  return line.replace(' /v2/', ' /').replaceAll(/\{\w+\}/g, '{}');
}
