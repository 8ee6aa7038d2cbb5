/**
 * Whether a request that changes something comes from a page of this server: browsers say where from, and nobody else can
 * make them say it.
 *
 * @param origin header `Origin`
 * @param host header `Host`
 */
export function isSameOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined) return false
  return origin === `http://${host}` || origin === `https://${host}`
}

/** Names by which a server that listens on this machine only is reached; any other is a page that had its name point here. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)
}
