/** Nothing can be written: the message is one sentence that names what is wrong. */
export class SynthError extends Error {
  override readonly name = "SynthError";
}
