# Put a session into its guest, from a tar stream on stdin:
#   setup <workspace> <exchange> <home> <branch> <object format> <name> <email> [<plan> <pattern>]
# The stream holds input.bundle, perhaps shallow (for .git/shallow), plan and home/ (files
# for the home), and last of all `complete`: a stream without it broke off.
# Exit code 74: it did; any other than 0: what failed is on stderr.
set -eu
umask 022
# The messages are matched.
LC_ALL=C
# A plan's path is no pattern.
GIT_LITERAL_PATHSPECS=1
export LC_ALL GIT_LITERAL_PATHSPECS

workspace=$1 exchange=$2 home=$3 branch=$4 format=$5 name=$6 email=$7 plan=${8-} pattern=${9-}

cd "$exchange"
# `complete` of an earlier, broken try must not count.
[ ! -e complete ] || rm -f complete
tar -x -o -f - || broken=$?
if [ "${broken-0}" -ne 0 ] || [ ! -f complete ]; then
  echo "setup: the stream broke off" >&2
  exit 74
fi
[ ! -d home ] || cp -R home/. "$home/"
rm -rf complete home

cd "$workspace"
if [ "$format" = sha1 ]; then
  git init -q --template= --initial-branch="$branch" .
else
  git init -q --template= --initial-branch="$branch" --object-format="$format" .
fi
if [ -f "$exchange/shallow" ]; then
  cp "$exchange/shallow" .git/shallow
fi
git config user.name "$name"
git config user.email "$email"
git -c gc.auto=0 -c maintenance.auto=false fetch -q --no-tags --update-head-ok \
  "$exchange/input.bundle" "+refs/heads/$branch:refs/heads/$branch"
git -c core.hooksPath=/dev/null -c advice.detachedHead=false reset -q --hard

if [ -z "$plan" ] || cmp -s "$exchange/plan" "./$plan"; then
  exit 0
fi

# HEAD does not hold the plan as it is: put it there, hidden from the agent's git.
tracked=
if git ls-files --error-unmatch -- "$plan" >/dev/null 2>&1; then
  tracked=yes
fi
case $plan in
*/*) mkdir -p "./${plan%/*}" ;;
esac
rm -f "./$plan"
cp "$exchange/plan" "./$plan"
if [ -n "$tracked" ]; then
  git update-index --skip-worktree -- "$plan"
  printf '%s\n' "$plan" >"$exchange/hidden"
else
  mkdir -p .git/info
  printf '%s\n' "$pattern" >>.git/info/exclude
  printf '%s\n' "$pattern" >"$exchange/exclude"
fi
