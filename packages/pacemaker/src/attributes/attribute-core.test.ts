import { monoMs } from '@quorate/base'
import { attr, element, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AttributeCore, type AttributeEffect, type AttributeEvent } from './attribute-core.ts'
import { dampeningMs } from './attribute-table.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

/** Attribute managers on one group, in total order, with the CIB's part played by a list of what was written. */
class Group {
  readonly cores = new Map<string, AttributeCore>()
  readonly seen: { readonly node: string; readonly effect: AttributeEffect }[] = []
  readonly writes: string[] = []
  readonly #ring: { from: string; to: string | undefined; xml: XmlElement }[] = []
  nowMs = 1000
  rc = 0

  step(node: string, event: AttributeEvent): readonly AttributeEffect[] {
    // n1 has used most CPU time, so it wins every election that it takes part in.
    const cpu = { ageS: 100 - Number(node.slice(1)), ageUs: 0 }
    const effects = this.cores.get(node)?.step(event, { monoMs: monoMs(this.nowMs), epochS: 1_795_000_000, cpu }) ?? []
    for (const effect of effects) {
      this.seen.push({ node, effect })
      if (effect.kind === 'send') this.#ring.push({ from: node, to: effect.to, xml: effect.xml })
      if (effect.kind === 'write') {
        this.writes.push(`${node}: ${writeXml(effect.data)}${effect.options & 0x80 ? ' mixed' : ''}`)
        this.step(node, { kind: 'written', attribute: effect.attribute, token: effect.token, rc: this.rc })
      }
    }
    return effects
  }

  join(node: string): void {
    const nodeId = Number(node.slice(1))
    this.cores.set(node, new AttributeCore({ localName: node, localNodeId: nodeId }))
    for (const name of this.cores.keys()) {
      for (const [from, to] of [[node, name] as const, [name, node] as const]) {
        this.step(to, { kind: 'peer', name: from, nodeId: Number(from.slice(1)), isThere: true })
        if (from === to) break
      }
    }
    this.step(node, { kind: 'start' })
    this.run()
  }

  leave(node: string): void {
    this.cores.delete(node)
    for (const name of this.cores.keys()) {
      this.step(name, { kind: 'peer', name: node, nodeId: Number(node.slice(1)), isThere: false })
    }
    this.run()
  }

  ask(node: string, attributes: Record<string, string>, client?: string): readonly AttributeEffect[] {
    const request = element('create_attrd_op', { t: 'attrd', src: 'attrd_updater', ...attributes })
    return this.step(node, { kind: 'request', xml: request, user: 'root', client })
  }

  update(node: string, name: string, value: string, more: Record<string, string> = {}): void {
    this.ask(node, { task: 'update', attr_name: name, attr_value: value, ...more })
    this.run()
  }

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

  values(name: string, node: string): readonly (string | undefined)[] {
    return [...this.cores.values()].map((core) => core.value(name, node))
  }
}

function group(...nodes: readonly string[]): Group {
  const made = new Group()
  for (const node of nodes) made.join(node)
  return made
}

