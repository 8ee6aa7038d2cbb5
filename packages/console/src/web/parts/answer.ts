import { useEffect, useState } from 'react'
import type { Answer } from '../server.ts'

/**
 * The answer to a question, asked whenever `key` is another, and when a person wants it again: not whenever the cluster
 * changes, which would keep a scheduler busy that nobody may be looking at.
 */
export function useAnswer<T>(
  key: string,
  ask: () => Promise<Answer<T>>,
): { readonly answer: Answer<T> | undefined; readonly askAgain: () => void } {
  const [turn, setTurn] = useState(0)
  const [answered, setAnswered] = useState<{ readonly question: string; readonly answer: Answer<T> }>()
  const question = `${turn} ${key}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: `question` says what is asked; the function is another each time
  useEffect(() => {
    let isWanted = true
    void ask().then((answer) => {
      if (isWanted) setAnswered({ question, answer })
    })
    return () => {
      isWanted = false
    }
  }, [question])
  const answer = answered?.question === question ? answered.answer : undefined
  return { answer, askAgain: () => setTurn((before) => before + 1) }
}
