import { expect, test } from 'vitest'
import { metaNameFault, operationNameFault, optionNameFault, parameterNameFault } from './setting-names.ts'

test.each([
  ['resource-stickyness', 'resource-stickiness'],
  ['stickiness', 'resource-stickiness'],
  ['resource_stickiness', 'resource-stickiness'],
  ['migration-treshold', 'migration-threshold'],
  ['Target-Role', 'target-role'],
  ['fail-timeout', 'failure-timeout'],
  ['is-mangaed', 'is-managed'],
  ['managed', 'is-managed'],
  ['maintenance-mode', 'maintenance'],
  ['multiple_active', 'multiple-active'],
  ['interleaved', 'interleave'],
  ['clone-maximum', 'clone-max'],
])('%s: %s was meant', (name, meant) => {
  expect(metaNameFault(name, 'clone')).toEqual({ kind: 'misspelt', meant })
})

test('what is read is right, and what is like nothing may be somebody else’s', () => {
  for (const name of ['target-role', 'priority', 'clone-max', 'notify', 'remote-node', 'container']) {
    expect(metaNameFault(name, 'clone')).toBeUndefined()
  }
  expect(metaNameFault('owner', 'primitive')).toEqual({ kind: 'unread' })
  expect(metaNameFault('x', 'primitive')).toEqual({ kind: 'unread' })
})

test('what is read elsewhere is misplaced', () => {
  expect(metaNameFault('clone-max', 'primitive')).toEqual({ kind: 'misplaced', where: 'an option of clones' })
  expect(metaNameFault('clone-max', 'rsc_defaults')).toBeUndefined()
  expect(metaNameFault('on-fail', 'primitive')).toEqual({ kind: 'misplaced', where: 'an option of operations' })
  expect(operationNameFault('migration-threshold')?.kind).toBe('misplaced')
  expect(operationNameFault('onfail')).toEqual({ kind: 'misspelt', meant: 'on-fail' })
  expect(operationNameFault('timeout')).toBeUndefined()
  expect(parameterNameFault('resource-stickiness')?.kind).toBe('misplaced')
  expect(parameterNameFault('priority')).toBeUndefined()
  expect(parameterNameFault('ip')).toBeUndefined()
})

test('cluster options that others read are right, and what is like none is not told', () => {
  const read = ['stonith-enabled', 'no-quorum-policy']
  expect(optionNameFault('stonith_enabled', read)).toEqual({ kind: 'misspelt', meant: 'stonith-enabled' })
  expect(optionNameFault('noquorum-policy', read)).toEqual({ kind: 'misspelt', meant: 'no-quorum-policy' })
  expect(optionNameFault('dc-version', read)).toBeUndefined()
  expect(optionNameFault('hana_prd_site_srHook_B', read)).toBeUndefined()
})
