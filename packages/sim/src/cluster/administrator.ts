import type { Prng } from '@quorate/base'
import { featureSet } from '@quorate/cib'
import { cibCommand, crmRequest, withOrigin } from '@quorate/pacemaker'
import { element, parseXml, type XmlElement } from '@quorate/xml'
import { type CibChecker, writerPrefix } from './cib-checker.ts'
import type { DrawnResource } from './cluster-draw.ts'
import type { ClusterNode } from './cluster-node.ts'
import type { PacemakerLife } from './pacemaker-life.ts'

/** An answer that takes longer will not come, in milliseconds. */
const answerMs = 30_000
const canCreate = 0x8
const syncCall = 0x1000

type Writing = { readonly name: string; readonly value: number; readonly life: PacemakerLife; readonly sinceMs: number }

/** What an administrator needs of the world. */
export type AdministratorWorld = {
  readonly prng: Prng
  nowMs(): number
  /** Machines with power. */
  nodes(): readonly ClusterNode[]
  readonly nodeNames: readonly string[]
  readonly resources: readonly DrawnResource[]
  readonly cibChecker: CibChecker
  /** The answer is made up as soon as the question is asked: only a test plants that. */
  readonly answersEarly: boolean
  /** Told of what may not be. */
  failed(fault: unknown): void
  trace(line: string): void
}

/** People at their terminals: they change the CIB through one node or another and wait for the answer. */
export class Administrator {
  readonly #world: AdministratorWorld
  #writing: Writing | undefined
  #writers = 1
  #number = 0
  #calls = 0
  /** Values of the transient attributes that were set last, by attribute. */
  readonly attributes = new Set<string>()

  constructor(world: AdministratorWorld) {
    this.#world = world
  }

  /** Writes the next number, unless the last one is not answered yet. */
  write(): void {
    const { prng, cibChecker } = this.#world
    if (this.#writing !== undefined) {
      const isGone = !this.#writing.life.isAlive
      if (!isGone && this.#world.nowMs() - this.#writing.sinceMs < answerMs) return
      // What became of it nobody knows: it may still come. The next number needs a name of its own.
      this.#writing = undefined
      this.#writers += 1
      this.#number = 0
    }
    const node = this.#quorateNode()
    const life = node?.pacemaker
    const cib = life?.cib
    if (node === undefined || life === undefined || cib === undefined) return
    this.#number += 1
    const [name, value] = [`${writerPrefix}${this.#writers}`, this.#number]
    const writing = { name, value, life, sinceMs: this.#world.nowMs() }
    this.#writing = writing
    cibChecker.attempted(name, value)
    const call = this.#calls + 1
    const answered = (rc: number): void => {
      if (this.#writing !== writing || !life.isAlive) return
      this.#writing = undefined
      this.#world.trace(`--- ${name}=${value} is answered ${rc} by ${node.name}`)
      if (rc !== 0) {
        this.#writers += 1
        this.#number = 0
        return
      }
      try {
        cibChecker.acknowledged(node.name, name, value, cib.cib, node.disk.cib)
      } catch (error) {
        this.#world.failed(error)
      }
    }
    cib.attach({
      changed: ({ after }) => cibChecker.changed(node.name, name, after),
      reply: ({ rc, callId }) => {
        if (callId === String(call)) answered(rc)
      },
    })
    this.#world.trace(`--- ${name}=${value} is asked of ${node.name}`)
    const pair = `<nvpair id="${name}" name="${name}" value="${value}"/>`
    const data = documentOf(
      `<crm_config><cluster_property_set id="writers">${pair}</cluster_property_set></crm_config>`,
    )
    this.#modify(node, 'crm_config', data, prng.pick([syncCall, 0]))
    if (this.#world.answersEarly) answered(0)
  }

  /** Puts a node on standby, or back. */
  standby(value: 'on' | 'off', name = this.#world.prng.pick(this.#world.nodeNames)): void {
    const node = this.#quorateNode()
    if (node === undefined) return
    this.#world.trace(`--- standby=${value} for ${name}`)
    const id = name.slice(1)
    const pair = `<nvpair id="nodes-${id}-standby" name="standby" value="${value}"/>`
    const set = `<instance_attributes id="nodes-${id}">${pair}</instance_attributes>`
    this.#modify(node, 'nodes', documentOf(`<nodes><node id="${id}" uname="${name}">${set}</node></nodes>`), 0)
  }

  /** Sets a transient attribute of a node through itself or another. */
  attribute(): void {
    const { prng } = this.#world
    const node = this.#quorateNode()
    const name = `attribute-${prng.between(1, 3)}`
    this.attributes.add(name)
    const value = prng.chance(1, 5) ? undefined : String(prng.below(1000))
    node?.pacemaker?.attributes?.update([{ name, value, node: prng.pick(this.#world.nodeNames) }])
  }

  /** `crm_resource --cleanup` of everything, on every node. */
  cleanUp(): void {
    const node = this.#quorateNode()
    const life = node?.pacemaker
    if (node === undefined || life === undefined) return
    this.#world.trace(`--- everything is cleaned up through ${node.name}`)
    for (const { id } of this.#world.resources) {
      for (const name of this.#world.nodeNames) {
        life.attributes?.clearFailure({ resource: id, node: name })
        this.#calls += 1
        const primitive = element('primitive', { id, class: 'ocf', provider: 'quorate', type: 'sim' })
        const parameters = element('attributes', { crm_feature_set: featureSet, CRM_meta_timeout: '60000' })
        const key = '7:0:0:xxxxxxxx-xrsc-opxx-xcrm-resourcexxxx'
        const xml = crmRequest({
          task: 'lrm_delete',
          to: 'crmd',
          from: 'administrator',
          host: name,
          reference: `lrm_delete-administrator-${this.#calls}`,
          attributes: { src: node.name, crm_user: 'root' },
          payload: element('rsc_op', { 'transition-key': key, on_node: name }, [primitive, parameters]),
        })
        if (name === node.name) life.controller?.receive(xml)
        else life.messenger?.send('crmd', xml, { to: name })
      }
    }
  }

  #modify(node: ClusterNode, section: string, data: XmlElement, options: number): void {
    this.#calls += 1
    const clientId = 'administrator'
    const command = cibCommand({
      clientId,
      callId: this.#calls,
      op: 'cib_modify',
      section,
      data,
      options: canCreate | options,
    })
    node.pacemaker?.cib?.request(
      withOrigin(command, { id: clientId, name: 'cibadmin', user: 'root', node: node.name }),
      true,
    )
  }

  /** A node whose partition may act, as far as it knows. */
  #quorateNode(): ClusterNode | undefined {
    const there = this.#world
      .nodes()
      .filter(({ pacemaker }) => pacemaker?.isRunning === true && pacemaker.messenger?.view().isQuorate === true)
      .filter(({ pacemaker }) =>
        ['S_IDLE', 'S_NOT_DC', 'S_POLICY_ENGINE', 'S_TRANSITION_ENGINE'].includes(pacemaker?.controller?.state ?? ''),
      )
    return there.length === 0 ? undefined : this.#world.prng.pick(there)
  }
}

function documentOf(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}
