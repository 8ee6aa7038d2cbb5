/** A text in one line: control characters, which names of machines may hold, are shown as escapes. */
export function visibleText(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    const shown = JSON.stringify(character).slice(1, -1)
    return shown === character ? `\\u00${character.charCodeAt(0).toString(16)}` : shown
  })
}
