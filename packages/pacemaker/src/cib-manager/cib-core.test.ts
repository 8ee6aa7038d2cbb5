import { monoMs } from '@quorate/base'
import { applyPatch, cibDigest, emptyCib, versionOf, versionText } from '@quorate/cib'
import { attr, child, element, parseXml, withAttributes, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cibCommand, withOrigin } from '../messages/cib-message.ts'
import { CibCore, type CibEffect, type CibEvent, digestDelayMs, noSpace } from './cib-core.ts'
import { callOptions } from './service.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

/** A few managers on one group: messages are delivered to all in the order they were sent, as a ring does. */
class Group {
  readonly cores: ReadonlyMap<string, CibCore>
  readonly #ring: { from: string; to: string | undefined; xml: XmlElement }[] = []
  readonly seen: { readonly node: string; readonly effect: CibEffect }[] = []
  nowMs = 1000

  constructor(names: readonly string[], cibs: Readonly<Record<string, XmlElement>> = {}) {
    this.cores = new Map(
      names.map((localName) => [
        localName,
        new CibCore({
          localName,
          cib: cibs[localName] ?? emptyCib(0),
          status: 0,
          // The one thing that no schema allows, so that refusals can be had without a schema engine.
          isValid: (cib) => !JSON.stringify(cib).includes('invalid'),
          localTime: (epochS) => `written by ${localName} at ${epochS}`,
        }),
      ]),
    )
  }

  core(node: string): CibCore {
    const core = this.cores.get(node)
    if (core === undefined) throw new Error(`no node ${node}`)
    return core
  }

  step(node: string, event: CibEvent): readonly CibEffect[] {
    const effects = this.core(node).step(event, { monoMs: monoMs(this.nowMs), epochS: 1_795_000_000 })
    for (const effect of effects) {
      this.seen.push({ node, effect })
      if (effect.kind === 'send') this.#ring.push({ from: node, to: effect.to, xml: effect.xml })
    }
    return effects
  }

  /** A client on `node` asks; nothing is delivered yet. */
  ask(node: string, request: Parameters<typeof cibCommand>[0], isInside = false, user = 'root'): readonly CibEffect[] {
    const client = { id: request.clientId, name: 'cibadmin', user, node }
    const from = withOrigin(cibCommand(request), client)
    return this.step(node, { kind: 'request', xml: from, isPrivileged: true, isInside })
  }

  /** Delivers everything that is under way. */
  run(): void {
    for (let next = this.#ring.shift(); next !== undefined; next = this.#ring.shift()) {
      const { from, to, xml: message } = next
      for (const node of this.cores.keys()) {
        if (to === undefined || to === node) {
          this.step(node, { kind: 'message', from, isOwn: node === from, xml: message })
        }
      }
    }
  }

  replies(): readonly string[] {
    return this.seen.flatMap(({ node, effect }) =>
      effect.kind === 'reply' ? [`${node} ${effect.clientId}/${effect.callId} rc ${effect.rc}`] : [],
    )
  }

  digests(): ReadonlySet<string> {
    return new Set([...this.cores.values()].map((core) => core.digest()))
  }
}

const resource = (id: string): XmlElement => element('primitive', { id, class: 'ocf', provider: 'quorate', type: 'd' })
const create = (id: string, callId = 2) => ({
  clientId: 'c1',
  callId,
  op: 'cib_create',
  section: 'resources',
  options: 0,
  data: resource(id),
})

