import type { Chance } from '../conformance/random/chance.ts'

/** A number as text: mostly of so many digits, sometimes of others, signed, or far too large. */
function numeral(chance: Chance, low: number, high: number, width: number): string {
  if (chance.yes(4)) {
    return chance.pick(['', '+1', '-1', '-0', 'x', '1.5', '0x10', ' 5', '2147483647', '2147483648', '-2147483648'])
  }
  if (chance.yes(1)) return chance.pick(['4294967296', '9223372036854775808', '99999999999999999999'])
  const value = chance.yes(6) ? chance.int(0, 99_999) : chance.int(low, high)
  return chance.yes(92) ? String(value).padStart(width, '0') : String(value)
}

function yearText(chance: Chance): string {
  if (chance.yes(8)) return chance.pick(['0000', '0001', '-1', '-4664', '1582', '1970', '9999', '10000', '2147483647'])
  return numeral(chance, 1900, 2100, 4)
}

/** The date part of a moment: by month, by day of the year, or by week, in the long or the short form. */
function dayText(chance: Chance): string {
  const dash = chance.yes(75) ? '-' : ''
  switch (chance.pick(['month', 'month', 'month', 'ordinal', 'week', 'short'])) {
    case 'month':
      return `${yearText(chance)}${dash}${numeral(chance, 1, 12, 2)}${dash}${numeral(chance, 1, 31, 2)}`
    case 'ordinal':
      return `${yearText(chance)}${dash}${numeral(chance, 1, 366, 3)}`
    case 'week':
      return `${yearText(chance)}${dash}W${numeral(chance, 1, 53, 2)}${dash}${numeral(chance, 1, 7, 1)}`
    default:
      return chance.pick([yearText(chance), `${yearText(chance)}-${numeral(chance, 1, 12, 2)}`, ''])
  }
}

function clockText(chance: Chance): string {
  if (chance.yes(5)) return chance.pick(['24:00:00', '24:00', '24', '2400', '24:00:01', '23:59:60', '::', ':', ' '])
  const colon = chance.yes(75) ? ':' : ''
  const parts = [numeral(chance, 0, 23, 2), numeral(chance, 0, 59, 2), numeral(chance, 0, 59, 2)]
  return `${parts.slice(0, chance.pick([1, 2, 3, 3, 3])).join(colon)}${chance.yes(5) ? chance.pick(['.5', ',5', 'x']) : ''}`
}

function zoneText(chance: Chance): string {
  if (chance.yes(40)) return chance.pick(['', 'Z', ' Z'])
  const blank = chance.yes(70) ? ' ' : ''
  const sign = chance.pick(['+', '-', '+', '-', ''])
  const colon = chance.yes(80) ? ':' : ''
  const minutes = chance.yes(80) ? `${colon}${chance.pick(['00', '30', '45', '59', '60', '1'])}` : ''
  return `${blank}${sign}${numeral(chance, 0, 14, 2)}${minutes}${chance.yes(4) ? ' x' : ''}`
}

/** A moment in ISO 8601, in every shape in which people write one, and in some in which nobody should. */
export function momentText(chance: Chance): string {
  if (chance.yes(3)) return chance.pick(['', 'now', 'epoch', 'epoch ', 'epochal', 'T', ' ', 'foo', '@1', '1700000000'])
  const clock = `${clockText(chance)}${zoneText(chance)}`
  if (chance.yes(4)) return chance.pick([`T${clock}`, clock])
  const day = dayText(chance)
  if (chance.yes(25)) return day
  return `${day}${chance.pick(['T', ' ', 'T', ' ', ' ', '  ', 't', ''])}${clock}`
}

/** A duration in ISO 8601. */
export function durationText(chance: Chance): string {
  if (chance.yes(4)) return chance.pick(['', 'P', 'PT', 'P0D', 'T1H', '1D', 'PT36H', 'P-1D', 'p1d', 'P1', 'P1DT'])
  const units = (names: string, percent: number) =>
    [...names].map((unit) => (chance.yes(percent) ? `${numeral(chance, 0, 40, 1)}${unit}` : '')).join('')
  const dates = units(chance.yes(5) ? 'DMYW' : 'YMWD', 40)
  const times = units(chance.yes(5) ? 'SMH' : 'HMS', 40)
  const time = times === '' && !chance.yes(10) ? '' : `T${times}`
  return `${chance.yes(97) ? 'P' : ''}${dates}${time}${chance.yes(3) ? chance.pick([' ', 'X', '/', '1', '-']) : ''}`
}

/** An interval in ISO 8601. */
export function periodText(chance: Chance): string {
  const side = () => (chance.yes(45) ? durationText(chance) : momentText(chance))
  if (chance.yes(6)) return side()
  return `${side()}${chance.pick(['/', '/', '/', '/', ' / ', '//', '--'])}${side()}`
}
