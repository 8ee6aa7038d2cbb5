import { type Observable, useObservable } from '../observable.ts'
import { type Language, languages, useTexts } from '../texts/language.ts'
import { type Preferences, type Theme, themes } from '../ui-state.ts'

/** Language and theme. */
export function PreferenceChoice({ preferences }: { readonly preferences: Observable<Preferences> }) {
  const texts = useTexts()
  const chosen = useObservable(preferences)
  return (
    <>
      <label>
        {texts.language}{' '}
        <select
          value={chosen.language}
          onChange={(event) => preferences.set({ ...chosen, language: event.target.value as Language })}
        >
          {Object.values(languages).map((language) => (
            <option key={language.code} value={language.code} lang={language.code}>
              {language.languageName}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.theme}{' '}
        <select
          value={chosen.theme}
          onChange={(event) => preferences.set({ ...chosen, theme: event.target.value as Theme })}
        >
          {themes.map((theme) => (
            <option key={theme} value={theme}>
              {texts.themes[theme]}
            </option>
          ))}
        </select>
      </label>
    </>
  )
}
