import { quoteLiteral } from '../../model/quote.ts';
import { category } from './categories.ts';
import { choose, type DemoSql, type DemoTable, fullName, hostileText, I, START, when } from './sql.ts';
import { DEPARTMENTS, JOB_TITLES, STREETS, TOWNS } from './words.ts';

/** E-mail address of the super administrator. */
export const DEMO_ADMINISTRATOR = 'superadmin@owu.example';
/** Password of all demo administrators. */
export const DEMO_PASSWORD = 'Palace-Demo-1';
export const DEMO_PASSWORD_HASH = '$2b$10$ttQRJuRI2opZaD/2XnWNguu/QlZm5ycITjEm4Mwp/q3K4kbqWHaXm';

/** Returns the administrators. The last row is the super administrator; rows precede the administrator who created them. */
export function adminRows(sql: DemoSql, admins: number): DemoTable {
  const id = (row: string | number) => sql.id('admins', `${row}::bigint`);
  return {
    table: 'admins',
    series: admins,
    whole: true,
    columns: {
      id: id(I),
      email: choose([[`i = ${admins}`, quoteLiteral(DEMO_ADMINISTRATOR)]], `'admin' || i || '@owu.example'`),
      password: quoteLiteral(DEMO_PASSWORD_HASH),
      fullName: choose([[`i = ${admins}`, `'Ọba''s Super Administrator'`]], fullName(sql, 'admin')),
      role: `(${choose([[`i = ${admins}`, `'SUPER_ADMIN'`]], sql.pick('role', I, ['ADMIN', 'HR_MANAGER', 'HR_MANAGER', 'VIEWER']))})::"AdminRole"`,
      permissions: choose(
        [
          ['mod(i, 4) = 1', 'NULL'],
          ['mod(i, 4) = 2', `'{}'`],
        ],
        `ARRAY['staff:read', 'loans:write', 'a "quoted", one', NULL, '']`,
      ),
      // The super administrator must be able to sign in, however many rows there are.
      isActive: `i <> 4 OR i = ${admins}`,
      lastLogin: when('mod(i, 3) <> 0', sql.moment('login', I, '2025-01-01', 300)),
      passwordChangedAt: sql.moment('changed', I, START, 600),
      passwordExpiresAt: when('mod(i, 2) = 0', `timestamp '9999-12-31 23:59:59.999'`),
      mustChangePassword: `mod(i, 5) = 4 AND i <> ${admins}`,
      // The first two created each other, the third itself, the last row created the rest.
      createdBy: choose(
        [
          [`i = ${admins}`, 'NULL'],
          ['i = 1', id(2)],
          ['i = 2', id(1)],
          ['i = 3', id(3)],
        ],
        id(admins),
      ),
      createdAt: sql.moment('created', I, START, 365),
      updatedAt: sql.moment('updated', I, '2024-06-01', 500),
    },
  };
}

