// Before all that makes schemas.
import './no-eval.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import type { Session } from '../api/index.ts'
import { App } from './app.tsx'
import { Observable } from './observable.ts'
import { pageOf } from './page-address.ts'
import { type Answer, Server } from './server.ts'
import { preferredLanguage } from './texts/language.ts'
import { type Preferences, parsePreferences } from './ui-state.ts'

const preferencesKey = 'quorate-console'
const element = document.getElementById('console')
if (element === null) throw new Error('index.html has no element "console"')

const preferences = new Observable<Preferences>(
  parsePreferences(localStorage.getItem(preferencesKey), {
    language: preferredLanguage(navigator.languages),
    theme: 'system',
  }),
)
preferences.subscribe(() => localStorage.setItem(preferencesKey, JSON.stringify(preferences.value)))

const page = pageOf(location.pathname)
const server = new Server(page.kind === 'cluster' ? page.id : undefined)

createRoot(element).render(
  <StrictMode>
    <App server={server} page={page} first={firstSession()} preferences={preferences} />
  </StrictMode>,
)

/** The session of the address's token, which is then taken out of the address, or that of the cookie. */
async function firstSession(): Promise<Answer<Session>> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return server.resume()
  history.replaceState(null, '', location.pathname + location.search)
  return server.logIn(token)
}
