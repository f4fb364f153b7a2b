// What a player is made of, as HTML: the roll, the transport, the place for the instruments.

const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
export const PLAY = icon("M8 5.2v13.6L19 12z"), PAUSE = icon("M7 5h3.6v14H7zM13.4 5H17v14h-3.6z");
const FURTHER = icon("M5 11h14v2H5z"), CLOSER = icon("M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z");
const WHOLE = icon("M3 5h2v14H3zM19 5h2v14h-2zM10 8v3h4V8l4 4-4 4v-3h-4v3l-4-4z");

export const PARTS = `
  <div class="roll-frame">
    <div class="roll" role="slider" tabindex="0" aria-valuemin="0" aria-valuenow="0"><canvas></canvas></div>
  </div>
  <div class="transport">
    <button type="button" class="play"></button>
    <span class="clock"><span class="now">0:00</span> <span class="total"></span></span>
    <span class="zoom" role="group">
      <button type="button" class="further" title="Zoom out (-)">${FURTHER}</button>
      <button type="button" class="closer" title="Zoom in (+)">${CLOSER}</button>
      <button type="button" class="whole" title="Show the whole piece (0)">${WHOLE}</button>
    </span>
    <ul class="legend" aria-label="Instruments"></ul>
  </div>
  <p class="player-note" role="status"></p>`;

/** Seconds as 1:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-3));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
