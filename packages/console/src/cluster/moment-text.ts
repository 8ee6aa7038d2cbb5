/** A moment as the contract has it: ISO 8601 in UTC with milliseconds. */
export function momentText(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** The same of whole seconds; null where there are none. */
export function secondsText(epochSeconds: number | undefined): string | null {
  return epochSeconds === undefined || epochSeconds <= 0 ? null : momentText(epochSeconds * 1000)
}
