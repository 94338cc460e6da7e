# Put what was saved of a session into a new guest of it: resume <workspace> <exchange> <result?> <salvage?>
# The bundle is on stdin. Commits are on the branch then, and what was uncommitted is so again.
set -eu
umask 022
workspace=$1 exchange=$2 result=$3 salvage=$4
cat >"$exchange/resume.bundle"
cd "$workspace"
plain() { git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.auto=0 "$@"; }
plain fetch -q --no-tags "$exchange/resume.bundle" '+refs/cco/*:refs/resume/*'
if [ -n "$result" ]; then
  plain reset -q --hard "$result"
fi
if [ -n "$salvage" ]; then
  plain read-tree -m -u HEAD "$salvage"
  plain reset -q
fi
git for-each-ref --format='delete %(refname)' refs/resume | git update-ref --stdin
rm -f "$exchange/resume.bundle"
