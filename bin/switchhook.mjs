#!/usr/bin/env node
// The `switchhook` program: finds the subcommand on the Node that is at hand, in plain JavaScript so that an old one can
// still say what is wrong. Without a subcommand it starts the server.
const [major, minor] = process.versions.node.split('.').map(Number);
const commands = { start: '../src/main.ts', backup: '../src/cli/backup.ts' };
const name = process.argv[2] ?? 'start';

if (major < 26 || (major === 26 && minor < 10)) {
  console.error(
    `Switchhook needs Node 26.10 or later and this is ${process.versions.node}. "npm start" brings its own.`,
  );
  process.exitCode = 1;
} else if (Object.hasOwn(commands, name)) {
  await import(commands[name]);
} else {
  console.error(`switchhook ${name}: there is no such command. One of: ${Object.keys(commands).join(', ')}.`);
  process.exitCode = 2;
}
