/** A programmer's error. It crashes the daemon on purpose: a wrong cluster manager is worse than a stopped one. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
}

/**
 * Asserts what the code relies on. Stays on in production.
 *
 * @throws InvariantViolation with the facts as JSON behind the sentence
 */
export function invariant(
  condition: boolean,
  what: string,
  facts?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (condition) return
  throw new InvariantViolation(facts === undefined ? what : `${what} ${JSON.stringify(facts)}`)
}

/** The default branch of a switch over a union: a new member breaks the build where it must be decided. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable: ${JSON.stringify(value)}`)
}
