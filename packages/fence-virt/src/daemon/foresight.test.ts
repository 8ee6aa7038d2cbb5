import { monoMs } from '@quorate/base'
import { describe, expect, it } from 'vitest'
import { foresightMsMax } from './backend.ts'
import { Foresight } from './foresight.ts'

const now = monoMs(1_000)
const later = (ms: number): ReturnType<typeof monoMs> => monoMs(now + ms)

describe('what is looked up ahead', () => {
  it('answers one asker, once', async () => {
    const ahead = new Foresight<string>()
    ahead.begin('vm-a', now, async () => 'on')
    expect(ahead.take('vm-b', now)).toBeUndefined()
    expect(await ahead.take('vm-a', later(1))).toBe('on')
    expect(ahead.take('vm-a', later(1))).toBeUndefined()
  })

  it('is not looked up twice, and is asked anew when it is too old', async () => {
    const ahead = new Foresight<number>()
    let asked = 0
    const lookUp = async (): Promise<number> => {
      asked += 1
      return asked
    }
    ahead.begin('vm-a', now, lookUp)
    ahead.begin('vm-a', later(foresightMsMax - 1), lookUp)
    expect(asked).toBe(1)
    expect(ahead.take('vm-a', later(foresightMsMax))).toBeUndefined()
    ahead.begin('vm-a', now, lookUp)
    ahead.begin('vm-a', later(foresightMsMax), lookUp)
    expect(asked).toBe(3)
    expect(await ahead.take('vm-a', later(foresightMsMax))).toBe(3)
  })

  it('hands trouble to whoever asks, and to nobody else', async () => {
    const ahead = new Foresight<number>()
    const fails = async (): Promise<number> => {
      throw new Error('gone')
    }
    ahead.begin('nobody', now, fails)
    ahead.begin('vm-a', now, fails)
    await expect(ahead.take('vm-a', now)).rejects.toThrow('gone')
  })
})
