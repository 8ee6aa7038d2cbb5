/** An event of a stream of server-sent events. */
export type StreamEvent = { readonly name: string; readonly data: string; readonly id: string }

/** Characters that one event may have; a snapshot of 16 nodes and 1000 resources has about a million. */
export const eventCharsMax = 64 * 1024 * 1024

/** What has come of a stream and is no whole event yet. */
export type StreamRest = {
  readonly buffer: string
  readonly name: string
  readonly data: readonly string[]
  readonly id: string
}

export const streamStart: StreamRest = { buffer: '', name: '', data: [], id: '' }

/**
 * Reads on in a stream (WHATWG HTML, "server-sent events"; `retry:` is not heeded): the events that `chunk` completes, and
 * what is left. Comments, which the server sends as signs of life, are no events. Nothing where an event has more than
 * `eventCharsMax` characters.
 */
export function readStream(
  rest: StreamRest,
  chunk: string,
): { readonly rest: StreamRest; readonly events: readonly StreamEvent[] } | undefined {
  const events: StreamEvent[] = []
  let { name, id } = rest
  let data = [...rest.data]
  const lines = (rest.buffer + chunk).split('\n')
  const buffer = lines.pop() ?? ''
  for (const raw of lines) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line === '') {
      if (data.length > 0) events.push({ name: name === '' ? 'message' : name, data: data.join('\n'), id })
      name = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') name = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') id = value
  }
  const held = data.reduce((sum, line) => sum + line.length, buffer.length)
  return held > eventCharsMax ? undefined : { rest: { buffer, name, data, id }, events }
}
