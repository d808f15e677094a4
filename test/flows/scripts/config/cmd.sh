# Commands as text and as JSON.
c=$($B from scratch)
for cmd in 'echo hello' '["echo", "two words"]' "sh -c 'a b'" 'a  "b c"   d' ''; do
  $B config --cmd "$cmd" "$c"
  $B inspect --format '{{json .OCIv1.Config.Cmd}}' "$c"
  echo
done
