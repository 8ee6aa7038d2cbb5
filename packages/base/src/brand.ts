declare const brand: unique symbol

/** A nominal type over a number or a string, so that ids of different kinds cannot be mixed. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