describe('a change', () => {
  it('is broadcast unmodified and answered by its own node once it has come back', () => {
    const group = new Group(['n1', 'n2', 'n3'])
    const asked = group.ask('n2', create('a'))
    expect(asked.map((effect) => effect.kind)).toEqual(['send'])
    expect(versionText(versionOf(group.core('n2').cib))).toBe('0.0.0')
    group.run()
    expect(group.replies()).toEqual(['n2 c1/2 rc 0'])
    expect([...group.cores.values()].map((core) => versionText(versionOf(core.cib)))).toEqual([
      '0.1.0',
      '0.1.0',
      '0.1.0',
    ])
    expect(group.digests().size).toBe(1)
    expect(attr(group.core('n1').cib, 'update-origin')).toBe('n2')
  })

  it('that is refused changes nothing anywhere, and its client hears why', () => {
    const group = new Group(['n1', 'n2'])
    group.ask('n1', create('a'))
    group.ask('n2', create('a', 3))
    group.ask('n2', { ...create('b', 4), data: element('primitive', { id: 'b', kind: 'invalid' }) })
    group.run()
    expect(group.replies()).toEqual(['n1 c1/2 rc 0', 'n2 c1/3 rc -17', 'n2 c1/4 rc -203'])
    expect(versionText(versionOf(group.core('n1').cib))).toBe('0.1.0')
    expect(group.digests().size).toBe(1)
  })

  it('is written to disk before the answer when it is one of the configuration, and not otherwise', () => {
    const group = new Group(['n1'])
    group.ask('n1', create('a'))
    const state = element('node_state', { id: '1', uname: 'n1' })
    const status = { clientId: 'c1', callId: 3, op: 'cib_modify', section: 'status', data: state }
    group.ask('n1', { ...status, options: callOptions.canCreate })
    group.run()
    const order = group.seen.map(({ effect }) =>
      effect.kind === 'reply'
        ? `reply ${effect.callId} ${effect.afterPersist ? 'after disk' : 'at once'}`
        : effect.kind,
    )
    expect(order).toEqual(['send', 'send', 'persist', 'changed', 'reply 2 after disk', 'changed', 'reply 3 at once'])
  })

  it('is refused where the disk is full, but for those of the daemon itself and of the status', () => {
    const group = new Group(['n1', 'n2'])
    group.step('n1', { kind: 'disk', isFull: true })
    group.ask('n1', create('a'))
    group.ask('n1', create('b', 3), true)
    group.ask('n2', create('c', 4))
    group.run()
    expect(group.replies()).toEqual([`n1 c1/2 rc ${noSpace}`, 'n1 c1/3 rc 0', 'n2 c1/4 rc 0'])
    expect(group.digests().size).toBe(1)
  })
})

describe('a request', () => {
  it('through an end point without privileges may only read', () => {
    const group = new Group(['n1'])
    const ask = (op: string) =>
      group.step('n1', {
        kind: 'request',
        xml: cibCommand({ clientId: 'c', callId: 1, op, options: 0 }),
        isPrivileged: false,
        isInside: false,
      })
    expect(ask('cib_bump').map((effect) => effect.kind === 'reply' && effect.rc)).toEqual([-13])
    expect(ask('cib_query').map((effect) => effect.kind === 'reply' && effect.rc)).toEqual([0])
  })

  it('for another node is sent there, and its answer handed to the client', () => {
    const group = new Group(['n1', 'n2'], {
      n2: xml('<cib epoch="9" num_updates="0" admin_epoch="0"><configuration/></cib>'),
    })
    group.ask('n1', { clientId: 'c1', callId: 2, op: 'cib_query', options: callOptions.syncCall, host: 'n2' })
    group.run()
    const reply = group.seen.find(({ effect }) => effect.kind === 'reply')
    expect(reply?.node).toBe('n1')
    expect(reply?.effect.kind === 'reply' && reply.effect.output && attr(reply.effect.output, 'epoch')).toBe('9')
  })
})

