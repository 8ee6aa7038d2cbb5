import { describe, expect, it } from 'vitest'
import { errnoText } from './errno-text.ts'
import { SystemCallError } from './libc.ts'

describe('errnoText', () => {
  it('says what a number of the system means, with its name for who looks it up', () => {
    expect(errnoText(98)).toBe('address already in use (EADDRINUSE)')
    expect(errnoText(13)).toBe('permission denied (EACCES)')
  })

  it('keeps a number that the system does not have', () => {
    expect(errnoText(4242)).toBe('error 4242')
  })

  it('stands in what a failed call says', () => {
    expect(new SystemCallError('bind', 99, 'to port 1229').message).toBe(
      'bind to port 1229: address not available (EADDRNOTAVAIL)',
    )
  })

  it('leaves no gap where a call has nothing to name', () => {
    expect(new SystemCallError('read', 5, '').message).toBe('read: i/o error (EIO)')
  })
})
