import { fileName, hasPart, pathRule } from "./rule.js";

export const gitattributes = pathRule(
  "gitattributes",
  "it says through which of your own filters and merge drivers git passes files",
  (folded) => fileName(folded) === ".gitattributes",
  { deletions: true, inHistory: false },
);

export const lfsConfig = pathRule(
  "lfs-config",
  "it says from where LFS fetches",
  (folded) => fileName(folded) === ".lfsconfig",
  { deletions: true, inHistory: false },
);

const CI_FOLDERS = [
  ".github/workflows/",
  ".github/actions/",
  ".forgejo/workflows/",
  ".gitea/workflows/",
  ".circleci/",
  ".buildkite/",
  ".woodpecker/",
  ".gitlab/ci/",
  ".azure-pipelines/",
  ".semaphore/",
  ".teamcity/",
  ".ci/",
];

const CI_FILES =
  /^(?:\.gitlab-ci\.ya?ml|jenkinsfile.*|azure-pipelines\.ya?ml|\.travis\.ya?ml|\.?appveyor\.ya?ml|\.drone\.(?:ya?ml|star)|\.woodpecker\.ya?ml|\.cirrus\.(?:ya?ml|star)|bitbucket-pipelines\.ya?ml|buildspec\.ya?ml|cloudbuild\.ya?ml|\.github\/dependabot\.ya?ml|(?:\.github\/|docs\/)?codeowners)$/;

export const ciConfig = pathRule(
  "ci-config",
  "a CI service acts on it once it is pushed",
  (folded) => CI_FOLDERS.some((folder) => folded.startsWith(folder)) || CI_FILES.test(folded),
  { deletions: true, inHistory: false },
);

const EDITOR_FOLDERS = new Set([
  ".vscode",
  ".idea",
  ".fleet",
  ".zed",
  ".devcontainer",
  ".nvim",
  ".mise",
  ".vim",
]);

const EDITOR_FILES = new Set([
  ".envrc",
  ".exrc",
  ".nvimrc",
  ".nvim.lua",
  ".vimrc",
  ".lvimrc",
  ".dir-locals.el",
  ".dir-locals-2.el",
  ".devcontainer.json",
  ".mise.toml",
  "mise.toml",
  ".autoenv",
  ".kateproject",
]);

export const editorConfig = pathRule(
  "editor-config",
  "an editor or a shell that opens this folder may act on it",
  (folded) =>
    hasPart(folded, EDITOR_FOLDERS) ||
    EDITOR_FILES.has(fileName(folded)) ||
    /\.(?:code-workspace|sublime-project)$/.test(folded),
  { inHistory: false },
);
