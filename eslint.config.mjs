import jupyter from '@jupyter/eslint-plugin';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const SOURCES = ['labextension/src/**/*.{ts,tsx}'];
const TESTS = ['tests/labextension/**/*.{ts,tsx}'];

export default defineConfig(
  globalIgnores([
    '**/.venv/',
    '.build/',
    '.demo/',
    'build/',
    'lib/',
    'kernel/labdeck/labextension/',
    'labextension/src/wire.ts' // generated
  ]),
  {
    files: [...SOURCES, ...TESTS],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'react-hooks': hooks },
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'tests/labextension/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname
      }
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error', // errors reach people through the panels
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports' }
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ],
      // a handler may hand back what the call gives
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // the platform groups command ids and helpers in namespaces
      '@typescript-eslint/no-namespace': 'off',
      // the platform's classes are used as namespaces and its plugins as objects of functions
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true }
      ],
      // an argument that a signature demands may go unused, if its name says so
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }
      ]
    }
  },
  {
    files: SOURCES,
    extends: [jupyter.configs.recommended],
    plugins: { jupyter },
    rules: {
      // the one heavy import, plotly, is loaded on first use; the rest is needed at once
      'jupyter/prefer-lazy-imports': 'off',
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 50, skipComments: true }]
    }
  },
  {
    files: TESTS,
    rules: {
      // expected values are known to be there; a wrong one fails the test
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off'
    }
  },
  {
    files: ['labextension/schema/*.json'],
    extends: [jupyter.configs.recommended],
    plugins: { jupyter }
  }
);
