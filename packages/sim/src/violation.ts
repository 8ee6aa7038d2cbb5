/** A promise of the system was broken. The message says by whom, when and which. */
export class Violation extends Error {
  override readonly name = 'Violation'
}
