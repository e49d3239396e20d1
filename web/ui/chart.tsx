import { createEffect, on, onCleanup, onMount } from 'solid-js';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { bytesText, durationText, momentText } from '../lib/format.ts';
import type { HistoryPoint } from '../lib/operations.ts';
import { theme } from '../lib/theme.ts';
import { words } from '../strings.ts';

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

  return <div ref={box} class="h-52 overflow-hidden" aria-hidden="true" />;
}

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
      took: { range: (_, __, most) => [0, most * 1.15 || 1] },
    },
    series: [
      { value: (_, seconds) => momentText(new Date(seconds * 1000)) },
      { ...size, scale: 'size' },
      { ...took, scale: 'took' },
    ],
    axes: [
      axis,
      { ...axis, scale: 'size', size: 72, label: '', values: (_, ticks) => ticks.map(bytesText) },
      {
        ...axis,
        scale: 'took',
        side: 1,
        size: 56,
        grid: { show: false },
        values: (_, ticks) => ticks.map(durationText),
      },
    ],
  };
}

/** A canvas knows no variables: what they are right now, as the browser resolves them. */
function colourReader(box: HTMLElement): (name: string) => string {
  const probe = document.createElement('span');
  box.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(--color-${name})`;
    return getComputedStyle(probe).color;
  };
  queueMicrotask(() => probe.remove());
  return read;
}
