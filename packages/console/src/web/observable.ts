import { useSyncExternalStore } from 'react'

/** A value that is replaced as a whole, and those who want to know. */
export class Observable<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  /** Tells the listeners, unless the value is the one that it is already. */
  set(value: T): void {
    if (Object.is(this.#value, value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}

/** The value as state of a component. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, () => observable.value)
}

/** A part of the value: the component is drawn anew only where that part is another. It must not be made anew each time. */
export function usePart<T, P>(observable: Observable<T>, part: (value: T) => P): P {
  return useSyncExternalStore(observable.subscribe, () => part(observable.value))
}
