/**
 * Number of the shape of what `explain` and `what-if` say in JSON (docs/explain.md). It changes once a field goes, or
 * means something else; fields may be added under the same number.
 */
const format = 1

/** An answer in JSON. What is not there is null: every field is told always. */
export function decisionJson(answer: object): string {
  return `${JSON.stringify({ format, ...answer }, (_, value: unknown) => (value === undefined ? null : value), 2)}\n`
}
