import type { Problem } from '../server.ts'
import { useTexts } from '../texts/language.ts'

/** What went wrong: the code in the language, and what the server said. */
export function ProblemText({ problem }: { readonly problem: Problem }) {
  const texts = useTexts()
  return (
    <div role="alert">
      <p className="bad">✖ {texts.fault[problem.code]}</p>
      <p lang="en" className="quote">
        {problem.detail}
      </p>
    </div>
  )
}
