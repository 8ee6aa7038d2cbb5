/** Lines of agents that tell why there is nothing. */
const remark = /invalid|variable/i
/** What agents write beside names: the state. */
const stateWords: ReadonlySet<string> = new Set(['on', 'off'])

/**
 * Names of what a device can fence, as the real fencer reads them from what `list` gave: words of letters, digits and
 * `._-` between blanks, commas and semicolons; what follows a word without any of these is not of the name.
 *
 * @param output ends of lines may be a backslash and an n: so they travel
 */
export function targetsOf(output: string): readonly string[] {
  return output
    .split(/\\n|\n/)
    .filter((line) => !remark.test(line))
    .flatMap((line) => line.split(/[\s,;]+/))
    .map((word) => /^[\w.-]+/.exec(word)?.[0] ?? '')
    .filter((word) => word !== '' && !stateWords.has(word.toLowerCase()))
}
