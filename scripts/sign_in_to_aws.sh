# Sourced by a step of a workflow: asks GitHub for the token that AWS takes for the role AWS_ROLE_ARN.
# It holds for some minutes, so every step asks for its own.
answer="$(curl -sSf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com")"
export AWS_WEB_IDENTITY_TOKEN_FILE="$RUNNER_TEMP/aws_token"
printf '%s' "$answer" | jq -er .value > "$AWS_WEB_IDENTITY_TOKEN_FILE"
