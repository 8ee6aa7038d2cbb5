// @ts-check
// The server behind ocf:quorate:httpd. Arguments: address, port, pid file (written once it listens), node name.
import fs from 'node:fs'
import http from 'node:http'

const [, , address = '', port = '', pidFile = '', node = ''] = process.argv

const server = http.createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(`${node}\n`)
})
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
server.listen(Number(port), address, () => fs.writeFileSync(pidFile, `${process.pid}\n`))
process.on('SIGTERM', () => process.exit(0))
