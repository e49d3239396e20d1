/**
 * The care a column needs.
 * - `ordinary`: says nothing about a person by itself (ids, states, dates of the record)
 * - `personal`: identifies or describes a person
 * - `financial`: what a person earns, owes, or where it is paid to
 * - `secret`: gives access to whoever holds it
 */
export type Sensitivity = 'ordinary' | 'personal' | 'financial' | 'secret';