describe('the DC', () => {
  it('syncs everybody to the best copy, and the asker hears when it has arrived', () => {
    const best = xml(
      '<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="7" num_updates="3" admin_epoch="0"><configuration><resources/></configuration><status/></cib>',
    )
    const group = new Group(['n1', 'n2', 'n3'], { n2: best })
    group.ask('n1', { clientId: 'dc', callId: 5, op: 'cib_sync', host: 'n2', options: 0 }, true)
    group.run()
    expect(group.replies()).toEqual(['n1 dc/5 rc 0'])
    expect(group.digests()).toEqual(new Set([group.core('n2').digest()]))
    expect(versionText(versionOf(group.core('n3').cib))).toBe('0.7.3')
    expect(attr(group.core('n3').cib, 'update-origin')).toBe('n2')
  })

  it('finds a diverged node with a ping after five quiet seconds, and mends it', () => {
    const shared = (name: string): XmlElement =>
      xml(
        `<cib crm_feature_set="3.16.1" epoch="1" num_updates="0" admin_epoch="0"><configuration><resources><primitive id="${name}"/></resources></configuration><status/></cib>`,
      )
    const group = new Group(['n1', 'n2', 'n3'], { n1: shared('a'), n2: shared('b'), n3: shared('a') })
    group.step('n1', { kind: 'primary', isPrimary: true })
    group.nowMs += digestDelayMs - 1
    expect(group.step('n1', { kind: 'tick' })).toEqual([])
    group.nowMs += 1
    group.step('n1', { kind: 'tick' })
    group.run()
    expect(group.digests()).toEqual(new Set([group.core('n1').digest()]))
    const told = group.seen.flatMap(({ effect }) => (effect.kind === 'log' ? [effect.text] : []))
    expect(told.map((text) => text.replace(/[0-9a-f]{32}/g, 'D'))).toEqual([
      'Local CIB 0.1.0.D differs from n2: 0.1.0.D',
    ])
  })

  it('takes the copy of a diverged node that is newer than its own, and has all others take it', () => {
    const at = (updates: number): XmlElement =>
      xml(
        `<cib crm_feature_set="3.16.1" epoch="1" num_updates="${updates}" admin_epoch="0"><configuration/><status/></cib>`,
      )
    const group = new Group(['n1', 'n2', 'n3'], { n1: at(4), n2: at(6), n3: at(4) })
    group.step('n1', { kind: 'primary', isPrimary: true })
    group.nowMs += digestDelayMs
    group.step('n1', { kind: 'tick' })
    group.run()
    expect([...group.cores.values()].map((core) => versionText(versionOf(core.cib)))).toEqual([
      '0.1.6',
      '0.1.6',
      '0.1.6',
    ])
    expect(group.replies()).toEqual([])
  })

  it('decides how far an upgrade goes, for all nodes, and says when there is nowhere to go', () => {
    const old = xml(
      '<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.5" epoch="4" num_updates="2" admin_epoch="0"><configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>',
    )
    const group = new Group(['n1', 'n2'], { n1: old, n2: old })
    group.step('n1', { kind: 'primary', isPrimary: true })
    const upgrade = (callId: number) => ({ clientId: 'c', callId, op: 'cib_upgrade', options: 0 })
    group.ask('n2', upgrade(2))
    group.run()
    group.ask('n2', upgrade(3))
    group.run()
    expect(group.replies()).toEqual(['n2 c/2 rc 0', 'n2 c/3 rc -211'])
    expect(versionText(versionOf(group.core('n2').cib))).toBe('1.1.2')
    expect(group.digests().size).toBe(1)
  })
})

