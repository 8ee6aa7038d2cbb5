import { createContext, useContext } from 'react'
import { en, type Texts } from './en.ts'
import { ja } from './ja.ts'

/** Languages by their code; every one is complete. */
export const languages = { en, ja } as const satisfies Record<string, Texts>

export type Language = keyof typeof languages

/** The language of the first of a browser's wishes that there is; English without one. */
export function preferredLanguage(wishes: readonly string[]): Language {
  const found = wishes.map((wish) => wish.toLowerCase().split('-')[0] ?? '').find(isLanguage)
  return found ?? 'en'
}

export function isLanguage(code: string): code is Language {
  return Object.hasOwn(languages, code)
}

export const TextsContext = createContext<Texts>(en)

/** The texts of the language that is chosen. */
export function useTexts(): Texts {
  return useContext(TextsContext)
}

/** How long ago a moment was, in words of the language: `3 minutes ago`. */
export function ageText(texts: Texts, thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000))
  if (seconds < 5) return texts.justNow
  const format = new Intl.RelativeTimeFormat(texts.code, { numeric: 'always' })
  if (seconds < 90) return format.format(-seconds, 'second')
  if (seconds < 90 * 60) return format.format(-Math.round(seconds / 60), 'minute')
  if (seconds < 36 * 3600) return format.format(-Math.round(seconds / 3600), 'hour')
  return format.format(-Math.round(seconds / 86_400), 'day')
}

/** A moment of the contract as the language writes it, in the browser's time zone. */
export function momentText(texts: Texts, moment: string): string {
  const date = new Date(moment)
  if (Number.isNaN(date.getTime())) return moment
  return new Intl.DateTimeFormat(texts.code, { dateStyle: 'short', timeStyle: 'medium' }).format(date)
}
