// @ts-check
// The server behind ocf:quorate:httpd. Arguments: address, port, pid file (written once it listens), node name.
import fs from 'node:fs'
import http from 'node:http'

const [, , address = '', port = '', pidFile = '', node = ''] = process.argv

const server = http.createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(`${node}\n`)
})

/** The address may still be held by the copy that is being stopped elsewhere: wait for it, but not for ever. */
const addressFreeWithinMs = 10_000
const tryEveryMs = 50
const giveUpAt = Date.now() + addressFreeWithinMs

const listen = () => server.listen(Number(port), address, () => fs.writeFileSync(pidFile, `${process.pid}\n`))
server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code === 'EADDRINUSE' && Date.now() < giveUpAt) {
    setTimeout(listen, tryEveryMs)
    return
  }
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
listen()
process.on('SIGTERM', () => process.exit(0))
