const pattern = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** The moment at which an ISO 8601 duration that starts now ends, in milliseconds since 1970; undefined for what is none. */
export function endOf(duration: string, nowMs: number): number | undefined {
  const match = pattern.exec(duration)
  if (match === null || duration === 'P' || duration.endsWith('T')) return undefined
  const part = (index: number) => Number(match[index] ?? '0')
  const at = new Date(nowMs)
  at.setUTCFullYear(at.getUTCFullYear() + part(1))
  const day = at.getUTCDate()
  at.setUTCDate(1)
  at.setUTCMonth(at.getUTCMonth() + part(2))
  const lastDay = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate()
  at.setUTCDate(Math.min(day, lastDay))
  const seconds = ((part(3) * 7 + part(4)) * 24 + part(5)) * 3600 + part(6) * 60 + part(7)
  return at.getTime() + seconds * 1000
}
