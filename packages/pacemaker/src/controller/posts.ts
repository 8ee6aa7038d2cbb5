import { withAttributes, type XmlElement } from '@quorate/xml'
import { type CrmRequest, crmReply, crmRequest } from '../messages/crm-message.ts'
import type { CibCall, LogLevel, Step } from './state.ts'

/** A request without what every request of this controller has in common. */
export type Post = Omit<CrmRequest, 'reference' | 'version'>

/** Sends a request to whom it names. */
export function post(
  step: Step,
  message: Post,
  more: { readonly broadcast?: true; readonly toLrmd?: true } = {},
): void {
  step.state.references += 1
  const reference = `${message.task}-${message.from}-${step.now.epochS}-${step.state.references}`
  step.effects.push({
    do: 'post',
    xml: crmRequest({ ...message, reference, version: step.state.config.featureSet }),
    ...(more.toLrmd === undefined ? {} : { toType: 'lrmd' as const }),
    ...(more.broadcast === undefined ? {} : { broadcast: true as const }),
  })
}

/** Answers a request of a node's controller or of one of its clients. */
export function reply(
  step: Step,
  request: XmlElement,
  from: string | undefined,
  system: string,
  payload: XmlElement,
): void {
  const self = step.state.config.uname
  const host = from === undefined || from === self ? undefined : from
  const xml = withAttributes(crmReply(request, system, self, payload), { crm_host_to: host })
  step.effects.push({ do: 'post', xml })
}

/** Calls the CIB manager; the answer comes back under the tag. */
export function callCib(step: Step, call: CibCall): number {
  step.state.lastTag += 1
  const tag = step.state.lastTag
  step.state.openCalls.add(tag)
  step.effects.push({ do: 'cib', tag, call })
  return tag
}

/** Writes a line to the log. */
export function log(step: Step, level: LogLevel, text: string): void {
  step.effects.push({ do: 'log', level, text })
}