describe('attribute managers', () => {
  it('start by forgetting what the CIB has of this node, and tell their protocol', () => {
    const made = new Group()
    made.join('n2')
    const [first, second] = made.seen.filter(({ effect }) => effect.kind !== 'log').map(({ effect }) => effect)
    expect(first?.kind).toBe('forget-own')
    // Captured from a real attribute manager of the same name and id.
    expect(second?.kind === 'send' && writeXml(second.xml)).toBe(
      '<attrd_broadcast_protocol t="attrd" src="pacemaker-attrd" task="update" attr_name="#attrd-protocol" attr_value="4" attr_is_private="1" attr_host="n2" attr_host_id="2" attr_version="4" attr_writer="0"/>',
    )
  })

  it('believe what everybody was told since a peer came, not what the peer knew before it heard that', () => {
    const made = group('n1', 'n2', 'n3')
    made.update('n1', 'a', '1', { attr_host: 'n3' })
    made.leave('n2')
    made.ask('n1', { task: 'update', attr_name: 'a', attr_value: '2', attr_host: 'n3' })
    // The writer sees the newcomer, and tells it what it knows, before the change reaches it that was sent first.
    made.join('n2')
    expect(made.values('a', 'n3')).toEqual(['2', '2', '2'])
  })

  it('elect one writer, which alone writes, for all nodes at once', () => {
    const made = group('n1', 'n2', 'n3')
    expect([...made.cores.values()].map((core) => core.writer)).toEqual([undefined, undefined, undefined])
    made.update('n3', '#feature-set', '3.16.1')
    expect([...made.cores.values()].map((core) => core.writer)).toEqual(['n1', 'n1', 'n1'])
    made.update('n2', '#feature-set', '3.16.1')
    expect(made.writes.at(-1)).toBe(
      'n1: <status>' +
        '<node_state id="2"><transient_attributes id="2"><instance_attributes id="status-2"><nvpair id="status-2-.feature-set" name="#feature-set" value="3.16.1"/></instance_attributes></transient_attributes></node_state>' +
        '<node_state id="3"><transient_attributes id="3"><instance_attributes id="status-3"><nvpair id="status-3-.feature-set" name="#feature-set" value="3.16.1"/></instance_attributes></transient_attributes></node_state>' +
        '</status>',
    )
    expect(made.writes.every((line) => line.startsWith('n1: '))).toBe(true)
    expect(made.values('#feature-set', 'N2')).toEqual(['3.16.1', '3.16.1', '3.16.1'])
  })

  it('keep private attributes out of the CIB', () => {
    const made = group('n1', 'n2')
    made.update('n2', 'secret', '1', { attr_is_private: '1' })
    expect(made.values('secret', 'n2')).toEqual(['1', '1'])
    expect(made.writes).toEqual([])
  })

  it('count up from the known value, and never beyond INFINITY', () => {
    const made = group('n1', 'n2')
    for (const value of ['value++', 'value++', 'value+=5']) made.update('n2', 'fail-count-a#start_0', value)
    expect(made.values('fail-count-a#start_0', 'n2')).toEqual(['7', '7'])
    made.update('n1', 'fail-count-a#start_0', 'value+=INFINITY', { attr_host: 'n2' })
    expect(made.values('fail-count-a#start_0', 'n2')).toEqual(['1000000', '1000000'])
  })

  it('change neither value nor dampening by a dampening that is none, and make no attribute of it', () => {
    const made = group('n1')
    made.update('n1', 'a', '1')
    for (const more of [{}, { attr_dampening: 'soon' }, { attr_dampening: '-4' }] as Record<string, string>[]) {
      for (const name of ['a', 'b']) {
        made.ask('n1', { task: 'update-both', attr_name: name, attr_value: '2', ...more })
        made.run()
      }
    }
    expect([made.values('a', 'n1'), made.values('b', 'n1')]).toEqual([['1'], [undefined]])
    made.ask('n1', { task: 'update-both', attr_name: 'a', attr_value: '3', attr_dampening: '0' })
    made.run()
    expect(made.values('a', 'n1')).toEqual(['3'])
  })

  it('are found in the CIB under the ids of a real writer', () => {
    const made = group('n1')
    made.update('n1', 'a:b#c/d e', '1', { attr_set: 'my set#1' })
    expect(made.writes.at(-1)).toContain(
      '<instance_attributes id="my set.1"><nvpair id="my set.1-a.b.c/d e" name="a:b#c/d e" value="1"/></instance_attributes>',
    )
  })

  it('meets names by POSIX extended regular expressions, and no other kind', () => {
    const made = new Group()
    made.join('n1')
    made.update('n1', 'disk12', '1')
    made.update('n1', 'disks', '1')
    made.ask('n1', { task: 'update', attr_regex: '^disk[[:digit:]]+$', attr_value: '7' })
    made.run()
    expect([made.values('disk12', 'n1'), made.values('disks', 'n1')]).toEqual([['7'], ['1']])
    const refused = made.ask('n1', { task: 'update', attr_regex: '^disk(?=s)', attr_value: '9' })
    expect(refused).toContainEqual({ kind: 'log', level: 'warning', text: 'bad pattern "^disk(?=s)" ignored' })
  })

  it('remove values from the CIB in the form that a real one does', () => {
    const made = group('n1', 'n2')
    made.update('n2', 'fail-count-fd#stop_0', '1', { attr_user: 'hacluster' })
    made.ask('n1', { task: 'clear-failure', attr_resource: 'fd', attr_host: 'n2' })
    made.run()
    expect(made.writes.at(-1)).toBe(
      'n1: <status><node_state id="2"><transient_attributes id="2"><instance_attributes id="status-2"><nvpair id="status-2-fail-count-fd.stop_0" name="fail-count-fd#stop_0" value="" __delete__="value"/></instance_attributes></transient_attributes></node_state></status> mixed',
    )
    made.ask('n1', { task: 'refresh' })
    expect(made.writes.length).toBe(2)
  })

  it('clear the failures of one operation, or resource, and leave others', () => {
    const made = group('n1')
    const names = [
      'fail-count-a#start_0',
      'fail-count-a#monitor_10000',
      'last-failure-a#monitor_10000',
      'fail-count-ab#start_0',
    ]
    for (const name of names) made.update('n1', name, '1')
    const left = () => names.filter((name) => made.cores.get('n1')?.value(name, 'n1') !== undefined)
    const clear = { task: 'clear-failure', attr_resource: 'a' }
    made.ask('n1', { ...clear, attr_clear_operation: 'monitor', attr_clear_interval: '10s' })
    made.run()
    expect(left()).toEqual(['fail-count-a#start_0', 'fail-count-ab#start_0'])
    made.ask('n1', clear)
    made.run()
    expect(left()).toEqual(['fail-count-ab#start_0'])
  })

  it('have alerts sent by the writer, of every node that has ever had a value, and of nothing private', () => {
    const made = group('n1', 'n2')
    const told = (node: string) =>
      made.seen.flatMap(({ node: by, effect }) =>
        by === node && effect.kind === 'alert' && effect.event.kind === 'attribute'
          ? [`${effect.event.name} ${effect.event.node}/${effect.event.nodeId} ${effect.event.value}`]
          : [],
      )
    made.update('n2', 'a', '1')
    made.update('n1', 'a', '2')
    made.ask('n2', { task: 'update', attr_name: 'a' })
    made.run()
    made.update('n2', 'secret', '1', { attr_is_private: '1' })
    expect(told('n1')).toEqual(['a n2/2 1', 'a n1/1 2', 'a n2/2 1', 'a n1/1 2', 'a n2/2 undefined'])
    expect(told('n2')).toEqual([])
  })

  it('wait while values keep changing, when told to dampen', () => {
    const made = group('n1')
    const dampened = { task: 'update-both', attr_name: 'pingd', attr_dampening: '5s' }
    made.ask('n1', { ...dampened, attr_value: '100' })
    made.run()
    made.nowMs += 4000
    made.update('n1', 'pingd', '200')
    made.nowMs += 4000
    made.step('n1', { kind: 'tick' })
    expect(made.writes).toEqual([])
    made.nowMs += 1000
    made.step('n1', { kind: 'tick' })
    made.run()
    expect(made.writes.length).toBe(1)
    expect(made.writes[0]).toContain('value="200"')
  })

  it('try a failed write again after two seconds', () => {
    const made = group('n1')
    made.rc = -62
    made.update('n1', 'a', '1')
    made.rc = 0
    expect(made.cores.get('n1')?.dueMs).toBe(3000)
    made.nowMs = 3000
    made.step('n1', { kind: 'tick' })
    expect(made.writes.length).toBe(2)
    expect(made.cores.get('n1')?.dueMs).toBeUndefined()
  })

  it('try one that its user may not make again only when there is another value', () => {
    const made = group('n1')
    made.rc = -13
    made.update('n1', 'a', '1')
    expect(made.cores.get('n1')?.dueMs).toBeUndefined()
    expect(made.writes.length).toBe(1)
    made.rc = 0
    made.update('n1', 'a', '2')
    expect(made.writes.length).toBe(2)
    expect(made.writes[1]).toContain('value="2"')
  })

  it('tell a newcomer all values, and elect again when the writer goes', () => {
    const made = group('n1', 'n2')
    made.update('n2', 'a', '1')
    made.update('n1', 'a', '9')
    made.join('n3')
    expect(made.cores.get('n3')?.value('a', 'n2')).toBe('1')
    made.leave('n1')
    expect([...made.cores.values()].map((core) => core.writer)).toEqual(['n2', 'n2'])
    expect(made.values('a', 'n1')).toEqual([undefined, undefined])
    expect(made.writes.at(-1)).toMatch(/^n2: .*value="1"/)
  })

  it('call no election when they join one that has a writer', () => {
    const made = group('n2', 'n3')
    made.update('n3', 'a', '1')
    const before = made.seen.length
    made.join('n1')
    const ballots = made.seen.slice(before).filter(({ effect }) => effect.kind === 'send' && effect.isBallot)
    expect([ballots.length, made.cores.get('n1')?.writer]).toEqual([0, 'n2'])
    expect(made.values('#attrd-protocol', 'n1')).toEqual(['4', '4', '4'])
    expect(made.cores.get('n1')?.value('#attrd-protocol', 'n3')).toBe('4')
  })

  it('know better than any peer what their own values are', () => {
    const made = group('n1', 'n2')
    made.update('n2', 'a', '2')
    const sync = xml(
      '<attrd_peer_sync task="sync-response" t="attrd" attr_version="4" attr_writer="3"><attrd_add_value_xml attr_name="a" attr_host="n2" attr_host_id="2" attr_value="1" attr_dampening="0" attr_is_private="0" attrd_is_force_write="0"/></attrd_peer_sync>',
    )
    const effects = made.step('n2', { kind: 'message', from: 'n1', isOwn: false, xml: sync })
    const sent = effects.find((effect) => effect.kind === 'send')
    expect(sent?.kind === 'send' && sent.xml.children.map((item) => attr(item, 'attr_value'))).toEqual(['2'])
    expect(made.cores.get('n2')?.value('a', 'n2')).toBe('2')
  })

  it('answer queries from memory, one node or all', () => {
    const made = group('n1', 'n2')
    made.update('n2', 'foo', '7')
    made.update('n1', 'foo', '8')
    const ask = (more: Record<string, string>): string => {
      const [effect] = made.ask('n1', { task: 'query', attr_name: 'foo', ...more }, 'client')
      return effect?.kind === 'reply' ? writeXml(effect.xml) : 'none'
    }
    expect(ask({})).toBe(
      '<build_query_reply t="attrd" subt="query" attr_version="4" attr_name="foo"><node attr_host="n1" attr_value="8"/><node attr_host="n2" attr_value="7"/></build_query_reply>',
    )
    expect(ask({ attr_host: 'n2' })).toContain('<node attr_host="n2" attr_value="7"/></build')
    // Of a known attribute a node without a value has none; an unknown one is not even named.
    expect(ask({ attr_host: 'n9' })).toContain('attr_name="foo"><node attr_host="n9"/></build')
    expect(ask({ attr_name: 'bar', attr_host: 'n2' })).toBe(
      '<build_query_reply t="attrd" subt="query" attr_version="4"/>',
    )
  })
})