describe('a user whom ACLs limit', () => {
  const permissions =
    '<acl_permission id="p1" kind="read" xpath="/cib"/><acl_permission id="p2" kind="deny" xpath="//nvpair[@name=\'passwd\']"/><acl_permission id="p3" kind="write" reference="b"/>'
  const limited = (more = permissions) =>
    xml(
      `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.5" epoch="5" num_updates="2" admin_epoch="0"><configuration><crm_config><cluster_property_set id="s"><nvpair id="o" name="enable-acl" value="true"/></cluster_property_set></crm_config><nodes/><resources><primitive id="a" class="ocf" provider="q" type="d"><instance_attributes id="ia"><nvpair id="n2" name="passwd" value="secret"/></instance_attributes></primitive><primitive id="b" class="ocf" provider="q" type="d"/></resources><constraints/><acls><acl_target id="ann"><role id="r"/></acl_target><acl_role id="r">${more}</acl_role></acls></configuration><status/></cib>`,
    )
  const group = (more?: string) => new Group(['n1', 'n2'], { n1: limited(more), n2: limited(more) })
  const describeB = (callId: number, id: string) => ({
    clientId: 'c',
    callId,
    op: 'cib_modify',
    section: 'resources',
    options: 0,
    data: element('primitive', { id, description: 'd' }),
  })
  const outputs = (of: Group) => of.seen.flatMap(({ effect }) => (effect.kind === 'reply' ? [effect.output] : []))

  it('changes what it may, and nothing else, on all nodes alike', () => {
    const nodes = group()
    nodes.ask('n1', describeB(1, 'b'), false, 'ann')
    nodes.ask('n2', describeB(2, 'a'), false, 'ann')
    nodes.ask('n2', describeB(3, 'a'), false, 'bob')
    nodes.ask('n2', describeB(4, 'a'), false, 'hacluster')
    nodes.run()
    expect(nodes.replies()).toEqual(['n1 c/1 rc 0', 'n2 c/2 rc -13', 'n2 c/3 rc -13', 'n2 c/4 rc 0'])
    expect(nodes.digests().size).toBe(1)
  })

  it('sees what it may, also of another node', () => {
    const nodes = group()
    const query = { clientId: 'c', op: 'cib_query', options: 0 }
    nodes.ask('n1', { ...query, callId: 1 }, false, 'ann')
    nodes.ask('n1', { ...query, callId: 2, host: 'n2' }, false, 'ann')
    nodes.ask('n1', { ...query, callId: 3 }, false, 'bob')
    nodes.run()
    expect(nodes.replies()).toEqual(['n1 c/1 rc 0', 'n1 c/3 rc -13', 'n1 c/2 rc 0'])
    const texts = outputs(nodes).map((output) => JSON.stringify(output))
    expect(texts.map((text) => [text?.includes('"a"'), text?.includes('secret')])).toEqual([
      [true, false],
      [undefined, undefined],
      [true, false],
    ])
  })

  it('gets the digest of what it sees', () => {
    const nodes = group()
    nodes.ask('n1', { clientId: 'c', callId: 1, op: 'ping', options: 0 }, false, 'ann')
    nodes.ask('n1', { clientId: 'c', callId: 2, op: 'ping', options: 0 }, false, 'bob')
    nodes.ask('n1', { clientId: 'c', callId: 3, op: 'ping', options: 0 })
    const digests = outputs(nodes).map((output) => output && attr(output, 'digest'))
    const shown = nodes.core('n1').views.shown(nodes.core('n1').cib, 'ann')
    expect(digests).toEqual([shown && cibDigest(shown), undefined, nodes.core('n1').digest()])
  })

  it.each(['cib_sync', 'cib_sync_one', 'cib_master', 'cib_slave', 'cib_ismaster', 'cib_shutdown_req'])(
    'may not ask for %s, here or elsewhere',
    (op) => {
      const nodes = group()
      nodes.ask('n1', { clientId: 'c', callId: 1, op, options: 0 }, false, 'ann')
      nodes.ask('n1', { clientId: 'c', callId: 2, op, options: 0, host: 'n2' }, false, 'ann')
      nodes.run()
      expect(nodes.replies()).toEqual(['n1 c/1 rc -13', 'n1 c/2 rc -13'])
      expect([...nodes.cores.values()].map((core) => core.isPrimary)).toEqual([false, false])
    },
  )

  it('may not upgrade, whichever node decides', () => {
    const nodes = group()
    nodes.step('n2', { kind: 'primary', isPrimary: true })
    const upgrade = { clientId: 'c', callId: 1, op: 'cib_upgrade', options: 0 }
    nodes.ask('n1', upgrade, false, 'ann')
    nodes.run()
    const sent = withOrigin(cibCommand({ ...upgrade, callId: 2 }), { id: 'c', name: 'x', user: 'ann', node: 'n1' })
    const foreign = withAttributes(sent, { cib_delegated_from: 'n1' })
    nodes.step('n2', { kind: 'message', from: 'n1', isOwn: false, xml: foreign })
    nodes.run()
    expect(nodes.replies()).toEqual(['n1 c/1 rc -13', 'n1 c/2 rc -13'])
    expect(attr(nodes.core('n2').cib, 'validate-with')).toBe('pacemaker-3.5')
  })

  it('is told of changes as far as it sees them', () => {
    const nodes = group()
    const pair = (callId: number, value: string) => ({
      clientId: 'c',
      callId,
      op: 'cib_modify',
      section: 'resources',
      options: 0,
      data: element('nvpair', { id: 'n2', value }),
    })
    nodes.ask('n1', describeB(1, 'b'))
    nodes.ask('n1', pair(2, 'hidden'))
    nodes.run()
    const { views } = nodes.core('n1')
    const told = nodes.seen.flatMap(({ node, effect }) => {
      if (node !== 'n1' || effect.kind !== 'changed') return []
      return [views.diffNotification(effect.change, effect.input, 'ann')]
    })
    const [first, second] = told.map((item) => (item === undefined ? '' : writeXml(item)))
    expect(first).toContain('description="d"')
    expect(second).toContain('epoch="7"')
    expect(second).not.toContain('hidden')
    expect(second).not.toContain('n2')
    // The views can be followed by the patches alone.
    const follow = (cib: XmlElement | undefined, item: XmlElement | undefined) => {
      const diff = item && child(item, 'cib_update_result')?.children[0]
      const after = cib && diff && applyPatch(cib, diff, { checksVersion: true })
      return after?.ok ? after.value : undefined
    }
    const start = views.shown(limited(), 'ann')
    const followed = follow(follow(start, told[0]), told[1])
    const now = views.shown(nodes.core('n1').cib, 'ann')
    expect(followed && cibDigest(followed)).toBe(now && cibDigest(now))
  })

  it('is told nothing of what it does not see, nor of what was refused', () => {
    const nodes = group('<acl_permission id="p1" kind="read" reference="b"/>')
    nodes.ask('n1', { ...describeB(1, 'a'), data: element('primitive', { id: 'a', description: 'd' }) })
    nodes.ask('n1', { ...describeB(2, 'b'), data: element('primitive', { id: 'b', kind: 'invalid' }) })
    nodes.run()
    const { views } = nodes.core('n1')
    const changes = nodes.seen.flatMap(({ node, effect }) =>
      node === 'n1' && effect.kind === 'changed' ? [effect] : [],
    )
    expect(changes.map(({ change }) => change.rc)).toEqual([0, -203])
    expect(changes.map(({ change, input }) => views.diffNotification(change, input, 'ann'))).toEqual([
      undefined,
      undefined,
    ])
    expect(changes.map(({ change, input }) => views.diffNotification(change, input, 'bob'))).toEqual([
      undefined,
      undefined,
    ])
  })

  it('has the faults of its ACLs told once', () => {
    const nodes = group('<acl_permission id="p1" kind="deny" xpath="//["/>')
    for (const callId of [1, 2]) nodes.ask('n1', { clientId: 'c', callId, op: 'cib_query', options: 0 }, false, 'ann')
    expect(nodes.replies()).toEqual(['n1 c/1 rc -13', 'n1 c/2 rc -13'])
    const told = nodes.seen.flatMap(({ effect }) => (effect.kind === 'log' ? [effect.text] : []))
    expect(told).toEqual(["ACLs of user ann: permission 'p1': expected a name at character 3 in '//['"])
  })
})

