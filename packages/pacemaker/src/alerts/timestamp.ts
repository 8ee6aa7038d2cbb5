/** A moment as the clock shows it here. */
export type WallTime = {
  /** Whole seconds since 1970. */
  readonly epochS: number
  /** Microseconds within the second, 0 to 999,999. */
  readonly micros: number
  /** Local time minus UTC, in seconds. */
  readonly offsetS: number
  /** Short name of the time zone. */
  readonly zone: string
}

/** Longest timestamp, in characters; what a format makes beyond is cut off. */
export const timestampCharactersMax = 127

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/**
 * A moment in a form of strftime(3), in English, with `%N` for the fraction of a second and its digits before the letter
 * (`%06N`, `%3N`); without digits it is empty. A conversion that is not known is written as it stands.
 */
export function timestampText(format: string, at: WallTime): string {
  const local = new Date((at.epochS + at.offsetS) * 1000)
  const text = format.replace(
    /%(?:(\d*)N|([A-Za-z%]))/g,
    (whole, digits: string | undefined, letter: string | undefined) => {
      if (letter === undefined) return String(at.micros).padStart(6, '0').slice(0, Number(digits))
      return conversion(letter, local, at) ?? whole
    },
  )
  return text.slice(0, timestampCharactersMax)
}

const two = (value: number): string => String(value).padStart(2, '0')
const blank = (value: number): string => String(value).padStart(2, ' ')

function conversion(letter: string, local: Date, at: WallTime): string | undefined {
  const hour = local.getUTCHours()
  const twelve = hour % 12 === 0 ? 12 : hour % 12
  const both = (formats: string): string => formats.replace(/[A-Za-z]/g, (one) => conversion(one, local, at) ?? one)
  switch (letter) {
    case 'a':
      return days[local.getUTCDay()]?.slice(0, 3)
    case 'A':
      return days[local.getUTCDay()]
    case 'b':
    case 'h':
      return months[local.getUTCMonth()]?.slice(0, 3)
    case 'B':
      return months[local.getUTCMonth()]
    case 'C':
      return two(Math.floor(local.getUTCFullYear() / 100))
    case 'c':
      return both('a b e H:M:S Y')
    case 'd':
      return two(local.getUTCDate())
    case 'D':
    case 'x':
      return both('m/d/y')
    case 'e':
      return blank(local.getUTCDate())
    case 'F':
      return both('Y-m-d')
    case 'H':
      return two(hour)
    case 'I':
      return two(twelve)
    case 'j':
      return String(dayOfYear(local)).padStart(3, '0')
    case 'k':
      return blank(hour)
    case 'l':
      return blank(twelve)
    case 'm':
      return two(local.getUTCMonth() + 1)
    case 'M':
      return two(local.getUTCMinutes())
    case 'n':
      return '\n'
    case 'p':
      return hour < 12 ? 'AM' : 'PM'
    case 'r':
      return both('I:M:S p')
    case 'R':
      return both('H:M')
    case 's':
      return String(at.epochS)
    case 'S':
      return two(local.getUTCSeconds())
    case 't':
      return '\t'
    case 'T':
    case 'X':
      return both('H:M:S')
    case 'u':
      return String(local.getUTCDay() === 0 ? 7 : local.getUTCDay())
    case 'w':
      return String(local.getUTCDay())
    case 'y':
      return two(local.getUTCFullYear() % 100)
    case 'Y':
      return String(local.getUTCFullYear())
    case 'z':
      return offsetText(at.offsetS)
    case 'Z':
      return at.zone
    case '%':
      return '%'
    default:
      return undefined
  }
}

const dayMs = 86_400_000

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / dayMs) + 1
}

function offsetText(offsetS: number): string {
  const minutes = Math.abs(Math.trunc(offsetS / 60))
  return `${offsetS < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`
}
