import http from 'node:http'

/** Milliseconds for one try to reach the service. */
const tryMs = 250

/** The node that answers at the service's address now, or undefined where none does. */
export function answeringNode(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = http.get({ host, port, timeout: tryMs, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        body += part
      })
      response.on('end', () => resolve(body.trim()))
      response.on('error', () => resolve(undefined))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}
