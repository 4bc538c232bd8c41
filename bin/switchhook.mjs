#!/usr/bin/env node
// Starts the server on the Node that is at hand, in plain JavaScript so that an old one can still say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major > 26 || (major === 26 && minor >= 10)) {
  await import('../src/main.ts');
} else {
  console.error(
    `Switchhook needs Node 26.10 or later and this is ${process.versions.node}. "npm start" brings its own.`,
  );
  process.exitCode = 1;
}