describe('three managers', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd')
  const operation = fc.oneof(
    id.map((name) => ({ op: 'cib_create', section: 'resources', options: 0, data: resource(name) })),
    fc.tuple(id, fc.nat(3)).map(([name, value]) => ({
      op: 'cib_modify',
      section: 'resources',
      options: callOptions.canCreate,
      data: element('primitive', { id: name, description: `v${value}` }),
    })),
    id.map((name) => ({
      op: 'cib_delete',
      section: 'resources',
      options: 0,
      data: element('primitive', { id: name }),
    })),
    id.map((name) => ({ op: 'cib_replace', section: 'resources', options: 0, data: resource(name) })),
    fc.tuple(id, fc.nat(2)).map(([name, value]) => ({
      op: 'cib_modify',
      section: 'status',
      options: callOptions.canCreate,
      data: element('node_state', { id: name, join: `${value}`, 'crm-debug-origin': `o${value}` }),
    })),
    fc.constant({ op: 'cib_bump', section: undefined, options: 0, data: undefined }),
    fc.constant({ op: 'cib_erase', section: undefined, options: 0, data: undefined }),
  )

  it('hold the same document after any interleaving of requests, and answer each once', () => {
    const script = fc.array(fc.tuple(fc.constantFrom('n1', 'n2', 'n3'), operation, fc.boolean()), { maxLength: 40 })
    fc.assert(
      fc.property(script, (steps) => {
        const group = new Group(['n1', 'n2', 'n3'])
        steps.forEach(([node, request, isDelivered], callId) => {
          group.ask(node, { ...request, clientId: 'c', callId })
          if (isDelivered) group.run()
        })
        group.run()
        expect(group.digests().size).toBe(1)
        expect(group.replies().length).toBe(steps.length)
        const [first, ...others] = [...group.cores.values()]
        for (const other of others) {
          expect(versionOf(other.cib)).toEqual(versionOf(first?.cib ?? emptyCib(0)))
        }
      }),
      { numRuns: 200 },
    )
  })
})
