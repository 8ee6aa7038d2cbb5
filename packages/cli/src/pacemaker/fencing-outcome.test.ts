import { expect, test } from 'vitest'
import { fencingExit } from './fencing-outcome.ts'

test.each([
  [0, 0, 0, 'OK'],
  [0, 1, 1, 'No data available'],
  [-1, 0, 1, 'Operation now in progress'],
  [1, 1, 1, 'Operation canceled'],
  [2, 1, 124, 'Timer expired'],
  [3, 1, 3, 'Operation not supported'],
  [4, 1, 1, 'No data available'],
  [7, 5, 105, 'No such file or directory'],
  [8, 1, 102, 'Transport endpoint is not connected'],
  [10, 1, 105, 'No such device'],
  [11, 1, 4, 'Permission denied'],
  [99, 0, 1, 'No data available'],
])('execution %i with status %i ends with %i, %s', (execution, exitStatus, code, text) => {
  expect(fencingExit({ execution, exitStatus, reason: undefined })).toEqual({ code, text })
})
