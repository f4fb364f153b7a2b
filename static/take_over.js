// From one player to another: what sounds in the first goes on in the second.

/** What was playing goes on at the same time in another player; what stood still stands there. */
export function carryOn(before, now) {
  const time = before.time;
  if (before.playing) now.take(time);
  else settle(now, time);
}

function settle(player, time, patience = 300) {
  if (player.length !== undefined) player.seek(time);
  else if (patience) requestAnimationFrame(() => settle(player, time, patience - 1));
}
