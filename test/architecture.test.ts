// Who may know whom, and who may touch the machine: the arrows between the parts of src/ as data. A new part is a new
// line here, a new arrow a decision. It ends with cases that show that each rule can fail.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { suite, test } from 'node:test';

/**
 * What each part may import: folders and files of src/ without their `.ts`, the longest name that fits a file being its
 * part. `type x` allows the types of x only. A folder may import what is in it, and everyone the types of system.
 */
const arrows: Readonly<Record<string, readonly string[] | 'anything'>> = {
  'sip/message': [],
  'sip/transport': ['sip/message'],
  'sip/transport/transport': [],
  'sip/transaction': ['sip/message', 'sip/transport/transport'],
  'sip/transaction/timers': [],
  'sip/dialog': ['sip/message', 'sip/address-ranges', 'sip/transaction/timers', 'sip/transport/transport'],
  'sip/address-ranges': [],
  sip: ['allowance', 'sip/message', 'sip/transport', 'sip/transaction', 'sip/dialog'],
  // The door for those who use the stack alone: nobody builds a clock for them.
  'sip/index': ['sip', 'system'],
  call: [
    'allowance',
    'sip/message',
    'sip/dialog',
    'sip/endpoint',
    'sip/ladder',
    // A call that owes a message keeps its target, and names the INVITE it grew from by the key of its transaction.
    'type sip/transport/transport',
    'sip/transaction/key',
    'type media',
    'store',
    'errors',
  ],
  media: ['sip/message/sdp'],
  store: [],
  webhook: ['store', 'sip/address-ranges'],
  http: ['allowance', 'load', 'call', 'cluster', 'store', 'errors'],
  cluster: [],
  telemetry: [],
  system: [],
  allowance: [],
  load: ['allowance'],
  draining: ['type errors', 'type system'],
  log: [],
  errors: [],
  // The words that settings are checked against are where their meaning is.
  config: [
    'call/routing',
    'call/targets',
    'type call/webhooks',
    'type call/ladders',
    'type call/lifetime',
    'sip/message/uri',
    'sip/message/digest',
    'sip/transport/transport',
    'type sip/transport/certificates',
  ],
  peers: 'anything',
  parts: 'anything',
  server: 'anything',
  cli: 'anything',
  main: 'anything',
};

/** The parts that may use the clock, chance, the environment and the terminal of the machine. */
const machineParts = ['system', 'config', 'parts', 'cli', 'main'];

/** What nobody else may use, because tests could not lend it. */
const banned = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\.now\b/,
  /\bMath\.random\b/,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bsetImmediate\b/,
  /\bprocess\.(env|exit|argv|stdout|stderr)\b/,
  /\bconsole\./,
];

/** What is allowed all the same, and why. */
const exceptions: Readonly<Record<string, RegExp>> = {
  // A long prune lets the event loop have its turns; no test waits for one.
  'store/sqlite': /setImmediate/,
  // So does a long search.
  'store/history': /setImmediate/,
};

interface Import {
  readonly target: string;
  readonly typesOnly: boolean;
}

interface Source {
  /** Its path below src/, without `.ts`. */
  readonly name: string;
  readonly text: string;
}

