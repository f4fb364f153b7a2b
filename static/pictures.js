// The pictures of a piece: one of finished music; of music that grows one after another, until it is finished.

const ASK_MS = 400;        // how often music that grows is asked for
const PATIENCE = 15;       // answers in a row that may be lost

/** The music is not there, or cannot be had for long. */
export class Gone extends Error {}

/**
 * Yields the music at an address (roll.json). grows: whether it may still be growing.
 * Throws Gone.
 */
export async function* pictures(address, grows) {
  let open = grows, lost = 0;
  do {
    const music = await asked(address, open);
    lost = music ? 0 : lost + 1;
    if (!music && (!open || lost > PATIENCE)) throw new Gone();
    if (music) {
      open = Boolean(music.open);
      yield music;
    }
    if (open) await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  } while (open);
}

/** The music; undefined where the answer was lost. Throws Gone where there is none. */
async function asked(address, open) {
  const answer = await fetch(address, open ? { cache: "no-store" } : {}).catch(() => undefined);
  if (answer?.status === 404) throw new Gone();
  return answer?.ok ? answer.json().catch(() => undefined) : undefined;
}
