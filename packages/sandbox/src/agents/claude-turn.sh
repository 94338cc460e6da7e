# A hook of Claude Code tells cco how its turn stands: turn <working|person|stop|failure>
# The hook's JSON is on stdin. Whatever goes wrong here is no matter of the agent's.
[ -n "${CCO_TURN-}" ] && [ -p "$CCO_TURN" ] || exit 0
json=$(cat)
case $1 in
  working | person) said=$1 ;;
  # What still runs in the background will wake it again.
  stop) case $json in *'"background_tasks":[{'*) exit 0 ;; *) said=finished ;; esac ;;
  failure)
    case $json in
      *'"error":"rate_limit"'*)
        words=${json##*'"last_assistant_message":"'}
        said="usage-limit $(printf %s "$words" | head -c 2000 | tr '\n' ' ')"
        ;;
      *'"error":"authentication_failed"'* | *'"error":"oauth_org_not_allowed"'*) said=login ;;
      *) said=person ;;
    esac
    ;;
  *) exit 0 ;;
esac
printf '%s\n' "$said" >"$CCO_TURN"
