# Commands as text and as JSON.
c=$($B from scratch)
for cmd in 'echo hello' '["echo", "two words"]' "sh -c 'a b'" 'a  "b c"   d' ''; do
  $B config --cmd "$cmd" "$c"
  $B inspect --format '{{len .OCIv1.Config.Cmd}}{{range .OCIv1.Config.Cmd}} {{printf "%q" .}}{{end}}' "$c"
  echo
done
