import { QueryClientProvider } from '@tanstack/solid-query';
import { render } from 'solid-js/web';
import './theme.css';
import { startClock } from './lib/clock.ts';
import { createPanelQueryClient } from './lib/server/queries.ts';
import { Routes } from './routes.tsx';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no place for the panel');
startClock();
const client = createPanelQueryClient();
render(
  () => (
    <QueryClientProvider client={client}>
      <Routes />
    </QueryClientProvider>
  ),
  root,
);
