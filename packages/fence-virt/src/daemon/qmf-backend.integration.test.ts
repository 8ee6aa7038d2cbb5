import type net from 'node:net'
import rhea from 'rhea'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StreamJournal } from './journal.ts'
import { QmfBackend } from './qmf-backend.ts'

const uuid = '11111111-aaaa-4aaa-8aaa-000000000001'

/** A broker with one libvirt agent behind it, as far as documentation tells: no real one can be had. */
class StandIn {
  readonly domain = { name: 'vm-a', uuid, state: 'running' }
  readonly calls: string[] = []
  #server: net.Server | undefined
  #reply: rhea.Sender | undefined

  async open(): Promise<number> {
    const container = rhea.create_container({ id: 'broker' })
    container.on('sender_open', ({ sender }: rhea.EventContext) => {
      this.#reply = sender
      sender?.set_source({ address: sender.source.address })
    })
    container.on('receiver_open', ({ receiver }: rhea.EventContext) => {
      receiver?.set_target({ address: receiver.target.address })
    })
    container.on('message', ({ message }: rhea.EventContext) => {
      if (message !== undefined) this.#onMessage(message)
    })
    const server = container.listen({ port: 0, host: '127.0.0.1' })
    this.#server = server
    await new Promise<void>((resolve) => server.once('listening', () => resolve()))
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): void {
    this.#server?.close()
  }

  #onMessage(message: rhea.Message): void {
    const opcode = message.application_properties?.['qmf.opcode']
    if (opcode === '_agent_locate_request') {
      this.#answer(message, '_agent_locate_response', { _values: { _name: 'agent-1', _product: 'libvirt-qmf' } })
    } else if (opcode === '_query_request') {
      const isMine = message.body._schema_id._package_name === 'org.libvirt'
      const item = { _object_id: { _object_name: 'domain:1', _agent_name: 'agent-1' }, _values: { ...this.domain } }
      this.#answer(message, '_query_response', isMine ? [item] : [])
    } else if (opcode === '_method_request') {
      this.calls.push(`${message.subject} ${message.body._object_id._object_name} ${message.body._method_name}`)
      this.domain.state = message.body._method_name === 'create' ? 'running' : 'shutoff'
      this.#answer(message, '_method_response', {})
    }
  }

  #answer(to: rhea.Message, opcode: string, body: unknown): void {
    const properties = { method: 'response', 'qmf.opcode': opcode, 'qmf.agent': 'agent-1' }
    this.#reply?.send({
      ...(to.correlation_id === undefined ? {} : { correlation_id: to.correlation_id }),
      application_properties: properties,
      body,
    })
  }
}

describe('the libvirt-qmf backend against a stand-in', () => {
  const standIn = new StandIn()
  let backend: QmfBackend

  beforeAll(async () => {
    const port = await standIn.open()
    const journal = new StreamJournal(() => undefined, 0)
    const conf = { kind: 'libvirt-qmf', host: '127.0.0.1', port, username: undefined, service: undefined } as const
    backend = new QmfBackend(conf, journal)
    await backend.start()
  })
  afterAll(async () => {
    await backend.stop()
    standIn.close()
  })

  it('lists, and knows machines by name and UUID', async () => {
    expect(await backend.hosts()).toEqual([{ name: 'vm-a', uuid, state: 1 }])
    expect(await backend.perform('status', 'vm-a')).toBe(0)
    expect(await backend.perform('status', uuid.toUpperCase())).toBe(0)
    expect(await backend.perform('status', 'nosuch')).toBe(2)
    expect(await backend.perform('off', 'nosuch')).toBe(1)
  })

  it('turns a machine off and on by methods of its agent', async () => {
    expect(await backend.perform('off', 'vm-a')).toBe(0)
    expect(await backend.perform('status', 'vm-a')).toBe(2)
    expect(await backend.perform('on', 'vm-a')).toBe(0)
    expect(await backend.perform('reboot', 'vm-a')).toBe(0)
    expect(standIn.calls).toEqual(['destroy', 'create', 'destroy', 'create'].map((name) => `agent-1 domain:1 ${name}`))
  })
})