describe('any number of attribute managers', () => {
  const node = fc.constantFrom('n1', 'n2', 'n3')
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('update' as const),
      node,
      host: node,
      name: fc.constantFrom('a', 'b', 'fail-count-r#start_0'),
      value: fc.constantFrom('1', '2', 'value++', undefined),
    }),
    fc.record({ kind: fc.constant('clear' as const), node }),
    fc.record({ kind: fc.constant('go' as const), node }),
    fc.record({ kind: fc.constant('come' as const), node }),
    fc.record({ kind: fc.constant('deliver' as const), node }),
  )

  it('agree on every value and on the writer, whatever comes, and the CIB is told what they agree on', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const made = group('n1', 'n2', 'n3')
        for (const item of steps) {
          const isThere = made.cores.has(item.node)
          if (item.kind === 'deliver') made.run()
          else if (item.kind === 'come' && !isThere) {
            made.run()
            made.join(item.node)
          } else if (item.kind === 'go' && isThere && made.cores.size > 1) {
            made.run()
            made.leave(item.node)
          } else if (item.kind === 'clear' && isThere) made.ask(item.node, { task: 'clear-failure' })
          else if (item.kind === 'update' && isThere && made.cores.has(item.host)) {
            const value = item.value === undefined ? {} : { attr_value: item.value }
            made.ask(item.node, { task: 'update', attr_name: item.name, attr_host: item.host, ...value })
          }
          made.nowMs += 3000
        }
        made.run()
        for (const name of ['a', 'b', 'fail-count-r#start_0']) {
          for (const host of made.cores.keys()) expect(new Set(made.values(name, host)).size).toBe(1)
        }
        const present = [...made.cores.keys()]
        const set = ['a', 'b', 'fail-count-r#start_0'].filter((name) =>
          present.some((host) => made.values(name, host)[0] !== undefined),
        )
        if (set.length === 0) return
        expect(new Set([...made.cores.values()].map((core) => core.writer)).size).toBe(1)
        // The last that the CIB was told of each attribute names every value that there is now.
        for (const name of set) {
          const last = made.writes.filter((line) => line.includes(`name="${name}"`)).at(-1) ?? ''
          for (const host of present) {
            const value = made.values(name, host)[0]
            if (value === undefined) continue
            expect(last).toContain(`<node_state id="${host.slice(1)}">`)
            expect(last).toContain(`value="${value}"`)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('a dampening', () => {
  it.each([
    ['5', 5000],
    ['5s', 5000],
    ['250ms', 250],
    ['2min', 120_000],
    ['1h', 3_600_000],
    ['5MS', 5],
    ['1.5', 1000],
    ['', undefined],
    ['-4', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('of %s is %s ms', (text, ms) => expect(dampeningMs(text)).toBe(ms))
})
