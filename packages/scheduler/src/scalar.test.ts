import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateFields } from './date.ts'
import { parseDuration, parseMoment } from './date-text.ts'
import { compareDisplayNames } from './model/node-names.ts'
import { intervalMs, intervalText, parseBoolean, parseCount, parseInteger, parseTimeMs } from './scalar.ts'
import { addScores, infinity, parseScore, scoreText } from './score.ts'

const noHealth = { red: 0, yellow: 0, green: 0 }

describe('scores', () => {
  test.each([
    ['INFINITY', infinity],
    ['-INFINITY', -infinity],
    ['infinity', 0],
    ['12abc', 12],
    ['-5000000', -infinity],
    ['99999999999999999999', 0],
    [undefined, 0],
  ])('%s is %d', (text, score) => {
    expect(parseScore(text, noHealth)).toBe(score)
  })

  test('a colour is what the health strategy says', () => {
    expect(parseScore('Red', { red: -infinity, yellow: 1, green: 2 })).toBe(-infinity)
  })

  test('minus infinity wins over infinity, and sums stay in range', () => {
    expect(addScores(infinity, -infinity)).toBe(-infinity)
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const sum = addScores(a, b)
        return sum >= -infinity && sum <= infinity && sum === addScores(b, a)
      }),
    )
  })

  test('are shown by name at their ends', () => {
    expect([infinity, -infinity, 7].map(scoreText)).toEqual(['INFINITY', '-INFINITY', '7'])
  })
})

describe('scalars', () => {
  test.each([
    ['20', 20_000],
    ['20s', 20_000],
    ['1.9s', 1000],
    ['500ms', 500],
    ['2 min', 120_000],
    ['1h', 3_600_000],
    ['abc', undefined],
    ['5parsecs', undefined],
  ])('the time %s', (text, ms) => {
    expect(parseTimeMs(text)).toBe(ms)
  })

  test('an interval may be a duration', () => {
    expect(intervalMs('PT1M')).toBe(60_000)
    expect(intervalMs('P30S')).toBe(30_000)
    expect(intervalMs('nonsense')).toBe(0)
  })

  test('integers take what they can', () => {
    expect(parseInteger(' -7x')).toBe(-7)
    expect(parseInteger('x7')).toBeUndefined()
    expect(parseCount('-3', 1)).toBe(1)
  })

  test('booleans have five spellings each', () => {
    expect(['true', 'ON', 'Yes', 'y', '1'].map(parseBoolean)).toEqual(Array(5).fill(true))
    expect(['false', 'off', 'NO', 'n', '0'].map(parseBoolean)).toEqual(Array(5).fill(false))
    expect(parseBoolean('maybe')).toBeUndefined()
  })

  test('no text makes a reader throw', () => {
    const now = { epochSeconds: 0, offsetSeconds: 0 }
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseTimeMs(text)
        parseInteger(text)
        parseMoment(text, now)
        parseDuration(text)
      }),
    )
  })
})

describe('dates', () => {
  const now = { epochSeconds: 1_700_000_000, offsetSeconds: 3600 }

  test.each([
    ['2024-02-29 10:00:00Z', 1_709_200_800],
    ['2024-060', 1_709_164_800],
    ['2024-W09-4', 1_709_164_800],
    ['20240229', 1_709_164_800],
    ['2024-02-29T10:00:00 +02:00', 1_709_193_600],
    ['2024-02-29 10:00', 1_709_197_200],
    ['2023-02-29', undefined],
    ['2024-13-01', undefined],
  ])('%s', (text, epochSeconds) => {
    expect(parseMoment(text, now)?.epochSeconds).toBe(epochSeconds)
  })

  test('have the fields of ISO weeks around the turn of the year', () => {
    const fields = dateFields({ epochSeconds: 1_704_067_199, offsetSeconds: 0 })
    expect(fields).toMatchObject({ years: 2023, months: 12, monthdays: 31, weekyears: 2023, weeks: 52, weekdays: 7 })
  })

  test('a first day of a duration counts for nothing', () => {
    expect(['P1D', 'P2D', 'PT36H'].map(parseDuration)).toEqual([0, 86_400, 129_600])
  })
})

test('node names are shown in the order of their numbers', () => {
  expect(['n10', 'N2', 'n1', 'n007', 'n7', 'a'].sort(compareDisplayNames)).toEqual([
    'a',
    'n1',
    'N2',
    'n7',
    'n007',
    'n10',
  ])
})

test.each([
  [999, '999ms'],
  [1000, '1000ms'],
  [1001, '1.001s'],
  [10_000, '10s'],
  [60_000, '60s'],
  [61_000, '1m1000ms'],
  [90_500, '1m30.500s'],
  [120_000, '2m'],
  [3_600_000, '60m'],
  [90_061_001, '1d1h1m1.001s'],
  [4_294_967_295, '49d17h2m47.295s'],
])('an interval of %i ms is told as %s', (ms, text) => {
  expect(intervalText(ms)).toBe(text)
})
