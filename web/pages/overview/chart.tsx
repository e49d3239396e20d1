import { createEffect, on, onCleanup, onMount } from 'solid-js';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { bytesText, durationText, momentText } from '../../lib/format.ts';
import type { HistoryPoint } from '../../lib/operations.ts';
import { theme } from '../../lib/theme.ts';
import { words } from '../../strings.ts';

const HEIGHT = 208;

/** Two lines over time: size to the left, duration to the right. What it shows stands beside it as a table, for those who cannot see it. */
export function Chart(props: { points: HistoryPoint[] }) {
  let box: HTMLDivElement | undefined;
  let plot: uPlot | null = null;

  const draw = () => {
    if (!box) return;
    plot?.destroy();
    plot = new uPlot(options(box), dataOf(props.points), box);
  };
  onMount(() => {
    if (!box) return;
    const watcher = new ResizeObserver(() => plot?.setSize({ width: box?.clientWidth ?? 0, height: HEIGHT }));
    watcher.observe(box);
    // Colours are painted, so another theme means painting again.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    onCleanup(() => {
      watcher.disconnect();
      scheme.removeEventListener('change', draw);
      plot?.destroy();
    });
  });
  createEffect(on([() => props.points, theme], draw));

  return (
    <div aria-hidden="true">
      <div ref={box} class="h-52 overflow-hidden" />
      <p class="mt-1 flex gap-5 text-sm text-soft">
        <span class="flex items-center gap-2">
          <span class="w-6 border-t-2 border-brand" /> {words.overview.size}
        </span>
        <span class="flex items-center gap-2">
          <span class="w-6 border-t-2 border-dashed border-warn" /> {words.overview.took}
        </span>
      </p>
    </div>
  );
}

/** What the scale of durations reaches at least, so that it has marks. */
const SHORTEST_MS = 250;
const DAY_S = 86_400;
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** Days where there are days between the marks, times of the day where there are not. */
function ticksText(ticks: number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((seconds) => (step >= DAY_S ? DAY : CLOCK).format(new Date(seconds * 1000)));
}

/** Steps of a scale of bytes: powers of two, so that its marks are round in binary units. */
const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Steps of a scale of durations, milliseconds: none finer than what is written beside a mark. */
const TIME_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21_600].map(
  (seconds) => seconds * 1000,
);

function dataOf(points: HistoryPoint[]): uPlot.AlignedData {
  return [
    points.map(({ at }) => Date.parse(at) / 1000),
    points.map(({ size }) => size),
    points.map(({ took }) => took),
  ];
}

function options(box: HTMLElement): uPlot.Options {
  const colour = colourReader(box);
  const axis = {
    stroke: colour('soft'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line') },
  };
  const size = { label: words.overview.size, stroke: colour('brand'), width: 2, points: { size: 6 } };
  const took = { label: words.overview.took, stroke: colour('warn'), width: 2, dash: [6, 4], points: { size: 6 } };
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    scales: {
      size: { range: (_, __, most) => [0, most * 1.15 || 1] },
      took: { range: (_, __, most) => [0, Math.max(most * 1.15, SHORTEST_MS)] },
    },
    series: [
      { value: (_, seconds) => momentText(new Date(seconds * 1000)) },
      { ...size, scale: 'size' },
      { ...took, scale: 'took' },
    ],
    axes: [
      { ...axis, values: (_, ticks) => ticksText(ticks) },
      { ...axis, scale: 'size', size: 72, incrs: BYTE_STEPS, values: (_, ticks) => ticks.map(bytesText) },
      {
        ...axis,
        scale: 'took',
        side: 1,
        size: 56,
        grid: { show: false },
        incrs: TIME_STEPS,
        values: (_, ticks) => ticks.map(durationText),
      },
    ],
  };
}

/** A canvas knows no variables: what they are right now, as the browser resolves them. */
function colourReader(box: HTMLElement): (name: string) => string {
  return (name) => {
    // A new one each time: with a style before it, the colour would be that of a transition that has just begun.
    const probe = document.createElement('span');
    probe.style.color = `var(--color-${name})`;
    box.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
