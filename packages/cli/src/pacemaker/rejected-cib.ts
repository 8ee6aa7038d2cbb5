/** A CIB that was refused, as tools show it: with line numbers. */
export function numberedLines(text: string): string {
  return text
    .split('\n')
    .map((line, i) => `${String(i + 1).padStart(4)} ${line}\n`)
    .join('')
}
