/** Words of the demo data: invented people in the spellings their languages use, and texts that break careless formats. */

export const GIVEN_NAMES = [
  'Adébáyọ̀',
  'Títílayọ̀',
  'Olúwaṣẹun',
  'Ṣọlá',
  'Fọlákẹ́',
  'Ọlájídé',
  'Ìbùkún',
  'Ayọ̀délé',
  'Chukwuemeka',
  'Ngọzi',
  'Ifeạnyị',
  'Adaeze',
  'Ɗanjuma',
  'Aisha',
  'Ƙaltume',
  'Yakubu',
  'عائشة',
  'محمد',
  'ليلى',
  'Grace',
  'Emmanuel',
  'Blessing',
  'Zoë',
  'José',
  'Søren',
  'Łukasz',
  '美玲',
  'Дмитрий',
  'Ruth 🌸',
  'Samuel',
];

export const FAMILY_NAMES = [
  'Ọ̀ṣúnlànà',
  'Adéyẹmí',
  'Ọlọ́runtọ́ba',
  'Akínwùmí',
  'Ògúnbánjọ',
  'Okonkwo',
  'Nwạchukwu',
  'Eze',
  'Abubakar',
  'Ɓello',
  'الحسن',
  "O'Connor",
  'Smith-Jones',
  'van der Berg',
  'Müller',
  'Ñíguez',
  '王',
  'Иванова',
  "D'Souza",
  'Williams',
];

export const JOB_TITLES = [
  'Accountant',
  'Archivist',
  'Cook',
  'Court Historian',
  'Curator',
  'Driver',
  'Electrician',
  'Estate Manager',
  'Event Planner',
  'Gardener',
  'Guide',
  'HR Officer',
  'IT Support',
  'Librarian',
  'Nurse',
  'Palace Secretary',
  'Protocol Officer',
  'Security Guard',
  'Tailor',
  'Translator',
];

export const DEPARTMENTS = [
  'Administration',
  'Culture & Heritage',
  'Finance',
  'Grounds',
  'Health',
  'Household',
  'ICT',
  'Legal',
  'Protocol',
  'Security',
];
export const JOB_TYPES = ['Permanent', 'Seasonal', 'Volunteer', 'Intern'];
export const ISSUE_KINDS = ['Pay', 'Conduct', 'Equipment', 'Attendance', 'Other'];

export const STREETS = [
  'Palace Road',
  'Ìta Ọba',
  'Broad Street',
  'Ọjà-Ọba',
  'Allen Avenue',
  'Sábó',
  'Marina',
  'Ring Road',
];
export const TOWNS = ['Ìbàdàn', 'Abẹ́òkúta', 'Lagos', 'Òwu', 'Ilé-Ifẹ̀', 'Kano', 'Enugu', 'Ọ̀yọ́'];

/** Texts that have each broken some backup format: quotes, separators, line ends, COPY's end marker, strings that look like NULL. */
export const HOSTILE_TEXTS = [
  '\\.',
  'first line\n\\.\nlast line',
  'He said "yes", then "no"',
  "it's the owner's",
  'C:\\files\\new\\table',
  'one\ttab, one\rreturn, one\r\nline end',
  '',
  ' ',
  'NULL',
  '\\N',
  'null',
  '"',
  ',,,',
  '\u0001 control \u007f',
  'e\u0301 and é, \u202eright to left\u202c, \ufeffmark',
  '👩🏾‍💻 family 👨‍👩‍👧 flag 🇳🇬',
  '$1 ${x} %s {{y}} <b>&amp;</b>',
  "'; DROP TABLE staff; --",
  '=1+1',
  'line one\n\nline three\n',
];

export const REASONS = [
  'School fees',
  'Rent',
  'Medical bills',
  'Wedding',
  'A generator',
  'House repairs',
  'Hajj',
  'Funeral',
];

export const REMARKS = [
  'Looked into it, waiting for the department.',
  'Solved with the payroll team.',
  'Please attach the slip of last month.',
  'Ẹ ṣé, it is fine now.',
  'شكرا جزيلا',
  'Escalated 🚨',
  'Called, nobody answered.\nWill try again tomorrow.',
];

export const TITLES = [
  'Salary short by two days',
  'Clock did not record me',
  'Broken chair',
  'Noise in the east wing',
  'Leave not shown',
  'Wrong allowance',
];
