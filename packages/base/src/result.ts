/** An outcome that was to be expected either way. Exceptions are for broken invariants and failed I/O. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E }

/** Wraps a success. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** Wraps an expected failure. */
export function failed<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error }
}