/** Returns the people in an order that no row-by-row restore survives: reports precede their managers. */
export function staffRows(sql: DemoSql, staff: number): DemoTable {
  const id = (row: string) => sql.id('staff', row);
  const managers = Math.max(1, Math.ceil(staff / 10));
  const firstManager = staff - managers + 1;
  return {
    table: 'staff',
    series: staff,
    whole: true,
    columns: {
      id: id(I),
      employeeId: `'OWU-' || lpad(i::text, 7, '0')`,
      fullName: choose([['mod(i, 211) = 7', hostileText(211)]], fullName(sql, 'staff')),
      dateOfBirth: choose(
        [
          ['mod(i, 1009) = 5', `timestamp '0044-03-15 12:00:00 BC'`],
          ['mod(i, 1009) = 6', `timestamp '0001-01-01 00:00:00'`],
          ['mod(i, 1009) = 7', `timestamp '1969-12-31 23:59:59.999'`],
          ['mod(i, 1009) = 8', `timestamp '2000-02-29 00:00:00.001'`],
          [sql.chance('no birth', I, 5), 'NULL'],
        ],
        `date_trunc('day', ${sql.moment('birth', I, '1958-01-01', 17_000)})`,
      ),
      gender: `${sql.pick('gender', I, ['MALE', 'FEMALE', 'MALE', 'FEMALE', 'OTHER'])}::"Gender"`,
      maritalStatus: `${sql.pick('marital', I, ['SINGLE', 'MARRIED', 'MARRIED', 'DIVORCED', 'WIDOWED'])}::"MaritalStatus"`,
      nationality: sql.pick('nationality', I, ['Nigerian', 'Nigerian', 'Nigerian', 'Ghanaian', 'Béninois', '']),
      photo: when(sql.chance('photo', I, 60), `'photos/' || i || '.jpg'`),
      address: choose(
        [
          ['mod(i, 97) = 3', hostileText(97)],
          [sql.chance('no address', I, 6), 'NULL'],
          [sql.chance('empty address', I, 3), `''`],
        ],
        `${sql.randomBelow('house', I, 240)} || ', ' || ${sql.pick('street', I, STREETS)} || E'\\n' || ${sql.pick('town', I, TOWNS)}`,
      ),
      personalEmail: when(sql.chance('email', I, 70), `'person' || i || '@mail.example'`),
      workEmail: when(sql.chance('work email', I, 85), `'s' || i || '@owu.example'`),
      phoneNumbers: choose(
        [
          ['mod(i, 10) = 0', 'NULL'],
          ['mod(i, 10) = 1', `'{}'::text[]`],
          ['mod(i, 499) = 2', `ARRAY['a "b", c', NULL, 'NULL', '', E'back\\\\slash', '{}']`],
        ],
        `ARRAY['+234 80' || lpad(${sql.randomBelow('phone', I, 100_000_000)}::text, 8, '0'), '+234 70' || lpad(${sql.randomBelow('phone 2', I, 100_000_000)}::text, 8, '0')]`,
      ),
      jobTitle: sql.pick('position', I, JOB_TITLES),
      department: sql.pick('department', I, DEPARTMENTS),
      positionId: when('mod(i, 20) <> 0', category(sql, 'position', 'POSITION')),
      departmentId: when('mod(i, 25) <> 0', category(sql, 'department', 'DEPARTMENT')),
      jobTypeId: when(sql.chance('job type', I, 70), category(sql, 'job type id', 'JOB_TYPE')),
      // Managers follow those who report to them; the first two manage each other, the third only herself.
      reportingManagerId: choose(
        [
          [`i = ${staff}`, 'NULL'],
          ['i = 1', id('2::bigint')],
          ['i = 2', id('1::bigint')],
          ['i = 3', id('3::bigint')],
          [sql.chance('no manager', I, 3), 'NULL'],
          [`i < ${firstManager}`, id(`(${firstManager} + ${sql.randomBelow('manager', I, managers)})`)],
        ],
        id(`(i + 1 + ${sql.randomBelow('upper manager', I, `greatest(1, ${staff} - i)`)})`),
      ),
      dateOfJoining: when(
        sql.chance('joined', I, 95),
        `date_trunc('day', ${sql.moment('joining', I, '2008-01-01', 6000)})`,
      ),
      employmentType: when(
        sql.chance('employed', I, 92),
        `${sql.pick('employment', I, ['FULL_TIME', 'FULL_TIME', 'PART_TIME', 'CONTRACT'])}::"EmploymentType"`,
      ),
      workLocation: when(sql.chance('located', I, 80), sql.pick('location', I, TOWNS)),
      emergencyContactName: when(sql.chance('emergency', I, 75), fullName(sql, 'emergency')),
      emergencyContactRelationship: when(
        sql.chance('emergency', I, 75),
        sql.pick('relation', I, ['Spouse', 'Mother', 'Father', 'Sister', 'Friend']),
      ),
      emergencyContactPhone: when(
        sql.chance('emergency', I, 75),
        `'+234 81' || lpad(${sql.randomBelow('emergency phone', I, 100_000_000)}::text, 8, '0')`,
      ),
      accountDetails: when(
        sql.chance('account', I, 88),
        `'First Bank / ' || lpad(${sql.randomBelow('account number', I, 10_000_000_000)}::text, 10, '0')`,
      ),
      isExternallyPaid: sql.chance('external', I, 4),
      isActive: sql.chance('active', I, 93),
      createdAt: sql.moment('staff', I, START, 700),
      updatedAt: sql.moment('staff changed', I, '2025-01-01', 300),
    },
  };
}
