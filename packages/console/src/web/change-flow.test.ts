import { describe, expect, test } from 'vitest'
import { movePreview, runningMove } from '../web-tests/generated-cluster.ts'
import { afterApply, afterPreview, differingTargets, willCount } from './change-flow.ts'

const request = { kind: 'move' as const, targets: ['a', 'b', 'c'], args: { to: 'node-03', seconds: 600, keep: false } }
const preview = movePreview(request, '0.42.7')
const applying = { step: 'applying', request, preview, key: 'k', confirmation: 'yes' } as const
const refused = (code: 'cibChanged' | 'forbidden' | 'unreachable') =>
  ({ ok: false, problem: { code, detail: 'said' } }) as const

describe('a change', () => {
  test('is previewed, and applied with the version and the key of the preview', () => {
    const flow = afterPreview({ step: 'previewing', request, replaced: undefined }, { ok: true, value: preview }, 'k')
    expect(flow).toEqual({ step: 'previewed', request, preview, key: 'k', replaced: undefined })
    expect(afterApply(applying, { ok: true, value: runningMove(request) })).toEqual({
      step: 'begun',
      operation: 'op-1',
    })
  })

  test('that the cluster has overtaken is previewed anew, beside what was seen before', () => {
    expect(afterApply(applying, refused('cibChanged'))).toEqual({ step: 'previewing', request, replaced: preview })
  })

  test('that got no answer can be sent again as the same; one that may not be is over', () => {
    expect(afterApply(applying, refused('unreachable'))).toMatchObject({
      step: 'refused',
      applied: { key: 'k', confirmation: 'yes' },
    })
    expect(afterPreview({ step: 'previewing', request, replaced: undefined }, refused('forbidden'), 'k')).toMatchObject(
      {
        step: 'refused',
        applied: undefined,
      },
    )
  })
})

test('what differs between two previews is marked, and nothing in the first', () => {
  const [a, ...rest] = preview.targets
  if (a === undefined) expect.fail('no target')
  const next = { ...preview, targets: [{ ...a, to: ['node-04'] }, ...rest] }
  expect([...differingTargets(preview, next)]).toEqual(['a'])
  expect([...differingTargets(undefined, next)]).toEqual([])
  expect(willCount(preview)).toBe(2)
})
