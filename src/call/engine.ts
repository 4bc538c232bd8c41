// The driver of the law: decide, commit, act. It holds the live calls, finds the call an input belongs to, lets call.ts
// decide, gathers what one turn of the event loop decided into a batch, and runs the effects once the batch is committed.
// Leaves out every rule of a call (call.ts) and how a batch is written (store/).
