// The Markdown that generated pages are made of.

export function page(title: string, ...parts: readonly string[]): string {
  return `# ${title}\n\n${parts.join('\n\n')}\n\nMade by \`npm run docs\` from the source.\n`;
}

export function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...body.map(row)].join('\n');
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

export function block(info: string, text: string): string {
  return `\`\`\`${info}\n${text.trimEnd()}\n\`\`\``;
}
