import type { Context, Hono } from 'hono'
import { mayConnect } from '../access/rights.ts'
import { type ClusterSummary, connectRequest, keyAcceptance, limits, moreHosts, routes } from '../api/index.ts'
import { eventStream } from './cluster-routes.ts'
import type { Fleet } from './fleet.ts'
import { body, done, type Env, Refused } from './http-answer.ts'

/** The routes of all clusters together, and of the ways to them. */
export function addFleetRoutes(app: Hono<Env>, fleet: Fleet): void {
  app.get(routes.clusters, (c) => c.json(fleet.view))
  app.get(routes.clustersEvents, (c) => {
    if (fleet.streamCount >= limits.streamsMax) {
      throw new Refused('tooMany', `${limits.streamsMax} streams of events are open already`)
    }
    return eventStream(fleet.openStream(c.get('secret')))
  })
  app.post(routes.clusters, async (c) => {
    needsRight(c)
    const { id } = done(fleet.connect(await body(c, connectRequest)))
    c.header('Location', routes.cluster(id))
    return c.json(summary(id), 201)
  })
  app.delete('/api/clusters/:cluster', async (c) => {
    needsRight(c)
    done(await fleet.disconnect(c.req.param('cluster')))
    return c.body(null, 204)
  })
  app.post('/api/clusters/:cluster/hosts', async (c) => {
    needsRight(c)
    const id = c.req.param('cluster')
    const { hosts } = await body(c, moreHosts)
    done(fleet.addHosts(id, hosts))
    return c.json(summary(id))
  })
  app.post('/api/clusters/:cluster/hosts/:host/retry', (c) => {
    needsRight(c)
    const id = c.req.param('cluster')
    done(fleet.retry(id, Number(c.req.param('host'))))
    return c.json(summary(id))
  })
  app.post('/api/clusters/:cluster/hosts/:host/accept', async (c) => {
    needsRight(c)
    const id = c.req.param('cluster')
    const acceptance = await body(c, keyAcceptance)
    done(fleet.accept(id, Number(c.req.param('host')), acceptance))
    return c.json(summary(id))
  })

  const summary = (id: string): ClusterSummary => {
    const found = fleet.summary(id)
    if (found === undefined) throw new Refused('notFound', `there is no cluster ${id}`)
    return found
  }
}

function needsRight(c: Context<Env>): void {
  const may = mayConnect(c.get('login').role)
  if (may !== true) throw new Refused('forbidden', `connecting ${may}`, { needed: 'admin' })
}