/** The relative imports and re-exports of a source, their targets as names below src/. */
function importsOf({ name, text }: Source): Import[] {
  const pattern =
    /^(?:import|export)\s+([^'"`;]*?\s+from\s+)?['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/gm;
  return [...text.matchAll(pattern)].map(([, clause = '', path, dynamic]) => ({
    target: posix.join(dirname(name), path ?? dynamic ?? '').replace(/\.ts$/, ''),
    typesOnly: /^type\s/.test(clause) || /^\{(\s*type\s+[^,}]+,?)+\s*\}/.test(clause),
  }));
}

function within(name: string, folder: string): boolean {
  return name === folder || name.startsWith(`${folder}/`);
}

function partOf(name: string): string | undefined {
  const parts = Object.keys(arrows).filter((part) => within(name, part));
  return parts.sort((a, b) => b.length - a.length)[0];
}

function mayImport(from: string, { target, typesOnly }: Import): boolean {
  const part = partOf(from);
  const allowed = part && arrows[part];
  if (!allowed) return false;
  if (allowed === 'anything' || within(target, part)) return true;
  if (target === 'system' && typesOnly) return true;
  return allowed.some((each) => {
    const types = each.startsWith('type ');
    return within(target, types ? each.slice(5) : each) && (typesOnly || !types);
  });
}

function wrongArrows(source: Source): string[] {
  const wrong = importsOf(source).filter((each) => !mayImport(source.name, each));
  return wrong.map(
    ({ target, typesOnly }) => `${source.name} must not import ${typesOnly ? 'types of ' : ''}${target}`,
  );
}

/** The text without comments, strings kept: names in comments do no harm. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/.*$/gm, '');
}

function machineUses({ name, text }: Source): string[] {
  if (machineParts.includes(partOf(name) ?? '')) return [];
  const code = codeOf(text);
  return banned.flatMap((pattern) => {
    const found = pattern.exec(code);
    return found && !exceptions[name]?.test(found[0]) ? [`${name} must not use ${found[0]}: it is lent by System`] : [];
  });
}

/** Cycles of imports that run code; those of types only describe each other. */
function cycles(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map((source) => [
      source.name,
      importsOf(source)
        .filter(({ typesOnly }) => !typesOnly)
        .map(({ target }) => target),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name);
    if (at >= 0) found.push([...path.slice(at), name].join(' → '));
    if (at >= 0 || done.has(name)) return;
    for (const next of edges.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const { name } of sources) visit(name, []);
  return found;
}

const longestHead = 6;

function headFaults({ name, text }: Source): string[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => !line.startsWith('//'));
  if (first === 0) return [`${name} does not begin with a comment that says what it knows`];
  return first > longestHead ? [`${name} begins with ${first} lines of comment; ${longestHead} are enough`] : [];
}

function unfinished({ name, text }: Source): string[] {
  const found = /\b(TODO|FIXME|XXX)\b/.exec(text);
  return found ? [`${name} contains ${found[0]}: an issue, or nothing`] : [];
}

const root = join(import.meta.dirname, '..');

function sourcesIn(folder: string): Source[] {
  const paths = globSync('**/*.ts', { cwd: join(root, folder), exclude: ['**/node_modules/**'] }).sort();
  return paths.map((path) => ({
    name: path.replace(/\.ts$/, ''),
    text: readFileSync(join(root, folder, path), 'utf8'),
  }));
}

suite('architecture', () => {
  const sources = sourcesIn('src');
  const everything = ['src', 'test', 'scripts', 'bench', 'examples'].flatMap(sourcesIn);
  const here = 'architecture.test';

  test('every source belongs to a part', () => {
    assert.deepEqual(
      sources.filter(({ name }) => !partOf(name)).map(({ name }) => name),
      [],
    );
  });
  test('imports follow the arrows', () => assert.deepEqual(sources.flatMap(wrongArrows), []));
  test('the machine is touched at its edges only', () => assert.deepEqual(sources.flatMap(machineUses), []));
  test('no import goes in a circle', () => assert.deepEqual(cycles(sources), []));
  test('every source says at its head what it knows', () => assert.deepEqual(sources.flatMap(headFaults), []));
  test('nothing is left to do', () => {
    assert.deepEqual(everything.filter(({ name }) => name !== here).flatMap(unfinished), []);
  });
});

suite('each rule of the architecture can fail', () => {
  const head = '// Knows.\n';
  const imports: [name: string, text: string, ...wrong: string[]][] = [
    ['sip/message/parse', "import { a } from './uri.ts';"],
    [
      'sip/message/parse',
      "import { a } from '../dialog/dialog.ts';",
      'sip/message/parse must not import sip/dialog/dialog',
    ],
    ['sip/message/parse', "import type { Log } from '../../system.ts';"],
    [
      'sip/message/parse',
      "import {\n  type Log,\n  realLog,\n} from '../../system.ts';",
      'sip/message/parse must not import system',
    ],
    ['sip/index', "export { openSystem } from '../system.ts';\nexport { Endpoint } from './endpoint.ts';"],
    ['sip/index', "import { x } from '../call/call.ts';", 'sip/index must not import call/call'],
    ['sip/dialog/dialog', "import { t1 } from '../transaction/timers.ts';"],
    [
      'sip/dialog/dialog',
      "import { key } from '../transaction/key.ts';",
      'sip/dialog/dialog must not import sip/transaction/key',
    ],
    ['sip/transport/udp', "export * from '../endpoint.ts';", 'sip/transport/udp must not import sip/endpoint'],
    ['call/call', "import type { Media } from '../media/media.ts';\nimport { x } from '../sip/endpoint.ts';"],
    ['call/call', "import { quiet } from '../media/quiet.ts';", 'call/call must not import media/quiet'],
    ['call/engine', "import '../http/app.ts';", 'call/engine must not import http/app'],
    ['http/app', "import { p } from '../sip/message/parse.ts';", 'http/app must not import sip/message/parse'],
    ['http/app', "const { p } = await import('../webhook/post.ts');", 'http/app must not import webhook/post'],
    ['webhook/post', "import type { T } from '../call/call.ts';", 'webhook/post must not import types of call/call'],
    ['server', "import { p } from './sip/message/parse.ts';"],
    ['stray', "import { p } from './errors.ts';", 'stray must not import errors'],
  ];
  for (const [name, text, ...wrong] of imports) {
    test(`${name}: ${text}`, () => assert.deepEqual(wrongArrows({ name, text: head + text }), wrong));
  }

  const uses: [name: string, text: string, wrong: number][] = [
    ['call/call', 'const at = Date.now();', 1],
    ['call/call', 'const at = new Date(); Math.random(); setTimeout(f, 1); setInterval(f, 1); setImmediate(f);', 5],
    ['http/app', 'process.exit(1); console.log(process.env.HOME);', 2],
    ['http/app', '// Date.now is lent\n/* nor\n console.log */ const url = "http://a/";', 0],
    ['http/app', 'const date = new Date(at); clock.setTimeouts();', 0],
    ['system', 'const at = Date.now();', 0],
    ['cli/start', 'console.log(process.env.HOME);', 0],
  ];
  for (const [name, text, wrong] of uses) {
    test(`${name}: ${text}`, () => assert.equal(machineUses({ name, text }).length, wrong));
  }

  test('a circle', () => {
    const circle = [
      { name: 'a', text: "import { b } from './b.ts';" },
      { name: 'b', text: "import { c } from './x/c.ts';\nimport { d } from './d.ts';" },
      { name: 'x/c', text: "import { a } from '../a.ts';" },
      { name: 'd', text: "import type { b } from './b.ts';" },
    ];
    assert.deepEqual(cycles(circle), ['a → b → x/c → a']);
  });
  test('a source without a head, and one with too long a head', () => {
    assert.equal(headFaults({ name: 'a', text: 'export {};' }).length, 1);
    assert.equal(headFaults({ name: 'a', text: `${head.repeat(7)}export {};` }).length, 1);
    assert.equal(headFaults({ name: 'a', text: `${head.repeat(6)}export {};` }).length, 0);
  });
  test('something left to do', () => assert.equal(unfinished({ name: 'a', text: '// TODO: later' }).length, 1));
});
