/** Kinds of output that a case compares. */
export const outputKinds = ['exp', 'dot', 'scores', 'summary', 'stderr'] as const
export type OutputKind = (typeof outputKinds)[number]

/** Texts by kind of output. */
export type Outputs = Readonly<Record<OutputKind, string>>

/** Words that summaries of other versions use. */
const oldWords: readonly (readonly [RegExp, string])[] = [
  [/ocf::/g, 'ocf:'],
  [/Masters:/, 'Promoted:'],
  [/Slaves:/, 'Unpromoted:'],
  [/ Master( |\[|$)/, ' Promoted$1'],
  [/ Slave /, ' Unpromoted '],
]

function newWords(text: string): string {
  return text
    .split('\n')
    .map((line) => oldWords.reduce((now, [old, word]) => now.replace(old, word), line))
    .join('\n')
}

function withoutVersions(text: string): string {
  return text.replace(/crm_feature_set="[^"]*"|batch-limit="[0-9]*"/g, '')
}

function sortedDot(text: string): string {
  const lines = text.split('\n')
  if (lines[lines.length - 1] === '') lines.pop()
  if (lines.length < 2) return text
  const middle = [...new Set(lines.slice(1, -1))].sort()
  return [lines[0], ...middle, lines[lines.length - 1]].join('\n')
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n')
}

/** What of an output counts: order where it means something, and no white space. */
export function essence(kind: OutputKind, text: string): string {
  const normal =
    kind === 'exp'
      ? withoutVersions(text)
      : kind === 'dot'
        ? sortedDot(text)
        : kind === 'scores'
          ? sortedLines(text)
          : kind === 'summary'
            ? newWords(text)
            : text
  return normal
    .split('\n')
    .map((line) => line.replace(/[ \t\r\f\v]/g, ''))
    .filter((line) => line !== '')
    .join('\n')
}

/** Kinds of output in which two runs differ. */
export function differences(expected: Outputs, actual: Outputs): readonly OutputKind[] {
  return outputKinds.filter((kind) => essence(kind, expected[kind]) !== essence(kind, actual[kind]))
}
