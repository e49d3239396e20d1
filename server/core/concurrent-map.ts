/**
 * Runs the work for each item, in order and at most `most` concurrently, to hide the latency of each. Rejects with the
 * first failure.
 */
export async function forEachConcurrent<Item>(
  most: number,
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) await work(item, index);
  };
  await Promise.all(Array.from({ length: most }, worker));
}
