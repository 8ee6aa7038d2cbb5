import { describe, expect, it } from 'vitest'
import { timestampCharactersMax, timestampText, type WallTime } from './timestamp.ts'

/** Monday, 30 November 2026, 03:37:58 UTC. */
const at: WallTime = { epochS: 1_796_009_878, micros: 566_259, offsetS: 0, zone: 'UTC' }

describe('a timestamp', () => {
  it('is what the real one wrote of this moment', () => {
    const format = '%H|%I|%p|%a|%A|%b|%d|%e|%j|%y|%Y|%F|%T|%D|%R|%s|%N|%3N|%03N|%6N|%06N|%9N'
    expect(timestampText(format, at)).toBe(
      '03|03|AM|Mon|Monday|Nov|30|30|334|26|2026|2026-11-30|03:37:58|11/30/26|03:37|1796009878||566|566|566259|566259|566259',
    )
  })

  it.each([
    ['%H:%M:%S.%06N', '03:37:58.566259'],
    ['%c', 'Mon Nov 30 03:37:58 2026'],
    ['%x %X %r %C %h %k %l %u %w', '11/30/26 03:37:58 03:37:58 AM 20 Nov  3  3 1 1'],
    ['100%% %q', '100% %q'],
    ['', ''],
  ])('by %s is %s', (format, text) => expect(timestampText(format, at)).toBe(text))

  it('is in local time, and keeps its leading zeros', () => {
    const there = { ...at, micros: 42, offsetS: 20_700, zone: 'NPT' }
    expect(timestampText('%F %T.%06N %z %Z %3N', there)).toBe('2026-11-30 09:22:58.000042 +0545 NPT 000')
    expect(timestampText('%a %d %H%z', { ...at, offsetS: -18_000 })).toBe('Sun 29 22-0500')
  })

  it('is cut off where it is too long', () => {
    expect(timestampText('%A'.repeat(100), at)).toHaveLength(timestampCharactersMax)
  })
})
