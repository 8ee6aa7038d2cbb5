import { invariant } from '@quorate/base'
import { unpackStatus } from '@quorate/scheduler'
import { attr, child, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { type OperationInput, operationRequest, preview as previewSchema } from '../api/operation.ts'
import { cleanUpSteps } from './change.ts'
import { withMeta } from './cib-edit.ts'
import { foresee } from './preview.ts'
import { dummy, sampleOptions, settledCib } from './sample-cluster.ts'

const stamp = { operation: 'op1', nowSeconds: sampleOptions.nowSeconds }

function foreseen(cib: XmlElement, input: OperationInput) {
  const found = foresee(cib, operationRequest.parse(input), sampleOptions, stamp)
  invariant(found.ok, 'the question makes sense')
  expect(previewSchema.safeParse(found.value.preview).error).toBeUndefined()
  return found.value
}

function outcomes(cib: XmlElement, input: OperationInput) {
  return foreseen(cib, input).preview.targets.map(({ target, effective, outcome, reason, from, to }) => [
    target,
    effective,
    outcome,
    reason?.code ?? null,
    from.join(' '),
    to.join(' '),
  ])
}

const likes = (resource: string, node: string, score: string): string =>
  `<rsc_location id="${resource}-${node}" rsc="${resource}" node="${node}" score="${score}"/>`

/** a, b, c and a group on n1 and elsewhere; a clone; d is banned from n3, e goes home. */
const busy = () =>
  settledCib({
    resources: `${['a', 'b', 'd', 'e', 'f'].map((id) => dummy(id)).join('')}
      <group id="g">${dummy('g1')}${dummy('g2')}</group><clone id="k">${dummy('k0')}</clone>`,
    constraints: `${likes('a', 'n1', '1')}${likes('b', 'n1', '1')}${likes('d', 'n3', '-INFINITY')}${likes('e', 'n1', '500')}
      ${likes('f', 'n3', '1')}${likes('g', 'n2', '1')}
      <rsc_colocation id="f-away" rsc="d" with-rsc="f" score="-1"/>`,
    stickiness: 100,
  })

test('a bulk move: each target classified, members lifted to their group once', () => {
  expect(
    outcomes(busy(), { kind: 'move', targets: ['a', 'b', 'g1', 'g2', 'd', 'e', 'f', 'x'], args: { to: 'n3' } }),
  ).toEqual([
    ['a', 'a', 'will', null, 'n1', 'n3'],
    ['b', 'b', 'will', null, 'n1', 'n3'],
    ['g1', 'g', 'will', null, 'n2', 'n3'],
    ['g2', 'g', 'will', null, 'n2', 'n3'],
    ['d', 'd', 'cannot', 'ruledOut', 'n2', 'n2'],
    ['e', 'e', 'cannot', 'wouldReturn', 'n1', 'n1'],
    ['f', 'f', 'already', null, 'n3', 'n3'],
    ['x', 'x', 'cannot', 'unknownTarget', '', ''],
  ])
})

test('one change has the constraints of all that will move, and of nothing else; each ends by itself', () => {
  const cib = busy()
  const { change } = foreseen(cib, { kind: 'move', targets: ['a', 'g1', 'd', 'e'], args: { to: 'n3', seconds: 60 } })
  expect(change.temporary).toEqual(['console-move-op1-a', 'console-move-op1-g'])
  const configuration = child(change.edit(cib), 'configuration')
  const constraints = configuration && child(configuration, 'constraints')
  const made = constraints?.children.filter((item) => change.temporary.includes(attr(item, 'id') ?? '')) ?? []
  expect(made.map((item) => attr(item, 'rsc'))).toEqual(['a', 'g'])
  for (const item of made) expect(JSON.stringify(item)).toContain('2023-11-14 22:14:20Z')
})

test('why something cannot move is told in the words of the configuration', () => {
  const { preview } = foreseen(busy(), { kind: 'move', targets: ['d', 'e'], args: { to: 'n3' } })
  const [d, e] = preview.targets.map(({ reason }) => reason?.text)
  expect(d).toContain('d-n3')
  expect(e).toContain('go back to n1')
})

test('what would go back stays with keep, as crm_resource --move leaves it', () => {
  const cib = busy()
  const { preview, change } = foreseen(cib, { kind: 'move', targets: ['e'], args: { to: 'n3', keep: true } })
  expect(preview.targets[0]).toMatchObject({ outcome: 'will', to: ['n3'] })
  expect(change.temporary).toEqual([])
  expect(JSON.stringify(change.edit(cib))).toContain('cli-prefer-e')
})

test('a ban: off the node for good, members with their group; what has nowhere else to go is told to stop', () => {
  const cib = settledCib({
    resources: `${dummy('a')}${dummy('b')}<group id="g">${dummy('g1')}${dummy('g2')}</group>`,
    constraints: `${likes('a', 'n1', '1')}${likes('b', 'n1', '1')}${likes('b', 'n2', '-INFINITY')}${likes('g', 'n1', '1')}
      <rsc_location id="cli-ban-a-on-n2" rsc="a" role="Started" node="n2" score="-INFINITY"/>`,
    nodes: 2,
  })
  const input: OperationInput = { kind: 'ban', targets: ['b', 'g2'], args: { from: 'n1' } }
  const { preview, change } = foreseen(cib, input)
  expect(preview.targets.map(({ effective, outcome, to }) => [effective, outcome, to])).toEqual([
    ['b', 'will', []],
    ['g', 'will', ['n2']],
  ])
  expect(preview.warnings).toContainEqual({ code: 'loses', text: 'Runs nowhere any more: b.' })
  expect(preview.summary).toContain('2 of 2 will be kept off n1')
  expect(change.temporary).toEqual([])
  const after = JSON.stringify(change.edit(cib))
  expect(after).toContain('cli-ban-b-on-n1')
  expect(after).toContain('cli-ban-g-on-n1')
  expect(preview.commands).toEqual([
    'crm_resource --ban --resource b --node n1',
    'crm_resource --ban --resource g --node n1',
  ])
  const unmanaged = withMeta(cib, new Set(['b', 'g']), 'is-managed', 'false')
  expect(outcomes(unmanaged, { kind: 'ban', targets: ['a', 'b', 'g'], args: { from: 'n2' } })).toEqual([
    ['a', 'a', 'already', null, 'n1', 'n1'],
    ['b', 'b', 'will', null, 'n1', 'n1'],
    ['g', 'g', 'will', null, 'n1', 'n1'],
  ])
  expect(outcomes(unmanaged, { ...input, targets: ['b', 'g1'] })).toEqual([
    ['b', 'b', 'cannot', 'unmanaged', 'n1', 'n1'],
    ['g1', 'g', 'cannot', 'unmanaged', 'n1', 'n1'],
  ])
  expect(foresee(cib, operationRequest.parse({ ...input, args: { from: 'n9' } }), sampleOptions, stamp)).toEqual({
    ok: false,
    error: { code: 'unprocessable', detail: 'There is no node n9.', params: { node: 'n9' } },
  })
})

test('a refresh has everything looked for again, failed or not, and says what it supposes', () => {
  const cib = busy()
  const { preview, change, cluster } = foreseen(cib, { kind: 'refresh', targets: ['a'] })
  expect(preview.targets).toMatchObject([{ target: 'a', outcome: 'will' }])
  expect(preview.warnings[0]).toMatchObject({ code: 'risk' })
  expect(change.edit(cib)).toBe(cib)
  expect(cleanUpSteps(change, cluster).map(({ node, forgets }) => [node.uname, forgets])).toEqual([
    ['n1', true],
    ['n2', true],
    ['n3', true],
  ])
  const cleaned = foreseen(cib, { kind: 'cleanup', targets: ['a'] })
  expect(cleaned.preview.targets).toMatchObject([{ outcome: 'already', reason: { code: 'nothingToCleanUp' } }])
})

test('what follows a move is a side effect, and was not selected', () => {
  const cib = settledCib({
    resources: ['a', 'b'].map((id) => dummy(id)).join(''),
    constraints:
      '<rsc_colocation id="with" rsc="b" with-rsc="a" score="INFINITY"/><rsc_order id="o" first="a" then="b"/>',
  })
  const { preview } = foreseen(cib, { kind: 'move', targets: ['a'], args: { to: 'n2' } })
  expect(preview.targets[0]).toMatchObject({ outcome: 'will' })
  expect(preview.sideEffects.map(({ resource, change, from, to }) => [resource, change, from, to])).toEqual([
    ['b', 'move', ['n1'], ['n2']],
  ])
})

test('a node that can take nothing is told by its state', () => {
  const cib = settledCib({ resources: dummy('a'), nodesOffline: 1 })
  expect(outcomes(cib, { kind: 'move', targets: ['a'], args: { to: 'n4' } })[0]?.slice(2, 4)).toEqual([
    'cannot',
    'nodeOffline',
  ])
})

test('a node that there is not is refused as a whole', () => {
  const found = foresee(
    busy(),
    operationRequest.parse({ kind: 'move', targets: ['a'], args: { to: 'nx' } }),
    sampleOptions,
    stamp,
  )
  expect(found).toMatchObject({ ok: false, error: { code: 'unprocessable', params: { node: 'nx' } } })
})

test('a promotable clone moves where it is promoted, and goes back where only the move speaks for the new place', () => {
  const database = (constraints: string) =>
    settledCib({
      resources: `<clone id="db"><meta_attributes id="db-m"><nvpair id="db-p" name="promotable" value="true"/></meta_attributes>
      <primitive id="db0" class="ocf" provider="pacemaker" type="Stateful"/></clone>`,
      constraints,
      attributes: { 'master-db0': '10' },
    })
  const { preview, change } = foreseen(database(''), { kind: 'move', targets: ['db0:0'], args: { to: 'n2' } })
  expect(change.temporary).toEqual(['console-move-op1-db'])
  expect(preview.targets[0]).toMatchObject({ effective: 'db', outcome: 'will', from: ['n1'], to: ['n2'] })
  const home = database('<rsc_location id="m1" rsc="db" node="n1" score="10" role="Promoted"/>')
  expect(outcomes(home, { kind: 'move', targets: ['db'], args: { to: 'n2' } })[0]?.slice(1, 4)).toEqual([
    'db',
    'cannot',
    'wouldReturn',
  ])
})

test('start and stop: target-role of the resource itself, or of the clone of what it copies', () => {
  const cib = busy()
  const stopped = foreseen(cib, { kind: 'stop', targets: ['a', 'k0:1', 'g2'] })
  expect(stopped.preview.targets.map(({ effective, outcome, to }) => [effective, outcome, to])).toEqual([
    ['a', 'will', []],
    ['k', 'will', []],
    ['g2', 'will', []],
  ])
  const text = JSON.stringify(stopped.change.edit(cib))
  for (const id of ['a', 'k', 'g2']) expect(text).toContain(`${id}-meta_attributes-target-role`)
  expect(text).not.toContain('k0-meta_attributes')
  const after = stopped.change.edit(cib)
  expect(outcomes(after, { kind: 'start', targets: ['a'] })[0]?.slice(2)).toEqual(['will', null, 'n1', 'n1'])
})

test('nothing is changed where all is so already', () => {
  const cib = busy()
  const { preview, change } = foreseen(cib, { kind: 'start', targets: ['a', 'k'] })
  expect(preview.targets.map(({ outcome }) => outcome)).toEqual(['already', 'already'])
  expect(change.edit(cib)).toBe(cib)
})

test('standby of all nodes has to be typed, of some not', () => {
  const cib = busy()
  expect(foreseen(cib, { kind: 'standby', targets: ['n1'] }).preview.typedConfirmation).toBeNull()
  const all = foreseen(cib, { kind: 'standby', targets: ['n1', 'n2', 'n3'] }).preview
  expect(all.typedConfirmation).toBe('n1 n2 n3')
  expect(all.warnings.map(({ code }) => code)).toContain('loses')
  const on = foreseen(cib, { kind: 'standby', targets: ['n1'] }).change.edit(cib)
  expect(unpackStatus(on, sampleOptions).nodes.find(({ uname }) => uname === 'n1')?.standby).toBe(true)
  const off = foreseen(on, { kind: 'online', targets: ['n1'] }).change.edit(on)
  expect(unpackStatus(off, sampleOptions).nodes.find(({ uname }) => uname === 'n1')?.standby).toBe(false)
})

test('left-over moves and bans are cleared with all that is below, a promotable clone and its parts included', () => {
  const cib = settledCib({
    resources: `${dummy('a')}<clone id="k"><meta_attributes id="km"><nvpair id="kp" name="promotable" value="true"/></meta_attributes>
      <primitive id="k0" class="ocf" provider="pacemaker" type="Stateful"/></clone>`,
    constraints: `<rsc_location id="cli-prefer-k" rsc="k" role="Promoted" node="n1" score="INFINITY"/>
      <rsc_location id="cli-ban-k0-on-n2" rsc="k0" node="n2" score="-INFINITY"/>${likes('a', 'n1', '5')}`,
  })
  const { preview, change } = foreseen(cib, { kind: 'clearMoves', targets: ['k', 'a'] })
  expect(preview.targets.map(({ outcome, reason }) => [outcome, reason?.code])).toEqual([
    ['will', undefined],
    ['already', 'nothingToClear'],
  ])
  const configuration = child(change.edit(cib), 'configuration')
  const left = configuration && child(configuration, 'constraints')
  expect(left?.children.map((item) => attr(item, 'id'))).toEqual(['a-n1'])
})

test('a ticket has to be typed', () => {
  const cib = settledCib({
    resources: dummy('a'),
    constraints: '<rsc_ticket id="t-a" ticket="T" rsc="a" loss-policy="stop"/>',
  })
  const { preview } = foreseen(cib, { kind: 'ticketGrant', targets: ['T', 'U'] })
  expect(preview.typedConfirmation).toBe('T')
  expect(preview.targets.map(({ outcome }) => outcome)).toEqual(['will', 'cannot'])
  expect(preview.sideEffects.map(({ resource, change }) => [resource, change])).toEqual([['a', 'start']])
})
