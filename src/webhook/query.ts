// An event in the query of a GET: every value under its path in brackets, `data[payload][call_control_id]=…`, as PHP, Rack
// and Express read it. What is null has an empty value, and a list that is empty is not there.

/** The URL with the members of the value added to its query. */
export function withQuery(url: string, value: object): string {
  const to = new URL(url);
  for (const [name, text] of pairsOf(value, '')) to.searchParams.append(name, text);
  return to.href;
}

function pairsOf(value: unknown, path: string): [name: string, text: string][] {
  if (typeof value !== 'object' || value === null) return [[path, value === null ? '' : String(value)]];
  return Object.entries(value).flatMap(([key, each]) => pairsOf(each, path === '' ? key : `${path}[${key}]`));
}
